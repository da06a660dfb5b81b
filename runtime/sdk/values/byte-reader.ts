import { tags } from './format.ts'

/** The bytes are not what an encoder wrote. Never leaves this folder. */
export class Malformed extends Error {}

const oneFloat = new Float64Array(1)
const floatBytes = new Uint8Array(oneFloat.buffer)
/** Strings up to here are put together faster than a call into Node takes. */
const assembledLength = 12
const { fromCharCode } = String

/** Reads from `position` to `end`; nothing beyond, and no count larger than the bytes left can back. */
export class ByteReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number
  #buffer: Buffer | undefined

  constructor(bytes: Uint8Array, position: number, end: number) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  #take(count: number): number {
    const at = this.position
    if (count > this.end - at) throw new Malformed(`wants ${count} bytes at ${at}, but the value ends at ${this.end}`)
    this.position = at + count
    return at
  }

  /** A byte at a place that was checked before. */
  #at(index: number): number {
    return this.bytes[index] as number // checked by the caller
  }

  byte(): number {
    return this.#at(this.#take(1))
  }

  count(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const next = this.byte()
      value += (next & 0x7f) * scale
      if (next < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
    }
    throw new Malformed(`a number that is too large at ${this.position}`)
  }

  /** A number of things of at least `bytesEach`. Refuses what the bytes left cannot hold, before anyone makes room for it. */
  countOf(bytesEach: number): number {
    const count = this.count()
    if (count * bytesEach > this.end - this.position)
      throw new Malformed(`counts ${count} items at ${this.position}, but the value ends at ${this.end}`)
    return count
  }

  int32(): number {
    const at = this.#take(4)
    return this.#at(at) | (this.#at(at + 1) << 8) | (this.#at(at + 2) << 16) | (this.#at(at + 3) << 24)
  }

  float64(): number {
    const at = this.#take(8)
    for (let index = 0; index < 8; index++) floatBytes[index] = this.#at(at + index)
    return oneFloat[0] as number // it has one element
  }

  /** A view: copy what is kept. */
  raw(count: number): Uint8Array {
    const at = this.#take(count)
    return this.bytes.subarray(at, at + count)
  }

  /** A string with its tag. */
  string(): string {
    const tag = this.byte()
    const text = this.stringOf(tag)
    if (text === undefined) throw new Malformed(`tag ${tag} at ${this.position - 1}, where a string belongs`)
    return text
  }

  /** Undefined when `tag` is not one of a string. */
  stringOf(tag: number): string | undefined {
    if (tag >= tags.shortString && tag < tags.shortString + tags.shortStringLimit) return this.#ascii(tag - tags.shortString)
    switch (tag) {
      case tags.ascii:
        return this.#ascii(this.countOf(1))
      case tags.utf8:
        return this.#encoded('utf8')
      case tags.utf16:
        return this.#encoded('utf16le')
      default:
        return undefined
    }
  }

  #ascii(length: number): string {
    let at = this.#take(length)
    const end = at + length
    if (length > assembledLength) return this.#text('latin1', at, end)
    let text = ''
    for (; end - at >= 4; at += 4) text += fromCharCode(this.#at(at), this.#at(at + 1), this.#at(at + 2), this.#at(at + 3))
    for (; at < end; at++) text += fromCharCode(this.#at(at))
    return text
  }

  #encoded(encoding: 'utf8' | 'utf16le'): string {
    const length = this.countOf(1)
    const at = this.#take(length)
    return this.#text(encoding, at, at + length)
  }

  #text(encoding: 'latin1' | 'utf8' | 'utf16le', start: number, end: number): string {
    this.#buffer ??= Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    return this.#buffer.toString(encoding, start, end)
  }
}
