import { useState } from 'react'

export type Selection<Row> = {
  /** Of the rows that are here; what was selected and is gone is not acted on. */
  readonly rows: readonly Row[]
  readonly has: (id: string) => boolean
  readonly toggle: (index: number) => void
  /** All from the row that was picked last, or else from `start`, up to this one. */
  readonly extendTo: (index: number, start?: number) => void
  readonly selectAll: () => void
  readonly clear: () => void
}

export function useSelection<Row>(rows: readonly Row[], rowId: (row: Row) => string): Selection<Row> {
  const [ids, setIds] = useState<ReadonlySet<string>>(() => new Set())
  const [anchor, setAnchor] = useState<string>()
  const idAt = (index: number) => {
    const row = rows[index]
    return row === undefined ? undefined : rowId(row)
  }
  const selected = ids.size === 0 ? [] : rows.filter((row) => ids.has(rowId(row)))
  return {
    rows: selected,
    has: (id) => ids.has(id),
    toggle(index) {
      const id = idAt(index)
      if (id === undefined) return
      const next = new Set(ids)
      if (!next.delete(id)) next.add(id)
      setIds(next)
      setAnchor(id)
    },
    extendTo(index, start = index) {
      const picked = anchor === undefined || !ids.has(anchor) ? -1 : rows.findIndex((row) => rowId(row) === anchor)
      const from = picked < 0 ? start : picked
      setIds(new Set([...ids, ...rows.slice(Math.min(from, index), Math.max(from, index) + 1).map(rowId)]))
      if (picked < 0) setAnchor(idAt(from))
    },
    selectAll: () => setIds(new Set(rows.map(rowId))),
    clear: () => setIds(new Set()),
  }
}
