import type { BarTable } from './bar-table.ts'
import { Concurrency } from './concurrency.ts'
import { Row } from './row.ts'
import { sortBars } from './sort-bars.ts'

/** The bars of one worker, node or function: rows without overlap, and what found no room in them. */
export class Lane {
  readonly key: number
  readonly rows: Row[] = []
  /** More than fit in the rows, by start; they may overlap. */
  readonly overflow = new Row()
  crowd = new Concurrency()
  readonly #bars: BarTable
  readonly #rowLimit: number
  #fresh: number[] = []
  #changed: number[] = []
  #cutMs = Infinity

  constructor(key: number, bars: BarTable, rowLimit: number) {
    this.key = key
    this.#bars = bars
    this.#rowLimit = rowLimit
  }

  get count(): number {
    return this.rows.reduce((sum, row) => sum + row.count, this.overflow.count)
  }

  /** Of all its bars, those that wait for their place too. */
  forEach(visit: (bar: number) => void): void {
    for (const { bar, count } of [...this.rows, this.overflow]) for (let index = 0; index < count; index += 1) visit(bar[index] ?? 0)
    for (const bar of this.#fresh) visit(bar)
  }

  add(bar: number): void {
    this.#fresh.push(bar)
  }

  /** `freeMs`: from when on the bar leaves its row to others, or did before; Infinity when its times are as they were. */
  change(bar: number, freeMs: number): void {
    this.#changed.push(bar)
    this.#cutMs = Math.min(this.#cutMs, freeMs)
  }

  /**
   * Gives what is new its place: by start, each bar in the first row that is free. Only bars from the earliest change on move, so what
   * comes in the order of time costs little.
   */
  settle(): void {
    for (const bar of this.#changed) this.#readAgain(bar)
    const moving = this.#fresh
    let cutMs = this.#cutMs
    for (const bar of moving) cutMs = Math.min(cutMs, this.#bars.start[bar] ?? 0)
    this.#fresh = []
    this.#changed = []
    this.#cutMs = Infinity
    if (cutMs === Infinity) return
    const hadOverflow = this.overflow.count
    for (const row of [...this.rows, this.overflow]) {
      const from = row.firstFrom(cutMs)
      for (let index = from; index < row.count; index += 1) moving.push(row.bar[index] ?? 0)
      row.truncate(from)
    }
    this.#place(this.#inOrder(moving))
    while (this.rows.at(-1)?.count === 0) this.rows.pop()
    if (hadOverflow + this.overflow.count > 0) this.#countCrowd()
  }

  /** Takes out the bars for which the test holds; the others keep their rows where those were `dropped`. All must have been settled. */
  remove(isGone: (bar: number) => boolean, reason: 'dropped' | 'moved'): void {
    for (const row of [...this.rows, this.overflow]) {
      const first = row.remove(isGone)
      if (reason === 'moved') this.#cutMs = Math.min(this.#cutMs, first)
    }
    while (this.rows.at(-1)?.count === 0) this.rows.pop()
    this.#countCrowd()
  }

  /** Each into the first row that is free when it starts; in the order given, which is that of time. */
  #place(bars: Uint32Array): void {
    const { start, end } = this.#bars
    const freeMs = new Float64Array(this.#rowLimit).fill(-Infinity)
    for (const [number, row] of this.rows.entries()) freeMs[number] = row.lastEndMs
    for (const bar of bars) {
      const [startMs, endMs] = [start[bar] ?? 0, end[bar] ?? 0]
      let number = 0
      while (number < this.#rowLimit && (freeMs[number] ?? 0) > startMs) number += 1
      if (number === this.rows.length && number < this.#rowLimit) this.rows.push(new Row())
      const row = this.rows[number] ?? this.overflow
      row.push(bar, startMs, endMs)
      if (row !== this.overflow) freeMs[number] = endMs
    }
  }

  #readAgain(bar: number): void {
    const startMs = this.#bars.start[bar] ?? 0
    for (const row of [...this.rows, this.overflow]) {
      const index = row.indexOf(bar, startMs)
      if (index < 0) continue
      row.end[index] = this.#bars.end[bar] ?? 0
      row.touch(index)
      if (row === this.overflow) this.#countCrowd()
    }
  }

  #inOrder(list: readonly number[]): Uint32Array {
    const { start } = this.#bars
    const compare = (one: number, other: number) => (start[one] ?? 0) - (start[other] ?? 0) || this.#bars.compareKeys(one, other)
    return sortBars(list, start, compare)
  }

  #countCrowd(): void {
    this.crowd = new Concurrency()
    const { start, end, count } = this.overflow
    for (let index = 0; index < count; index += 1) this.crowd.add(start[index] ?? 0, end[index] ?? 0)
  }
}
