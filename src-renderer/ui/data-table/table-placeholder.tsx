import { SearchX } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../button.tsx'
import { classNames } from '../class-names.ts'
import { EmptyState } from '../empty-state.tsx'
import { Skeleton } from '../skeleton.tsx'
import type { DataTableProps } from './data-table-props.ts'
import { messages } from './messages.ts'
import type { TableLayout } from './use-table-layout.ts'

type PlaceholderProps<Row> = { readonly table: DataTableProps<Row>; readonly layout: TableLayout<Row> }

const skeletonRows = 14
/** Parts of a column that bars of a row fill, so that it does not look like a fence. */
const barWidths = ['70%', '55%', '80%', '45%', '62%'] as const

/** What stands where rows would be. */
export function TablePlaceholder<Row>({ table, layout }: PlaceholderProps<Row>) {
  const { rows, isLoading = false, error, state } = table
  if (rows.length > 0) return null
  if (isLoading) return <Bars layout={layout} />
  if (error != null) return null // the note above says it all
  const isFiltered = state.filters.length > 0 || (state.search ?? '') !== ''
  return (
    <div className="sticky left-0 w-[100cqw]">
      {isFiltered && table.counts?.total !== 0 ? <NothingMatches table={table} /> : table.empty}
    </div>
  )
}

function Bars<Row>({ layout }: { readonly layout: TableLayout<Row> }) {
  return (
    <div aria-hidden style={{ minWidth: layout.leastWidth }}>
      {Array.from({ length: skeletonRows }, (_, row) => (
        <div key={row} className="grid border-b" style={{ gridTemplateColumns: layout.template, height: layout.rowHeight }}>
          {layout.isSelectable && <span />}
          {layout.columns.map((column, place) => (
            <span key={column.id} className={classNames('flex items-center px-2', column.align === 'right' && 'justify-end')}>
              <span style={{ width: barWidths[(row * 3 + place) % barWidths.length] }}>
                <Skeleton className="h-2.5" />
              </span>
            </span>
          ))}
        </div>
      ))}
    </div>
  )
}

function NothingMatches<Row>({ table }: { readonly table: DataTableProps<Row> }) {
  const t = useText(messages)
  const { counts, state, onState } = table
  const showAll = <Button onClick={() => onState({ ...state, filters: [], search: '' })}>{t('showAll')}</Button>
  return (
    <EmptyState icon={SearchX} title={t('nothingMatches')} action={showAll}>
      {counts ? t('nothingMatchesWhy', { total: counts.total }) : t('nothingMatchesUncounted')}
    </EmptyState>
  )
}

/** Below the last row, while there are more to come. */
export function TableEnd<Row>({ table }: { readonly table: DataTableProps<Row> }) {
  const t = useText(messages)
  const { rows, hasMore = false, error, onRetry } = table
  if (!hasMore || rows.length === 0) return null
  return (
    <div className="sticky left-0 flex h-8 w-[100cqw] items-center justify-center gap-2 text-sm text-faint">
      {error == null ? t('loadingMore') : t('moreFailed')}
      {error != null && onRetry && (
        <Button size="sm" onClick={onRetry}>
          {t('retry')}
        </Button>
      )}
    </div>
  )
}
