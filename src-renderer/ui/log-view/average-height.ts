import { shownLetters } from './ansi-line.ts'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import { rowHeight } from './scroll-map.ts'

const samples = 200
const kept = new WeakMap<LogSearch, { readonly key: string; readonly height: number }>()

/**
 * How high wrapped rows are on average, in px, judged by some of them. Only for the scroll bar, so it stays the same until there are twice as
 * many or they get another width.
 */
export function averageHeightOf(store: LogStore, search: LogSearch, columns: number): number {
  const key = `${columns} ${Math.floor(Math.log2(search.rowCount + 1))}`
  const known = kept.get(search)
  if (known?.key === key) return known.height
  let lines = 0
  const count = Math.min(samples, search.rowCount)
  for (let at = 0; at < count; at++) {
    const { text } = store.lineAt(search.idOfRow(Math.floor((at / count) * search.rowCount)))
    const length = Math.min(text.length, shownLetters)
    lines += Math.max(1, Math.ceil(length / columns))
  }
  // Never that of rows that are not wrapped, for which the scroll bar is exact.
  const height = Math.max(rowHeight + 0.5, count === 0 ? 0 : (lines / count) * rowHeight)
  kept.set(search, { key, height })
  return height
}
