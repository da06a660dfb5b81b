import { shownLetters } from './ansi-line.ts'
import type { LogScroller } from './log-scroller.ts'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import { rowHeight } from './scroll-map.ts'

const samples = 200
const kept = new WeakMap<LogScroller, { readonly key: string; readonly height: number }>()

type Log = { readonly store: LogStore; readonly search: LogSearch; readonly scroller: LogScroller }

/**
 * How high wrapped rows are on average, in px: as measured, and guessed from some of the others. It is for the scroll bar alone, so it stays
 * the same until there are twice as many rows, twice as many are measured, or they get another width.
 */
export function averageHeightOf(log: Log, columns: number): number {
  const key = [log.search.rowCount, log.scroller.heights.size].map((count) => Math.floor(Math.log2(count + 1))).join(' ')
  const known = kept.get(log.scroller)
  if (known?.key === `${columns} ${key}`) return known.height
  const measured = [...log.scroller.heights.values()].reduce((sum, height) => sum + height, 0)
  const others = Math.max(0, log.search.rowCount - log.scroller.heights.size)
  const average = (measured + others * guessHeight(log, columns)) / Math.max(1, log.scroller.heights.size + others)
  // Never that of rows that are not wrapped, for which the scroll bar is exact.
  const height = Math.max(rowHeight + 0.01, average)
  kept.set(log.scroller, { key: `${columns} ${key}`, height })
  return height
}

function guessHeight({ store, search }: Log, columns: number): number {
  const count = Math.min(samples, search.rowCount)
  let lines = 0
  for (let at = 0; at < count; at++) {
    const { text } = store.lineAt(search.idOfRow(Math.floor((at / count) * search.rowCount)))
    lines += Math.max(1, Math.ceil(Math.min(text.length, shownLetters) / columns))
  }
  return count === 0 ? rowHeight : (lines / count) * rowHeight
}
