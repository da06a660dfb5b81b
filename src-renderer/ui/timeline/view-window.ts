export type TimeSpan = { readonly fromMs: number; readonly toMs: number }
/** What stands at the left edge, and how much time a CSS pixel is. */
export type ViewWindow = { readonly fromMs: number; readonly msPerPx: number }

/** A microsecond is a pixel wide: more than clocks tell. */
const leastMsPerPx = 0.001
/** How far beyond what there is one may look: as much again as is in sight, less this part of it. */
const keptInSight = 0.1

export const spanOf = ({ fromMs, msPerPx }: ViewWindow, widthPx: number): TimeSpan => ({ fromMs, toMs: fromMs + msPerPx * widthPx })
export const pxOf = ({ fromMs, msPerPx }: ViewWindow, atMs: number): number => (atMs - fromMs) / msPerPx
export const msOf = ({ fromMs, msPerPx }: ViewWindow, px: number): number => fromMs + px * msPerPx

/** The window that shows just this span, with a little room beside it. */
export function fitSpan({ fromMs, toMs }: TimeSpan, widthPx: number): ViewWindow {
  const roomMs = Math.max((toMs - fromMs) * 0.02, leastMsPerPx)
  return { fromMs: fromMs - roomMs, msPerPx: Math.max(leastMsPerPx, (toMs - fromMs + 2 * roomMs) / Math.max(1, widthPx)) }
}

/** `factor` below 1 shows less, larger. What stands at the pixel stays there. */
export function zoomAt(view: ViewWindow, factor: number, px: number): ViewWindow {
  const msPerPx = Math.max(leastMsPerPx, view.msPerPx * factor)
  return { fromMs: msOf(view, px) - px * msPerPx, msPerPx }
}

/** The same window, moved and widened no farther than where some of the whole can still be seen. */
export function keepInRange(view: ViewWindow, range: TimeSpan, widthPx: number): ViewWindow {
  const wholeMs = Math.max(range.toMs - range.fromMs, leastMsPerPx * widthPx)
  const msPerPx = Math.min(view.msPerPx, (wholeMs * 4) / Math.max(1, widthPx))
  const sightMs = msPerPx * widthPx
  const leastMs = range.fromMs - sightMs * (1 - keptInSight)
  const mostMs = range.toMs - sightMs * keptInSight
  return { fromMs: Math.min(Math.max(view.fromMs, leastMs), Math.max(leastMs, mostMs)), msPerPx }
}

/** The window of the same length whose right end, less a little room, is now. */
export const followNow = ({ msPerPx }: ViewWindow, nowMs: number, widthPx: number): ViewWindow => ({
  fromMs: nowMs - widthPx * 0.94 * msPerPx,
  msPerPx,
})

/** Begins at a whole device pixel since 1970, so that panning moves a picture of narrow bars and does not make it flicker. */
export function snapToPixel({ fromMs, msPerPx }: ViewWindow, pixelRatio: number): ViewWindow {
  const stepMs = msPerPx / pixelRatio
  return { fromMs: Math.floor(fromMs / stepMs) * stepMs, msPerPx }
}
