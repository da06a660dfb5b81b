import type { ListRows } from './log-scroller.ts'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'

/** Ids of the rows before and behind the lines: that some were dropped, and that the log has ended. */
export const droppedRow = -1
export const endRow = Number.MAX_SAFE_INTEGER

/** The lines that are shown, with the rows around them. */
export function rowsOf(store: LogStore, search: LogSearch): ListRows {
  const before = store.droppedLines > 0 ? 1 : 0
  const lines = search.rowCount
  const hasEnd = store.phase === 'ended' && lines > 0
  return {
    count: before + lines + (hasEnd ? 1 : 0),
    isGrowing: search.isWorking,
    idOf: (row) => (row < before ? droppedRow : row - before < lines ? search.idOfRow(row - before) : endRow),
    rowOf: (id) => (id === droppedRow ? 0 : id === endRow ? before + lines : before + search.rowOfId(id)),
  }
}
