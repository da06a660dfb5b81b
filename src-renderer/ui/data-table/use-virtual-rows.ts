import { defaultRangeExtractor, type Range, useVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react'
import { headHeight } from './column-layout.ts'

type Io<Row> = {
  readonly rows: readonly Row[]
  readonly rowId: (row: Row) => string
  readonly rowHeight: number
  readonly scroll: RefObject<HTMLDivElement | null>
  readonly activeIndex: number
}

export type VirtualRows = {
  readonly virtualizer: Virtualizer<HTMLDivElement, Element>
  /** More than a window of rows goes by with each frame: nobody can read more than their names. */
  readonly isFast: boolean
}

/** The rows in sight. The current one is kept in the page wherever it is, since the keyboard's focus is in it. */
export function useVirtualRows<Row>({ rows, rowId, rowHeight, scroll, activeIndex }: Io<Row>): VirtualRows {
  const pace = useRef({ offset: 0, jumps: 0 })
  const [isFast, setFast] = useState(false)
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
    onChange({ scrollOffset, scrollRect, isScrolling }) {
      const offset = scrollOffset ?? 0
      const isJump = Math.abs(offset - pace.current.offset) > (scrollRect?.height ?? 0)
      pace.current = { offset, jumps: isJump ? pace.current.jumps + 1 : 0 }
      setFast(isScrolling && pace.current.jumps > 1) // a single jump is a key or a click, and somebody wants to read
    },
    overscan: 6,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    rangeExtractor: useCallback((range: Range) => withRow(defaultRangeExtractor(range), activeIndex, range.count), [activeIndex]),
  })
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight])
  return { virtualizer, isFast }
}

function withRow(indexes: number[], row: number, count: number): number[] {
  if (row < 0 || row >= count || indexes.includes(row)) return indexes
  return [...indexes, row].sort((one, other) => one - other)
}
