import { RefreshCw, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { Button, IconButton } from '../button.tsx'
import { classNames } from '../class-names.ts'
import { ErrorNote } from '../error-note.tsx'
import { ColumnChooser } from './column-chooser.tsx'
import type { DataTableProps } from './data-table-props.ts'
import { ExportMenu } from './export-menu.tsx'
import { AddFilter, FilterChips } from './filter-chips.tsx'
import { messages } from './messages.ts'
import { SearchBox } from './search-box.tsx'
import { TableFoot } from './table-foot.tsx'
import { TableGrid } from './table-grid.tsx'
import { TableNotes } from './table-notes.tsx'
import { useExport } from './use-export.ts'
import { useSelection } from './use-selection.ts'
import { type TableLayout, useTableLayout } from './use-table-layout.ts'
import { ViewsMenu } from './views-menu.tsx'

/** A list that can be searched, filtered, sorted, arranged, selected from and saved. It fills its flex column, unless it is inline. */
export function DataTable<Row>(table: DataTableProps<Row>) {
  const t = useText(messages)
  const { label, rows, rowId, error, onRetry, notes = [], isInline = false } = table
  const section = useRef<HTMLElement>(null)
  const layout = useTableLayout(table)
  const selection = useSelection(rows, rowId)
  const exporting = useExport<Row>()
  const [told, announce] = useState('')
  useMatchAnnouncement(table, announce)
  const toRows = () => section.current?.querySelector<HTMLElement>('[data-row][tabindex="0"]')?.focus()
  const toTop = () => {
    section.current?.querySelector('[data-scroller]')?.scrollTo({ top: 0 })
    section.current?.querySelector<HTMLElement>('[data-head][tabindex="0"]')?.focus() // the button that had it is gone
  }
  return (
    <section
      ref={section}
      aria-label={label}
      className={classNames('flex min-w-0 flex-col gap-2', !isInline && 'max-h-dvh min-h-60 flex-1')}
    >
      <Toolbar table={table} layout={layout} onLeaveSearch={toRows} onShowNews={toTop} announce={announce} startExport={exporting.start} />
      <FilterChips table={table} />
      <TableNotes notes={notes} />
      {error != null && <ErrorNote error={error} {...(onRetry && { onRetry })} />}
      {exporting.error !== undefined && (
        <div className="flex items-start gap-1">
          <div className="min-w-0 flex-1">
            <ErrorNote error={exporting.error} title={t('exportFailed')} />
          </div>
          <IconButton label={t('dismiss')} icon={X} onClick={exporting.forget} />
        </div>
      )}
      <TableGrid table={table} layout={layout} selection={selection} announce={announce} />
      <TableFoot table={table} selection={selection} progress={exporting.progress} onCancelExport={exporting.cancel} />
      <p role="status" className="sr-only">
        {told}
      </p>
    </section>
  )
}

type ToolbarProps<Row> = {
  readonly table: DataTableProps<Row>
  readonly layout: TableLayout<Row>
  readonly onLeaveSearch: () => void
  readonly onShowNews: () => void
  readonly announce: (text: string) => void
  readonly startExport: ReturnType<typeof useExport<Row>>['start']
}

function Toolbar<Row>({ table, layout, onLeaveSearch, onShowNews, announce, startExport }: ToolbarProps<Row>) {
  const canFilter = table.columns.some(({ filter }) => filter !== undefined)
  return (
    <div className="flex flex-wrap items-center gap-2">
      {(canFilter || table.searchColumn !== undefined) && <SearchBox table={table} onLeave={onLeaveSearch} />}
      {table.quickFilters}
      {canFilter && <AddFilter table={table} />}
      <div className="ml-auto flex flex-wrap items-center gap-1">
        <News table={table} onShow={onShowNews} />
        {table.toolbar}
        <ViewsMenu table={table} layout={layout} announce={announce} />
        <ColumnChooser columns={table.columns} layout={layout} />
        <ExportMenu table={table} columns={layout.columns} start={startExport} announce={announce} />
      </div>
    </div>
  )
}

/** What came in the meantime waits here until somebody wants to see it. */
function News<Row>({ table, onShow }: { readonly table: DataTableProps<Row>; readonly onShow: () => void }) {
  const t = useText(messages)
  const { news = false, onShowNews } = table
  const show = () => {
    onShowNews?.()
    onShow()
  }
  const text = news === true ? t('newRowsUncounted') : news === false || news === 0 ? '' : t('newRows', { count: news })
  return (
    <span role="status">
      {text !== '' && (
        <Button icon={RefreshCw} onClick={show} className="border-accent/40! bg-accent-soft! text-accent!">
          {text}
        </Button>
      )}
    </span>
  )
}

/** After somebody changed what is asked for, how much there is of it; not for every change of the rows. */
function useMatchAnnouncement<Row>({ state, counts, isRefreshing = false }: DataTableProps<Row>, announce: (text: string) => void): void {
  const t = useText(messages)
  const { filters, search } = state
  const told = useRef({ filters, search })
  const matched = counts?.matched
  useEffect(() => {
    const isNew = told.current.filters !== filters || told.current.search !== search
    if (!isNew || isRefreshing || matched === undefined) return
    told.current = { filters, search }
    announce(t('matching', { count: matched }))
  }, [isRefreshing, matched, filters, search, announce, t])
}
