import { type BarClasses, classCount } from './shading.ts'

/** Bars of a block of the finest level, and blocks of one level in a block of the next. */
export const blockBars = 16

type Bars = { readonly start: Float64Array; readonly end: Float64Array; readonly bar: Uint32Array }

/** Blocks of `size` bars each: busy time by colour class, and whether a bar failed there. */
export class Level {
  readonly size: number
  /** `classCount` sums in ms for each block. */
  sums = new Float64Array(classCount * 4)
  failed = new Uint8Array(4)
  built = 0

  constructor(size: number) {
    this.size = size
  }

  forgetFrom(index: number): void {
    this.built = Math.min(this.built, Math.floor(index / this.size))
  }

  sumBars({ start, end, bar }: Bars, classes: BarClasses, blocks: number): void {
    this.#reserve(blocks)
    for (; this.built < blocks; this.built += 1) {
      let hasFailed = 0
      const first = this.built * this.size
      for (let index = first; index < first + this.size; index += 1) {
        const each = bar[index] ?? 0
        const sum = this.built * classCount + classes.classOf(each)
        this.sums[sum] = (this.sums[sum] ?? 0) + (end[index] ?? 0) - (start[index] ?? 0)
        if (classes.isFailed(each)) hasFailed = 1
      }
      this.failed[this.built] = hasFailed
    }
  }

  sumFrom(below: Level, blocks: number): void {
    this.#reserve(blocks)
    for (; this.built < blocks; this.built += 1) {
      let hasFailed = 0
      for (let part = this.built * blockBars; part < (this.built + 1) * blockBars; part += 1) {
        below.addTo(this.sums, part, this.built * classCount)
        hasFailed |= below.failed[part] ?? 0
      }
      this.failed[this.built] = hasFailed
    }
  }

  /** Adds a block's sums to those that stand in `sums` from `at` on. */
  addTo(sums: Float64Array, block: number, at = 0): void {
    for (let each = 0; each < classCount; each += 1) sums[at + each] = (sums[at + each] ?? 0) + (this.sums[block * classCount + each] ?? 0)
  }

  /** Room for so many blocks, and zeros in those that are not built. */
  #reserve(blocks: number): void {
    if (blocks > this.failed.length) {
      const [sums, failed] = [new Float64Array(blocks * 2 * classCount), new Uint8Array(blocks * 2)]
      sums.set(this.sums.subarray(0, this.built * classCount))
      failed.set(this.failed.subarray(0, this.built))
      this.sums = sums
      this.failed = failed
    }
    this.sums.fill(0, this.built * classCount, blocks * classCount)
  }
}
