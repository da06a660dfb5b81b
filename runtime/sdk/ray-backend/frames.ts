import { ClusterError } from '../../base/errors.ts'

/** A message between Node and Python: a JSON header and any number of byte buffers. */
export type Frame = { readonly header: unknown; readonly buffers: readonly Uint8Array[] }

/** A buffer that lies in shared memory: `word` says where, and is never 0. */
export type Place = { readonly sizeBytes: number; readonly word: number }

const prefixBytes = 8
/** Of each buffer its size, then where it lies, 0 for in the frame: 64-bit numbers, of which 48 bits are used. */
const placeBytes = 16
const wordBytes = 8
const usedBytes = 6
/** What no sane peer sends: a broken stream is noticed before it takes the memory. */
const maxHeaderBytes = 256 * 1024 * 1024

/** The parts of a frame in the order they are written. The buffers are not copied; for those that `placeOf` knows only their place is. */
export function frameParts(
  header: object,
  buffers: readonly Uint8Array[],
  placeOf: (buffer: Uint8Array) => Place | undefined = () => undefined,
): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(prefixBytes + placeBytes * buffers.length)
  prefix.writeUInt32LE(text.length, 0)
  prefix.writeUInt32LE(buffers.length, 4)
  for (const [index, buffer] of buffers.entries()) {
    const place = placeOf(buffer)
    const offset = prefixBytes + placeBytes * index
    prefix.writeUIntLE(place?.sizeBytes ?? buffer.length, offset, usedBytes)
    prefix.writeUIntLE(place?.word ?? 0, offset + wordBytes, usedBytes)
  }
  return [prefix, text, ...buffers.filter((buffer) => buffer.length > 0)]
}

/** Cuts a stream of chunks into frames. Each buffer of a frame has memory of its own, so that views on it are aligned. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void
  readonly #open: (place: Place) => Uint8Array
  #part = Buffer.alloc(prefixBytes)
  #filled = 0
  #state: 'prefix' | 'places' | 'header' | 'buffer' = 'prefix'
  #headerBytes = 0
  #places: Place[] = []
  #header: unknown
  #buffers: Uint8Array[] = []

  /** `open`: gives the bytes of a buffer that lies in shared memory. */
  constructor(onFrame: (frame: Frame) => void, open: (place: Place) => Uint8Array) {
    this.#onFrame = onFrame
    this.#open = open
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

  #expect(state: 'prefix' | 'places' | 'header' | 'buffer', bytes: number): void {
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
        return this.#expect('places', placeBytes * part.readUInt32LE(4))
      case 'places':
        this.#places = Array.from({ length: part.length / placeBytes }, (_, index) => readPlace(part, index * placeBytes))
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
    for (let place = this.#places[this.#buffers.length]; place; place = this.#places[this.#buffers.length]) {
      if (place.word === 0) return this.#expect('buffer', place.sizeBytes)
      this.#buffers.push(this.#open(place))
    }
    const frame = { header: this.#header, buffers: this.#buffers }
    this.#buffers = []
    this.#expect('prefix', prefixBytes)
    this.#onFrame(frame)
  }
}

const readPlace = (part: Buffer, offset: number): Place => ({
  sizeBytes: part.readUIntLE(offset, usedBytes),
  word: part.readUIntLE(offset + wordBytes, usedBytes),
})
