import { type BarState, barStates, BarTable, stateNumbers } from './bar-table.ts'
import { Interner } from './interner.ts'
import { type Grouping, Layout } from './layout.ts'
import { isNoId, wordsPerId } from './task-ids.ts'
import { Totals } from './totals.ts'

/** One attempt of a task that has begun. */
export type TimelineBar = {
  readonly taskId: string
  readonly attempt: number
  /** Of the function. */
  readonly name: string
  readonly state: BarState
  /** Ms since 1970. */
  readonly startMs: number
  /** Null while it runs. */
  readonly endMs: number | null
  readonly nodeId: string
  readonly workerId: string
  /** Null: nobody's. */
  readonly parentTaskId: string | null
}

/** What had to go because there is room for `maxBars` only: that many, and before `beforeMs` the picture has holes. */
export type Dropped = { readonly bars: number; readonly beforeMs: number }

export type TimelineStoreOptions = {
  /** @default 2,000,000 */
  readonly maxBars?: number
  /** Runs a step: `frame` before the next frame that is shown, `soon` when the page has dealt with its events. */
  readonly schedule?: (step: () => void, when: 'frame' | 'soon') => void
}

const sliceMs = 10
const decided = stateNumbers.finished // this state and those behind it are final

/**
 * All bars that were ever told, up to `maxBars`; then the ones that ended first go. Times that are known stay known, so reports may come in
 * any order, and twice. Listeners hear at most once a frame.
 */
export class TimelineStore {
  readonly bars = new BarTable()
  readonly names = new Interner()
  readonly nodes = new Interner()
  readonly workers: string[] = []
  readonly nodeOfWorker: number[] = []
  readonly totals = new Totals(this.bars)
  /** Another after every change that listeners are told. */
  version = 0
  dropped: Dropped = { bars: 0, beforeMs: -Infinity }
  readonly #maxBars: number
  readonly #schedule: (step: () => void, when: 'frame' | 'soon') => void
  readonly #listeners = new Set<() => void>()
  readonly #workersOfNode = new Map<string, Map<string, number>>()
  readonly #scratch = new Uint32Array(wordsPerId)
  #labels: ReadonlyMap<string, string> = new Map()
  #layout: Layout | undefined
  #nextLayout: Layout | undefined
  #fromMs = Infinity
  #toMs = -Infinity
  #isScheduled = false
  #isWorking = false

  constructor({ maxBars = 2_000_000, schedule = runOnPage }: TimelineStoreOptions = {}) {
    this.#maxBars = maxBars
    this.#schedule = schedule
  }

