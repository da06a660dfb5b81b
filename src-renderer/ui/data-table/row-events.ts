import type { FocusEvent, KeyboardEvent, MouseEvent } from 'react'
import { safeText } from '../../util/safe-text.ts'
import type { DataTableProps } from './data-table-props.ts'
import { type RowAction, rowActionOf, stepTo } from './row-keys.ts'
import type { Column } from './table-types.ts'
import type { ActiveRow } from './use-active-row.ts'
import type { Selection } from './use-selection.ts'

export type RowEventsIo<Row> = {
  readonly table: DataTableProps<Row>
  /** Shown, in order. */
  readonly columns: readonly Column<Row>[]
  readonly isSelectable: boolean
  readonly selection: Selection<Row>
  readonly active: ActiveRow
  readonly go: (index: number) => void
  readonly expand: ((index: number, isExpanded?: boolean) => void) | undefined
  readonly openMenu: (index: number, at: { readonly x: number; readonly y: number }) => void
  readonly rowHeight: number
}

/** What happens on rows, listened to on what holds them all. */
export function rowEvents<Row>(io: RowEventsIo<Row>) {
  return {
    onClick: (event: MouseEvent) => onClick(io, event),
    onDoubleClick(event: MouseEvent) {
      const index = lineAt(event.target)
      if (index !== undefined && !isControl(event.target)) open(io, index)
    },
    onMouseDown(event: MouseEvent) {
      // A range of rows is meant, not of letters.
      const index = lineAt(event.target)
      if (!event.shiftKey || !io.isSelectable || index === undefined || isControl(event.target)) return
      event.preventDefault()
      io.go(index)
    },
    onMouseOver: (event: MouseEvent) => tellWhole(io, event.target),
    onContextMenu(event: MouseEvent) {
      const index = lineAt(event.target)
      const isLink = event.target instanceof Element && event.target.closest('a') !== null
      if (index === undefined || isLink || event.shiftKey) return // the browser's own menu is of use there
      event.preventDefault()
      io.openMenu(index, { x: event.clientX, y: event.clientY })
    },
    onFocus(event: FocusEvent) {
      const index = rowAt(event.target)
      if (index !== undefined) io.active.onFocusIn(index)
    },
    onBlur: (event: FocusEvent) => io.active.onFocusOut(event),
    onKeyDown: (event: KeyboardEvent) => onKeyDown(io, event),
  }
}

const numberIn = (element: Element | null, name: string): number | undefined => {
  const text = element?.getAttribute(name)
  return text === null || text === undefined ? undefined : Number(text)
}
/** The row that something belongs to, its details included. */
const rowAt = (target: EventTarget) => (target instanceof Element ? numberIn(target.closest('[data-index]'), 'data-index') : undefined)
/** The row whose line something is in. */
const lineAt = (target: EventTarget) => (target instanceof Element ? numberIn(target.closest('[data-row]'), 'data-row') : undefined)
const isControl = (target: EventTarget) => target instanceof Element && target.closest('a, button, input, label, select, textarea') !== null

function open<Row>({ table, expand }: RowEventsIo<Row>, index: number): void {
  const row = table.rows[index]
  if (row === undefined) return
  if (table.onOpen) table.onOpen(row)
  else expand?.(index)
}

function onClick<Row>(io: RowEventsIo<Row>, event: MouseEvent): void {
  const index = lineAt(event.target)
  if (index === undefined || !(event.target instanceof Element)) return
  const isOn = (selector: string) => event.target instanceof Element && event.target.closest(selector) !== null
  if (isOn('[data-select]')) {
    if (event.shiftKey) io.selection.extendTo(index)
    else io.selection.toggle(index)
  } else if (isOn('[data-open]')) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0 || !io.table.onOpen) return // the browser follows the link
    event.preventDefault()
    open(io, index)
  } else if (isOn('[data-expand]')) io.expand?.(index)
  else if (isOn('[data-menu]')) io.openMenu(index, below(event.target.closest('[data-menu]')))
  else if (io.isSelectable && !isControl(event.target)) {
    if (event.shiftKey) io.selection.extendTo(index)
    else if (event.ctrlKey || event.metaKey) io.selection.toggle(index)
  }
}

function below(element: Element | null | undefined): { x: number; y: number } {
  const box = element?.getBoundingClientRect()
  return { x: box?.left ?? 0, y: box?.bottom ?? 0 }
}

function onKeyDown<Row>(io: RowEventsIo<Row>, event: KeyboardEvent): void {
  if (event.nativeEvent.isComposing || event.defaultPrevented || !(event.target instanceof HTMLElement)) return
  const index = rowAt(event.target)
  if (index === undefined) return
  const line = event.target.closest('[data-row]')
  const action = rowActionOf(event)
  if (action === undefined) return
  if (line === null && action.do !== 'leave') return // details have keys of their own
  const isOnRow = event.target === line
  if (!isOnRow && !isForAll(action)) return
  if (act(io, action, { index, isOnRow, line, scroller: event.target.closest('[data-scroller]') })) {
    event.preventDefault()
    event.stopPropagation()
  }
}

/** On a button within a row Enter and Space press it; moving on and leaving work from there too. */
const isForAll = (action: RowAction): boolean => action.do === 'move' || action.do === 'leave' || action.do === 'menu'

type Place = { readonly index: number; readonly isOnRow: boolean; readonly line: Element | null; readonly scroller: Element | null }

/** Whether it did anything. */
function act<Row>(io: RowEventsIo<Row>, action: RowAction, place: Place): boolean {
  const { index, isOnRow, line } = place
  const { selection, isSelectable } = io
  switch (action.do) {
    case 'move':
      move(io, place, action)
      return true
    case 'open':
      open(io, index)
      return true
    case 'select':
      if (isSelectable) selection.toggle(index)
      return true // else the page would scroll
    case 'select-all':
      if (isSelectable) selection.selectAll()
      return isSelectable
    case 'expand':
      io.expand?.(index, true)
      return io.expand !== undefined
    case 'collapse':
      io.expand?.(index, false)
      return io.expand !== undefined
    case 'menu':
      io.openMenu(index, below(line?.querySelector('[data-menu]')))
      return true
    case 'leave':
      if (!isOnRow) io.go(index)
      else if (selection.rows.length > 0) selection.clear()
      else return false
      return true
  }
}

function move<Row>(io: RowEventsIo<Row>, { index: from, scroller }: Place, { to, isSelecting }: Extract<RowAction, { do: 'move' }>): void {
  const pageRows = Math.max(1, Math.floor((scroller?.clientHeight ?? 0) / io.rowHeight) - 2)
  const next = stepTo(to, from, { count: io.table.rows.length, pageRows })
  if (next < 0) return scroller?.querySelector<HTMLElement>('[data-head][tabindex="0"]')?.focus()
  if (isSelecting && io.isSelectable) io.selection.extendTo(next, from)
  io.go(next)
}

/** What is cut off can be read by pointing at it. */
function tellWhole<Row>({ table, columns, isSelectable }: RowEventsIo<Row>, target: EventTarget): void {
  const index = lineAt(target)
  const cell = target instanceof Element ? target.closest<HTMLElement>('[role=gridcell]') : null
  const row = index === undefined ? undefined : table.rows[index]
  const column = columns[Number(cell?.getAttribute('aria-colindex')) - (isSelectable ? 2 : 1)]
  if (!cell || row === undefined || !column) return
  const isCut = [cell, ...cell.querySelectorAll('.truncate')].some((each) => each.scrollWidth > each.clientWidth)
  cell.title = isCut ? safeText(column.text(row)) : ''
}
