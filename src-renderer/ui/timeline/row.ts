import { blockBars, Level } from './level.ts'
import type { BarClasses } from './shading.ts'

const firstCapacity = 8

/**
 * Bars that do not overlap, by start, and so by end too. Above them blocks of 16, 256, … bars with the busy time of each colour class: a pixel
 * that holds thousands of bars is drawn from a few blocks. Only the last bar may still run.
 */
export class Row {
  start = new Float64Array(firstCapacity)
  end = new Float64Array(firstCapacity)
  bar = new Uint32Array(firstCapacity)
  count = 0
  readonly levels: Level[] = []
  #shadingVersion = -1

  get lastEndMs(): number {
    return this.count === 0 ? -Infinity : (this.end[this.count - 1] ?? 0)
  }

  push(bar: number, startMs: number, endMs: number): void {
    if (this.count === this.start.length) this.#resize(this.count * 2)
    this.start[this.count] = startMs
    this.end[this.count] = endMs
    this.bar[this.count] = bar
    this.count += 1
  }

  /** What is known of the bar at this place has changed. */
  touch(index: number): void {
    for (const level of this.levels) level.forgetFrom(index)
  }

  truncate(count: number): void {
    this.count = count
    this.touch(count)
  }

  /** Takes out the bars for which the test holds, and returns when the first of them began; Infinity where none was. */
  remove(isGone: (bar: number) => boolean): number {
    let kept = 0
    let firstMs = Infinity
    for (let index = 0; index < this.count; index += 1) {
      if (isGone(this.bar[index] ?? 0)) {
        firstMs = Math.min(firstMs, this.start[index] ?? 0)
        continue
      }
      this.start[kept] = this.start[index] ?? 0
      this.end[kept] = this.end[index] ?? 0
      this.bar[kept] = this.bar[index] ?? 0
      kept += 1
    }
    if (kept === this.count) return firstMs
    this.count = kept
    this.touch(0)
    if (kept * 4 < this.start.length && this.start.length > 64) this.#resize(kept * 2)
    return firstMs
  }

  /** Place of the first bar that starts at `atMs` or later. */
  firstFrom(atMs: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.start[middle] ?? 0) < atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Place of the first bar that ends after `atMs`. */
  firstEndingAfter(atMs: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.end[middle] ?? 0) <= atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** -1 when the bar is not in this row. */
  indexOf(bar: number, startMs: number): number {
    for (let index = this.firstFrom(startMs); index < this.count && this.start[index] === startMs; index += 1) {
      if (this.bar[index] === bar) return index
    }
    return -1
  }

  /** Brings the blocks up to date; to be called before they are read. */
  prepare(shading: BarClasses): void {
    if (this.#shadingVersion !== shading.version) this.touch(0)
    this.#shadingVersion = shading.version
    const closed = this.lastEndMs === Infinity ? this.count - 1 : this.count
    for (let level = 0, size = blockBars; size <= closed; level += 1, size *= blockBars) {
      const known = (this.levels[level] ??= new Level(size))
      const blocks = Math.floor(closed / size)
      const below = this.levels[level - 1]
      if (below) known.sumFrom(below, blocks)
      else known.sumBars(this, shading, blocks)
    }
  }

  /** The largest block that begins at this place and whose bars all end at or before `untilMs`. Needs `prepare`. */
  blockAt(index: number, untilMs: number): Level | undefined {
    let found: Level | undefined
    for (const level of this.levels) {
      if (index % level.size !== 0 || index / level.size >= level.built) return found
      if ((this.end[index + level.size - 1] ?? 0) > untilMs) return found
      found = level
    }
    return found
  }

  #resize(capacity: number): void {
    const size = Math.max(firstCapacity, capacity)
    const [start, end, bar] = [new Float64Array(size), new Float64Array(size), new Uint32Array(size)]
    start.set(this.start.subarray(0, this.count))
    end.set(this.end.subarray(0, this.count))
    bar.set(this.bar.subarray(0, this.count))
    Object.assign(this, { start, end, bar })
  }
}
