import type { ReactNode } from 'react'

export const operators = ['eq', 'ne', 'contains', 'prefix', 'regex', 'lt', 'le', 'gt', 'ge', 'in', 'nin'] as const
export type Operator = (typeof operators)[number]

/** One condition; all of a table's hold. `in` and `nin` take several values, apart by commas. */
export type Filter = { readonly column: string; readonly operator: Operator; readonly value: string }
export type Sort = { readonly column: string; readonly isDescending: boolean }

/** What decides which rows a table shows, and which of their columns. */
export type TableState = {
  readonly filters: readonly Filter[]
  readonly sort: Sort | null
  /** Shown, in this order. null: as this browser remembers it, or else as the columns say. */
  readonly columns: readonly string[] | null
  /** Looked for in the search column. */
  readonly search?: string
}

export type OneOfValue = { readonly value: string; readonly label: string }
export type FilterKind =
  | { readonly kind: 'text' }
  | { readonly kind: 'number' }
  | { readonly kind: 'one-of'; readonly values: readonly OneOfValue[] }
  | { readonly kind: 'id' }

/** The first column of a table names the row: it is always there, and always first. */
export type Column<Row> = {
  readonly id: string
  readonly title: string
  /** Pixels. Columns of text also take what is left over, until the user gives them a width. */
  readonly width: number
  readonly align?: 'right'
  readonly isSortable?: boolean
  /** Until the user shows it. */
  readonly isHidden?: boolean
  readonly filter?: FilterKind
  /** What the column means, where its title does not say it all. */
  readonly help?: string
  /** A text is made safe and cut; other nodes are shown as they are. */
  readonly render: (row: Row) => ReactNode
  /** For exports and copies. */
  readonly text: (row: Row) => string
  /** What rows in hand are sorted and filtered by; null sorts last. @default `text` */
  readonly value?: (row: Row) => string | number | null
}
