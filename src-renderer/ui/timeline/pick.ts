import type { Lane } from './lane.ts'
import { lanePaddingPx, type LaneStack, type Line } from './lane-stack.ts'
import type { Row } from './row.ts'
import { msOf, type TimeSpan, type ViewWindow } from './view-window.ts'

/** What lies at a point: a bar, where `others` share its pixel; or time in which the lane had nothing to do; or the head of a group. */
export type Hit =
  | { readonly kind: 'bar'; readonly line: Line; readonly bar: number; readonly others: number }
  | { readonly kind: 'crowd'; readonly line: Line; readonly count: number }
  | { readonly kind: 'idle'; readonly line: Line; readonly span: TimeSpan }
  | { readonly kind: 'group'; readonly line: Line; readonly running: number; readonly busy: number }

type Point = { readonly x: number; readonly y: number; readonly view: ViewWindow; readonly nowMs: number }

/** A bar is hit from this far, so that a narrow one can be. */
const reachPx = 3

/** `y` counts from the top of the first line. */
export function pick(stack: LaneStack, { x, y, view, nowMs }: Point): Hit | undefined {
  const line = stack.lines[stack.indexAt(y)]
  if (!line || y < line.top || y >= line.top + line.height) return undefined
  const atMs = msOf(view, x)
  if (line.kind === 'group') return pickGroup(line, { fromMs: atMs, toMs: atMs + view.msPerPx }, nowMs)
  const [lane] = line.lanes
  if (!lane) return undefined
  const rowIndex = Math.floor((y - line.top - lanePaddingPx) / line.rowPx)
  if (rowIndex >= lane.rows.length && lane.overflow.count > 0) {
    const count = lane.crowd.touching(atMs, atMs + view.msPerPx)
    if (count > 0) return { kind: 'crowd', line, count }
  }
  const row = lane.rows[Math.min(Math.max(0, rowIndex), lane.rows.length - 1)]
  const bar = row && barAt(row, { atMs, reachMs: reachPx * view.msPerPx, nowMs })
  if (row && bar !== undefined) return { kind: 'bar', line, bar, others: countBetween(row, atMs, view.msPerPx) - 1 }
  const span = idleAt(lane, atMs)
  return span && span.fromMs < nowMs ? { kind: 'idle', line, span: { ...span, toMs: Math.min(span.toMs, nowMs) } } : undefined
}

function pickGroup(line: Line, { fromMs, toMs }: TimeSpan, nowMs: number): Hit | undefined {
  const crowd = line.group?.crowd
  if (!crowd || fromMs > nowMs) return undefined
  const busy = crowd.busyMs(fromMs, toMs) / (toMs - fromMs) / Math.max(1, line.lanes.length)
  return { kind: 'group', line, running: crowd.touching(fromMs, fromMs), busy: Math.min(1, busy) }
}

type Reach = { readonly atMs: number; readonly reachMs: number; readonly nowMs: number }

/** The bar at this moment, else the nearest within reach. */
function barAt(row: Row, { atMs, reachMs, nowMs }: Reach): number | undefined {
  const index = row.firstEndingAfter(atMs)
  const distanceTo = (place: number) => {
    if (place < 0 || place >= row.count) return Infinity
    const endMs = Math.min(row.end[place] ?? 0, Math.max(nowMs, row.start[place] ?? 0))
    return Math.max((row.start[place] ?? 0) - atMs, atMs - endMs, 0)
  }
  const nearest = distanceTo(index) <= distanceTo(index - 1) ? index : index - 1
  return distanceTo(nearest) <= reachMs ? row.bar[nearest] : undefined
}

const countBetween = (row: Row, atMs: number, lengthMs: number): number =>
  Math.max(1, row.firstFrom(atMs + lengthMs) - row.firstEndingAfter(atMs))

/** From the last end before this moment to the next start after it; undefined where a row is busy, or nothing came before. */
function idleAt({ rows, overflow }: Lane, atMs: number): TimeSpan | undefined {
  let [fromMs, toMs] = [-Infinity, Infinity]
  for (const row of rows) {
    const next = row.firstEndingAfter(atMs)
    if (next < row.count && (row.start[next] ?? 0) <= atMs) return undefined
    if (next > 0) fromMs = Math.max(fromMs, row.end[next - 1] ?? 0)
    if (next < row.count) toMs = Math.min(toMs, row.start[next] ?? 0)
  }
  return fromMs === -Infinity || overflow.count > 0 ? undefined : { fromMs, toMs }
}
