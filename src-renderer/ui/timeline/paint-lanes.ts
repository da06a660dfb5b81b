import { fillCrowd, fillRow, type PixelStyle } from './bar-pixels.ts'
import { stateNumbers } from './bar-table.ts'
import { type Line, overflowPx } from './lane-stack.ts'
import { paintGrid } from './paint-axis.ts'
import type { PixelSpan } from './row-walk.ts'
import { axisPx, barHeightPx, canvasY, groupStrip, rowTopPx, type Scene } from './scene.ts'
import type { Strips } from './strips.ts'

/** A bar gets its name from this width on. */
const labelPx = 36
const textPaddingPx = 4
/** Bars over the limit of a lane's rows that make its density full. */
const fullCrowd = 8
const failurePx = 3

type Text = { readonly bar: number; readonly fromPx: number; readonly toPx: number; readonly y: number }
type Piece = { readonly line: number; readonly y: number; readonly height: number }

/** The lanes in sight: their ground, their bars, and the names on bars that have room for them. */
export function paintLanes(context: CanvasRenderingContext2D, scene: Scene, strips: Strips): void {
  const lines = scene.stack.between(scene.scrollTop, scene.scrollTop + scene.height - axisPx)
  paintGround(context, scene, lines)
  paintGrid(context, scene)
  const pieces: Piece[] = []
  const texts: Text[] = []
  const width = Math.round(scene.width * scene.pixelRatio)
  const rows = lines.reduce(
    (sum, line) => sum + (line.kind === 'group' ? 1 : 2 * line.lanes.reduce((most, lane) => most + lane.rows.length + 1, 0)),
    0,
  )
  strips.begin(width, rows)
  const filler = new LineFiller({ scene, strips, pieces, texts, width })
  for (const line of lines) filler.fill(line)
  strips.commit(filler.used)
  context.imageSmoothingEnabled = false
  for (const { line, y, height } of pieces) strips.draw(context, line, { y, height, width: scene.width })
  context.imageSmoothingEnabled = true
  paintTexts(context, scene, texts)
}

/** Heads of groups are a band of the page's colour; a hairline ends each line. */
function paintGround(context: CanvasRenderingContext2D, scene: Scene, lines: readonly Line[]): void {
  const { theme, width, height, pixelRatio } = scene
  context.fillStyle = theme.surface
  context.fillRect(0, 0, width, height)
  context.fillStyle = theme.canvas
  for (const line of lines) if (line.kind === 'group') context.fillRect(0, canvasY(scene, line.top), width, line.height)
  context.fillStyle = theme.line
  for (const line of lines) context.fillRect(0, canvasY(scene, line.top + line.height) - 1 / pixelRatio, width, 1 / pixelRatio)
}

type FillerParts = {
  readonly scene: Scene
  readonly strips: Strips
  readonly pieces: Piece[]
  readonly texts: Text[]
  readonly width: number
}

/** Sets the pixels of line after line, and notes where each strip belongs. */
class LineFiller {
  used = 0
  readonly #parts: FillerParts
  readonly #span: PixelSpan
  readonly #style: Omit<PixelStyle, 'onWideBar'>

  constructor(parts: FillerParts) {
    const { view, pixelRatio, nowMs, shading, theme, colourBy } = parts.scene
    this.#parts = parts
    this.#span = { fromMs: view.fromMs, msPerPx: view.msPerPx / pixelRatio, width: parts.width, nowMs }
    this.#style = { shading, classes: theme.classes[colourBy], bad: theme.badRgb, labelPx: labelPx * pixelRatio }
  }

  fill(line: Line): void {
    const { scene } = this.#parts
    if (line.group)
      return this.#fillCrowd(line.group.crowd, line.lanes.length, {
        y: canvasY(scene, line.top + groupStrip.top),
        height: groupStrip.height,
      })
    for (const lane of line.lanes) {
      for (const [number, row] of lane.rows.entries()) {
        const y = canvasY(scene, rowTopPx(line, number))
        if (y < axisPx - line.rowPx || y > scene.height) continue
        const onWideBar = (bar: number, fromPx: number, toPx: number) => this.#noteText({ bar, fromPx, toPx, y }, barHeightPx(line))
        const [colours, failures] = [this.#next(y, barHeightPx(line)), this.#parts.strips.line(this.used)]
        const hasFailed = fillRow(row, this.#span, { ...this.#style, colours, failures, onWideBar })
        if (hasFailed) this.#next(y + barHeightPx(line) - failurePx, failurePx)
      }
      const y = canvasY(scene, rowTopPx(line, lane.rows.length))
      if (lane.overflow.count > 0) this.#fillCrowd(lane.crowd, fullCrowd, { y, height: overflowPx - 2 })
    }
  }

  #fillCrowd(
    crowd: Parameters<typeof fillCrowd>[0],
    capacity: number,
    { y, height }: { readonly y: number; readonly height: number },
  ): void {
    fillCrowd(crowd, this.#span, { pixels: this.#next(y, height), colour: this.#parts.scene.theme.crowd, capacity })
  }

  /** The next strip's pixels; it will be drawn there. */
  #next(y: number, height: number): Uint32Array {
    const { pieces, strips, scene } = this.#parts
    const round = (length: number) => Math.round(length * scene.pixelRatio) / scene.pixelRatio
    pieces.push({ line: this.used, y: round(y), height: round(height) })
    this.used += 1
    return strips.line(this.used - 1)
  }

  #noteText(text: Text, heightPx: number): void {
    if (heightPx >= 12) this.#parts.texts.push({ ...text, y: text.y + heightPx / 2 + 0.5 })
  }
}

/** Widths of texts at the one size that is used. */
const widths = new Map<string, number>()
let widthsFont = ''

function paintTexts(
  context: CanvasRenderingContext2D,
  { store, theme, colourBy, shading, pixelRatio }: Scene,
  texts: readonly Text[],
): void {
  context.font = `11px ${theme.font}`
  context.textBaseline = 'middle'
  context.textAlign = 'left'
  if (widthsFont !== context.font) widths.clear()
  widthsFont = context.font
  for (const { bar, fromPx, toPx, y } of texts) {
    const name = store.names.texts[store.bars.name[bar] ?? 0] ?? ''
    const mark = store.bars.state[bar] === stateNumbers.failed ? '✕ ' : ''
    const text = fitText(context, mark + name, (toPx - fromPx) / pixelRatio - 2 * textPaddingPx)
    const inks = shading.isRunning(bar) ? theme.onOpen : theme.onClasses
    context.fillStyle = inks[colourBy][shading.classOf(bar)] ?? theme.ink
    if (text !== '') context.fillText(text, fromPx / pixelRatio + textPaddingPx, y)
  }
}

/** As much of the text as has room, with a mark where some is missing; nothing where not even three letters fit. */
function fitText(context: CanvasRenderingContext2D, text: string, roomPx: number): string {
  let width = widths.get(text)
  if (width === undefined) widths.set(text, (width = context.measureText(text).width))
  if (width <= roomPx) return text
  const letters = Math.floor((roomPx / width) * text.length) - 1
  return letters < 3 ? '' : `${text.slice(0, letters)}…`
}
