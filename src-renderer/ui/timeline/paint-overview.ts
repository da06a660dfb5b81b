import type { ThemeColours } from './theme-colours.ts'
import type { TimelineStore } from './timeline-store.ts'
import type { TimeSpan } from './view-window.ts'

export const overviewPx = 44

export type OverviewScene = {
  readonly store: TimelineStore
  readonly width: number
  readonly pixelRatio: number
  /** What the overview stretches over. */
  readonly range: TimeSpan
  /** What the lanes show of it. */
  readonly shown: TimeSpan
  readonly nowMs: number
  readonly theme: ThemeColours
}

/** How busy the whole was, all the time, and which part of it the lanes show. */
export class OverviewPainter {
  readonly #whole = new OffscreenCanvas(1, 1)
  #madeFor: unknown[] = []

  paint(context: CanvasRenderingContext2D, scene: OverviewScene): void {
    const { width, theme, range, shown } = scene
    this.#paintWhole(scene)
    context.drawImage(this.#whole, 0, 0, width, overviewPx)
    const pxOfMs = (atMs: number) => ((atMs - range.fromMs) / (range.toMs - range.fromMs)) * width
    const left = Math.max(0, Math.min(width - 3, pxOfMs(shown.fromMs)))
    const right = Math.min(width, Math.max(left + 3, pxOfMs(shown.toMs)))
    context.globalAlpha = 0.62
    context.fillStyle = theme.canvas
    context.fillRect(0, 0, left, overviewPx)
    context.fillRect(right, 0, width - right, overviewPx)
    context.globalAlpha = 1
    context.strokeStyle = theme.accent
    context.lineWidth = 1
    context.strokeRect(Math.round(left) + 0.5, 0.5, Math.max(2, Math.round(right - left) - 1), overviewPx - 1)
  }

  /** Counts and draws the whole again only when something changed: that takes longer than a frame may. */
  #paintWhole({ store, width, pixelRatio, range, nowMs, theme }: OverviewScene): void {
    const columns = Math.max(1, Math.round(width * pixelRatio))
    const stepMs = (range.toMs - range.fromMs) / columns
    const madeFor = [store.version, theme, columns, range.fromMs, range.toMs, store.runningCount > 0 ? Math.floor(nowMs / stepMs) : 0]
    if (madeFor.every((value, index) => value === this.#madeFor[index])) return
    this.#madeFor = madeFor
    const heights = new Float64Array(columns)
    store.totals.crowd.busyEach({ fromMs: range.fromMs, stepMs, nowMs }, heights)
    const most = heights.reduce((high, each) => Math.max(high, each), Number.MIN_VALUE)
    const failedPx = failedColumns(store, range, { columns, everyPx: Math.ceil(2 * pixelRatio) })
    this.#whole.width = columns
    this.#whole.height = Math.round(overviewPx * pixelRatio)
    const context = this.#whole.getContext('2d')
    if (!context) return
    const foot = this.#whole.height - Math.round(4 * pixelRatio)
    context.fillStyle = theme.canvas
    context.fillRect(0, 0, columns, this.#whole.height)
    context.fillStyle = theme.crowdCss
    for (const [px, busyMs] of heights.entries()) {
      const height = Math.ceil((busyMs / most) * (foot - 6 * pixelRatio))
      if (busyMs > 0) context.fillRect(px, foot - height, 1, height)
    }
    context.fillStyle = theme.bad
    for (const px of failedPx) context.fillRect(px, foot + pixelRatio, Math.ceil(2 * pixelRatio), 3 * pixelRatio)
  }
}

/** Columns, so many pixels apart, at which something failed. */
function failedColumns(
  store: TimelineStore,
  { fromMs, toMs }: TimeSpan,
  { columns, everyPx }: { readonly columns: number; readonly everyPx: number },
): number[] {
  const failed: number[] = []
  const stepMs = ((toMs - fromMs) / columns) * everyPx
  for (let px = 0, atMs = fromMs; px < columns; px += everyPx, atMs += stepMs) {
    if (store.totals.failures.touching(atMs, atMs + stepMs) > 0) failed.push(px)
  }
  return failed
}
