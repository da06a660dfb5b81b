import type { BarTable } from './bar-table.ts'
import { Concurrency } from './concurrency.ts'
import { Lane } from './lane.ts'

export const groupings = ['node', 'worker', 'function'] as const
export type Grouping = (typeof groupings)[number]

/** Rows of one lane; what overlaps more is shown as a density. */
export const rowLimits: Readonly<Record<Grouping, number>> = { node: 16, worker: 6, function: 12 }

/** The lanes of one node, where lanes are workers. */
export class LaneGroup {
  readonly key: number
  lanes: Lane[] = []
  readonly #bars: BarTable
  #crowd: Concurrency | undefined

  constructor(key: number, bars: BarTable) {
    this.key = key
    this.#bars = bars
  }

  /** Of the bars of all its lanes; counted when it is first asked for, and kept up from then on. */
  get crowd(): Concurrency {
    if (this.#crowd) return this.#crowd
    const crowd = new Concurrency()
    const { start, end } = this.#bars
    for (const lane of this.lanes) lane.forEach((bar) => crowd.add(start[bar] ?? 0, end[bar] ?? 0))
    this.#crowd = crowd
    return crowd
  }

  noteBar(bar: number): void {
    this.#crowd?.add(this.#bars.start[bar] ?? 0, this.#bars.end[bar] ?? 0)
  }

  noteEnd(bar: number, wasEndMs: number): void {
    this.#crowd?.end(this.#bars.end[bar] ?? 0, wasEndMs)
  }

  /** Without lanes that lost their last bar. */
  tidy(): void {
    this.lanes = this.lanes.filter(({ count }) => count > 0)
    this.#crowd = undefined
  }
}

type LayoutParts = {
  readonly bars: BarTable
  readonly nodeOfWorker: readonly number[]
  readonly grouping: Grouping
  readonly rowLimit?: number
}

/** Where each bar of the table stands under one grouping. It is made, and follows changes, in steps: see `work`. */
export class Layout {
  readonly grouping: Grouping
  /** By number of the node, worker or function. */
  readonly lanes = new Map<number, Lane>()
  /** By number of the node; empty unless lanes are workers. */
  readonly groups = new Map<number, LaneGroup>()
  /** Another when lanes or rows came or went. */
  shape = 0
  readonly #bars: BarTable
  readonly #nodeOfWorker: readonly number[]
  readonly #rowLimit: number
  readonly #unsettled = new Set<Lane>()
  /** Bars of the table from here on have yet to be looked at. */
  #cursor = 0

  constructor({ bars, nodeOfWorker, grouping, rowLimit = rowLimits[grouping] }: LayoutParts) {
    this.grouping = grouping
    this.#bars = bars
    this.#nodeOfWorker = nodeOfWorker
    this.#rowLimit = rowLimit
  }

  /** Whether everything has its place. */
  get isSettled(): boolean {
    return this.#cursor === this.#bars.limit && this.#unsettled.size === 0
  }

  /** After a bar came into the table. */
  add(bar: number): void {
    if (bar < this.#cursor) this.#take(bar)
  }

  /** After a bar's end or state changed; `wasEndMs` is the end it had. */
  change(bar: number, wasEndMs: number): void {
    if (bar >= this.#cursor) return
    const lane = this.#laneOf(bar)
    const endMs = this.#bars.end[bar] ?? 0
    lane.change(bar, endMs === wasEndMs ? Infinity : Math.min(endMs, wasEndMs))
    this.#unsettled.add(lane)
    this.#groupOf(lane)?.noteEnd(bar, wasEndMs)
  }

  /** Before these bars leave the table. Where they are `dropped`, with their time, the others stay in their rows. */
  remove(gone: ReadonlySet<number>, reason: 'dropped' | 'moved'): void {
    while (!this.work(() => true)) continue
    const lanes = new Set<Lane>()
    for (const bar of gone) lanes.add(this.#laneOf(bar))
    for (const lane of lanes) {
      lane.remove((bar) => gone.has(bar), reason)
      this.#unsettled.add(lane)
      if (lane.count === 0) this.lanes.delete(lane.key)
    }
    for (const group of this.groups.values()) {
      group.tidy()
      if (group.lanes.length === 0) this.groups.delete(group.key)
    }
    this.shape += 1
  }

  /** Goes on while `mayGoOn`, which is asked now and then. True when everything has its place. */
  work(mayGoOn: () => boolean): boolean {
    while (this.#cursor < this.#bars.limit) {
      if (this.#cursor % 4_096 === 0 && !mayGoOn()) return false
      if (this.#bars.isUsed(this.#cursor)) this.#take(this.#cursor)
      this.#cursor += 1
    }
    for (const lane of this.#unsettled) {
      if (!mayGoOn()) return false
      const rows = lane.rows.length
      const hasOverflow = lane.overflow.count > 0
      lane.settle()
      if (rows !== lane.rows.length || hasOverflow !== lane.overflow.count > 0) this.shape += 1
      this.#unsettled.delete(lane)
    }
    return true
  }

  keyOf(bar: number): number {
    if (this.grouping === 'function') return this.#bars.name[bar] ?? 0
    const worker = this.#bars.worker[bar] ?? 0
    return this.grouping === 'worker' ? worker : (this.#nodeOfWorker[worker] ?? 0)
  }

  #take(bar: number): void {
    const lane = this.#laneOf(bar)
    this.#groupOf(lane)?.noteBar(bar)
    lane.add(bar)
    this.#unsettled.add(lane)
  }

  #laneOf(bar: number): Lane {
    const key = this.keyOf(bar)
    let lane = this.lanes.get(key)
    if (lane) return lane
    lane = new Lane(key, this.#bars, this.#rowLimit)
    this.lanes.set(key, lane)
    this.shape += 1
    if (this.grouping === 'worker') this.#openGroup(this.#nodeOfWorker[key] ?? 0).lanes.push(lane)
    return lane
  }

  #groupOf(lane: Lane): LaneGroup | undefined {
    return this.grouping === 'worker' ? this.groups.get(this.#nodeOfWorker[lane.key] ?? 0) : undefined
  }

  #openGroup(key: number): LaneGroup {
    const group = this.groups.get(key) ?? new LaneGroup(key, this.#bars)
    this.groups.set(key, group)
    return group
  }
}
