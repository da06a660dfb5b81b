import { defaultRangeExtractor, type Range, useVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useLayoutEffect } from 'react'
import { headHeight } from './column-layout.ts'

type Io<Row> = {
  readonly rows: readonly Row[]
  readonly rowId: (row: Row) => string
  readonly rowHeight: number
  readonly scroll: RefObject<HTMLDivElement | null>
  readonly activeIndex: number
}

/** The rows in sight. The current one is kept in the page wherever it is, since the keyboard's focus is in it. */
export function useVirtualRows<Row>({ rows, rowId, rowHeight, scroll, activeIndex }: Io<Row>): Virtualizer<HTMLDivElement, Element> {
  // oxlint-disable-next-line react/incompatible-library -- its functions are called anew at each render, and nothing memoizes them
  const virtualizer = useVirtualizer<HTMLDivElement, Element>({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: useCallback(() => rowHeight, [rowHeight]),
    getItemKey: useCallback(
      (index: number) => {
        const row = rows[index]
        return row === undefined ? index : rowId(row)
      },
      [rows, rowId],
    ),
    overscan: 6,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    rangeExtractor: useCallback((range: Range) => withRow(defaultRangeExtractor(range), activeIndex, range.count), [activeIndex]),
  })
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight])
  return virtualizer
}

function withRow(indexes: number[], row: number, count: number): number[] {
  if (row < 0 || row >= count || indexes.includes(row)) return indexes
  return [...indexes, row].sort((one, other) => one - other)
}
