import { invariant } from '../../base/invariant.ts'
import { alignUp, FreeRanges, type Range } from './free-ranges.ts'

/** Objects of at least this size start at a page, so that readers can map them. Sizes below are packed at 64 bytes. */
export const pageAlignedFromBytes = 65_536
export const pageBytes = 4_096
const packBytes = 64

/** Node 20 aborts on an ArrayBuffer above 4 GiB: a segment, and so an object, stays below. */
export const largestSegmentBytes = 4 * 2 ** 30 - 2 ** 21

/** Addresses leave a gap between segments, so that ranges of two segments never touch and join. */
const segmentSpan = 2 ** 33
export const addressOf = (segment: number, offset: number): number => segment * segmentSpan + offset
export const segmentOf = (address: number): number => Math.floor(address / segmentSpan)
export const offsetOf = (address: number): number => address % segmentSpan

/**
 * Places objects in segments. A free range is either warm (the file system has given it pages) or cold (it has not: writing there through a
 * mapping would kill the process if there are none). Only warm ranges are allocated; the shell makes cold ones warm (`back`) and
 * warm ones cold (`punch`), and while it does so they are in transit and belong to nobody.
 */
export class Allocator {
  readonly segmentBytes: readonly number[]
  readonly capacityBytes: number
  readonly #warm = new FreeRanges()
  readonly #cold = new FreeRanges()
  readonly #allocated = new Map<number, number>()
  readonly #transit = new Map<number, Range>()
  #allocatedBytes = 0
  #transitBytes = 0

  /** Splits `capacityBytes` into full segments and a rest; all of it starts cold. */
  constructor(capacityBytes: number, segmentLimitBytes: number = largestSegmentBytes) {
    const segments: number[] = []
    let left = Math.floor(capacityBytes / pageBytes) * pageBytes
    while (left > 0) {
      const sizeBytes = Math.min(left, Math.floor(segmentLimitBytes / pageBytes) * pageBytes)
      this.#cold.add(addressOf(segments.length, 0), sizeBytes)
      segments.push(sizeBytes)
      left -= sizeBytes
    }
    this.segmentBytes = segments
    this.capacityBytes = segments.reduce((sum, sizeBytes) => sum + sizeBytes, 0)
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes
  }
  get warmFreeBytes(): number {
    return this.#warm.totalBytes
  }
  get coldBytes(): number {
    return this.#cold.totalBytes
  }
  get transitBytes(): number {
    return this.#transitBytes
  }
  get largestFreeBytes(): number {
    return Math.max(this.#warm.largest()?.lengthBytes ?? 0, this.#cold.largest()?.lengthBytes ?? 0)
  }
  /** What an object of `capacityBytes` could be at most: one object lies in one segment. */
  get largestObjectBytes(): number {
    return this.segmentBytes[0] ?? 0
  }

  /** Address of warm room for `sizeBytes`, or undefined. It stays taken until `free`. */
  allocate(sizeBytes: number): number | undefined {
    const lengthBytes = allocatedSize(sizeBytes)
    const address = this.#warm.take(lengthBytes, sizeBytes >= pageAlignedFromBytes ? pageBytes : packBytes)
    if (address === undefined) return undefined
    this.#allocated.set(address, lengthBytes)
    this.#allocatedBytes += lengthBytes
    return address
  }

  free(address: number): void {
    const lengthBytes = this.#allocated.get(address)
    invariant(lengthBytes !== undefined, `nothing is allocated at ${address}`)
    this.#allocated.delete(address)
    this.#allocatedBytes -= lengthBytes
    this.#warm.add(address, lengthBytes)
  }

  /**
   * A cold range to back so that `sizeBytes` may fit: at least that long where there is one, `stepBytes` where that is more.
   * Where no cold range is long enough it is the longest one, as it may join warm neighbours. Undefined when nothing is cold.
   */
  takeCold(sizeBytes: number, stepBytes: number): Range | undefined {
    const neededBytes = alignUp(allocatedSize(sizeBytes), pageBytes)
    const range = this.#cold.takeLowest(neededBytes, Math.max(neededBytes, alignUp(stepBytes, pageBytes)))
    return range && this.#send(range)
  }

  /** A warm free range of whole pages to give back to the system, at most `limitBytes`. Undefined when none of 1 MiB is left. */
  takeWarm(limitBytes: number): Range | undefined {
    const range = this.#warm.takePages(pageBytes, Math.min(2 ** 20, limitBytes), limitBytes)
    return range && this.#send(range)
  }

  /** The end of a transit: the range is free again, warm or cold. */
  land(range: Range, as: 'warm' | 'cold'): void {
    invariant(this.#transit.get(range.address)?.lengthBytes === range.lengthBytes, `range ${range.address} is not in transit`)
    this.#transit.delete(range.address)
    this.#transitBytes -= range.lengthBytes
    if (as === 'warm') this.#warm.add(range.address, range.lengthBytes)
    else this.#cold.add(range.address, range.lengthBytes)
  }

  /** Every byte is in exactly one place, and free neighbours have joined. */
  checkInvariants(): void {
    const pieces = [
      ...[...this.#warm.values()].map((range) => ({ ...range, kind: 'warm' })),
      ...[...this.#cold.values()].map((range) => ({ ...range, kind: 'cold' })),
      ...[...this.#transit.values()].map((range) => ({ ...range, kind: 'transit' })),
      ...[...this.#allocated].map(([address, lengthBytes]) => ({ address, lengthBytes, kind: 'allocated' })),
    ].sort((a, b) => a.address - b.address)
    let next = 0
    let before = ''
    for (const piece of pieces) {
      if (offsetOf(piece.address) === 0) before = ''
      else invariant(piece.address === next, `a gap or an overlap at ${piece.address}, expected ${next}`)
      const free = piece.kind === 'warm' || piece.kind === 'cold'
      invariant(!(free && before === piece.kind), `two ${piece.kind} ranges touch at ${piece.address}`)
      next = piece.address + piece.lengthBytes
      before = piece.kind
    }
    const total = this.#allocatedBytes + this.#transitBytes + this.#warm.totalBytes + this.#cold.totalBytes
    invariant(total === this.capacityBytes, `${total} bytes are accounted for, the capacity is ${this.capacityBytes}`)
  }

  #send(range: Range): Range {
    this.#transit.set(range.address, range)
    this.#transitBytes += range.lengthBytes
    return range
  }
}

/** What an object of `sizeBytes` takes of the arena. */
export function allocatedSize(sizeBytes: number): number {
  return sizeBytes >= pageAlignedFromBytes ? alignUp(sizeBytes, pageBytes) : Math.max(packBytes, alignUp(sizeBytes, packBytes))
}
