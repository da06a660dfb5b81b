import type { Points } from './chart-data.ts'

export type SparklineShape = {
  readonly width: number
  readonly height: number
  /** What is full. @default the greatest of the points */
  readonly yMax?: number | undefined
}

/** An SVG path over the whole width, broken where there are gaps; empty for nothing. Points closer than a pixel become their mean. */
export function sparklinePath(points: Points, { width, height, yMax }: SparklineShape): string {
  const [first, last] = [points[0]?.[0], points.at(-1)?.[0]]
  if (first === undefined || last === undefined) return ''
  const span = Math.max(1, last - first)
  const merged = mergeByColumn(points, (atMs) => Math.round(((atMs - first) / span) * (width - 2)))
  const top = yMax ?? Math.max(...merged.map(([, value]) => value ?? 0))
  const bottom = Math.min(0, ...merged.map(([, value]) => value ?? 0))
  const range = Math.max(top, bottom) - bottom || 1
  const round = (value: number) => Math.round(value * 10) / 10
  let path = ''
  let isDrawing = false
  for (const [index, [x, value]] of merged.entries()) {
    if (value === null) {
      isDrawing = false
      continue
    }
    const part = Math.min(1, (value - bottom) / range)
    const place = `${x + 1} ${round(height - 1.5 - part * (height - 3))}`
    const isAlone = !isDrawing && (merged[index + 1]?.[1] ?? null) === null
    path += isDrawing ? `L${place}` : `M${place}${isAlone ? 'h0.01' : ''}`
    isDrawing = true
  }
  return path
}

function mergeByColumn(points: Points, columnOf: (atMs: number) => number): [x: number, value: number | null][] {
  const merged: { x: number; sum: number; count: number }[] = []
  for (const [atMs, value] of points) {
    const x = columnOf(atMs)
    let last = merged.at(-1)
    if (last === undefined || last.x !== x) merged.push((last = { x, sum: 0, count: 0 }))
    if (value === null) continue
    last.sum += value
    last.count++
  }
  return merged.map(({ x, sum, count }) => [x, count === 0 ? null : sum / count])
}
