import { axisPx, type Scene } from './scene.ts'
import { clockTicks, offsetTicks, stepFor } from './ticks.ts'
import { pxOf, spanOf, type TimeSpan } from './view-window.ts'

const labelPx = 92

/** Thin lines at the round times of the clock, to be drawn under the bars. */
export function paintGrid(context: CanvasRenderingContext2D, scene: Scene): void {
  const { view, width, height, theme, pixelRatio } = scene
  context.fillStyle = theme.line
  for (const { atMs } of clockTicks(spanOf(view, width), stepFor(view.msPerPx, labelPx), scene.words.day)) {
    context.fillRect(crisp(pxOf(view, atMs), pixelRatio), axisPx, 1 / pixelRatio, height - axisPx)
  }
}

/** The clock above, and the time since the first bar below it. */
export function paintAxis(context: CanvasRenderingContext2D, scene: Scene): void {
  const { view, width, theme, pixelRatio, store, words, marks } = scene
  const hairline = 1 / pixelRatio
  const span = spanOf(view, width)
  const stepMs = stepFor(view.msPerPx, labelPx)
  context.fillStyle = theme.surface
  context.fillRect(0, 0, width, axisPx)
  context.fillStyle = theme.line
  context.fillRect(0, axisPx - hairline, width, hairline)
  context.textBaseline = 'middle'
  context.textAlign = 'left'
  for (const { atMs, label, isMajor } of clockTicks(span, stepMs, words.day)) {
    const x = crisp(pxOf(view, atMs), pixelRatio)
    context.fillStyle = theme.line
    context.fillRect(x, 4, hairline, axisPx - 4)
    context.font = `${isMajor ? 600 : 400} 11px ${theme.font}`
    context.fillStyle = isMajor ? theme.ink : theme.soft
    context.fillText(label, x + 5, 11)
  }
  context.font = `11px ${theme.font}`
  const originMs = store.range?.fromMs
  if (originMs === undefined) return
  for (const { atMs, label } of offsetTicks(span, stepMs, originMs)) {
    const x = crisp(pxOf(view, atMs), pixelRatio)
    context.fillStyle = theme.faint
    context.fillRect(x, axisPx - 4, hairline, 4)
    context.fillText(label, x + 5, 27)
  }
  if (marks.span) paintLength(context, scene, marks.span)
}

/** How long the chosen span is, above it. */
function paintLength(context: CanvasRenderingContext2D, { view, width, theme, words }: Scene, span: TimeSpan): void {
  const [left, right] = [Math.max(0, pxOf(view, span.fromMs)), Math.min(width, pxOf(view, span.toMs))]
  if (right < 0 || left > width) return
  const text = words.duration(span.toMs - span.fromMs)
  context.font = `600 11px ${theme.font}`
  const half = context.measureText(text).width / 2 + 6
  const middle = Math.min(width - half, Math.max(half, (left + right) / 2))
  context.fillStyle = theme.accent
  context.fillRect(left, axisPx - 3, Math.max(1, right - left), 3)
  context.beginPath()
  context.roundRect(middle - half, axisPx - 20, 2 * half, 16, 4)
  context.fill()
  context.fillStyle = theme.onAccent
  context.textAlign = 'center'
  context.fillText(text, middle, axisPx - 11.5)
}

const crisp = (px: number, pixelRatio: number): number => Math.round(px * pixelRatio) / pixelRatio
