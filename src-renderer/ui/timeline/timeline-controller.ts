import { type BarStep, nearestBar, stepFrom } from './bar-steps.ts'
import { LaneStack, type Line } from './lane-stack.ts'
import type { Grouping } from './layout.ts'
import { type Hit, pick } from './pick.ts'
import { type ColourBy, Shading } from './shading.ts'
import { Signal } from './signal.ts'
import type { TimelineBar, TimelineStore } from './timeline-store.ts'
import { fitSpan, followNow, keepInRange, msOf, spanOf, type TimeSpan, type ViewWindow, zoomAt } from './view-window.ts'

export type BarId = { readonly taskId: string; readonly attempt: number }

export type TimelineInput = {
  readonly grouping: Grouping
  readonly colourBy: ColourBy
  readonly isLive: boolean
  readonly nowMs: () => number
  readonly selected: BarId | null
  readonly litTasks: ReadonlySet<string> | undefined
  readonly onSelect: (bar: TimelineBar | null) => void
  readonly onOpen: (bar: TimelineBar) => void
  readonly onSpan: (span: TimeSpan | null) => void
}

/** `whole`: all there is, more as it comes. `follow`: the same length, up to now. `free`: where the user put it. */
export type ViewMode = 'whole' | 'follow' | 'free'

const noInput: TimelineInput = {
  ...{ grouping: 'worker', colourBy: 'function', isLive: false, selected: null, litTasks: undefined },
  ...{ nowMs: Date.now, onSelect: () => undefined, onOpen: () => undefined, onSpan: () => undefined },
}
const firstLengthMs = 120_000
/** Labels are made ready so far beyond what is in sight. */
const overscanPx = 600
/** A bar that takes this much of the width is near enough to be opened by the next double click. */
const nearPart = 0.5

/** What the user looks at, and what each of their moves does to it. It knows no page: sizes and points come from outside, in CSS pixels. */
export class TimelineController {
  readonly store: TimelineStore
  readonly shading: Shading
  readonly stack = new LaneStack()
  /** Something must be drawn again; what the pointer is over changed; anything else that is shown beside the lanes did. */
  readonly drawing = new Signal()
  readonly pointing = new Signal()
  readonly choices = new Signal()
  /** Other lines are in sight than those of `shownLines`. */
  readonly scrolling = new Signal()
  shownLines: readonly Line[] = []
  view: ViewWindow = { fromMs: 0, msPerPx: 1 }
  mode: ViewMode = 'whole'
  /** Of the lanes, without axis and labels. */
  size = { width: 0, height: 0 }
  scrollTop = 0
  pointed: { readonly hit: Hit; readonly x: number; readonly y: number } | undefined
  span: TimeSpan | undefined
  collapsed: ReadonlySet<number> = new Set()
  isolated: ReadonlySet<string> = new Set()
  /** Where the page shall scroll to; set when it has scrolled by itself. */
  onScrollWish: (top: number) => void = () => undefined
  #input: TimelineInput = noInput
  #focus: BarId | undefined

  constructor(store: TimelineStore) {
    this.store = store
    this.shading = new Shading(store)
  }

  get input(): TimelineInput {
    return this.#input
  }

  /** Takes what the page asks for now; first of all before anything is shown. */
  update(input: TimelineInput): void {
    const before = this.#input
    this.#input = input
    this.store.group(input.grouping)
    if (before === noInput) this.mode = input.isLive ? 'follow' : 'whole'
    else if (before.isLive && !input.isLive && this.mode === 'follow') this.mode = 'free'
    if (before.colourBy !== input.colourBy) this.isolated = new Set()
    if (before.colourBy !== input.colourBy || before.litTasks !== input.litTasks) this.#shade()
    if (before.colourBy !== input.colourBy || before.isLive !== input.isLive || before.grouping !== input.grouping) this.choices.tell()
    this.drawing.tell()
  }

