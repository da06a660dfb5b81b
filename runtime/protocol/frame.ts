import { ClusterError } from '../base/errors.ts'

/**
 * A stream of bytes as frames: the length of what follows as u32, little end first, then that many bytes.
 * One frame is one message. Pure: no socket, no clock.
 */
export const frameHeaderBytes = 4
/** Longest payload on a link. Objects travel in chunks far below it. */
export const maxFrameBytes = 64 * 1024 * 1024
/** Longest payload before the peer has said who it is. */
export const maxHelloFrameBytes = 64 * 1024

/**
 * Gets one payload as a range of `source`, valid until it returns (views made of it stay valid, and keep `source` in memory).
 * Return false to stop: the bytes behind this frame are handed back by `push`.
 */
export type OnFrame = (source: Uint8Array, start: number, end: number) => boolean

/** Writes the length of a payload at `at`: the first four bytes of its frame. */
export function writeFrameLength(target: Uint8Array, at: number, payloadBytes: number): void {
  writeU32(target, at, payloadBytes)
}

/** One payload as a frame of its own. Copies it: meant for the rare frames, such as the hello. */
export function encodeFrame(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + payload.byteLength)
  writeFrameLength(frame, 0, payload.byteLength)
  frame.set(payload, frameHeaderBytes)
  return frame
}

export function writeU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value & 0xff
  target[at + 1] = (value >>> 8) & 0xff
  target[at + 2] = (value >>> 16) & 0xff
  target[at + 3] = value >>> 24
}

/** Bytes past the end count as zero: callers check the length first. */
export function readU32(source: Uint8Array, at: number): number {
  return ((source[at] ?? 0) | ((source[at + 1] ?? 0) << 8) | ((source[at + 2] ?? 0) << 16) | ((source[at + 3] ?? 0) << 24)) >>> 0
}

const spareFromBytes = 1_048_576
const maxSpare = 4

/**
 * Cuts chunks, however they were split on the way, into frames. A frame that lies whole in one chunk is not copied;
 * one that spans chunks is copied once, into memory of exactly its length.
 */
export class FrameParser {
  readonly #limitBytes: number
  readonly #onFrame: OnFrame
  readonly #header = new Uint8Array(frameHeaderBytes)
  #headerFilled = 0
  #body: Uint8Array | undefined
  #spare: Uint8Array[] = []
  readonly #handedOut = new WeakSet<ArrayBufferLike>()
  #bodyFilled = 0

  constructor(limitBytes: number, onFrame: OnFrame) {
    this.#limitBytes = limitBytes
    this.#onFrame = onFrame
  }

  /** True between frames: the stream may end here without cutting one off. */
  get isBetweenFrames(): boolean {
    return this.#headerFilled === 0 && this.#body === undefined
  }

  /**
   * Calls `onFrame` for each frame that `chunk` completes, in order. Returns what is left of the chunk when `onFrame` stopped it,
   * else undefined.
   * @throws ClusterError `protocol.violation` for a length over the limit, before any memory is set aside for it.
   */
  push(chunk: Uint8Array): Uint8Array | undefined {
    let at = 0
    if (!this.isBetweenFrames) {
      at = this.#continue(chunk)
      if (this.#body !== undefined && this.#bodyFilled === this.#body.length && !this.#deliverBody()) return chunk.subarray(at)
    }
    while (chunk.length - at >= frameHeaderBytes) {
      const length = this.#checked(readU32(chunk, at))
      const start = at + frameHeaderBytes
      if (chunk.length - start < length) {
        this.#body = this.#bodyOf(length)
        this.#body.set(chunk.subarray(start))
        this.#bodyFilled = chunk.length - start
        return undefined
      }
      at = start + length
      if (!this.#onFrame(chunk, start, at)) return chunk.subarray(at)
    }
    for (; at < chunk.length; at += 1) {
      this.#header[this.#headerFilled] = chunk[at] ?? 0
      this.#headerFilled += 1
    }
    return undefined
  }

  /**
   * Takes the memory of a large frame back for the next ones: new memory costs a page fault every 4 KB, and collections. The caller has
   * nothing left that looks into it. What is not the memory of one of our frames, or was given back before, is left alone. Undefined lets go
   * of what is kept.
   */
  recycle(memory: ArrayBufferLike | undefined): void {
    if (memory === undefined) this.#spare = []
    else if (this.#handedOut.delete(memory) && this.#spare.length < maxSpare) this.#spare.push(new Uint8Array(memory))
  }

  /** Not cleared: it is delivered when all of it has been written. */
  #bodyOf(length: number): Uint8Array {
    if (length < spareFromBytes) return new Uint8Array(length)
    const fits = this.#spare.findIndex((spare) => spare.length >= length)
    const body = (fits < 0 ? undefined : this.#spare.splice(fits, 1)[0]) ?? new Uint8Array(length)
    this.#handedOut.add(body.buffer)
    return body.subarray(0, length)
  }

  /** Feeds the frame begun by earlier chunks; returns how much of this one it took. */
  #continue(chunk: Uint8Array): number {
    let at = 0
    if (this.#body === undefined) {
      while (this.#headerFilled < frameHeaderBytes && at < chunk.length) {
        this.#header[this.#headerFilled] = chunk[at] ?? 0
        this.#headerFilled += 1
        at += 1
      }
      if (this.#headerFilled < frameHeaderBytes) return at
      this.#body = this.#bodyOf(this.#checked(readU32(this.#header, 0)))
      this.#bodyFilled = 0
      this.#headerFilled = 0
    }
    const taken = Math.min(chunk.length - at, this.#body.length - this.#bodyFilled)
    this.#body.set(chunk.subarray(at, at + taken), this.#bodyFilled)
    this.#bodyFilled += taken
    return at + taken
  }

  #deliverBody(): boolean {
    const body = this.#body
    this.#body = undefined
    return body === undefined || this.#onFrame(body, 0, body.length)
  }

  #checked(length: number): number {
    if (length <= this.#limitBytes) return length
    throw new ClusterError(
      'protocol.violation',
      `a frame of ${length} bytes is over the limit of ${this.#limitBytes}; the peer does not speak our protocol`,
      {
        details: { frameBytes: length, limitBytes: this.#limitBytes },
      },
    )
  }
}
