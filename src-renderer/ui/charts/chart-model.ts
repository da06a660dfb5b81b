import {
  alignPoints,
  bandOf,
  type Candidate,
  chooseDrawn,
  type Column,
  type Points,
  stackColumns,
  summarise,
  summariseAll,
  type Summary,
  valueNear,
} from './chart-data.ts'

/** More lines than this cannot be told apart: the rest is a band. */
export const drawnLimit = 12

/** A line as it is handed in. Each label stands once in a chart. */
export type Line = { readonly label: string; readonly points: Points }

export type DrawnLine = {
  readonly label: string
  /** Its place among those drawn, from 0: its colour, while it stays. */
  readonly slot: number
  /** Where it was among those handed in. */
  readonly source: number
  readonly column: Column
  readonly summary: Summary | undefined
}

export type Rest = { readonly count: number; readonly low: Column; readonly high: Column; readonly summary: Summary | undefined }

export type ChartModel = {
  readonly atMs: readonly number[]
  readonly lines: readonly DrawnLine[]
  /** The lines that are not drawn one by one; undefined for none. */
  readonly rest: Rest | undefined
  readonly isEmpty: boolean
  readonly slots: readonly (string | undefined)[]
  /** One column for each slot, used or not, and two for the rest: the plot's columns stay the same while lines come and go. */
  readonly plotted: readonly Column[]
}

export type ModelRequest = {
  readonly series: readonly Line[]
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs?: number | undefined
  readonly isStacked: boolean
  /** The slots of the model before. */
  readonly before: readonly (string | undefined)[]
}

/** What a chart draws and says. */
export function modelOf({ series, fromMs, toMs, stepMs, isStacked, before }: ModelRequest): ChartModel {
  const grid = alignPoints(
    series.map(({ points }) => points),
    stepMs,
  )
  const summaries = series.map(({ points }) => summarise(points, fromMs, toMs))
  const candidates: Candidate[] = series.map(({ label }, index) => ({ label, mean: summaries[index]?.mean ?? Number.NEGATIVE_INFINITY }))
  const slots = chooseDrawn(candidates, before, drawnLimit)
  const sources = new Map(series.map(({ label }, index) => [label, index]))
  const lines = slots.flatMap((label, slot): DrawnLine[] => {
    const source = label === undefined ? undefined : sources.get(label)
    if (label === undefined || source === undefined) return []
    return [{ label, slot, source, column: grid.columns[source] ?? [], summary: summaries[source] }]
  })
  const drawn = new Set(lines.map(({ source }) => source))
  const others = series.map((_, index) => index).filter((index) => !drawn.has(index))
  const otherColumns = others.map((index) => grid.columns[index] ?? [])
  const rest: Rest | undefined =
    others.length === 0
      ? undefined
      : {
          ...bandOf(otherColumns, grid.atMs.length),
          count: others.length,
          summary: summariseAll(others.flatMap((index) => summaries[index] ?? [])),
        }
  return {
    atMs: grid.atMs,
    lines,
    rest,
    isEmpty: summaries.every((summary) => summary === undefined),
    slots,
    plotted: plotColumns({ lines, rest, otherColumns, isStacked, length: grid.atMs.length }),
  }
}

type Plot = Pick<ChartModel, 'lines' | 'rest'> & {
  readonly otherColumns: readonly Column[]
  readonly isStacked: boolean
  readonly length: number
}

function plotColumns({ lines, rest, otherColumns, isStacked, length }: Plot): Column[] {
  const none: Column = new Array<undefined>(length).fill(undefined)
  const columns = Array.from({ length: drawnLimit }, (_, slot) => lines.find((line) => line.slot === slot)?.column ?? none)
  if (!isStacked) return [...columns, rest?.low ?? none, rest?.high ?? none]
  const sum = stackColumns(otherColumns, length).at(-1) ?? none
  return [...stackColumns([...columns, sum], length), none]
}

export type Reading = { readonly slot: number; readonly label: string; readonly value: number }

/** What the lines show at a place, the greatest first. */
export function readingsAt(model: ChartModel, index: number): Reading[] {
  return model.lines
    .flatMap(({ slot, label, column }) => {
      const value = valueNear(column, index)
      return value === null ? [] : [{ slot, label, value }]
    })
    .sort((a, b) => b.value - a.value)
}
