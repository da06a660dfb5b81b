import { join } from 'node:path'
import type { StoreLocation } from '../protocol/store.ts'
import { offsetOf, segmentOf } from './core/allocator.ts'
import type { Range } from './core/free-ranges.ts'
import { openSegment, type Segment } from './segment.ts'

/** The segment files of one store, by the addresses that its core gives out. A file is made when the first of its ranges is backed. */
export class Arena {
  readonly #directory: string
  readonly #segmentBytes: readonly number[]
  readonly #segments = new Map<number, Segment>()

  constructor(directory: string, segmentBytes: readonly number[]) {
    this.#directory = directory
    this.#segmentBytes = segmentBytes
  }

  location(address: number, sizeBytes: number): StoreLocation {
    const { path, sizeBytes: segmentBytes } = this.#segment(address)
    return { segmentPath: path, segmentBytes, offset: offsetOf(address), sizeBytes }
  }

  /** @throws ClusterError `store.full` when the file system has no pages left. */
  async back(range: Range): Promise<void> {
    await this.#segment(range.address).back(offsetOf(range.address), range.lengthBytes)
  }

  async punch(range: Range): Promise<boolean> {
    return await this.#segment(range.address).punch(offsetOf(range.address), range.lengthBytes)
  }

  async prefault(address: number, lengthBytes: number): Promise<void> {
    await this.#segment(address).prefault(offsetOf(address), lengthBytes)
  }

  /** Bytes of an object: live ones where memory is mapped, so valid only as long as the object is pinned; else a copy. */
  bytes(address: number, lengthBytes: number): Uint8Array {
    const segment = this.#segment(address)
    const shared = segment.shared(offsetOf(address), lengthBytes)
    if (shared) return shared
    const copy = new Uint8Array(lengthBytes)
    segment.read(offsetOf(address), copy)
    return copy
  }

  write(address: number, bytes: Uint8Array): void {
    const segment = this.#segment(address)
    const shared = segment.shared(offsetOf(address), bytes.byteLength)
    if (shared) shared.set(bytes)
    else segment.write(offsetOf(address), bytes)
  }

  close(): void {
    for (const segment of this.#segments.values()) segment.close()
    this.#segments.clear()
  }

  #segment(address: number): Segment {
    const index = segmentOf(address)
    const known = this.#segments.get(index)
    if (known) return known
    const path = join(this.#directory, `segment-${index}`)
    const segment = openSegment(path, { sizeBytes: this.#segmentBytes[index] ?? 0, create: true })
    this.#segments.set(index, segment)
    return segment
  }
}
