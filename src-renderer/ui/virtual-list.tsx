import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react'

type VirtualListProps<Item> = {
  readonly label: string
  readonly items: readonly Item[]
  readonly keyOf: (item: Item) => string
  /** Of a row that was not measured yet, in pixels. */
  readonly rowHeight: number
  readonly renderRow: (item: Item) => ReactNode
}

/** Fewer are all there: found by a search in the page, and read in one go. */
const plainUpTo = 40

/** Rows of any height, of which those in sight are there; it scrolls with what it stands in. */
export function VirtualList<Item>(props: VirtualListProps<Item>) {
  const { label, items, keyOf, renderRow } = props
  if (items.length > plainUpTo) return <LongList {...props} />
  return (
    <ul aria-label={label}>
      {items.map((item) => (
        <li key={keyOf(item)}>{renderRow(item)}</li>
      ))}
    </ul>
  )
}

function LongList<Item>({ label, items, keyOf, rowHeight, renderRow }: VirtualListProps<Item>) {
  const list = useRef<HTMLUListElement>(null)
  const { scroller, offset } = useScroller(list)
  // oxlint-disable-next-line react/incompatible-library -- no compiler memoizes this page
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller,
    estimateSize: () => rowHeight,
    getItemKey: (index) => {
      const item = items[index]
      return item === undefined ? index : keyOf(item)
    },
    scrollMargin: offset,
    overscan: 10,
  })
  return (
    <ul ref={list} aria-label={label} className="relative" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, key, start }) => {
        const item = items[index]
        return item === undefined ? null : (
          <li
            key={key}
            ref={virtual.measureElement}
            data-index={index}
            aria-setsize={items.length}
            aria-posinset={index + 1}
            className="absolute top-0 left-0 w-full"
            style={{ transform: `translateY(${start - offset}px)` }}
          >
            {renderRow(item)}
          </li>
        )
      })}
    </ul>
  )
}

/** What scrolls around an element, and how far down in it the element begins. */
function useScroller(element: React.RefObject<HTMLElement | null>): { scroller: HTMLElement | null; offset: number } {
  const [place, setPlace] = useState<{ scroller: HTMLElement | null; offset: number }>({ scroller: null, offset: 0 })
  useLayoutEffect(() => {
    const scroller = scrollerOf(element.current)
    if (element.current === null || scroller === null) return undefined
    const look = () => {
      const top = element.current?.getBoundingClientRect().top ?? 0
      const offset = Math.round(top - scroller.getBoundingClientRect().top + scroller.scrollTop)
      setPlace((before) => (before.scroller === scroller && before.offset === offset ? before : { scroller, offset }))
    }
    look()
    const observer = new ResizeObserver(look) // what stands above may grow
    for (const child of scroller.children) observer.observe(child)
    return () => observer.disconnect()
  }, [element])
  return place
}

/** What only scrolls sideways is said to scroll both ways, and is as high as all that is in it. */
function scrollerOf(element: HTMLElement | null): HTMLElement | null {
  let outermost: HTMLElement | null = null
  for (let each = element?.parentElement ?? null; each !== null; each = each.parentElement) {
    if (!/auto|scroll/.test(getComputedStyle(each).overflowY)) continue
    if (each.scrollHeight > each.clientHeight + 1) return each
    outermost = each
  }
  return outermost
}
