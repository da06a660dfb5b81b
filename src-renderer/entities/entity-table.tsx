import { SearchX } from 'lucide-react'
import { type ReactNode, useCallback, useDeferredValue, useMemo } from 'react'
import { type ListedThing, type ListQuery, readAll, useListing } from '../api/entity-pages.ts'
import type { Row } from '../api/rows.ts'
import { useText } from '../i18n/messages.ts'
import { useGo } from '../navigation/use-navigation.ts'
import { DataTable } from '../ui/data-table/data-table.tsx'
import { formatFilter } from '../ui/data-table/filter-text.ts'
import type { Column } from '../ui/data-table/table-types.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import type { MenuItem } from '../ui/menu.tsx'
import { messages } from './messages.ts'
import { sortText, useTableUrl } from './table-url.ts'

type EntityTableProps = {
  /** Its id. */
  readonly cluster: string
  readonly thing: ListedThing
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rowId: (row: Row) => string
  /** The column in which the search box looks. */
  readonly searchColumn: string
  /** Always hold, and are not shown: what the page is about. Each `column:operator:value`. */
  readonly fixedFilters?: readonly string[]
  readonly hrefOf?: (row: Row) => string | undefined
  readonly rowActions?: (row: Row) => readonly MenuItem[]
  readonly bulkActions?: (rows: readonly Row[]) => readonly MenuItem[]
  readonly renderExpanded?: (row: Row) => ReactNode
  readonly quickFilters?: ReactNode
  readonly toolbar?: ReactNode
  /** Where nothing is there at all. */
  readonly empty: ReactNode
}

const noFilters: readonly string[] = []

/** A list of things of a cluster: its rows come page by page from the head, which also filters, sorts and counts. */
export function EntityTable({ cluster, thing, fixedFilters = noFilters, searchColumn, hrefOf, empty, ...table }: EntityTableProps) {
  const t = useText(messages)
  const go = useGo()
  const [state, setState] = useTableUrl()
  const search = useDeferredValue(state.search)
  const query = useMemo<ListQuery>(
    () => ({
      filters: [
        ...fixedFilters,
        ...state.filters.map(formatFilter),
        ...(search === undefined || search === '' ? [] : [`${searchColumn}:contains:${search}`]),
      ],
      sort: state.sort === null ? undefined : sortText(state.sort),
      isDetailed: true,
    }),
    [fixedFilters, state.filters, state.sort, search, searchColumn],
  )
  const listing = useListing(cluster, thing, query)
  const isFiltered = state.filters.length > 0 || (search ?? '') !== ''
  const open = useCallback(
    (row: Row) => {
      const to = hrefOf?.(row)
      if (to !== undefined) go(to)
    },
    [go, hrefOf],
  )
  return (
    <DataTable
      {...table}
      id={thing}
      state={state}
      onState={setState}
      rows={listing.rows}
      counts={listing.counts}
      hasMore={listing.hasMore}
      onMore={listing.loadMore}
      isLoading={listing.isLoading}
      isRefreshing={listing.isRefreshing}
      error={listing.error}
      onRetry={listing.retry}
      {...(listing.isOutdated && { news: 1, onShowNews: listing.retry })}
      notes={[...(listing.recordedAtMs === null ? [] : [t('recorded')]), ...listing.notes]}
      {...(hrefOf && { hrefOf, onOpen: open })}
      exportAll={() => readAll(cluster, thing, query)}
      searchColumn={searchColumn}
      empty={
        isFiltered ? (
          <EmptyState icon={SearchX} title={t('emptyFiltered')}>
            {t('emptyFilteredText')}
          </EmptyState>
        ) : (
          empty
        )
      }
    />
  )
}
