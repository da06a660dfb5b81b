/** When, in ms since 1970, and how much; null where nothing was measured. */
export type Point = readonly [atMs: number, value: number | null]
/** The oldest first. */
export type Points = readonly Point[]

/** Of one line, a value for each time of its grid: undefined where it has no point and goes on, null where it breaks. */
export type Column = (number | null | undefined)[]
export type Grid = { readonly atMs: number[]; readonly columns: readonly Column[] }

/**
 * Brings lines onto the same times. Points further apart than one and a half steps have a gap between them. Where the lines
 * were measured at times of their own, those are rounded to a step: hundreds of nodes must not make hundreds of times the points.
 */
export function alignPoints(lines: readonly Points[], stepMs?: number): Grid {
  const broken = stepMs === undefined ? lines : lines.map((points) => breakAtGaps(points, stepMs))
  const longest = broken.reduce<Points>((most, points) => (points.length > most.length ? points : most), [])
  if (broken.every((points) => hasTimesOf(points, longest))) {
    return { atMs: longest.map(([atMs]) => atMs), columns: broken.map((points) => points.map(([, value]) => value)) }
  }
  const exact = timesOf(broken)
  if (exact.length <= longest.length * 1.5) return fillGrid(exact, broken)
  const step = Math.max(1, stepMs ?? medianStep(longest))
  const snapped = broken.map((points) => points.map(([atMs, value]): Point => [Math.round(atMs / step) * step, value]))
  return fillGrid(timesOf(snapped), snapped)
}

/** With a null at both ends of each gap: what is near its end is not taken for its middle. */
function breakAtGaps(points: Points, stepMs: number): Points {
  const broken: Point[] = []
  let before: number | undefined
  for (const point of points) {
    const [atMs] = point
    if (before !== undefined && atMs - before > stepMs * 1.5) {
      broken.push([before + stepMs, null])
      if (atMs - stepMs > before + stepMs) broken.push([atMs - stepMs, null])
    }
    broken.push(point)
    before = atMs
  }
  return broken.length === points.length ? points : broken
}

const hasTimesOf = (points: Points, others: Points): boolean =>
  points === others || (points.length === others.length && points.every(([atMs], index) => atMs === others[index]?.[0]))

function timesOf(lines: readonly Points[]): number[] {
  const times = new Set<number>()
  for (const points of lines) for (const [atMs] of points) times.add(atMs)
  return [...times].sort((a, b) => a - b)
}

function fillGrid(atMs: number[], lines: readonly Points[]): Grid {
  const places = new Map(atMs.map((at, index) => [at, index]))
  const columns = lines.map((points) => {
    const column: Column = new Array<undefined>(atMs.length).fill(undefined)
    for (const [at, value] of points) {
      const place = places.get(at)
      if (place !== undefined) column[place] = value
    }
    return column
  })
  return { atMs, columns }
}

function medianStep(points: Points): number {
  const steps = points.slice(1).map(([atMs], index) => atMs - (points[index]?.[0] ?? 0))
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 1_000
}

export type Summary = { readonly min: number; readonly mean: number; readonly max: number; readonly latest: number }

/** Of what was measured in that time, both ends included; undefined for nothing. */
export function summarise(points: Points, fromMs: number, toMs: number): Summary | undefined {
  let [count, sum, min, max, latest] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  for (const [atMs, value] of points) {
    if (value === null || atMs < fromMs || atMs > toMs) continue
    count++
    sum += value
    if (value < min) min = value
    if (value > max) max = value
    latest = value
  }
  return count === 0 ? undefined : { min, mean: sum / count, max, latest }
}

/** One for those of all: extremes, mean of the means and of the latest. */
export function summariseAll(summaries: readonly Summary[]): Summary | undefined {
  if (summaries.length === 0) return undefined
  const mean = (of: (summary: Summary) => number) => summaries.reduce((sum, summary) => sum + of(summary), 0) / summaries.length
  return {
    min: Math.min(...summaries.map(({ min }) => min)),
    mean: mean((summary) => summary.mean),
    max: Math.max(...summaries.map(({ max }) => max)),
    latest: mean((summary) => summary.latest),
  }
}

export type Candidate = { readonly label: string; readonly mean: number }

/**
 * Which lines are drawn one by one, by slot: those with the greatest means. One that was drawn before keeps its slot, and so
 * its colour, until it is far behind: two that are close would change places with every figure.
 */
export function chooseDrawn(
  candidates: readonly Candidate[],
  before: readonly (string | undefined)[],
  limit: number,
): (string | undefined)[] {
  const ranked = candidates.length > limit ? [...candidates].sort((a, b) => b.mean - a.mean) : candidates
  const close = new Set(ranked.slice(0, limit * 2).map(({ label }) => label))
  const slots = Array.from({ length: limit }, (_, slot) => {
    const label = before[slot]
    return label !== undefined && close.has(label) ? label : undefined
  })
  const shown = new Set(slots)
  const next = ranked.filter(({ label }) => !shown.has(label)).values()
  return slots.map((label) => label ?? next.next().value?.label)
}

export type Band = { readonly low: Column; readonly high: Column }

/** The least and the greatest of the lines at each time. */
export function bandOf(columns: readonly Column[], length: number): Band {
  const [low, high]: [Column, Column] = [[], []]
  for (let index = 0; index < length; index++) {
    let [min, max]: [number | null | undefined, number | null | undefined] = [undefined, undefined]
    for (const column of columns) {
      const value = column[index]
      if (value === undefined || (value === null && min !== undefined)) continue
      if (value === null) [min, max] = [null, null]
      else {
        min = min === undefined || min === null || value < min ? value : min
        max = max === undefined || max === null || value > max ? value : max
      }
    }
    low.push(min)
    high.push(max)
  }
  return { low, high }
}

/** Each column on top of those before it. Between its points a line keeps its last value; in a gap it adds nothing. */
export function stackColumns(columns: readonly Column[], length: number): Column[] {
  const filled = columns.map((column) => {
    let last: number | null = null
    return Array.from({ length }, (_, index) => (column[index] === undefined ? last : (last = column[index] ?? null)))
  })
  const stacked: Column[] = columns.map(() => [])
  for (let index = 0; index < length; index++) {
    const isGap = filled.every((column) => column[index] === null)
    let sum = 0
    for (const [place, column] of filled.entries()) {
      sum += column[index] ?? 0
      stacked[place]?.push(isGap ? null : sum)
    }
  }
  return stacked
}

/** What a line shows at that place: its own point, or the nearest one while the line goes on; null in a gap or outside. */
export function valueNear(column: Column, index: number): number | null {
  const here = column[index]
  if (here !== undefined) return here
  let [before, after] = [index - 1, index + 1]
  while (before >= 0 && column[before] === undefined) before--
  while (after < column.length && column[after] === undefined) after++
  const [left, right] = [column[before] ?? null, column[after] ?? null]
  if (left === null || right === null) return null
  return index - before <= after - index ? left : right
}

/** Places of points that no line reaches, and of the last one where that is asked for. */
export function lonePoints(column: Column, isLastShown: boolean): number[] {
  const places: number[] = []
  let last = -1
  let run: number[] = []
  const endRun = () => {
    const [only] = run
    if (only !== undefined && run.length === 1) places.push(only)
    run = []
  }
  for (const [place, value] of column.entries()) {
    if (value === undefined) continue
    if (value === null) endRun()
    else {
      last = place
      if (run.length < 2) run.push(place)
    }
  }
  endRun()
  if (isLastShown && last >= 0 && places.at(-1) !== last) places.push(last)
  return places
}
