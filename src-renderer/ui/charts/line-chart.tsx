import 'uplot/dist/uPlot.min.css'
import { type Dispatch, type RefObject, type SetStateAction, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import { type Format, useFormat } from '../../i18n/format.ts'
import { useLanguage } from '../../i18n/use-language.ts'
import { useText } from '../../i18n/messages.ts'
import type { Tone } from '../badge.tsx'
import { lonePoints } from './chart-data.ts'
import { type ChartCursor, ChartLegend, ChartTable, ChartTooltip, type ChartView, type LineLook, useReadOut } from './chart-readings.tsx'
import { type ChartModel, drawnLimit, type Line, modelOf } from './chart-model.ts'
import { timeLabels } from './chart-time.ts'
import { axisOf, type ChartUnit, type ValueAxis, valueText } from './chart-units.ts'
import { withAlpha } from './colours.ts'
import { messages } from './messages.ts'
import { type Palette, seriesColours, usePalette } from './palette.ts'
import { useWidth } from './use-width.ts'

export type ChartSeries = Line & {
  /** For a line that has a meaning. */
  readonly tone?: Tone
  /** From 0; the same thing has the same colour in every chart then. */
  readonly seriesIndex?: number
}

export type LineChartProps = {
  readonly title: string
  /** `percent` is 100 for all of it. */
  readonly unit: ChartUnit
  /** Each label once. Points are in order of their time; null is a gap. */
  readonly series: readonly ChartSeries[]
  readonly fromMs: number
  readonly toMs: number
  /** Time between two points, in ms: what is further apart has a gap between. Without it only nulls are gaps. */
  readonly stepMs?: number | undefined
  /** Of the plot with its axes, in pixels. @default 140 */
  readonly height?: number | undefined
  /** What is full. @default 100 for `percent` */
  readonly yMax?: number | undefined
  /** Charts with the same key show their cursors at the same time. */
  readonly syncKey?: string | undefined
  /** A range of time was drawn with the pointer, or asked for with + and -. */
  readonly onRange?: ((fromMs: number, toMs: number) => void) | undefined
  /** Marks the newest points. */
  readonly isLive?: boolean | undefined
  /** Adds the lines up, as areas. */
  readonly isStacked?: boolean | undefined
}

/** Lines over time. Its height is the same whatever it shows. */
export function LineChart(props: LineChartProps) {
  const { title, unit, series, height = 140, onRange } = props
  const t = useText(messages)
  const language = useLanguage()
  const format = useFormat()
  const palette = usePalette()
  const model = useModel(props)
  const looks = useMemo(() => looksOf(model, series, palette), [model, series, palette])
  const box = useRef<HTMLDivElement>(null)
  const [width, figure] = useWidth()
  const plot = usePlot(box, { ...props, width, height, model, looks, palette, language, format })
  const [isHere, setHere] = useState(false)
  const hintId = useId()
  const cursor = plot.cursor !== null && plot.cursor.index < model.atMs.length ? plot.cursor : null
  const view: ChartView = { ...props, model, looks, cursor, language, say: (value) => valueText(unit, value, format) }
  const readOut = useReadOut(view, { moveTo: plot.moveTo, onRange })
  return (
    <figure ref={figure} className="relative min-w-0" onPointerEnter={() => setHere(true)} onPointerLeave={() => setHere(false)}>
      <figcaption className="truncate font-medium">{title}</figcaption>
      <div
        role="application" // arrow keys read its points
        tabIndex={0}
        aria-label={title}
        aria-describedby={hintId}
        onKeyDown={readOut.onKeyDown}
        onFocus={() => setHere(true)}
        onBlur={() => {
          setHere(false)
          readOut.end()
        }}
        className="relative rounded-md [&_.u-cursor-x]:border-solid! [&_.u-cursor-x]:border-strong! [&_.u-select]:bg-accent/20!"
        style={{ height }}
      >
        <div ref={box} aria-hidden className="absolute inset-0 overflow-hidden" />
        {model.isEmpty && (
          <p className="pointer-events-none absolute inset-0 grid place-items-center pb-6 pl-12 text-faint">{t('empty')}</p>
        )}
        {isHere && cursor && !model.isEmpty && <ChartTooltip {...view} cursor={cursor} />}
      </div>
      <ChartLegend {...view} width={width} />
      <span id={hintId} hidden>
        {t(onRange ? 'chartKeysZoom' : 'chartKeys')}
      </span>
      <span role="status" className="sr-only">
        {readOut.spoken}
      </span>
      <ChartTable {...view} />
    </figure>
  )
}

function looksOf(model: ChartModel, series: readonly ChartSeries[], palette: Palette): (LineLook | undefined)[] {
  const looks = new Array<LineLook | undefined>(drawnLimit).fill(undefined)
  for (const { slot, source } of model.lines) {
    const { tone, seriesIndex } = series[source] ?? {}
    const index = seriesIndex ?? slot
    const colour = tone === undefined ? palette.series[index % seriesColours] : palette[tone]
    // colours come round again: the second round is told from the first by its dashes
    looks[slot] = { colour: colour ?? palette.ink, isDashed: tone === undefined && index % (seriesColours * 2) >= seriesColours }
  }
  return looks
}

function useModel({ series, fromMs, toMs, stepMs, isStacked = false }: LineChartProps): ChartModel {
  const [before, setBefore] = useState<ChartModel['slots']>([])
  const model = useMemo(
    () => modelOf({ series, fromMs, toMs, stepMs, isStacked, before }),
    [series, fromMs, toMs, stepMs, isStacked, before],
  )
  if (model.slots.some((label, slot) => label !== before[slot])) setBefore(model.slots)
  return model
}

/** What the plot draws from: it asks for these each time it draws, so that none of them makes it anew. */
type Drawn = LineChartProps & {
  /** Of the chart, in pixels; 0 until it is known. */
  readonly width: number
  readonly height: number
  readonly model: ChartModel
  /** By slot; undefined for one that is free. */
  readonly looks: readonly (LineLook | undefined)[]
  readonly palette: Palette
  readonly language: string
  readonly format: Format
}

type Plot = { readonly cursor: ChartCursor | null; readonly moveTo: (atMs: number | null) => void }

function usePlot(box: RefObject<HTMLDivElement | null>, drawn: Drawn): Plot {
  const latest = useRef(drawn)
  const plot = useRef<uPlot | null>(null)
  const [cursor, setCursor] = useState<ChartCursor | null>(null)
  const { model, palette, looks, width, height, fromMs, toMs, syncKey, unit, yMax, language, isLive } = drawn
  const [isStacked, canZoom] = [drawn.isStacked === true, drawn.onRange !== undefined]
  useLayoutEffect(() => {
    latest.current = drawn
  })
  useLayoutEffect(() => {
    if (box.current === null) return
    const options = optionsOf({ isStacked, canZoom, syncKey, latest: () => latest.current, onCursor: setCursor })
    const made = new uPlot(options, dataOf(latest.current), box.current)
    plot.current = made
    return () => {
      made.destroy()
      plot.current = null
    }
  }, [box, isStacked, canZoom, syncKey])
  useLayoutEffect(() => {
    if (plot.current) redraw(plot.current, latest.current)
  }, [box, isStacked, canZoom, syncKey, model, palette, looks, fromMs, toMs, unit, yMax, language, isLive])
  useLayoutEffect(() => plot.current?.setSize({ width, height }), [width, height])
  return { cursor, moveTo: (atMs) => plot.current && moveCursor(plot.current, atMs) }
}

function moveCursor(plot: uPlot, atMs: number | null): void {
  // the third says that charts with the same key shall follow, which its types leave out
  const move = plot.setCursor as (at: { left: number; top: number }, isTold: boolean, isShared: boolean) => void
  move({ left: atMs === null ? -10 : plot.valToPos(atMs, 'x'), top: -1e4 }, true, true)
}

function redraw(plot: uPlot, drawn: Drawn): void {
  // of all that changes, dashes are the one thing the plot does not ask for
  for (const [slot, look] of drawn.looks.entries()) {
    const series = plot.series[slot + 1]
    if (series) series.dash = look?.isDashed && !drawn.isStacked ? [5, 3] : []
  }
  plot.setData(dataOf(drawn))
  plot.redraw(false, true) // labels are asked for anew only where the scale has changed, and the first figures need not change it
}

function dataOf({ model, fromMs, toMs }: Drawn): uPlot.AlignedData {
  // without any time there would be no axes either
  if (model.atMs.length === 0) return [[fromMs, toMs], ...model.plotted.map(() => [null, null])]
  return [model.atMs as number[], ...model.plotted] // it only reads them
}

type PlotRequest = {
  readonly isStacked: boolean
  readonly canZoom: boolean
  readonly syncKey: string | undefined
  readonly latest: () => Drawn
  readonly onCursor: Dispatch<SetStateAction<ChartCursor | null>>
}

const axisWidth = 60
const halfLabel = 26
const [lowColumn, highColumn] = [drawnLimit + 1, drawnLimit + 2]

function optionsOf(request: PlotRequest): uPlot.Options {
  const { isStacked, latest } = request
  let axis: ValueAxis = { min: 0, max: 1, marks: [] }
  return {
    width: latest().width,
    height: latest().height,
    ms: 1,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    focus: { alpha: 0.3 },
    cursor: cursorOf(request),
    scales: {
      x: { time: true, range: () => [latest().fromMs, latest().toMs] },
      y: {
        range(_, least, most) {
          const { unit, yMax, height } = latest()
          const range = Number.isFinite(least) && Number.isFinite(most) ? ([least, most] as const) : null
          axis = axisOf({ unit, yMax, range, spaces: Math.max(2, Math.floor(height / 40)) })
          return [axis.min, axis.max]
        },
      },
    },
    axes: axesOf(latest, () => axis),
    series: [{}, ...Array.from({ length: drawnLimit + 2 }, (_, index) => seriesOf(index, isStacked, latest))],
    bands: isStacked ? stackBands(latest) : [{ series: [highColumn, lowColumn], fill: () => withAlpha(latest().palette.faint, 0.18) }],
    hooks: hooksOf(request),
  }
}

function axesOf(latest: () => Drawn, axis: () => ValueAxis): uPlot.Axis[] {
  const common = {
    stroke: () => latest().palette.faint,
    font: `11px ${latest().palette.fontFamily}`,
    ticks: { show: false },
  }
  return [
    {
      ...common,
      size: 24,
      gap: 8,
      space: 72,
      grid: { show: false },
      values(_, marks) {
        const { fromMs, toMs, width, language } = latest()
        // one at the edge would be cut
        const lastMs = toMs - ((toMs - fromMs) * halfLabel) / Math.max(1, width - axisWidth)
        return timeLabels(marks, language).map((label, index) => ((marks[index] ?? 0) > lastMs ? '' : label))
      },
    },
    {
      ...common,
      size: axisWidth,
      gap: 6,
      grid: { stroke: () => latest().palette.line, width: 1 },
      splits: () => [...axis().marks],
      values(_, marks) {
        const { model, unit, format } = latest()
        return marks.map((mark) => (model.isEmpty ? '' : valueText(unit, mark, format)))
      },
    },
  ]
}

function seriesOf(index: number, isStacked: boolean, latest: () => Drawn): uPlot.Series {
  const isRest = index >= drawnLimit
  const colour = () => latest().looks[index]?.colour ?? 'transparent'
  const restColour = () => (latest().model.rest ? withAlpha(latest().palette.faint, 0.5) : 'transparent')
  const isOnly = () => latest().model.lines.length === 1 && !isStacked
  return {
    scale: 'y',
    width: isRest ? 0.5 : isStacked ? 1 : 1.5,
    stroke: isRest ? restColour : colour,
    ...(index === 0 && { fill: () => (isStacked ? withAlpha(colour(), 0.5) : isOnly() ? withAlpha(colour(), 0.1) : 'transparent') }),
    points: {
      show: false,
      size: 5,
      width: 0,
      fill: colour,
      filter: (plot, column) => (isRest || isStacked ? [] : lonePoints([...(plot.data[column] ?? [])], latest().isLive === true)),
    },
  }
}

const stackBands = (latest: () => Drawn): uPlot.Band[] =>
  Array.from({ length: drawnLimit }, (_, below) => ({
    series: [below + 2, below + 1],
    fill() {
      const { looks, model, palette } = latest()
      if (below + 1 === drawnLimit) return model.rest ? withAlpha(palette.faint, 0.25) : 'transparent'
      const look = looks[below + 1]
      return look ? withAlpha(look.colour, look.isDashed ? 0.25 : 0.5) : 'transparent'
    },
  }))

function cursorOf({ canZoom, syncKey, latest, isStacked }: PlotRequest): uPlot.Cursor {
  return {
    y: false,
    drag: { x: canZoom, y: false, setScale: false, dist: 5 },
    // lines of an area cannot be told apart by nearness
    focus: {
      prox: isStacked ? -1 : 16,
      dist: (...[, column, , valueTop, cursorTop]) => (column > drawnLimit ? Number.POSITIVE_INFINITY : valueTop - cursorTop),
    },
    points: {
      size: (_, column) => (column > drawnLimit ? 0 : 6),
      width: 0,
      fill: (_, column) => latest().looks[column - 1]?.colour ?? 'transparent',
    },
    ...(syncKey !== undefined && {
      sync: { key: syncKey, setSeries: false, scales: ['x', null], filters: { pub: (type) => type === 'mousemove' } },
    }),
  }
}

function hooksOf({ latest, onCursor }: PlotRequest): uPlot.Hooks.Arrays {
  let nearest: number | null = null
  const tell = (plot: uPlot) => {
    const { idx, left = -1 } = plot.cursor
    const atMs = idx === null || idx === undefined || left < 0 ? undefined : plot.data[0][idx]
    if (atMs === undefined || idx === null || idx === undefined) return onCursor(null)
    // at its point rather than at the pointer: charts that follow draw again only when it comes to another
    const next = { index: idx, left: axisWidth + Math.round(plot.valToPos(atMs, 'x')), width: plot.width, nearestSlot: nearest }
    onCursor((before) => (before !== null && isSame(before, next) ? before : next))
  }
  return {
    setCursor: [tell],
    setSeries: [
      (plot, column) => {
        nearest = column === null || column > drawnLimit ? null : column - 1
        tell(plot)
      },
    ],
    setSelect: [
      (plot) => {
        const { left, width } = plot.select
        if (width === 0) return
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        latest().onRange?.(Math.round(plot.posToVal(left, 'x')), Math.round(plot.posToVal(left + width, 'x')))
      },
    ],
  }
}

const isSame = (one: ChartCursor, other: ChartCursor): boolean =>
  one.index === other.index && one.left === other.left && one.width === other.width && one.nearestSlot === other.nearestSlot
