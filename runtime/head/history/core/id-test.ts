import { ClusterError } from '../../../base/errors.ts'
import { hex8 } from './hex.ts'
import type { Filter } from './predicates.ts'

/** An id column in its parts: 16 digits as two words, and the number of the tail, with what the tails are. */
export type IdParts = {
  readonly high: (row: number) => number
  readonly low: (row: number) => number
  readonly tail: (row: number) => number
  readonly tailText: (number: number) => string
  readonly tailEnd: number
}

/**
 * A test for ids that makes no text of most of them, as there are a million.
 * @throws ClusterError `bad-argument` for an operator that says nothing about ids.
 */
export function idTest(parts: IdParts, { operator, values, column }: Filter): (row: number) => boolean {
  const wanted = values.map((value) => value.toLowerCase())
  switch (operator) {
    case '=':
    case 'in':
      return anyOf(wanted.map((value) => isExactly(parts, value)))
    case '!=':
    case 'not-in': {
      const isOne = anyOf(wanted.map((value) => isExactly(parts, value)))
      return (row) => !isOne(row)
    }
    case 'prefix':
      return beginsWith(parts, wanted[0] ?? '')
    case 'contains':
      return holds(parts, wanted[0] ?? '')
    case 'regex':
    case '<':
    case '<=':
    case '>':
    case '>=':
      throw new ClusterError('bad-argument', `${column} holds ids: ${operator} says nothing about them; use =, !=, in, prefix or contains`)
  }
}

function anyOf(tests: readonly ((row: number) => boolean)[]): (row: number) => boolean {
  const [only] = tests
  return tests.length === 1 && only ? only : (row) => tests.some((test) => test(row))
}

const never = () => false
const isHex = (text: string): boolean => /^[0-9a-f]*$/.test(text)
const word = (text: string, at: number): number => Number.parseInt(text.slice(at, at + 8), 16)

function isExactly(parts: IdParts, id: string): (row: number) => boolean {
  if (id.length !== 48 || !isHex(id)) return never
  const tail = id.slice(16)
  const isTail = tailsWhere(parts, (text) => text === tail)
  const high = word(id, 0)
  const low = word(id, 8)
  return (row) => parts.low(row) === low && parts.high(row) === high && isTail[parts.tail(row)] === 1
}

function beginsWith(parts: IdParts, prefix: string): (row: number) => boolean {
  if (prefix.length > 48 || !isHex(prefix)) return never
  const maskOf = (digits: number) => (digits >= 8 ? 0xffff_ffff : digits <= 0 ? 0 : (0xffff_ffff << (32 - digits * 4)) >>> 0)
  const head = prefix.slice(0, 16).padEnd(16, '0')
  const highMask = maskOf(prefix.length)
  const lowMask = maskOf(prefix.length - 8)
  const high = word(head, 0) & highMask
  const low = word(head, 8) & lowMask
  const rest = prefix.slice(16)
  const isTail = tailsWhere(parts, (text) => text.startsWith(rest))
  return (row) => (parts.high(row) & highMask) === high && (parts.low(row) & lowMask) === low && isTail[parts.tail(row)] === 1
}

/** Tails are looked through once each; only where a part of the text begins a tail can it lie across the border. */
function holds(parts: IdParts, text: string): (row: number) => boolean {
  if (text.length > 48 || !isHex(text)) return never
  const isInTail = tailsWhere(parts, (tail) => tail.includes(text))
  const isAcross = tailsWhere(parts, (tail) => {
    for (let at = 1; at < text.length; at += 1) if (tail.startsWith(text.slice(at))) return true
    return false
  })
  const isInFront = frontTest(text)
  return (row) => {
    const tail = parts.tail(row)
    if (isInTail[tail] === 1) return true
    const high = parts.high(row)
    const low = parts.low(row)
    if (isInFront(high, low)) return true
    return isAcross[tail] === 1 && (hex8(high) + hex8(low) + parts.tailText(tail)).includes(text)
  }
}

/** Whether the 16 digits of two words hold `text`: its first 8 digits are looked for at each place without making a text. */
function frontTest(text: string): (high: number, low: number) => boolean {
  const digits = Math.min(8, text.length)
  if (digits === 0) return () => true
  if (text.length > 16) return () => false
  const mask = digits === 8 ? 0xffff_ffff : (1 << (digits * 4)) - 1
  const wanted = Number.parseInt(text.slice(0, digits), 16)
  const lastShift = 64 - 4 * digits
  const firstShift = (text.length - digits) * 4
  return (high, low) => {
    for (let shift = lastShift; shift >= firstShift; shift -= 4) {
      const bits = shift >= 32 ? high >>> (shift - 32) : shift === 0 ? low : (low >>> shift) | (high << (32 - shift))
      if ((bits & mask) >>> 0 === wanted && (text.length <= 8 || (hex8(high) + hex8(low)).includes(text))) return true
    }
    return false
  }
}

function tailsWhere({ tailEnd, tailText }: IdParts, test: (text: string) => boolean): Uint8Array {
  const passes = new Uint8Array(tailEnd)
  for (let number = 0; number < tailEnd; number += 1) passes[number] = test(tailText(number)) ? 1 : 0
  return passes
}
