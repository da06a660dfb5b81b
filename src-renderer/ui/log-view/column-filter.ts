import { codeOfLevel, type LineChunk } from './line-chunk.ts'
import type { LogLevel } from './log-line.ts'

/** What is known of a line without reading its text. */
export type ColumnFilter = {
  /** This or worse; a line without a level counts as `info`. */
  readonly level: LogLevel | null
  readonly hiddenSources: ReadonlySet<number>
  readonly sinceMs: number | null
  readonly untilMs: number | null
  readonly hasNotices: boolean
}

/** Ids of the lines that pass, of those from one id to before another, all of them in the chunk. */
export function filterColumns(chunk: LineChunk, range: { readonly from: number; readonly to: number }, filter: ColumnFilter): number[] {
  const lowest = filter.level === null ? 0 : codeOfLevel(filter.level)
  const plain = codeOfLevel('info')
  const isTimed = filter.sinceMs !== null || filter.untilMs !== null
  const [sinceMs, untilMs] = [filter.sinceMs ?? Number.NEGATIVE_INFINITY, filter.untilMs ?? Number.POSITIVE_INFINITY]
  const ids: number[] = []
  for (let id = range.from; id < range.to; id++) {
    const index = id - chunk.firstId
    if ((chunk.levels[index] || plain) < lowest) continue
    const atMs = chunk.times[index] ?? Number.NaN
    if (isTimed && !(atMs >= sinceMs && atMs <= untilMs)) continue
    if (filter.hiddenSources.has(chunk.sources[index] ?? 0)) continue
    if (!filter.hasNotices && chunk.notices.has(index)) continue
    ids.push(id)
  }
  return ids
}
