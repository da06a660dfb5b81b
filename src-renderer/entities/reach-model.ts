import type { ReachCell } from '../../src-main/contract/machines.ts'

export type ReachSummary = {
  readonly counts: Readonly<Record<ReachCell['verdict'], number>>
  /** Ways from each to each: `from to`. */
  readonly byWay: ReadonlyMap<string, ReachCell>
  /** Ids with a way that is not there, either way round. */
  readonly troubled: ReadonlySet<string>
}

export const wayOf = (from: string, to: string): string => `${from} ${to}`
const isTrouble = (verdict: ReachCell['verdict']): boolean => verdict === 'blocked' || verdict === 'not-tested'

export function summariseReach(cells: readonly ReachCell[]): ReachSummary {
  const counts: Record<ReachCell['verdict'], number> = { open: 0, refused: 0, blocked: 0, 'not-tested': 0 }
  const byWay = new Map<string, ReachCell>()
  const troubled = new Set<string>()
  for (const cell of cells) {
    counts[cell.verdict] += 1
    byWay.set(wayOf(cell.from, cell.to), cell)
    if (isTrouble(cell.verdict)) troubled.add(cell.from).add(cell.to)
  }
  return { counts, byWay, troubled }
}

/** A table of more is not read. */
export const wholeUpTo = 40

/** Which machines the table shows: all of a few, of many those with a problem as far as they fit. */
export function shownInMatrix(ids: readonly string[], { troubled }: ReachSummary): string[] {
  return (ids.length <= wholeUpTo ? [...ids] : ids.filter((id) => troubled.has(id))).slice(0, wholeUpTo)
}
