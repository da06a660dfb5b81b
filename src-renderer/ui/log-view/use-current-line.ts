import { useEffect, useRef, useState } from 'react'
import type { LineReference } from './log-line.ts'
import type { LogScroller } from './log-scroller.ts'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import { nextFrame } from './next-frame.ts'
import type { ScrollerParts } from './use-log-scroller.ts'

type CurrentLineInput = {
  readonly store: LogStore
  readonly search: LogSearch
  readonly parts: ScrollerParts
  readonly highlightLine: LineReference | undefined
}

export type CurrentLine = {
  readonly id: number | null
  readonly set: (id: number) => void
  /** To the next hit, or the one before. */
  readonly move: (direction: 'next' | 'previous') => void
  /** When what is typed now was looked for, the nearest hit becomes the current line. */
  readonly awaitHit: () => void
}

/** The line that keys act on: chosen, found, or named by a link. */
export function useCurrentLine({ store, search, parts, highlightLine }: CurrentLineInput): CurrentLine {
  const { scroller } = parts
  const [id, set] = useState<number | null>(null)
  const awaited = useRef<{ from: number } | null>(null)
  useEffect(
    () =>
      search.subscribe(() => {
        if (awaited.current === null || search.isWorking) return
        const hit = search.findHit(awaited.current.from - 1, 'next')
        awaited.current = null
        if (hit === undefined) return
        set(hit)
        scroller.reveal(hit, 'middle')
      }),
    [search, scroller],
  )
  useMarkInSight(parts, search.isHit(id ?? -1) ? id : null)
  useHighlight({ store, highlightLine, scroller, set })
  return {
    id,
    set,
    move: (direction) => {
      awaited.current = null
      const hit = search.findHit(id ?? scroller.topId - (direction === 'next' ? 1 : 0), direction)
      if (hit === undefined) return
      set(hit)
      scroller.reveal(hit, 'middle')
    },
    awaitHit: () => {
      awaited.current = { from: awaited.current?.from ?? id ?? scroller.topId }
    },
  }
}

/** Scrolls aside, once for each hit, until what was found in it can be seen. */
function useMarkInSight({ containerRef }: ScrollerParts, hit: number | null): void {
  const shown = useRef<number | null>(null)
  useEffect(() => {
    if (shown.current === hit) return
    const mark = hit === null ? null : containerRef.current?.querySelector(`[data-line="${hit}"] mark`)
    if (hit !== null && !mark) return // it is marked a moment later
    shown.current = hit
    const gutter = mark?.closest('[data-line]')?.firstElementChild?.getBoundingClientRect()
    const [view, box] = [containerRef.current?.getBoundingClientRect(), mark?.getBoundingClientRect()]
    if (!view || !box || !gutter || !containerRef.current) return
    if (box.left >= gutter.right && box.right <= view.right) return
    containerRef.current.scrollLeft += box.left - gutter.right - (view.right - gutter.right) / 3
  })
}

type HighlightInput = Pick<CurrentLineInput, 'store' | 'highlightLine'> & {
  readonly scroller: LogScroller
  readonly set: (id: number) => void
}

/** Goes to a linked line once, when it has come. */
function useHighlight({ store, highlightLine, scroller, set }: HighlightInput): void {
  const key = JSON.stringify(highlightLine)
  useEffect(() => {
    const reference: LineReference | undefined = key === undefined ? undefined : JSON.parse(key)
    if (reference === undefined) return
    let lookedTo = 0
    const look = () => {
      const id = store.findLine(reference, lookedTo)
      lookedTo = store.endId
      if (id === undefined) return
      leave()
      set(id)
      scroller.reveal(id, 'middle')
    }
    const leave = store.subscribe(look)
    nextFrame(look)
    return leave
  }, [store, key, scroller, set])
}
