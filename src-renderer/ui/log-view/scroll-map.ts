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

/** Whether the scroll bar and the list move alike all the way. */
export const isExact = (extent: Extent): boolean => extent.averageHeight === rowHeight && contentHeight(extent) <= highestSpacer

/** This near its ends, in px, the bar moves like the list, so that both arrive there together. */
const alike = 1_000_000

/** Px of the bar and of the list that stand for each other: the parts near the ends are alike, and what is between is pressed together. */
function scaleOf(extent: Extent) {
  const [bar, list] = [spacerHeight(extent) - extent.viewport, contentHeight(extent) - extent.viewport]
  const isPressed = list > bar
  const scale = isPressed ? (list - 2 * alike) / (bar - 2 * alike) : 1
  return { bar, list, scale, isPressed }
}

export function placeOfScroll(scrollTop: number, extent: Extent): RowPlace {
  const { bar, list, scale, isPressed } = scaleOf(extent)
  if (bar <= 0) return { row: 0, part: 0 }
  const at = Math.min(Math.max(0, scrollTop), bar)
  const fromEnd = bar - at
  const px = !isPressed || at <= alike ? at : fromEnd <= alike ? list - fromEnd : alike + (at - alike) * scale
  const rows = px / extent.averageHeight
  return { row: Math.floor(rows), part: rows - Math.floor(rows) }
}

export function scrollOfPlace({ row, part }: RowPlace, extent: Extent): number {
  const { bar, list, scale, isPressed } = scaleOf(extent)
  if (bar <= 0) return 0
  const px = Math.min(Math.max(0, (row + part) * extent.averageHeight), list)
  if (!isPressed || px <= alike) return px
  return list - px <= alike ? bar - (list - px) : alike + (px - alike) / scale
}
