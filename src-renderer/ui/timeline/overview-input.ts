import type { TimelineController } from './timeline-controller.ts'
import { spanOf, type TimeSpan } from './view-window.ts'

const edgePx = 6

type Grip = { readonly part: 'from' | 'to' | 'all'; readonly grabMs: number; readonly shown: TimeSpan }

/** The window in the overview is moved by its middle and stretched by its edges; elsewhere a click brings it there. */
export function listenToOverview(controller: TimelineController, canvas: HTMLCanvasElement): () => void {
  const ending = new AbortController()
  const { signal } = ending
  let grip: Grip | undefined
  const msAt = (x: number) => {
    const { fromMs, toMs } = controller.overviewSpan
    return fromMs + (x / canvas.clientWidth) * (toMs - fromMs)
  }
  const shown = () => spanOf(controller.view, controller.size.width)
  const partAt = (x: number): Grip['part'] | undefined => {
    const reachMs = msAt(edgePx) - msAt(0)
    const [atMs, { fromMs, toMs }] = [msAt(x), shown()]
    const isWide = toMs - fromMs > 4 * reachMs
    if (isWide && Math.abs(atMs - fromMs) < reachMs) return 'from'
    if (isWide && Math.abs(atMs - toMs) < reachMs) return 'to'
    return atMs > fromMs - reachMs && atMs < toMs + reachMs ? 'all' : undefined
  }
  const move = ({ part, grabMs, shown: { fromMs, toMs } }: Grip, atMs: number) => {
    const leastMs = (toMs - fromMs) / 1_000
    if (part === 'all') controller.moveTo(fromMs + atMs - grabMs)
    else if (part === 'from') controller.showExactly({ fromMs: Math.min(atMs, toMs - leastMs), toMs })
    else controller.showExactly({ fromMs, toMs: Math.max(atMs, fromMs + leastMs) })
  }
  canvas.addEventListener(
    'pointerdown',
    ({ offsetX, pointerId, button }) => {
      if (button !== 0) return
      canvas.setPointerCapture(pointerId)
      const [part, grabMs, before] = [partAt(offsetX), msAt(offsetX), shown()]
      if (!part) controller.moveTo(grabMs - (before.toMs - before.fromMs) / 2)
      grip = { part: part ?? 'all', grabMs, shown: shown() }
    },
    { signal },
  )
  canvas.addEventListener(
    'pointermove',
    ({ offsetX }) => {
      const part = partAt(offsetX)
      canvas.style.cursor = grip?.part === 'all' ? 'grabbing' : part === 'all' ? 'grab' : part ? 'ew-resize' : 'pointer'
      if (grip) move(grip, msAt(offsetX))
    },
    { signal },
  )
  for (const name of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(name, () => (grip = undefined), { signal })
  return () => ending.abort()
}
