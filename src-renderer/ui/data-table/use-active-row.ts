import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react'
import { placeOf } from './row-keys.ts'

export type ActiveRow = {
  /** The row that keys act on; -1 without rows. */
  readonly index: number
  /** Goes there, with the keyboard. */
  readonly go: (index: number) => void
  /** Back to the first row, whichever that will be. */
  readonly reset: () => void
  readonly onFocusIn: (index: number) => void
  readonly onFocusOut: (event: { readonly target: Element; readonly relatedTarget: EventTarget | null }) => void
}

type Io<Row> = {
  readonly rows: readonly Row[]
  readonly rowId: (row: Row) => string
  readonly body: RefObject<HTMLElement | null>
}

/** Keeps to the row by its id while rows come, go and move, with the keyboard's focus if it was there. */
export function useActiveRow<Row>({ rows, rowId, body }: Io<Row>): ActiveRow {
  const [active, setActive] = useState<{ readonly id: string | undefined; readonly index: number }>({ id: undefined, index: 0 })
  const hasFocus = useRef(false)
  const wantsFocus = useRef(false)
  const index = placeOf(rows, rowId, active)
  const row = rows[index]
  const id = row === undefined ? active.id : rowId(row)
  // Without rows the old one is kept in mind: they may only be read again. Until somebody comes to a row, it is just the first.
  if (row !== undefined && active.id !== undefined && (active.id !== id || active.index !== index)) setActive({ id, index })

  useLayoutEffect(() => {
    const isLost = hasFocus.current && document.activeElement === document.body
    if (!wantsFocus.current && !isLost) return
    wantsFocus.current = false
    body.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: true })
  })

  const at = (place: number) => {
    const target = rows[place]
    if (target !== undefined) setActive({ id: rowId(target), index: place })
    return target !== undefined
  }
  return {
    index,
    go(place) {
      wantsFocus.current = at(place)
    },
    reset: useCallback(() => setActive({ id: undefined, index: 0 }), []),
    onFocusIn(place) {
      hasFocus.current = true
      at(place)
    },
    onFocusOut({ target, relatedTarget }) {
      if (relatedTarget !== null) hasFocus.current = false
      // Without a follower it was a click on nothing, or the row was taken out of the page: then the focus is to come back.
      else queueMicrotask(() => (hasFocus.current &&= !target.isConnected))
    },
  }
}
