import { lanePaddingPx, type LaneStack, type Line } from './lane-stack.ts'
import type { ColourBy, Shading } from './shading.ts'
import type { ThemeColours } from './theme-colours.ts'
import type { TimelineStore } from './timeline-store.ts'
import { pxOf, type TimeSpan, type ViewWindow } from './view-window.ts'

/** Height of the time axis above the lanes. */
export const axisPx = 38

/** All that a frame of the lanes is drawn from. Lengths are CSS pixels. */
export type Scene = {
  readonly store: TimelineStore
  readonly stack: LaneStack
  readonly shading: Shading
  readonly colourBy: ColourBy
  /** Begins at a whole device pixel. */
  readonly view: ViewWindow
  readonly width: number
  /** With the axis. */
  readonly height: number
  readonly scrollTop: number
  readonly pixelRatio: number
  readonly nowMs: number
  readonly isLive: boolean
  readonly theme: ThemeColours
  readonly marks: Marks
  readonly words: AxisWords
}

/** Bars by their number; -1 for none. */
export type Marks = {
  readonly hovered: number
  readonly selected: number
  readonly focused: number
  readonly span: TimeSpan | undefined
  /** Whether lineage is shown, with arrows. */
  readonly hasLinks: boolean
}

/** What the axis says in the user's language. */
export type AxisWords = {
  /** A day in short, at the midnight it begins. */
  readonly day: (atMs: number) => string
  /** A day in full. */
  readonly date: (atMs: number) => string
  readonly duration: (ms: number) => string
}

export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** A place on the canvas, of a height in the whole stack. */
export const canvasY = ({ scrollTop }: Scene, stackY: number): number => axisPx + stackY - scrollTop

/** Height of a row of bars on the canvas: the rest of it is room. */
export const barHeightPx = (line: Line): number => (line.rowPx > 12 ? line.rowPx - 2 : line.rowPx - 1)
export const rowTopPx = (line: Line, row: number): number => line.top + lanePaddingPx + row * line.rowPx

/** The strip of a head of a group, within its line. */
export const groupStrip = { top: 8, height: 8 } as const

/** Where a bar is drawn, also out of sight; undefined where its lane is not shown. */
export function boxOf(scene: Scene, bar: number): Box | undefined {
  const { store, stack, view, nowMs } = scene
  const layout = store.layout
  if (!layout || !store.bars.isUsed(bar)) return undefined
  const key = layout.keyOf(bar)
  const [line, lane] = [stack.lineOf(key), layout.lanes.get(key)]
  if (!line || !lane) return undefined
  const startMs = store.bars.start[bar] ?? 0
  const endMs = Math.max(startMs, Math.min(store.bars.end[bar] ?? 0, nowMs))
  const x = pxOf(view, startMs)
  const width = Math.max(1, pxOf(view, endMs) - x)
  if (line.kind === 'group') return { x, width, y: canvasY(scene, line.top + groupStrip.top), height: groupStrip.height }
  const row = lane.rows.findIndex((each) => each.indexOf(bar, startMs) >= 0)
  const place = row < 0 ? lane.rows.length : row
  return { x, width, y: canvasY(scene, rowTopPx(line, place)), height: row < 0 ? 6 : barHeightPx(line) }
}
