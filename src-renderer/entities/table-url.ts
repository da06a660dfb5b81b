import { useCallback, useMemo } from 'react'
import { allOf, firstOf } from '../navigation/query.ts'
import { useQueryState } from '../navigation/use-navigation.ts'
import { formatFilter, parseFilter } from '../ui/data-table/filter-text.ts'
import type { TableState } from '../ui/data-table/table-types.ts'

/** What a table shows, as it stands in the address: so it can be sent, and gone back to. */
export function useTableUrl(): [TableState, (state: TableState) => void] {
  const [query, change] = useQueryState()
  const { filter, sort, columns, q } = query
  const state = useMemo<TableState>(() => {
    const sorted = firstOf(sort)
    const shown = firstOf(columns)
    const search = firstOf(q)
    return {
      filters: allOf(filter).flatMap((text) => parseFilter(text) ?? []),
      sort: sorted === undefined ? null : { column: sorted.replace(/^-/, ''), isDescending: sorted.startsWith('-') },
      columns: shown === undefined ? null : shown.split(','),
      ...(search !== undefined && { search }),
    }
  }, [filter, sort, columns, q])
  const setState = useCallback(
    (next: TableState) =>
      change({
        filter: next.filters.length === 0 ? undefined : next.filters.map(formatFilter),
        sort: next.sort === null ? undefined : sortText(next.sort),
        columns: next.columns === null ? undefined : next.columns.join(','),
        q: next.search === undefined || next.search === '' ? undefined : next.search,
      }),
    [change],
  )
  return [state, setState]
}

export const sortText = ({ column, isDescending }: { readonly column: string; readonly isDescending: boolean }): string =>
  `${isDescending ? '-' : ''}${column}`
