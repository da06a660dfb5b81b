import { formatFilter } from './filter-text.ts'
import { type Filter, operators, type TableState } from './table-types.ts'

export const densities = ['comfortable', 'compact'] as const
export type Density = (typeof densities)[number]

/** How somebody likes a table to look, on this device. */
export type TableMemory = {
  readonly columns: readonly string[] | null
  readonly widths: Readonly<Record<string, number>>
  readonly density: Density
}
export type SavedView = { readonly name: string; readonly state: TableState }

export const longestViewName = 60
/** A menu is no place for more. */
export const mostViews = 50

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const textsOf = (value: unknown): readonly string[] | null =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : null

/** What was kept may be of another version, or not ours: what does not fit is forgotten. */
export function memoryOf(kept: unknown): TableMemory {
  const { columns, widths, density } = isRecord(kept) ? kept : {}
  return {
    columns: textsOf(columns),
    widths: isRecord(widths)
      ? Object.fromEntries(Object.entries(widths).filter((entry): entry is [string, number] => Number.isFinite(entry[1])))
      : {},
    density: densities.find((each) => each === density) ?? 'comfortable',
  }
}

export function viewsOf(kept: unknown): readonly SavedView[] {
  const views = Array.isArray(kept) ? kept : []
  return views
    .flatMap((view: unknown) =>
      isRecord(view) && typeof view['name'] === 'string' && view['name'] !== ''
        ? [{ name: view['name'], state: stateOf(view['state']) }]
        : [],
    )
    .slice(0, mostViews)
}

function stateOf(kept: unknown): TableState {
  const { filters, sort, columns, search } = isRecord(kept) ? kept : {}
  return {
    filters: Array.isArray(filters) ? filters.filter(isFilter) : [],
    sort:
      isRecord(sort) && typeof sort['column'] === 'string' ? { column: sort['column'], isDescending: sort['isDescending'] === true } : null,
    columns: textsOf(columns),
    ...(typeof search === 'string' && search !== '' && { search }),
  }
}

function isFilter(value: unknown): value is Filter {
  if (!isRecord(value)) return false
  const { column, operator, value: wanted } = value
  return typeof column === 'string' && operators.some((each) => each === operator) && typeof wanted === 'string'
}

/** With the view of that name as it is now; new ones come last. */
export function withView(views: readonly SavedView[], saved: SavedView): readonly SavedView[] {
  return views.some(({ name }) => name === saved.name)
    ? views.map((view) => (view.name === saved.name ? saved : view))
    : [...views, saved].slice(-mostViews)
}

/** Whether a table shows what the view saved. A view that chose no columns does not mind which are shown. */
export function isShowing(view: TableState, state: TableState): boolean {
  const told = ({ filters, sort, search = '' }: TableState) =>
    JSON.stringify([filters.map(formatFilter), sort?.column, sort?.isDescending, search])
  return told(view) === told(state) && (view.columns === null || String(view.columns) === String(state.columns))
}

export type ActiveView = { readonly name: string; readonly isModified: boolean }

/** The view that a table is in: one that fits, best the one chosen last; else that one, changed; none of a table without any filter. */
export function activeView(views: readonly SavedView[], state: TableState, chosen: string | undefined): ActiveView | undefined {
  const fitting = views.filter((view) => isShowing(view.state, state))
  const fit = fitting.find(({ name }) => name === chosen) ?? fitting[0]
  if (fit) return { name: fit.name, isModified: false }
  const isPlain = state.filters.length === 0 && (state.search ?? '') === ''
  const left = isPlain ? undefined : views.find(({ name }) => name === chosen)
  return left && { name: left.name, isModified: true }
}
