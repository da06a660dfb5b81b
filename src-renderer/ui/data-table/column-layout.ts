import type { Column } from './table-types.ts'

/** A column as far as its place goes. */
export type PlacedColumn = Pick<Column<unknown>, 'id' | 'width' | 'align' | 'isHidden'>
export type Widths = Readonly<Record<string, number>>

export const narrowest = 48
export const widest = 1_200
/** Of the column of checkboxes, and of the one of row menus. */
export const edgeWidth = 32
export const headHeight = 28

/** The columns to show, in order. The first of the table leads, whatever was chosen; names that are no columns are passed over. */
export function shownColumns<C extends PlacedColumn>(columns: readonly C[], chosen: readonly string[] | null): readonly C[] {
  const [first, ...rest] = columns
  if (first === undefined) return []
  if (chosen === null) return [first, ...rest.filter(({ isHidden }) => isHidden !== true)]
  const picked = [...new Set(chosen)].flatMap((id) => rest.find((column) => column.id === id) ?? [])
  return [first, ...picked]
}

/** All columns as a chooser lists them: the shown in their order, each hidden one behind the column it follows by nature. */
export function chooserOrder<C extends PlacedColumn>(columns: readonly C[], shown: readonly C[]): readonly C[] {
  const order = [...shown]
  for (const [index, column] of columns.entries()) {
    if (order.includes(column)) continue
    const before = columns[index - 1]
    order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, column)
  }
  return order
}

/** The shown ids after one was shown or hidden, at the place where the chooser lists it. */
export function toggledColumn(columns: readonly PlacedColumn[], shown: readonly PlacedColumn[], id: string): readonly string[] {
  const isShown = (column: PlacedColumn) => shown.includes(column) !== (column.id === id)
  return chooserOrder(columns, shown)
    .filter(isShown)
    .map((column) => column.id)
}

/** The shown ids after one went a place up (-1) or down (1); the first column keeps its place. */
export function movedColumn(shown: readonly PlacedColumn[], id: string, by: -1 | 1): readonly string[] {
  const ids = shown.map((column) => column.id)
  const from = ids.indexOf(id)
  const to = from + by
  if (from < 1 || to < 1 || to >= ids.length) return ids
  ids.splice(to, 0, ...ids.splice(from, 1))
  return ids
}

export const clampWidth = (width: number): number => Math.round(Math.min(widest, Math.max(narrowest, width)))

export const widthOf = ({ id, width }: PlacedColumn, widths: Widths): number => (Object.hasOwn(widths, id) ? (widths[id] ?? width) : width)

/** The tracks of a row's grid. Columns of text share what is left over; without any of those the last one takes it. */
export function templateOf(shown: readonly PlacedColumn[], widths: Widths, isSelectable: boolean): string {
  const stretches = (column: PlacedColumn) => column.align !== 'right' && !Object.hasOwn(widths, column.id)
  const last = shown.some(stretches) ? undefined : shown.at(-1)
  const tracks = shown.map((column) => {
    const width = widthOf(column, widths)
    return stretches(column) || column === last ? `minmax(${width}px,${width}fr)` : `${width}px`
  })
  return [...(isSelectable ? [`${edgeWidth}px`] : []), ...tracks, `${edgeWidth}px`].join(' ')
}

/** Pixels below which a table scrolls sideways. */
export const leastWidth = (shown: readonly PlacedColumn[], widths: Widths, isSelectable: boolean): number =>
  shown.reduce((sum, column) => sum + widthOf(column, widths), edgeWidth * (isSelectable ? 2 : 1))
