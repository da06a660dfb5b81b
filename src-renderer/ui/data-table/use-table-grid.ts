import { type RefObject, useEffect, useEffectEvent, useRef, useState } from 'react'
import type { DataTableProps } from './data-table-props.ts'
import { rowEvents } from './row-events.ts'
import type { TableState } from './table-types.ts'
import { useActiveRow } from './use-active-row.ts'
import type { Selection } from './use-selection.ts'
import type { TableLayout } from './use-table-layout.ts'
import { useVirtualRows } from './use-virtual-rows.ts'

export type MenuPlace<Row> = { readonly row: Row; readonly x: number; readonly y: number }
type Io<Row> = { readonly table: DataTableProps<Row>; readonly layout: TableLayout<Row>; readonly selection: Selection<Row> }

/** What moves in a grid: the rows in sight, the current one, the open ones, the menu. */
export function useTableGrid<Row>({ table, layout, selection }: Io<Row>) {
  const { rows, rowId, renderExpanded, state } = table
  const scroll = useRef<HTMLDivElement>(null)
  const body = useRef<HTMLDivElement>(null)
  const [menu, setMenu] = useState<MenuPlace<Row>>()
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(() => new Set())
  const active = useActiveRow({ rows, rowId, body })
  const { virtualizer, isFast } = useVirtualRows({ rows, rowId, rowHeight: layout.rowHeight, scroll, activeIndex: active.index })
  const items = virtualizer.getVirtualItems()
  useLoadMore(table, virtualizer.range?.endIndex ?? 0)
  useTopAfter(scroll, state, active.reset)

  const go = (index: number) => {
    active.go(index)
    virtualizer.scrollToIndex(index)
  }
  const expand = (index: number, isExpanded?: boolean) => {
    const row = rows[index]
    if (row === undefined) return
    const id = rowId(row)
    const next = new Set(expanded)
    if (isExpanded ?? !next.has(id)) next.add(id)
    else if (next.delete(id)) virtualizer.resizeItem(index, layout.rowHeight)
    setExpanded(next)
  }
  const events = rowEvents({
    table,
    columns: layout.columns,
    isSelectable: layout.isSelectable,
    selection,
    active,
    go,
    expand: renderExpanded && expand,
    openMenu(index, at) {
      const row = rows[index]
      if (row === undefined) return
      active.onFocusIn(index)
      setMenu({ row, ...at })
    },
    rowHeight: layout.rowHeight,
  })
  return { scroll, body, menu, setMenu, expanded, active, virtualizer, items, isFast, go, events, isStale: useStale(table) }
}

export type TableGridModel<Row> = ReturnType<typeof useTableGrid<Row>>

/** Rows before the end at which the next ones are asked for. */
const rowsAhead = 40

function useLoadMore<Row>({ rows, hasMore = false, onMore, error }: DataTableProps<Row>, lastSeen: number): void {
  const isNear = hasMore && error == null && lastSeen >= rows.length - rowsAhead
  const ask = useEffectEvent(() => onMore?.())
  // `rows`: again for those that came, but after a failure only when somebody asks.
  useEffect(() => {
    if (isNear) ask()
  }, [isNear, rows])
}

/** Other rows, or another order, are read from their beginning. */
function useTopAfter(scroll: RefObject<HTMLElement | null>, { filters, sort, search }: TableState, reset: () => void): void {
  const isFirst = useRef(true)
  useEffect(() => {
    if (!isFirst.current) {
      scroll.current?.scrollTo({ top: 0 })
      reset()
    }
    isFirst.current = false
  }, [scroll, filters, sort, search, reset])
}

/** Whether the rows are still those of the state before. */
function useStale<Row>({ rows, state, isRefreshing = false }: DataTableProps<Row>): boolean {
  const { filters, sort, search } = state
  const [shown, setShown] = useState({ rows, filters, sort, search })
  const isSame = shown.filters === filters && shown.sort === sort && shown.search === search
  if (shown.rows !== rows || (!isSame && !isRefreshing)) setShown({ rows, filters, sort, search })
  return isRefreshing && !isSame
}
