import type { CSSProperties, UIEvent } from 'react'
import { useText } from '../../i18n/messages.ts'
import { classNames } from '../class-names.ts'
import type { DataTableProps } from './data-table-props.ts'
import { messages } from './messages.ts'
import { RowMenu } from './row-menu.tsx'
import { TableHead } from './table-head.tsx'
import { TableEnd, TablePlaceholder } from './table-placeholder.tsx'
import { TableRow } from './table-row.tsx'
import type { Selection } from './use-selection.ts'
import { type TableGridModel, useTableGrid } from './use-table-grid.ts'
import type { TableLayout } from './use-table-layout.ts'

type GridProps<Row> = {
  readonly table: DataTableProps<Row>
  readonly layout: TableLayout<Row>
  readonly selection: Selection<Row>
  readonly announce: (text: string) => void
}

export function TableGrid<Row>({ table, layout, selection, announce }: GridProps<Row>) {
  const { rows, counts, hasMore = false, isLoading = false, isRefreshing = false, renderExpanded, isInline = false } = table
  const grid = useTableGrid({ table, layout, selection })
  const { scroll, body, active, menu } = grid
  const toRow = () => body.current?.querySelector<HTMLElement>('[data-row][tabindex="0"]')?.focus({ preventScroll: true })
  return (
    <div
      ref={scroll}
      data-scroller
      onScroll={markScrolled}
      className={classNames('@container relative overflow-auto rounded-md border bg-surface', isInline ? 'max-h-[640px]' : 'min-h-20')}
    >
      <div
        data-grid
        data-wide={layout.leastWidth > (grid.virtualizer.scrollRect?.width ?? 0) || undefined}
        role={renderExpanded ? 'treegrid' : 'grid'}
        aria-label={table.label}
        aria-rowcount={counts ? counts.matched + 1 : hasMore ? -1 : rows.length + 1}
        aria-colcount={layout.columns.length + (layout.isSelectable ? 2 : 1)}
        aria-multiselectable={layout.isSelectable || undefined}
        aria-busy={isLoading || isRefreshing}
        className="group/grid"
        style={gridStyle(layout)}
      >
        <div role="rowgroup" className="sticky top-0 z-20">
          <TableHead
            table={table}
            layout={layout}
            selection={selection}
            announce={announce}
            onLeave={() => grid.go(Math.max(0, active.index))}
          />
        </div>
        {rows.length > 0 && <TableRows table={table} layout={layout} selection={selection} grid={grid} />}
      </div>
      <TablePlaceholder table={table} layout={layout} />
      <TableEnd table={table} />
      <RowMenu table={table} place={menu} onClose={() => grid.setMenu(undefined)} onReturn={toRow} announce={announce} />
    </div>
  )
}

/** Tells the styles alone: a line beside the first column, where others are under it. */
function markScrolled({ currentTarget }: UIEvent<HTMLElement>): void {
  currentTarget.querySelector('[data-grid]')?.toggleAttribute('data-scrolled', currentTarget.scrollLeft > 0)
}

const gridStyle = <Row,>({ template, leastWidth }: TableLayout<Row>) => ({ '--columns': template, minWidth: leastWidth }) as CSSProperties // React's type knows no custom properties

type RowsProps<Row> = Omit<GridProps<Row>, 'announce'> & { readonly grid: TableGridModel<Row> }

function TableRows<Row>({ table, layout, selection, grid }: RowsProps<Row>) {
  const { rows, rowId, renderExpanded, hrefOf, onOpen } = table
  const { virtualizer, items, expanded, active, menu, body, events, isStale, isFast } = grid
  const t = useText(messages)
  return (
    <div
      role="rowgroup"
      ref={body}
      {...events}
      className={classNames('relative -mb-px transition-opacity', isStale && 'opacity-60 delay-300')}
      style={{ height: virtualizer.getTotalSize() }}
    >
      {items.map(({ index, start }) => {
        const row = rows[index]
        if (row === undefined) return null
        const id = rowId(row)
        const isExpanded = renderExpanded && expanded.has(id)
        return (
          <TableRow
            key={id}
            row={row}
            index={index}
            top={start - virtualizer.options.scrollMargin}
            height={layout.rowHeight}
            columns={layout.columns}
            isActive={index === active.index}
            isFast={isFast}
            isMarked={menu !== undefined && rowId(menu.row) === id}
            isSelected={layout.isSelectable ? selection.has(id) : undefined}
            isExpanded={isExpanded}
            href={hrefOf?.(row) ?? (onOpen ? '' : undefined)}
            t={t}
            measure={isExpanded ? virtualizer.measureElement : undefined}
            renderExpanded={isExpanded ? renderExpanded : undefined}
          />
        )
      })}
    </div>
  )
}