  setSize(width: number, height: number): void {
    if (width === this.size.width && height === this.size.height) return
    const centreMs = msOf(this.view, this.size.width / 2)
    if (this.size.width === 0) this.view = { fromMs: this.#input.nowMs() - firstLengthMs, msPerPx: firstLengthMs / Math.max(1, width) }
    else this.view = { ...this.view, fromMs: centreMs - (width / 2) * this.view.msPerPx }
    this.size = { width, height }
    this.drawing.tell()
  }

  /** From the first bar to the last, or to now where something runs. */
  get whole(): TimeSpan {
    const nowMs = this.#input.nowMs()
    const { fromMs, toMs } = this.store.range ?? { fromMs: nowMs - firstLengthMs, toMs: nowMs }
    return { fromMs, toMs: Math.max(fromMs + 1, toMs, this.#input.isLive ? nowMs : -Infinity) }
  }

  /** What an overview stretches over: the whole, and a little room into which it grows, so that it need not be counted again each moment. */
  get overviewSpan(): TimeSpan {
    const { fromMs, toMs } = this.whole
    if (!this.#input.isLive) return { fromMs, toMs }
    const stepMs = 2 ** Math.ceil(Math.log2((toMs - fromMs) / 200))
    return { fromMs, toMs: fromMs + Math.ceil((toMs - fromMs) / stepMs) * stepMs }
  }

  /** To be called before each drawing: the window goes on with time, and lines that came above do not push away what is read. */
  advance(): void {
    const { layout } = this.store
    const [anchor] = this.scrollTop > 0 ? this.stack.between(this.scrollTop, this.scrollTop + 1) : []
    if (layout && this.stack.follow({ store: this.store, layout, collapsed: this.collapsed }, this.collapsed)) {
      const moved = anchor && this.stack.lines.find(({ kind, key }) => kind === anchor.kind && key === anchor.key)
      if (moved && moved.top !== anchor.top) this.#scrollTo(this.scrollTop + moved.top - anchor.top)
      this.#chooseLines()
      this.choices.tell()
    }
    const [first, last] = [this.shownLines[0], this.shownLines.at(-1)]
    const isCovered =
      first &&
      last &&
      first.top <= this.scrollTop &&
      last.top + last.height >= Math.min(this.stack.heightPx, this.scrollTop + this.size.height)
    if (!isCovered && this.stack.lines.length > 0) this.#chooseLines()
    this.shading.follow()
    if (this.size.width === 0) return
    if (this.mode === 'whole') this.view = fitSpan(this.whole, this.size.width)
    if (this.mode === 'follow') this.view = followNow(this.view, this.#input.nowMs(), this.size.width)
  }

  // Window

  panBy(px: number): void {
    this.#show({ ...this.view, fromMs: msOf(this.view, px) })
  }

  /** Below 1 closer, above it farther. Without a pixel around the middle; following, around now. */
  zoom(factor: number, px = this.size.width / 2): void {
    const isFollowing = this.mode === 'follow'
    this.#show(zoomAt(this.view, factor, isFollowing ? this.size.width : px))
    if (isFollowing) this.#setMode('follow')
  }

  show(span: TimeSpan): void {
    this.#show(fitSpan(span, this.size.width))
  }

  /** Without room beside it. */
  showExactly({ fromMs, toMs }: TimeSpan): void {
    this.#show({ fromMs, msPerPx: (toMs - fromMs) / Math.max(1, this.size.width) })
  }

  /** Brings this moment to the left edge. */
  moveTo(fromMs: number): void {
    this.#show({ ...this.view, fromMs })
  }

  showWhole(): void {
    this.#setMode('whole')
  }

  follow(): void {
    if (this.#input.isLive) this.#setMode('follow')
  }

  /** When the last of all ended, where that is why the window that follows is empty. */
  get quietSinceMs(): number | undefined {
    const { range, runningCount } = this.store
    const isQuiet = this.mode === 'follow' && range !== undefined && runningCount === 0 && range.toMs < this.view.fromMs
    return isQuiet ? range.toMs : undefined
  }

  /** Goes back to where the last of all ended. */
  showLast(): void {
    const { range } = this.store
    if (range) this.#show(followNow(this.view, range.toMs, this.size.width))
  }

  // Pointer

  /** Undefined when the pointer left. `y` from the top of the lanes in sight. */
  pointAt(point: { readonly x: number; readonly y: number } | undefined): void {
    const hit = point && this.#hitAt(point.x, point.y)
    if (!hit && !this.pointed) return
    this.pointed = hit && point && { hit, ...point }
    this.pointing.tell()
    this.drawing.tell()
  }

  click(x: number, y: number): void {
    const hit = this.#hitAt(x, y)
    this.#focus = undefined
    this.#input.onSelect(hit?.kind === 'bar' ? this.store.bar(hit.bar) : null)
    this.choices.tell()
    this.drawing.tell()
  }

  /** Goes to the bar; one that is near already is opened. */
  doubleClick(x: number, y: number): void {
    const hit = this.#hitAt(x, y)
    if (hit?.kind !== 'bar') return
    const span = this.#spanOf(hit.bar)
    if (span.toMs - span.fromMs >= nearPart * this.size.width * this.view.msPerPx) this.#input.onOpen(this.store.bar(hit.bar))
    else this.show(span)
  }

  /** While it is being drawn; `end` tells the page. Undefined for none. */
  setSpan(span: TimeSpan | undefined, isEnd: boolean): void {
    this.span = span
    if (isEnd) this.#input.onSpan(span ?? null)
    this.choices.tell()
    this.drawing.tell()
  }

  // Keys

  get focusedBar(): number {
    return this.#focus ? this.store.find(this.#focus.taskId, this.#focus.attempt) : -1
  }

  get selectedBar(): number {
    return this.#input.selected ? this.store.find(this.#input.selected.taskId, this.#input.selected.attempt) : -1
  }

  stepFocus(step: BarStep): void {
    const bar = this.focusedBar
    const lane = bar < 0 ? undefined : this.store.layout?.lanes.get(this.store.layout.keyOf(bar))
    if (!lane) return this.stepLane(1)
    const next = stepFrom(lane, { bar, startMs: this.store.bars.start[bar] ?? 0 }, step)
    if (next !== undefined) this.#focusOn(next)
  }

  /** To the bar of the next lane, or the one before, that is nearest in time. Without a bar to start from, into the first lane in sight. */
  stepLane(direction: 1 | -1): void {
    const { stack, store } = this
    const bar = this.focusedBar
    const current = bar < 0 || !store.layout ? undefined : stack.lineOf(store.layout.keyOf(bar))
    let index = current ? stack.lines.indexOf(current) + direction : stack.indexAt(this.scrollTop)
    while (stack.lines[index]?.kind === 'group') index += direction
    const [lane] = stack.lines[index]?.lanes ?? []
    const atMs = bar < 0 ? msOf(this.view, this.size.width / 2) : (store.bars.start[bar] ?? 0)
    const next = lane && nearestBar(lane, atMs)
    if (next !== undefined) this.#focusOn(next)
  }

  /** Opens the focused bar, else the selected one. */
  open(): void {
    const bar = this.focusedBar < 0 ? this.selectedBar : this.focusedBar
    if (bar >= 0) this.#input.onOpen(this.store.bar(bar))
  }

  selectFocused(): void {
    if (this.focusedBar >= 0) this.#input.onSelect(this.store.bar(this.focusedBar))
  }

  /** One thing at a time: the focus, the span, what is isolated, the selection. False when there was nothing left. */
  clear(): boolean {
    if (this.#focus) this.#focus = undefined
    else if (this.span) this.setSpan(undefined, true)
    else if (this.isolated.size > 0) this.isolate([])
    else if (this.#input.selected) this.#input.onSelect(null)
    else return false
    this.choices.tell()
    this.drawing.tell()
    return true
  }

  // Choices

  isolate(keys: Iterable<string>): void {
    this.isolated = new Set(keys)
    this.#shade()
    this.choices.tell()
    this.drawing.tell()
  }

  toggleGroup(key: number): void {
    const keys = [...this.collapsed].filter((each) => each !== key)
    this.collapsed = new Set(this.collapsed.has(key) ? keys : [...keys, key])
    this.drawing.tell()
  }

  setAllCollapsed(isCollapsed: boolean): void {
    this.collapsed = new Set(isCollapsed ? this.store.layout?.groups.keys() : [])
    this.drawing.tell()
  }

  #chooseLines(): void {
    this.shownLines = this.stack.between(this.scrollTop - overscanPx, this.scrollTop + this.size.height + overscanPx)
    this.scrolling.tell()
  }

  #hitAt(x: number, y: number): Hit | undefined {
    return y < 0 ? undefined : pick(this.stack, { x, y: y + this.scrollTop, view: this.view, nowMs: this.#input.nowMs() })
  }

  #spanOf(bar: number): TimeSpan {
    const fromMs = this.store.bars.start[bar] ?? 0
    return { fromMs, toMs: Math.max(fromMs, Math.min(this.store.bars.end[bar] ?? 0, this.#input.nowMs())) }
  }

  #focusOn(bar: number): void {
    const { taskId, attempt } = this.store.bar(bar)
    this.#focus = { taskId, attempt }
    const { fromMs, toMs } = this.#spanOf(bar)
    const shown = spanOf(this.view, this.size.width)
    if (toMs < shown.fromMs || fromMs > shown.toMs) this.#show({ ...this.view, fromMs: fromMs - (shown.toMs - shown.fromMs) / 4 })
    const line = this.store.layout && this.stack.lineOf(this.store.layout.keyOf(bar))
    if (line) this.#reveal(line)
    this.choices.tell()
    this.drawing.tell()
  }

  #reveal({ top, height }: Line): void {
    if (top < this.scrollTop) this.#scrollTo(top)
    else if (top + height > this.scrollTop + this.size.height) this.#scrollTo(top + height - this.size.height)
  }

  #scrollTo(top: number): void {
    this.scrollTop = Math.max(0, Math.min(top, this.stack.heightPx - this.size.height))
    this.onScrollWish(this.scrollTop)
  }

  #show(view: ViewWindow): void {
    this.view = keepInRange(view, this.whole, this.size.width)
    this.#setMode('free')
  }

  #setMode(mode: ViewMode): void {
    if (this.mode !== mode) {
      this.mode = mode
      this.choices.tell()
    }
    this.drawing.tell()
  }

  #shade(): void {
    this.shading.choose({ colourBy: this.#input.colourBy, isolated: this.isolated, litTasks: this.#input.litTasks })
  }
}
