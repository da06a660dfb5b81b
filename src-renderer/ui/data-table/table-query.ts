import { formatFilter, parseFilter } from './filter-text.ts'
import type { Sort, TableState } from './table-types.ts'

/** The parameters of an address that hold a table's state. */
export type TableQuery = {
  readonly filter: readonly string[] | undefined
  readonly sort: string | undefined
  readonly columns: string | undefined
  readonly search: string | undefined
}
type AnyQuery = Readonly<Record<string, string | readonly string[] | undefined>>

/** A page that shows everything, in the order of the head. */
export const plainState: TableState = { filters: [], sort: null, columns: null }

/** As a head takes it: `column`, or `-column` for the other way round. */
export const formatSort = ({ column, isDescending }: Sort): string => `${isDescending ? '-' : ''}${column}`

/** Every parameter, undefined where the address need not say it, because `usual` is what an address without it means. */
export function tableQuery(state: TableState, usual: TableState = plainState): TableQuery {
  const told = parametersOf(state)
  const untold = parametersOf(usual)
  const isUsual = (name: keyof TableQuery) => String(told[name]) === String(untold[name])
  return {
    filter: isUsual('filter') ? undefined : told.filter.length === 0 ? [''] : told.filter,
    sort: isUsual('sort') ? undefined : told.sort,
    columns: isUsual('columns') ? undefined : told.columns,
    search: isUsual('search') ? undefined : told.search,
  }
}

const parametersOf = ({ filters, sort, columns, search = '' }: TableState) => ({
  filter: filters.map(formatFilter),
  sort: sort === null ? '' : formatSort(sort),
  columns: columns === null ? '' : columns.join(','),
  search,
})

/** The state that an address tells. What it tells wrongly is left out. */
export function stateOfQuery(query: AnyQuery, usual: TableState = plainState): TableState {
  const all = (name: string) => {
    const value = query[name]
    return value === undefined || typeof value === 'string' ? value : value[0]
  }
  const filter = query['filter']
  const sort = all('sort')
  const columns = all('columns')
  const search = all('search') ?? usual.search ?? ''
  return {
    filters: filter === undefined ? usual.filters : [filter].flat().flatMap((text) => parseFilter(text) ?? []),
    sort: sort === undefined ? usual.sort : parseSort(sort),
    columns: columns === undefined ? usual.columns : columns === '' ? null : columns.split(','),
    ...(search !== '' && { search }),
  }
}

function parseSort(text: string): Sort | null {
  const isDescending = text.startsWith('-')
  const column = isDescending ? text.slice(1) : text
  return column === '' ? null : { column, isDescending }
}
