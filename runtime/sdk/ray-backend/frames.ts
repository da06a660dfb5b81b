import { ClusterError } from '../../base/errors.ts'

/** A message between Node and Python: a JSON header and any number of byte buffers. */
export type Frame = { readonly header: unknown; readonly buffers: readonly Uint8Array[] }

const prefixBytes = 8
const sizeBytes = 8
/** What no sane peer sends: a broken stream is noticed before it takes the memory. */
const maxHeaderBytes = 256 * 1024 * 1024

/** The parts of a frame in the order they are written. The buffers are not copied. */
export function frameParts(header: object, buffers: readonly Uint8Array[]): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(prefixBytes + sizeBytes * buffers.length)
  prefix.writeUInt32LE(text.length, 0)
  prefix.writeUInt32LE(buffers.length, 4)
  for (const [index, buffer] of buffers.entries()) prefix.writeBigUInt64LE(BigInt(buffer.length), prefixBytes + sizeBytes * index)
  return [prefix, text, ...buffers.filter((buffer) => buffer.length > 0)]
}

/** Cuts a stream of chunks into frames. Each buffer of a frame has memory of its own, so that views on it are aligned. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void
  #part = Buffer.alloc(prefixBytes)
  #filled = 0
  #state: 'prefix' | 'sizes' | 'header' | 'buffer' = 'prefix'
  #headerBytes = 0
  #sizes: number[] = []
  #header: unknown
  #buffers: Uint8Array[] = []

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  /** @throws ClusterError `protocol.violation` for what no peer of ours sends. */
  push(chunk: Uint8Array): void {
    let offset = 0
    while (offset < chunk.length) {
      const count = Math.min(this.#part.length - this.#filled, chunk.length - offset)
      this.#part.set(chunk.subarray(offset, offset + count), this.#filled)
      this.#filled += count
      offset += count
      while (this.#filled === this.#part.length) this.#complete()
    }
  }

  #expect(state: 'prefix' | 'sizes' | 'header' | 'buffer', bytes: number): void {
    this.#state = state
    this.#part = Buffer.from(new ArrayBuffer(bytes)) // not of the pool: it may become a view of the program
    this.#filled = 0
  }

  #complete(): void {
    const part = this.#part
    switch (this.#state) {
      case 'prefix':
        this.#headerBytes = part.readUInt32LE(0)
        if (this.#headerBytes > maxHeaderBytes)
          throw new ClusterError('protocol.violation', `the bridge to Ray sent a header of ${this.#headerBytes} bytes`)
        return this.#expect('sizes', sizeBytes * part.readUInt32LE(4))
      case 'sizes':
        this.#sizes = Array.from({ length: part.length / sizeBytes }, (_, index) => Number(part.readBigUInt64LE(index * sizeBytes)))
        return this.#expect('header', this.#headerBytes)
      case 'header':
        this.#header = JSON.parse(part.toString())
        return this.#nextBuffer()
      case 'buffer':
        this.#buffers.push(new Uint8Array(part.buffer))
        return this.#nextBuffer()
    }
  }

  #nextBuffer(): void {
    const size = this.#sizes[this.#buffers.length]
    if (size !== undefined) return this.#expect('buffer', size)
    const frame = { header: this.#header, buffers: this.#buffers }
    this.#buffers = []
    this.#expect('prefix', prefixBytes)
    this.#onFrame(frame)
  }
}