  /** Takes in new bars, and what is new of known ones. */
  upsert(batch: Iterable<TimelineBar>): void {
    const moved = new Map<number, TimelineBar>()
    for (const report of batch) {
      const known = this.find(report.taskId, report.attempt)
      if (known < 0) this.#add(report)
      else if (moved.has(known) || this.#isElsewhere(known, report)) moved.set(known, this.#joined(known, report, moved.get(known)))
      else this.#update(known, report)
    }
    if (moved.size > 0) this.#remove(new Set(moved.keys()), 'moved')
    for (const report of moved.values()) this.#add(report)
    this.#wake()
  }

  /** What people call nodes and workers, by id; others show the beginning of their id. */
  setLabels(labels: ReadonlyMap<string, string>): void {
    this.#labels = labels
    this.#wake()
  }

  labelOf(id: string): string {
    return this.#labels.get(id) ?? (/^[0-9a-f-]{17,}$/.test(id) ? id.slice(0, 8) : id)
  }

  /** Lays the bars out by node, worker or function. That takes a moment when there are many; until then `layout` is the one before. */
  group(grouping: Grouping): void {
    if ((this.#nextLayout ?? this.#layout)?.grouping === grouping) return
    this.#nextLayout = this.#layout?.grouping === grouping ? undefined : this.#newLayout(grouping)
    this.#wake()
  }

  /** Undefined until the first `group` is done. */
  get layout(): Layout | undefined {
    return this.#layout
  }

  get isRegrouping(): boolean {
    return this.#nextLayout !== undefined
  }

  get runningCount(): number {
    const { countOfState } = this.totals
    return (countOfState[stateNumbers.running] ?? 0) + (countOfState[stateNumbers.blocked] ?? 0)
  }

  /** From the first start to the last time that is known; undefined while there are no bars. */
  get range(): { readonly fromMs: number; readonly toMs: number } | undefined {
    return this.bars.count === 0 ? undefined : { fromMs: this.#fromMs, toMs: this.#toMs }
  }

  /** @throws RangeError when there is no such bar. */
  bar(bar: number): TimelineBar {
    if (!this.bars.isUsed(bar)) throw new RangeError(`There is no bar ${bar}.`)
    const { ids, task, parent, worker, name, attempt, state, start, end } = this.bars
    const endMs = end[bar] ?? Infinity
    const workerNumber = worker[bar] ?? 0
    return {
      taskId: ids.unpack(task, bar * wordsPerId),
      attempt: attempt[bar] ?? 0,
      name: this.names.texts[name[bar] ?? 0] ?? '',
      state: barStates[state[bar] ?? 0] ?? 'running',
      startMs: start[bar] ?? 0,
      endMs: endMs === Infinity ? null : endMs,
      nodeId: this.nodes.texts[this.nodeOfWorker[workerNumber] ?? 0] ?? '',
      workerId: this.workers[workerNumber] ?? '',
      parentTaskId: isNoId(parent, bar * wordsPerId) ? null : ids.unpack(parent, bar * wordsPerId),
    }
  }

  /** The bar's number; -1 when it is not there. */
  find(taskId: string, attempt: number): number {
    this.bars.ids.pack(taskId, this.#scratch, 0)
    return this.bars.find({ words: this.#scratch, attempt })
  }

  /** Numbers of the bars of all attempts. */
  attemptsOf(taskId: string): number[] {
    this.bars.ids.pack(taskId, this.#scratch, 0)
    return this.bars.attemptsOf(this.#scratch)
  }

  /** The newest attempt of the task that made this one; -1 when it is not there. */
  parentOf(bar: number): number {
    const at = bar * wordsPerId
    if (isNoId(this.bars.parent, at)) return -1
    const attempts = this.bars.attemptsOf(this.bars.parent.subarray(at, at + wordsPerId))
    return attempts.reduce(
      (newest, each) => (newest < 0 || (this.bars.attempt[each] ?? 0) > (this.bars.attempt[newest] ?? 0) ? each : newest),
      -1,
    )
  }

  /** Returns the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Gives everything its place at once, without waiting for the next frame, and tells listeners. */
  flush(): void {
    while (!this.#work(() => true)) continue
    this.#tell()
  }

  #newLayout(grouping: Grouping): Layout {
    return new Layout({ bars: this.bars, nodeOfWorker: this.nodeOfWorker, grouping })
  }

  #add(report: TimelineBar): void {
    const { bars } = this
    const endMs = Math.max(report.startMs, report.endMs ?? Infinity)
    if (endMs <= this.dropped.beforeMs) return this.#noteDropped(1, endMs)
    if (bars.count >= this.#maxBars) this.#evict()
    if (bars.count >= this.#maxBars) return this.#noteDropped(1, this.dropped.beforeMs)
    bars.ids.pack(report.taskId, this.#scratch, 0)
    const bar = bars.add({ words: this.#scratch, attempt: report.attempt })
    bars.state[bar] = stateNumbers[report.state]
    bars.start[bar] = report.startMs
    bars.end[bar] = endMs
    bars.name[bar] = this.names.numberOf(report.name)
    bars.worker[bar] = this.#workerOf(report)
    bars.ids.pack(report.parentTaskId ?? '', bars.parent, bar * wordsPerId)
    this.#stretch(report.startMs, endMs)
    this.totals.noteAdded(bar)
    for (const layout of this.#layouts()) layout.add(bar)
  }

  #update(bar: number, { startMs, endMs, state, parentTaskId }: TimelineBar): void {
    const { bars } = this
    if (parentTaskId !== null && isNoId(bars.parent, bar * wordsPerId)) bars.ids.pack(parentTaskId, bars.parent, bar * wordsPerId)
    const wasEndMs = bars.end[bar] ?? Infinity
    const newEndMs = endMs === null ? wasEndMs : Math.max(startMs, endMs)
    const wasState = bars.state[bar] ?? 0
    const isLate = wasState >= decided && stateNumbers[state] < decided
    const newState = isLate ? wasState : stateNumbers[state]
    if (newEndMs === wasEndMs && newState === wasState) return
    bars.end[bar] = newEndMs
    bars.state[bar] = newState
    this.#stretch(startMs, newEndMs)
    this.totals.noteChanged(bar, { state: wasState, endMs: wasEndMs })
    for (const layout of this.#layouts()) layout.change(bar, wasEndMs)
  }

  /** Whether another start, place or name is told than before. */
  #isElsewhere(bar: number, report: TimelineBar): boolean {
    const { start, worker, name } = this.bars
    if (start[bar] !== report.startMs || this.names.texts[name[bar] ?? 0] !== report.name) return true
    return hasPlace(report) && worker[bar] !== this.#workerOf(report)
  }

  /** The report with what only earlier ones knew. */
  #joined(bar: number, report: TimelineBar, before: TimelineBar = this.bar(bar)): TimelineBar {
    const { nodeId, workerId } = hasPlace(report) ? report : before
    const isLate = stateNumbers[before.state] >= decided && stateNumbers[report.state] < decided
    const { parentTaskId } = report.parentTaskId === null ? before : report
    return { ...report, nodeId, workerId, parentTaskId, endMs: report.endMs ?? before.endMs, state: isLate ? before.state : report.state }
  }

  #workerOf({ nodeId, workerId }: TimelineBar): number {
    let workers = this.#workersOfNode.get(nodeId)
    if (!workers) this.#workersOfNode.set(nodeId, (workers = new Map()))
    let worker = workers.get(workerId)
    if (worker === undefined) {
      worker = this.workers.push(workerId) - 1
      this.nodeOfWorker.push(this.nodes.numberOf(nodeId))
      workers.set(workerId, worker)
    }
    return worker
  }

  /** Lets the eighth go that ended first, so that it need not be done for each new bar. */
  #evict(): void {
    const { end, limit } = this.bars
    const ends = end.slice(0, limit).filter((endMs, bar) => this.bars.isUsed(bar) && endMs !== Infinity)
    if (ends.length === 0) return
    const lastMs = ends.sort()[Math.min(ends.length, Math.ceil(this.#maxBars / 8)) - 1] ?? 0
    const gone = new Set<number>()
    for (let bar = 0; bar < limit; bar += 1) if (this.bars.isUsed(bar) && (end[bar] ?? 0) <= lastMs) gone.add(bar)
    this.#remove(gone, 'dropped')
    this.#noteDropped(gone.size, lastMs)
    this.#fromMs = this.bars.start
      .slice(0, limit)
      .reduce((least, startMs, bar) => (this.bars.isUsed(bar) && startMs < least ? startMs : least), Infinity)
  }

  #remove(gone: ReadonlySet<number>, reason: 'dropped' | 'moved'): void {
    this.#layout?.remove(gone, reason)
    if (this.#nextLayout) this.#nextLayout = this.#newLayout(this.#nextLayout.grouping)
    for (const bar of gone) {
      this.totals.noteRemoved(bar)
      this.bars.remove(bar)
    }
  }

  #noteDropped(bars: number, beforeMs: number): void {
    this.dropped = { bars: this.dropped.bars + bars, beforeMs: Math.max(this.dropped.beforeMs, beforeMs) }
  }

  #stretch(startMs: number, endMs: number): void {
    this.#fromMs = Math.min(this.#fromMs, startMs)
    this.#toMs = Math.max(this.#toMs, endMs === Infinity ? startMs : endMs)
  }

  #layouts(): Layout[] {
    return [this.#layout, this.#nextLayout].filter((layout) => layout !== undefined)
  }

  /** Something is new that listeners shall hear of. */
  #wake(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#schedule(() => {
      this.#isScheduled = false
      this.#workOn()
      this.#tell()
    }, 'frame')
  }

  /** A slice of the work, and the others later. True when it changed the picture that is shown. */
  #workOn(): boolean {
    const shown = this.#layout
    const wasSettled = shown?.isSettled === true
    const untilMs = performance.now() + sliceMs
    const isDone = this.#work(() => performance.now() < untilMs)
    if (!isDone && !this.#isWorking) {
      this.#isWorking = true
      this.#schedule(() => {
        this.#isWorking = false
        if (this.#workOn()) this.#wake()
      }, 'soon')
    }
    return !wasSettled || shown !== this.#layout
  }

  /** One at a time: what is shown first, then what shall be. True when all is done. */
  #work(mayGoOn: () => boolean): boolean {
    if (this.#layout && !this.#layout.work(mayGoOn)) return false
    if (!this.#nextLayout) return true
    if (!this.#nextLayout.work(mayGoOn)) return false
    this.#layout = this.#nextLayout
    this.#nextLayout = undefined
    return true
  }

  #tell(): void {
    this.version += 1
    for (const listener of this.#listeners) listener()
  }
}

const hasPlace = ({ nodeId, workerId }: TimelineBar): boolean => nodeId !== '' || workerId !== ''

const page = globalThis as { readonly requestAnimationFrame?: (step: () => void) => number } // absent where there is no page

function runOnPage(step: () => void, when: 'frame' | 'soon'): void {
  if (when === 'frame' && page.requestAnimationFrame) page.requestAnimationFrame(step)
  else setTimeout(step, 0)
}
