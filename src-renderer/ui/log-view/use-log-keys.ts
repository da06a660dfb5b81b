import type { KeyboardEvent } from 'react'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import { rowHeight } from './scroll-map.ts'
import type { CurrentLine } from './use-current-line.ts'
import type { ScrollerParts } from './use-log-scroller.ts'

type LogKeysInput = {
  readonly parts: ScrollerParts
  readonly store: LogStore
  readonly search: LogSearch
  readonly current: CurrentLine
  readonly openSearch: () => void
}

/** Keys of the whole view, and those that move in its list. */
export function useLogKeys({ parts, store, search, current, openSearch }: LogKeysInput) {
  const { scroller, containerRef } = parts
  const stepCurrent = (by: number) => {
    if (search.rowCount === 0) return
    const isKept = current.id !== null && current.id >= store.firstId && isInSight(containerRef.current, current.id)
    const row =
      isKept && current.id !== null ? search.rowOfId(current.id) + by : search.rowOfId(by > 0 ? scroller.topId : scroller.bottomId)
    const id = search.idOfRow(Math.min(Math.max(0, row), search.rowCount - 1))
    current.set(id)
    scroller.reveal(id, 'edge')
  }
  const page = () => Math.max(rowHeight, (containerRef.current?.clientHeight ?? 0) - rowHeight)
  const listActions: Readonly<Record<string, () => void>> = {
    ArrowDown: () => stepCurrent(1),
    ArrowUp: () => stepCurrent(-1),
    PageDown: () => scroller.moveBy(page()),
    PageUp: () => scroller.moveBy(-page()),
    ' ': () => scroller.moveBy(page()),
    Home: () => scroller.toStart(),
    End: () => scroller.toEnd(),
  }
  const viewActions: Readonly<Record<string, () => void>> = {
    '/': openSearch,
    n: () => current.move('next'),
    N: () => current.move('previous'),
    G: () => scroller.toEnd(),
  }
  return {
    onListKeyDown: (event: KeyboardEvent) => {
      if (event.target === event.currentTarget && !event.altKey && !event.metaKey) act(event, listActions)
    },
    onViewKeyDown: (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'f') act(event, { [event.key]: openSearch })
      else if (!event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event)) act(event, viewActions)
    },
  }
}

function act(event: KeyboardEvent, actions: Readonly<Record<string, () => void>>): void {
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined
  if (action === undefined) return
  event.preventDefault()
  event.stopPropagation() // the page has keys of its own
  action()
}

const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

function isInSight(container: HTMLElement | null, id: number): boolean {
  const box = container?.querySelector(`[data-line="${id}"]`)?.getBoundingClientRect()
  const view = container?.getBoundingClientRect()
  return box !== undefined && view !== undefined && box.bottom > view.top && box.top < view.bottom
}
