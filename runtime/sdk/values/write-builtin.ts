import { types } from 'node:util'
import { tags } from './format.ts'
import { errorNameByPrototype, wellKnownSymbolNames } from './known-types.ts'
import { Refusal } from './refusal.ts'
import type { ValueWriter } from './value-writer.ts'

/** False for a symbol of this process only. */
export function writeSymbol(writer: ValueWriter, symbol: symbol): boolean {
  const known = wellKnownSymbolNames.get(symbol)
  const registered = known ?? Symbol.keyFor(symbol)
  if (registered === undefined) return false
  writer.out.byte(known === undefined ? tags.registeredSymbol : tags.wellKnownSymbol)
  writer.out.string(registered)
  return true
}

/**
 * False when `value` is none of the classes that every process has. Both its class and what is inside decide: an instance
 * of a user's `class extends Map` is not written as a Map.
 */
export function writeBuiltin(writer: ValueWriter, value: object, prototype: object): boolean {
  const write = writers.get(prototype)
  if (write !== undefined) return write(writer, value)
  // Looked at by name first: reading the global would load Node's whole HTTP client.
  const constructor: unknown = Reflect.get(prototype, 'constructor')
  if (typeof constructor === 'function' && constructor.name === 'Headers' && value instanceof Headers && prototype === Headers.prototype) {
    writePairs(writer, tags.headers, [...value])
    return true
  }
  return false
}

/** The prototype alone proves nothing (`Object.create(Map.prototype)`): each writer looks at the value, too. */
const writers = new Map<object, (writer: ValueWriter, value: object) => boolean>([
  [Map.prototype, (writer, value) => types.isMap(value) && writeMap(writer, value)],
  [Set.prototype, (writer, value) => types.isSet(value) && writeSet(writer, value)],
  [Date.prototype, (writer, value) => types.isDate(value) && writeDate(writer, value)],
  [RegExp.prototype, (writer, value) => types.isRegExp(value) && writeRegExp(writer, value)],
  [Number.prototype, (writer, value) => types.isNumberObject(value) && writeBoxed(writer, Number.prototype.valueOf.call(value))],
  [String.prototype, (writer, value) => types.isStringObject(value) && writeBoxed(writer, String.prototype.valueOf.call(value))],
  [Boolean.prototype, (writer, value) => types.isBooleanObject(value) && writeBoxed(writer, Boolean.prototype.valueOf.call(value))],
  [BigInt.prototype, (writer, value) => types.isBigIntObject(value) && writeBoxed(writer, BigInt.prototype.valueOf.call(value))],
  [URL.prototype, (writer, value) => writeText(writer, tags.url, (value as URL).href)], // by its prototype; the getter checks again
  [URLSearchParams.prototype, (writer, value) => writePairs(writer, tags.urlSearchParams, [...(value as URLSearchParams)])], // the same
  [DOMException.prototype, (writer, value) => writeDomException(writer, value as DOMException)], // the same
])
for (const [prototype, name] of errorNameByPrototype) {
  writers.set(prototype, (writer, value) => types.isNativeError(value) && writeError(writer, value, name))
}

function writeMap(writer: ValueWriter, value: Map<unknown, unknown>): boolean {
  const { size } = value
  writer.out.byte(tags.map)
  writer.out.count(size)
  let written = 0
  for (const [key, item] of value) {
    if (written++ === size) break
    writer.value(key)
    writer.value(item)
  }
  return sameSize(value, written, size)
}

function writeSet(writer: ValueWriter, value: Set<unknown>): boolean {
  const { size } = value
  writer.out.byte(tags.set)
  writer.out.count(size)
  let written = 0
  for (const item of value) {
    if (written++ === size) break
    writer.value(item)
  }
  return sameSize(value, written, size)
}

function writeDate(writer: ValueWriter, value: Date): boolean {
  writer.out.byte(tags.date)
  writer.value(value.getTime())
  return true
}

function writeRegExp(writer: ValueWriter, value: RegExp): boolean {
  writer.out.byte(tags.regExp)
  writer.out.string(value.source)
  writer.out.string(value.flags)
  writer.value(value.lastIndex)
  return true
}

function writeBoxed(writer: ValueWriter, value: unknown): boolean {
  writer.out.byte(tags.boxed)
  writer.value(value)
  return true
}

function writeText(writer: ValueWriter, tag: number, text: string): boolean {
  writer.out.byte(tag)
  writer.out.string(text)
  return true
}

function writePairs(writer: ValueWriter, tag: number, pairs: readonly (readonly [string, string])[]): boolean {
  writer.out.byte(tag)
  writer.out.count(pairs.length)
  for (const [name, value] of pairs) {
    writer.out.string(name)
    writer.out.string(value)
  }
  return true
}

/** All own fields under string keys, `message` and `cause` among them, each with its place in listings. */
function writeError(writer: ValueWriter, value: Error, className: string): boolean {
  const keys = Object.getOwnPropertyNames(value).filter((key) => key !== 'stack')
  writer.out.byte(tags.error)
  writer.out.string(className)
  writer.value(value.stack)
  writer.out.count(keys.length)
  for (const key of keys) {
    writer.out.string(key)
    writer.value(Object.prototype.propertyIsEnumerable.call(value, key))
    writer.value(Reflect.get(value, key))
  }
  return true
}

function writeDomException(writer: ValueWriter, value: DOMException): boolean {
  writer.out.byte(tags.domException)
  writer.out.string(value.message)
  writer.out.string(value.name)
  writer.value(value.stack)
  return true
}

function sameSize(value: object, written: number, size: number): true {
  if (written !== size) throw new Refusal(value, 'changed while it was written (by a getter inside it); send a copy')
  return true
}
