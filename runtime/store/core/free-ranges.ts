/** A stretch of the arena: `address` is what `addressOf` makes of a segment and an offset. */
export type Range = { readonly address: number; readonly lengthBytes: number }

const unitBytes = 64
const binsPerDoubling = 16
/** Sizes to 2^33 bytes: 27 doublings of 64-byte units. */
const binCount = 28 * binsPerDoubling
/** So many equal holes are looked at for the best fit before a larger one is taken. */
const scanLimit = 64

/**
 * Free ranges by size and by place. Neighbours join when they are added; taking is a good fit: the smallest bin (1/16 of a doubling wide)
 * that holds a fit. Addresses and lengths are multiples of 64. All operations are O(1) but for `take` when its own bin is crowded.
 */
export class FreeRanges {
  readonly #bins: (Set<Range> | undefined)[] = new Array<Set<Range> | undefined>(binCount)
  readonly #byStart = new Map<number, Range>()
  readonly #byEnd = new Map<number, Range>()
  #totalBytes = 0

  get totalBytes(): number {
    return this.#totalBytes
  }

  get count(): number {
    return this.#byStart.size
  }

  /** Adds a range that must not overlap any here, and joins it with the ranges that touch it. */
  add(address: number, lengthBytes: number): void {
    if (lengthBytes === 0) return
    let start = address
    let end = address + lengthBytes
    const before = this.#byEnd.get(start)
    if (before) {
      this.#remove(before)
      start = before.address
    }
    const after = this.#byStart.get(end)
    if (after) {
      this.#remove(after)
      end = after.address + after.lengthBytes
    }
    this.#insert({ address: start, lengthBytes: end - start })
  }

  /** The start of a range of `lengthBytes` aligned to `alignmentBytes`, no longer free; undefined when no hole is large enough. */
  take(lengthBytes: number, alignmentBytes: number): number | undefined {
    const hole = this.#find(lengthBytes, alignmentBytes)
    if (!hole) return undefined
    const start = alignUp(hole.address, alignmentBytes)
    this.#carve(hole, start, lengthBytes)
    return start
  }

  /** The hole with the lowest address that holds `lengthBytes`, cut to `wantedBytes` when it is longer; else the longest hole there is. */
  takeLowest(lengthBytes: number, wantedBytes: number): Range | undefined {
    let lowest: Range | undefined
    for (const hole of this.#byStart.values()) {
      if (hole.lengthBytes >= lengthBytes && (!lowest || hole.address < lowest.address)) lowest = hole
    }
    const hole = lowest ?? this.largest()
    if (!hole) return undefined
    const length = Math.min(hole.lengthBytes, wantedBytes)
    this.#carve(hole, hole.address, length)
    return { address: hole.address, lengthBytes: length }
  }

  /** Takes the whole pages inside the longest hole, at most `limitBytes`; undefined when that would be less than `leastBytes`. */
  takePages(pageBytes: number, leastBytes: number, limitBytes: number): Range | undefined {
    const hole = this.largest()
    if (!hole) return undefined
    const start = alignUp(hole.address, pageBytes)
    const end = Math.floor((hole.address + hole.lengthBytes) / pageBytes) * pageBytes
    const length = Math.min(end - start, Math.floor(limitBytes / pageBytes) * pageBytes)
    if (length < Math.max(leastBytes, pageBytes)) return undefined
    this.#carve(hole, start, length)
    return { address: start, lengthBytes: length }
  }

  largest(): Range | undefined {
    for (let bin = binCount - 1; bin >= 0; bin -= 1) {
      const holes = this.#bins[bin]
      if (!holes?.size) continue
      let largest: Range | undefined
      for (const hole of holes) if (!largest || hole.lengthBytes > largest.lengthBytes) largest = hole
      return largest
    }
    return undefined
  }

  values(): IterableIterator<Range> {
    return this.#byStart.values()
  }

  #find(lengthBytes: number, alignmentBytes: number): Range | undefined {
    let crowded = false
    for (let bin = binOf(lengthBytes); bin < binCount; bin += 1) {
      const holes = this.#bins[bin]
      if (!holes?.size) continue
      const best = bestOf(holes, { lengthBytes, alignmentBytes, limit: scanLimit })
      if (best) return best
      crowded ||= holes.size > scanLimit
    }
    if (!crowded) return undefined
    for (let bin = binOf(lengthBytes); bin < binCount; bin += 1) {
      const best = bestOf(this.#bins[bin] ?? [], { lengthBytes, alignmentBytes, limit: Infinity })
      if (best) return best
    }
    return undefined
  }

  #carve(hole: Range, start: number, lengthBytes: number): void {
    this.#remove(hole)
    const end = start + lengthBytes
    const holeEnd = hole.address + hole.lengthBytes
    if (start > hole.address) this.#insert({ address: hole.address, lengthBytes: start - hole.address })
    if (holeEnd > end) this.#insert({ address: end, lengthBytes: holeEnd - end })
  }

  #insert(hole: Range): void {
    const bin = binOf(hole.lengthBytes)
    const holes = this.#bins[bin] ?? new Set()
    this.#bins[bin] = holes
    holes.add(hole)
    this.#byStart.set(hole.address, hole)
    this.#byEnd.set(hole.address + hole.lengthBytes, hole)
    this.#totalBytes += hole.lengthBytes
  }

  #remove(hole: Range): void {
    this.#bins[binOf(hole.lengthBytes)]?.delete(hole)
    this.#byStart.delete(hole.address)
    this.#byEnd.delete(hole.address + hole.lengthBytes)
    this.#totalBytes -= hole.lengthBytes
  }
}

export const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment

function binOf(lengthBytes: number): number {
  const units = lengthBytes / unitBytes
  if (units < binsPerDoubling) return Math.floor(units)
  const doubling = 31 - Math.clz32(units) // 2^33 bytes are 2^27 units, so 32 bits hold them
  const within = Math.floor(units / 2 ** (doubling - 4)) - binsPerDoubling
  return Math.min(binCount - 1, (doubling - 3) * binsPerDoubling + within)
}

function bestOf(holes: Iterable<Range>, wanted: { lengthBytes: number; alignmentBytes: number; limit: number }): Range | undefined {
  let best: Range | undefined
  let seen = 0
  for (const hole of holes) {
    const padding = alignUp(hole.address, wanted.alignmentBytes) - hole.address
    if (hole.lengthBytes >= wanted.lengthBytes + padding) {
      if (hole.lengthBytes === wanted.lengthBytes) return hole
      if (!best || hole.lengthBytes < best.lengthBytes) best = hole
    }
    seen += 1
    if (seen >= wanted.limit) break
  }
  return best
}
