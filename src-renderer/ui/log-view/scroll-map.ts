/** How high a row is that is not wrapped, in px. */
export const rowHeight = 18
/** Browsers cut what is higher than some 33 million px; from here on a px of the scroll bar stands for more than one of the list. */
export const highestSpacer = 8_000_000

/** Of a list: its rows, how high they are on average, and how much of it is in sight, in px. */
export type Extent = { readonly rows: number; readonly averageHeight: number; readonly viewport: number }
/** A row, and how far its top is above that of the view, in rows. */
export type RowPlace = { readonly row: number; readonly part: number }

const contentHeight = ({ rows, averageHeight }: Extent): number => rows * averageHeight

/** How high the thing is that makes the scroll bar. */
export const spacerHeight = (extent: Extent): number => Math.min(highestSpacer, contentHeight(extent))

/** Whether the scroll bar and the list move alike. */
export const isExact = (extent: Extent): boolean => extent.averageHeight === rowHeight && contentHeight(extent) <= highestSpacer

export function placeOfScroll(scrollTop: number, extent: Extent): RowPlace {
  const range = spacerHeight(extent) - extent.viewport
  if (range <= 0) return { row: 0, part: 0 }
  const rows = ((Math.min(Math.max(0, scrollTop), range) / range) * (contentHeight(extent) - extent.viewport)) / extent.averageHeight
  return { row: Math.floor(rows), part: rows - Math.floor(rows) }
}

export function scrollOfPlace({ row, part }: RowPlace, extent: Extent): number {
  const range = spacerHeight(extent) - extent.viewport
  if (range <= 0) return 0
  const scroll = (((row + part) * extent.averageHeight) / (contentHeight(extent) - extent.viewport)) * range
  return Math.min(Math.max(0, scroll), range)
}
