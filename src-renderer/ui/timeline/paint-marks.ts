import { type Box, axisPx, boxOf, type Scene } from './scene.ts'
import { pxOf, type TimeSpan } from './view-window.ts'

/** Arrows of a lineage with more than this many bars would be a tangle. */
const mostLinks = 400

/** What lies over the bars: the chosen span, arrows, now, and outlines. */
export function paintMarks(context: CanvasRenderingContext2D, scene: Scene): void {
  const { marks, theme, width, height, view, isLive, nowMs } = scene
  context.save()
  context.beginPath()
  context.rect(0, axisPx, width, height - axisPx)
  context.clip()
  if (marks.span) paintSpan(context, scene, marks.span)
  if (marks.hasLinks) paintLinks(context, scene)
  if (isLive) {
    context.fillStyle = theme.accent
    context.fillRect(Math.round(pxOf(view, nowMs)), axisPx, 1, height - axisPx)
  }
  outline(context, scene, { bar: marks.hovered, colour: theme.ink, width: 1 })
  outline(context, scene, { bar: marks.selected, colour: theme.ink, width: 2 })
  outline(context, scene, { bar: marks.focused, colour: theme.accent, width: 2 })
  context.restore()
}

function paintSpan(context: CanvasRenderingContext2D, { theme, height, view }: Scene, span: TimeSpan): void {
  const [left, right] = [pxOf(view, span.fromMs), pxOf(view, span.toMs)]
  context.fillStyle = theme.accent
  context.globalAlpha = 0.12
  context.fillRect(left, axisPx, right - left, height - axisPx)
  context.globalAlpha = 1
  for (const x of [left, right]) context.fillRect(Math.round(x), axisPx, 1, height - axisPx)
}

type Outline = { readonly bar: number; readonly colour: string; readonly width: number }

/** Around the bar, with a line of the ground's colour between, so that it shows on any of them. */
function outline(context: CanvasRenderingContext2D, scene: Scene, { bar, colour, width }: Outline): void {
  const box = bar < 0 ? undefined : boxOf(scene, bar)
  if (!box) return
  const left = Math.max(-4, box.x)
  const right = Math.min(scene.width + 4, box.x + box.width)
  if (right < left) return
  const frame = (distance: number, lineWidth: number, style: string) => {
    context.strokeStyle = style
    context.lineWidth = lineWidth
    context.strokeRect(
      Math.round(left) - distance,
      Math.round(box.y) - distance,
      Math.max(2, Math.round(right - left)) + 2 * distance,
      box.height + 2 * distance,
    )
  }
  if (width > 1) frame(0.5, 1, scene.theme.surface)
  frame(width > 1 ? 1 + width / 2 : 0.5, width, colour)
}

/** From each lit parent to its lit children. */
function paintLinks(context: CanvasRenderingContext2D, scene: Scene): void {
  const { store, shading, theme, width, height } = scene
  context.strokeStyle = theme.soft
  context.fillStyle = theme.soft
  context.lineWidth = 1
  let drawn = 0
  for (const child of shading.litBars) {
    const parent = store.parentOf(child)
    if (parent < 0 || !shading.isLit(parent)) continue
    const [from, to] = [boxOf(scene, parent), boxOf(scene, child)]
    if (!from || !to || isOutside(from, to, { width, height })) continue
    arrow(context, from, to)
    drawn += 1
    if (drawn >= mostLinks) return
  }
}

const isOutside = (one: Box, other: Box, { width, height }: { readonly width: number; readonly height: number }): boolean =>
  Math.max(one.x + one.width, other.x) < 0 ||
  Math.min(one.x, other.x) > width ||
  Math.max(one.y, other.y) + 20 < axisPx ||
  Math.min(one.y, other.y) > height

/** Leaves the parent where the child begins, or at its end if that is earlier. */
function arrow(context: CanvasRenderingContext2D, from: Box, to: Box): void {
  const x = Math.min(Math.max(from.x, to.x - 10), from.x + from.width)
  const isBelow = to.y >= from.y
  const y = isBelow ? from.y + from.height : from.y
  const target = { x: to.x - 1, y: to.y + to.height / 2 }
  context.beginPath()
  context.moveTo(x, y)
  context.bezierCurveTo(x, target.y, x, target.y, target.x, target.y)
  context.stroke()
  context.beginPath()
  context.moveTo(target.x, target.y)
  context.lineTo(target.x - 5, target.y - 3)
  context.lineTo(target.x - 5, target.y + 3)
  context.fill()
}
