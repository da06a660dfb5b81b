import type { Lane } from './lane.ts'
import type { Row } from './row.ts'

/** Through the bars of a lane in the order of time, whatever row they are in. */
export type BarStep = 'next' | 'previous' | 'first' | 'last'

type Place = { readonly startMs: number; readonly row: number; readonly index: number }

/** The bar that a step leads to; undefined at the end, in a lane without bars, and from a bar that is not there. */
export function stepFrom(lane: Lane, from: { readonly bar: number; readonly startMs: number }, step: BarStep): number | undefined {
  const rows = [...lane.rows, lane.overflow]
  const isForward = step === 'next' || step === 'first'
  const isWhole = step === 'first' || step === 'last'
  const place = isWhole ? undefined : placeOf(rows, from)
  if (!place && !isWhole) return undefined
  let best: Place | undefined
  for (const [number, row] of rows.entries()) {
    const index = place ? indexBeside(row, number, { ...place, isForward }) : isForward ? 0 : row.count - 1
    const startMs = row.start[index]
    if (index < 0 || index >= row.count || startMs === undefined) continue
    // Of two that begin together the upper row's is the earlier one.
    if (!best || (isForward ? startMs < best.startMs : startMs >= best.startMs)) best = { startMs, row: number, index }
  }
  return best && rows[best.row]?.bar[best.index]
}

/** The bar of a lane nearest to a moment; undefined in a lane without bars. */
export function nearestBar(lane: Lane, atMs: number): number | undefined {
  let best: { readonly distanceMs: number; readonly bar: number } | undefined
  for (const row of lane.rows) {
    const after = row.firstEndingAfter(atMs)
    for (const index of [after, after - 1]) {
      const [startMs, endMs, bar] = [row.start[index], row.end[index], row.bar[index]]
      if (index >= row.count || startMs === undefined || endMs === undefined || bar === undefined) continue
      const distanceMs = Math.max(startMs - atMs, atMs - endMs, 0)
      if (!best || distanceMs < best.distanceMs) best = { distanceMs, bar }
    }
  }
  return best?.bar
}

function placeOf(rows: readonly Row[], { bar, startMs }: { readonly bar: number; readonly startMs: number }): Place | undefined {
  for (const [number, row] of rows.entries()) {
    const index = row.indexOf(bar, startMs)
    if (index >= 0) return { startMs, row: number, index }
  }
  return undefined
}

/** In this row the place of the bar right behind, or right before, another one. */
function indexBeside(row: Row, number: number, place: Place & { readonly isForward: boolean }): number {
  if (number === place.row) return place.index + (place.isForward ? 1 : -1)
  let index = row.firstFrom(place.startMs)
  if (number < place.row) while (index < row.count && row.start[index] === place.startMs) index += 1
  return place.isForward ? index : index - 1
}
