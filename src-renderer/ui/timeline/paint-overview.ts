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
  #heights = new Float64Array(0)
  #failures: number[] = []
  #madeFor = ''

  paint(context: CanvasRenderingContext2D, scene: OverviewScene): void {
    const { width, theme, range, shown, pixelRatio } = scene
    this.#measure(scene)
    const hairline = 1 / pixelRatio
    context.fillStyle = theme.canvas
    context.fillRect(0, 0, width, overviewPx)
    context.fillStyle = theme.crowdCss
    for (let px = 0; px < this.#heights.length; px += 1) {
      const height = Math.round((this.#heights[px] ?? 0) * (overviewPx - 10) * pixelRatio) / pixelRatio
      if (height > 0) context.fillRect(px * hairline, overviewPx - 4 - height, hairline, height)
    }
    context.fillStyle = theme.bad
    for (const px of this.#failures) context.fillRect(px, overviewPx - 3, 2, 3)
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

  /** Counts again only when something changed: it takes longer than the drawing. */
  #measure({ store, width, pixelRatio, range, nowMs }: OverviewScene): void {
    const columns = Math.max(1, Math.round(width * pixelRatio))
    const stepMs = (range.toMs - range.fromMs) / columns
    const madeFor = [store.version, columns, range.fromMs, range.toMs, store.runningCount > 0 ? Math.floor(nowMs / stepMs) : 0].join()
    if (madeFor === this.#madeFor) return
    this.#madeFor = madeFor
    const heights = new Float64Array(columns)
    store.totals.crowd.busyEach({ fromMs: range.fromMs, stepMs, nowMs }, heights)
    const most = heights.reduce((high, each) => Math.max(high, each), 0)
    this.#heights = most > 0 ? heights.map((each) => each / most) : heights
    this.#failures = []
    for (let px = 0; px < width; px += 2) {
      const fromMs = range.fromMs + px * stepMs * pixelRatio
      if (store.totals.failures.touching(fromMs, fromMs + 2 * stepMs * pixelRatio) > 0) this.#failures.push(px)
    }
  }
}
