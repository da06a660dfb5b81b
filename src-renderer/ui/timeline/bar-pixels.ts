import type { Concurrency } from './concurrency.ts'
import type { Row } from './row.ts'
import { type PixelSpan, type RowSink, walkRow } from './row-walk.ts'
import { dimClass, type Shading } from './shading.ts'
import { openOpacity, pixelOf, type Rgb } from './theme-colours.ts'

/** Two lines of device pixels: the bars, and the failures at their foot. */
export type RowPixels = { readonly colours: Uint32Array; readonly failures: Uint32Array }

export type PixelStyle = {
  readonly shading: Shading
  readonly classes: readonly Rgb[]
  readonly bad: Rgb
  /** Told of each bar with at least `labelPx` pixels in sight. */
  readonly onWideBar: (bar: number, fromPx: number, toPx: number) => void
  readonly labelPx: number
}

/** A pixel that is busy at all shows it at least so clearly. */
const leastOpacity = 0.3
/** The end of a bar that runs has the full colour. */
const headPx = 3
/** From this width on a bar ends with a gap, so that two beside each other are two. */
const gapPx = 5

/** Fills in what a row shows. True when there is a failure to draw. */
export function fillRow(row: Row, span: PixelSpan, target: RowPixels & PixelStyle): boolean {
  const painter = new RowPainter(span, target)
  walkRow(row, target.shading, { ...span, sink: painter })
  return painter.hasFailed
}

class RowPainter implements RowSink {
  hasFailed = false
  readonly #span: PixelSpan
  readonly #target: RowPixels & PixelStyle
  readonly #full: readonly number[]
  readonly #open: readonly number[]
  readonly #bad: number

  constructor(span: PixelSpan, target: RowPixels & PixelStyle) {
    this.#span = span
    this.#target = target
    this.#full = target.classes.map((colour) => pixelOf(colour, 1))
    this.#open = target.classes.map((colour) => pixelOf(colour, openOpacity))
    this.#bad = pixelOf(target.bad, 1)
  }

  bar(bar: number, startMs: number, endMs: number): void {
    const { fromMs, msPerPx, width } = this.#span
    const { shading, colours, failures, onWideBar, labelPx } = this.#target
    const left = Math.round((startMs - fromMs) / msPerPx)
    const right = Math.round((endMs - fromMs) / msPerPx)
    const fromPx = Math.max(0, left)
    const toPx = Math.min(width, right - (right - left >= gapPx ? 1 : 0))
    if (toPx <= fromPx) return // all but its gap is out of sight
    const each = shading.classOf(bar)
    const isRunning = shading.isRunning(bar)
    colours.fill((isRunning ? this.#open : this.#full)[each] ?? 0, fromPx, toPx)
    if (isRunning) colours.fill(this.#full[each] ?? 0, Math.max(fromPx, toPx - headPx), toPx)
    if (each !== dimClass && shading.isFailed(bar)) {
      failures.fill(this.#bad, fromPx, toPx)
      this.hasFailed = true
    }
    if (toPx - fromPx >= labelPx) onWideBar(bar, fromPx, toPx)
  }

  pixel(px: number, sums: Float64Array, { bar, hasFailed }: { readonly bar: number; readonly hasFailed: boolean }): void {
    const { shading, classes, colours, failures } = this.#target
    if (px >= colours.length || colours[px] !== 0) return
    let [total, best, bestMs] = [0, -1, 0]
    for (let each = 0; each < dimClass; each += 1) {
      const ms = sums[each] ?? 0
      total += ms
      if (ms > bestMs) [best, bestMs] = [each, ms]
    }
    // What stands out is not covered by what is dimmed, however little of it there is.
    if (best < 0) [total, best] = [sums[dimClass] ?? 0, (sums[dimClass] ?? 0) > 0 ? dimClass : shading.classOf(bar)]
    const part = Math.min(1, total / this.#span.msPerPx)
    colours[px] = pixelOf(classes[best] ?? [0, 0, 0], leastOpacity + (1 - leastOpacity) * part)
    if (!hasFailed || best === dimClass) return
    failures[px] = this.#bad
    this.hasFailed = true
  }
}

export type CrowdStyle = { readonly pixels: Uint32Array; readonly colour: Rgb; readonly capacity: number }

let busy = new Float64Array(0)
/** A density has no edges that more pixels would show. */
const crowdStepPx = 2

/** Fills in how much of `capacity` was busy in each pixel. */
export function fillCrowd(
  crowd: Concurrency,
  { fromMs, msPerPx, width, nowMs }: PixelSpan,
  { pixels, colour, capacity }: CrowdStyle,
): void {
  const steps = Math.ceil(width / crowdStepPx)
  const stepMs = msPerPx * crowdStepPx
  if (busy.length !== steps) busy = new Float64Array(steps)
  crowd.busyEach({ fromMs, stepMs, nowMs }, busy)
  for (let step = 0; step < steps; step += 1) {
    const part = (busy[step] ?? 0) / stepMs / capacity
    if (part > 1e-9) pixels.fill(pixelOf(colour, Math.min(1, 0.12 + 0.88 * part)), step * crowdStepPx, (step + 1) * crowdStepPx)
  }
}
