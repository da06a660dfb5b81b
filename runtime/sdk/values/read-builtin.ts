import { Malformed } from './byte-reader.ts'
import { tags } from './format.ts'
import { defineField, makeError, wellKnownSymbols } from './known-types.ts'
import type { ValueReader } from './value-reader.ts'

export function readSymbol(reader: ValueReader, tag: number): symbol {
  const name = reader.in.string()
  if (tag === tags.registeredSymbol) return Symbol.for(name)
  const symbol = tag === tags.wellKnownSymbol ? wellKnownSymbols.get(name) : undefined
  if (symbol === undefined) throw new Malformed(`the symbol ${name}, which this version of Node does not know`)
  return symbol
}

export function readBuiltin(reader: ValueReader, tag: number): object {
  switch (tag) {
    case tags.map:
      return readMap(reader)
    case tags.set:
      return readSet(reader)
    case tags.date:
      return reader.made(new Date(readNumber(reader)))
    case tags.regExp:
      return readRegExp(reader)
    case tags.boxed:
      return readBoxed(reader)
    case tags.error:
      return readError(reader)
    case tags.domException:
      return readDomException(reader)
    case tags.url:
      return reader.made(new URL(reader.in.string()))
    case tags.urlSearchParams:
      return reader.made(new URLSearchParams(readPairs(reader)))
    case tags.headers:
      return reader.made(new Headers(readPairs(reader)))
    default:
      throw new Malformed(`tag ${tag} at ${reader.in.position - 1}, which no value has`)
  }
}

function readMap(reader: ValueReader): Map<unknown, unknown> {
  const map = reader.made(new Map<unknown, unknown>())
  for (let left = reader.in.countOf(2); left > 0; left--) {
    const key = reader.value()
    map.set(key, reader.value())
  }
  return map
}

function readSet(reader: ValueReader): Set<unknown> {
  const set = reader.made(new Set<unknown>())
  for (let left = reader.in.countOf(1); left > 0; left--) set.add(reader.value())
  return set
}

function readRegExp(reader: ValueReader): RegExp {
  const source = reader.in.string()
  const regExp = reader.made(new RegExp(source, reader.in.string()))
  regExp.lastIndex = readNumber(reader)
  return regExp
}

function readBoxed(reader: ValueReader): object {
  const value = reader.value()
  if (value === null || value === undefined || typeof value === 'object') throw new Malformed('a boxed value that is no primitive')
  const boxed: object = Object(value)
  return reader.made(boxed)
}

function readError(reader: ValueReader): Error {
  const error = reader.made(makeError(reader.in.string()))
  defineField(error, 'stack', { value: reader.value(), enumerable: false })
  for (let left = reader.in.countOf(3); left > 0; left--) {
    const key = reader.in.string()
    const enumerable = reader.value() === true
    defineField(error, key, { value: reader.value(), enumerable })
  }
  return error
}

function readDomException(reader: ValueReader): DOMException {
  const message = reader.in.string()
  const error = reader.made(new DOMException(message, reader.in.string()))
  defineField(error, 'stack', { value: reader.value(), enumerable: false })
  return error
}

function readNumber(reader: ValueReader): number {
  const value = reader.value()
  if (typeof value !== 'number') throw new Malformed(`a ${typeof value}, where a number belongs`)
  return value
}

function readPairs(reader: ValueReader): [string, string][] {
  const pairs: [string, string][] = []
  for (let left = reader.in.countOf(2); left > 0; left--) {
    const name = reader.in.string()
    pairs.push([name, reader.in.string()])
  }
  return pairs
}
