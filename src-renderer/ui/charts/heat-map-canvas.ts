import { type RampStep, stepOf } from './colours.ts'
import { type HeatItem, type HeatMetric, isNearlyFull } from './heat-map-items.ts'
import type { Box } from './heat-map-layout.ts'
import type { Palette } from './palette.ts'

export type CellPicture = {
  readonly items: readonly HeatItem[]
  readonly boxes: readonly Box[]
  readonly metric: HeatMetric
  readonly ramp: readonly RampStep[]
  readonly palette: Palette
  readonly selected: string | undefined
  /** The one with the keyboard or the pointer; -1 for none. */
  readonly active: number
}

/** Draws all cells, on a canvas of that size in CSS pixels. */
export function drawCells(
  canvas: HTMLCanvasElement,
  size: { readonly width: number; readonly height: number },
  picture: CellPicture,
): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const density = window.devicePixelRatio
  const [width, height] = [Math.round(size.width * density), Math.round(size.height * density)]
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height]
  context.setTransform(density, 0, 0, density, 0, 0)
  context.clearRect(0, 0, size.width, size.height)
  const hatch = hatchOf(context, picture.palette)
  for (const [index, item] of picture.items.entries()) {
    const box = picture.boxes[index]
    if (box) drawCell({ context, item, box, hatch, picture })
  }
  const marked = picture.items.findIndex(({ id }) => id === picture.selected)
  outline(context, picture.boxes[marked], picture.palette.ink)
  outline(context, picture.boxes[picture.active], picture.palette.focus)
}

type Cell = {
  readonly context: CanvasRenderingContext2D
  readonly item: HeatItem
  readonly box: Box
  readonly hatch: CanvasPattern | null
  readonly picture: CellPicture
}

function drawCell({ context, item, box, hatch, picture }: Cell): void {
  const { palette, ramp, metric } = picture
  const value = item.values[metric] ?? null
  const step = value === null ? undefined : stepOf(ramp, value)
  const trace = (inset: number) => {
    context.beginPath()
    context.roundRect(box.x + inset, box.y + inset, box.width - inset * 2, box.height - inset * 2, 2)
  }
  trace(0)
  context.fillStyle = item.state === 'dead' || step === undefined ? palette.surface : step.fill
  context.fill()
  if (item.state === 'dead' && hatch) {
    context.fillStyle = hatch
    context.fill()
  }
  context.lineWidth = 1
  context.strokeStyle = item.state === 'dead' || item.state === 'suspect' ? palette.soft : palette.line
  trace(0.5)
  context.stroke()
  if (item.state === 'draining') {
    context.setLineDash([3, 2])
    context.lineWidth = 1.5
    context.strokeStyle = palette.ink
    trace(0.75)
    context.stroke()
    context.setLineDash([])
  }
  if (item.state === 'dead' && box.width >= 14) cross(context, box, palette)
  if (item.state === 'suspect') {
    context.fillStyle = step?.text ?? palette.ink
    context.font = `600 ${Math.min(14, Math.round(box.width * 0.75))}px ${palette.fontFamily}`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillText('?', box.x + box.width / 2, box.y + box.height / 2 + 0.5)
  }
  if (item.state !== 'dead' && isNearlyFull(item)) warnMark(context, box, palette)
}

function cross(context: CanvasRenderingContext2D, box: Box, palette: Palette): void {
  const [x, y, arm] = [box.x + box.width / 2, box.y + box.height / 2, Math.min(4, box.width / 4)]
  context.beginPath()
  context.moveTo(x - arm, y - arm)
  context.lineTo(x + arm, y + arm)
  context.moveTo(x + arm, y - arm)
  context.lineTo(x - arm, y + arm)
  // a rim keeps it apart from the hatching
  for (const [colour, width] of [
    [palette.surface, 4],
    [palette.ink, 1.5],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = width
    context.stroke()
  }
}

/** An outline with a filled corner: a shape, not only a colour. */
function warnMark(context: CanvasRenderingContext2D, box: Box, palette: Palette): void {
  context.lineWidth = 2
  context.strokeStyle = palette.warn
  context.beginPath()
  context.roundRect(box.x + 1, box.y + 1, box.width - 2, box.height - 2, 2)
  context.stroke()
  const corner = Math.min(8, box.width * 0.45)
  context.beginPath()
  context.moveTo(box.x + box.width - corner, box.y)
  context.lineTo(box.x + box.width, box.y)
  context.lineTo(box.x + box.width, box.y + corner)
  context.fillStyle = palette.warn
  context.fill()
}

function outline(context: CanvasRenderingContext2D, box: Box | undefined, colour: string): void {
  if (box === undefined) return
  context.lineWidth = 2
  context.strokeStyle = colour
  context.beginPath()
  context.roundRect(box.x - 1, box.y - 1, box.width + 2, box.height + 2, 3)
  context.stroke()
}

function hatchOf(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern | null {
  const tile = document.createElement('canvas')
  ;[tile.width, tile.height] = [8, 8]
  const drawn = tile.getContext('2d')
  if (drawn === null) return null
  drawn.strokeStyle = palette.faint
  drawn.lineWidth = 1.5
  drawn.beginPath()
  // three lines, so that the tile joins its neighbours without a seam
  for (const start of [-8, 0, 8]) {
    drawn.moveTo(start - 1, 9)
    drawn.lineTo(start + 9, -1)
  }
  drawn.stroke()
  return context.createPattern(tile, 'repeat')
}
