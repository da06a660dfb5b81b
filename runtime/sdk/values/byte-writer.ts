import { headerBytes, tags } from './format.ts'

/** Many small values share one piece of memory: making an array for each would cost more than writing it. */
const chunkBytes = 32_768

/** Grows as needed. What `finish` returns is never written again. */
export class ByteWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(chunkBytes)
  position = 0
  #start = 0

  /** Leaves room for the header and drops what an earlier, failed walk left. */
  begin(): void {
    if (this.bytes.length - this.#start < headerBytes + 64) this.#renew()
    this.position = this.#start + headerBytes
  }

  /** Header and body as one array. Later values go behind it, or into new memory. */
  finish(codec: number, flags: number, first: readonly [magic: number, version: number]): Uint8Array {
    const { bytes } = this
    const start = this.#start
    const bodyBytes = this.position - start - headerBytes
    bytes[start] = first[0]
    bytes[start + 1] = first[1]
    bytes[start + 2] = codec
    bytes[start + 3] = flags
    bytes.writeUInt32LE(bodyBytes, start + 4)
    const written = new Uint8Array(bytes.buffer, start, this.position - start)
    if (bytes.length > chunkBytes) this.#renew()
    else this.#start = this.position
    return written
  }

  /** Drops a memory that one large, failed value made grow. */
  abandon(): void {
    if (this.bytes.length > chunkBytes) this.#renew()
  }

  #renew(): void {
    this.bytes = Buffer.allocUnsafeSlow(chunkBytes)
    this.#start = 0
    this.position = 0
  }

  /** Room for `count` more bytes. A RangeError when no array can be that long. */
  ensure(count: number): void {
    if (this.position + count <= this.bytes.length) return
    const used = this.position - this.#start
    const larger = Buffer.allocUnsafeSlow(Math.max(chunkBytes, used * 2, used + count))
    larger.set(this.bytes.subarray(this.#start, this.position))
    this.bytes = larger
    this.#start = 0
    this.position = used
  }

  byte(value: number): void {
    if (this.position >= this.bytes.length) this.ensure(1)
    this.bytes[this.position++] = value
  }

  /** A whole number from 0 to 2^53, seven bits a byte, low bits first. */
  count(value: number): void {
    this.ensure(8)
    let rest = value
    while (rest > 0x7f) {
      this.bytes[this.position++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.position++] = rest
  }

  int32(value: number): void {
    this.ensure(4)
    this.position = this.bytes.writeInt32LE(value, this.position)
  }

  float64(value: number): void {
    this.ensure(8)
    this.position = this.bytes.writeDoubleLE(value, this.position)
  }

  raw(source: Uint8Array): void {
    this.ensure(source.length)
    this.bytes.set(source, this.position)
    this.position += source.length
  }

  /** With its tag. Any string comes back the same, half surrogate pairs included. */
  string(text: string): void {
    const { length } = text
    if (length >= tags.shortStringLimit) return this.#longString(text)
    this.ensure(length + 1)
    const { bytes, position } = this
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) return this.#longString(text)
      bytes[position + 1 + index] = code
    }
    bytes[position] = tags.shortString + length
    this.position = position + 1 + length
  }

  #longString(text: string): void {
    const utf8Bytes = Buffer.byteLength(text, 'utf8')
    if (utf8Bytes === text.length) this.#encoded(text, tags.ascii, { encoding: 'latin1', length: utf8Bytes })
    else if (text.isWellFormed()) this.#encoded(text, tags.utf8, { encoding: 'utf8', length: utf8Bytes })
    else this.#encoded(text, tags.utf16, { encoding: 'utf16le', length: text.length * 2 })
  }

  #encoded(text: string, tag: number, { encoding, length }: { encoding: 'latin1' | 'utf8' | 'utf16le'; length: number }): void {
    this.byte(tag)
    this.count(length)
    this.ensure(length)
    this.bytes.write(text, this.position, length, encoding)
    this.position += length
  }
}
