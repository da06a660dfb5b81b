import type { ReactNode } from 'react'
import type { MenuItem } from '../menu.tsx'
import type { Column, TableState } from './table-types.ts'

export type DataTableProps<Row> = {
  /** Under which columns, widths, density and views are remembered; also names exported files. */
  readonly id: string
  /** What is listed, such as "Jobs". */
  readonly label: string
  /** Keep them, and the functions in them, from one render to the next: a row is drawn again only when something of it changes. */
  readonly columns: readonly Column<Row>[]
  readonly state: TableState
  readonly onState: (state: TableState) => void
  readonly rows: readonly Row[]
  readonly rowId: (row: Row) => string
  /** Exact, of all there is; null until they are known. */
  readonly counts: { readonly matched: number; readonly total: number } | null
  readonly hasMore?: boolean | undefined
  /** Asked when the end comes near; asking again while it loads must be harmless. */
  readonly onMore?: (() => void) | undefined
  readonly isLoading?: boolean | undefined
  readonly isRefreshing?: boolean | undefined
  readonly error?: unknown
  readonly onRetry?: (() => void) | undefined
  /** Rows that came or changed and are not in `rows` yet; true where nobody counted them. */
  readonly news?: number | boolean | undefined
  readonly onShowNews?: (() => void) | undefined
  readonly rowActions?: ((row: Row) => readonly MenuItem[]) | undefined
  /** With these rows can be selected. */
  readonly bulkActions?: ((rows: readonly Row[]) => readonly MenuItem[]) | undefined
  readonly onOpen?: ((row: Row) => void) | undefined
  /** The first column becomes a link to it, so that column must hold no controls of its own. */
  readonly hrefOf?: ((row: Row) => string | undefined) | undefined
  readonly renderExpanded?: ((row: Row) => ReactNode) | undefined
  /** In place of rows where there are none at all. When filters hide all of them the table says so itself. */
  readonly empty: ReactNode
  readonly toolbar?: ReactNode
  readonly quickFilters?: ReactNode
  /** What is missing in the rows. */
  readonly notes?: readonly string[] | undefined
  /** Every row that passes the filters, in parts. The signal tells that nobody waits any more. @default the rows that are here */
  readonly exportAll?: ((signal: AbortSignal) => AsyncIterable<readonly Row[]>) | undefined
  /** The id of the column that the search box looks in. */
  readonly searchColumn?: string | undefined
  /** As high as its rows, up to 640 px, instead of all the room there is. @default false */
  readonly isInline?: boolean | undefined
}
