import { ArrowDown, ArrowUp, CircleHelp } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { classNames } from '../class-names.ts'
import { Tooltip } from '../tooltip.tsx'
import { headHeight } from './column-layout.ts'
import type { DataTableProps } from './data-table-props.ts'
import { messages } from './messages.ts'
import { ResizeEdge } from './resize-edge.tsx'
import { TableCheckbox } from './table-checkbox.tsx'
import { leadClass } from './table-row.tsx'
import type { Column, Sort } from './table-types.ts'
import type { Selection } from './use-selection.ts'
import type { TableLayout } from './use-table-layout.ts'

type HeadProps<Row> = {
  readonly table: DataTableProps<Row>
  readonly layout: TableLayout<Row>
  readonly selection: Selection<Row>
  readonly announce: (text: string) => void
  /** Down from the head. */
  readonly onLeave: () => void
}

/** The names of the columns. Tab reaches one of them, the arrow keys the others. */
export function TableHead<Row>({ table, layout, selection, announce, onLeave }: HeadProps<Row>) {
  const t = useText(messages)
  const [reached, setReached] = useState(0)
  const { columns, isSelectable } = layout
  const { state, onState, rows } = table
  const current = Math.min(reached, columns.length - 1)
  const sortBy = (column: Column<Row>) => {
    const sort = nextSort(column.id, state.sort)
    onState({ ...state, sort })
    announce(sort === null ? t('unsorted') : t(sort.isDescending ? 'sortedDown' : 'sortedUp', { column: column.title }))
  }
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const to = headStep(event.key, current, columns.length)
    if (to === undefined && event.key !== 'ArrowDown' && event.key !== 'Escape') return
    event.preventDefault()
    if (to === undefined) onLeave()
    else event.currentTarget.querySelector<HTMLElement>(`[data-head="${to}"]`)?.focus()
  }
  const isAll = rows.length > 0 && selection.rows.length === rows.length
  const cells = columns.map((column, index) => (
    <HeadCell
      key={column.id}
      column={column}
      index={index}
      layout={layout}
      sort={state.sort}
      isReachable={index === current}
      onReach={() => setReached(index)}
      onSort={() => sortBy(column)}
    />
  ))
  return (
    <div
      role="row"
      aria-rowindex={1}
      onKeyDown={onKeyDown}
      className="grid w-full border-b border-strong/40 bg-surface text-sm font-medium text-soft"
      style={{ gridTemplateColumns: 'var(--columns)', height: headHeight }}
    >
      <div role="presentation" className={classNames(leadClass, isSelectable && 'col-span-2')}>
        {isSelectable && (
          <div role="columnheader" aria-colindex={1} aria-label={t('selection')}>
            <TableCheckbox
              label={t('selectAll')}
              isChecked={isAll ? true : selection.rows.length > 0 ? 'some' : false}
              onPick={isAll ? selection.clear : selection.selectAll}
            />
          </div>
        )}
        {cells[0]}
      </div>
      {cells.slice(1)}
      <div role="columnheader" aria-colindex={columns.length + (isSelectable ? 2 : 1)} className="bg-inherit">
        <span className="sr-only">{t('actions')}</span>
      </div>
    </div>
  )
}

/** Up, down, not at all. */
function nextSort(column: string, sort: Sort | null): Sort | null {
  if (sort?.column !== column) return { column, isDescending: false }
  return sort.isDescending ? null : { column, isDescending: true }
}

function headStep(key: string, from: number, count: number): number | undefined {
  if (key === 'ArrowLeft') return Math.max(0, from - 1)
  if (key === 'ArrowRight') return Math.min(count - 1, from + 1)
  if (key === 'Home') return 0
  return key === 'End' ? count - 1 : undefined
}

type HeadCellProps<Row> = {
  readonly column: Column<Row>
  readonly index: number
  readonly layout: TableLayout<Row>
  readonly sort: Sort | null
  readonly isReachable: boolean
  readonly onReach: () => void
  readonly onSort: () => void
}

function HeadCell<Row>({ column, index, layout, sort, isReachable, onReach, onSort }: HeadCellProps<Row>) {
  const { isSelectable } = layout
  const isSorted = sort?.column === column.id
  const direction = isSorted ? (sort.isDescending ? 'descending' : 'ascending') : 'none'
  return (
    <div
      role="columnheader"
      data-column
      aria-colindex={index + (isSelectable ? 2 : 1)}
      aria-sort={column.isSortable ? direction : undefined}
      onFocus={onReach}
      className="group/head relative min-w-0"
    >
      <HeadTitle column={column} index={index} direction={direction} isReachable={isReachable} onSort={onSort} />
      <ResizeEdge
        title={column.title}
        index={index}
        shown={layout.columns}
        isSelectable={isSelectable}
        isReachable={isReachable}
        setWidths={layout.setWidths}
      />
    </div>
  )
}

type HeadTitleProps<Row> = Pick<HeadCellProps<Row>, 'column' | 'index' | 'isReachable' | 'onSort'> & {
  readonly direction: 'ascending' | 'descending' | 'none'
}

function HeadTitle<Row>({ column, index, direction, isReachable, onSort }: HeadTitleProps<Row>) {
  const Arrow = direction === 'descending' ? ArrowDown : ArrowUp
  const isSorted = direction !== 'none'
  const shape = classNames(
    'flex size-full min-w-0 items-center gap-1 px-2 -outline-offset-2',
    column.align === 'right' && 'flex-row-reverse text-right',
  )
  const content = (
    <>
      <span className={classNames('truncate', isSorted && 'text-ink')}>{column.title}</span>
      {column.help !== undefined && <CircleHelp size={12} aria-hidden className="shrink-0 text-faint" />}
      {column.isSortable && (
        <Arrow
          size={12}
          aria-hidden
          className={classNames(
            'shrink-0',
            isSorted ? 'text-accent' : 'hidden text-faint group-focus-within/head:block group-hover/head:block',
          )}
        />
      )}
    </>
  )
  const reach = { 'data-head': index, tabIndex: isReachable ? 0 : -1 }
  const title = column.isSortable ? (
    <button type="button" {...reach} onClick={onSort} className={classNames(shape, 'font-medium hover:bg-hover hover:text-ink')}>
      {content}
    </button>
  ) : (
    <span {...reach} className={shape}>
      {content}
    </span>
  )
  return column.help === undefined ? title : <Tooltip text={column.help}>{title}</Tooltip>
}
