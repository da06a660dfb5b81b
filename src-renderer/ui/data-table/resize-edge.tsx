import { type KeyboardEvent, type PointerEvent, useRef } from 'react'
import { useText } from '../../i18n/messages.ts'
import { clampWidth, narrowest, type PlacedColumn, templateOf, widest, type Widths } from './column-layout.ts'
import { messages } from './messages.ts'

type EdgeProps = {
  readonly title: string
  readonly index: number
  readonly shown: readonly PlacedColumn[]
  readonly isSelectable: boolean
  readonly isReachable: boolean
  readonly setWidths: (widths: Readonly<Record<string, number | null>>) => void
}

const keyStep = 16

/** The right edge of a header: dragged, or moved with the arrow keys; a double click gives the column its own width again. */
export function ResizeEdge({ title, index, shown, isSelectable, isReachable, setWidths }: EdgeProps) {
  const t = useText(messages)
  const drag = useRef<{ fromX: number; widths: Widths; now: Widths }>(undefined)
  const column = shown[index]
  if (column === undefined) return null
  const widthNow = (edge: Element) => clampWidth(edge.parentElement?.getBoundingClientRect().width ?? column.width)

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return
    event.preventDefault()
    event.currentTarget.setPointerCapture(event.pointerId)
    const widths = widthsUpTo(event.currentTarget, shown, index)
    drag.current = { fromX: event.clientX, widths, now: widths }
  }
  const onPointerMove = (event: PointerEvent) => {
    const held = drag.current
    if (!held) return
    held.now = { ...held.widths, [column.id]: clampWidth((held.widths[column.id] ?? column.width) + event.clientX - held.fromX) }
    // The page is told once, at the end; until then the browser alone moves the tracks.
    gridOf(event.currentTarget)?.style.setProperty('--columns', templateOf(shown, held.now, isSelectable))
  }
  const onPointerUp = () => {
    if (drag.current && drag.current.now !== drag.current.widths) setWidths(drag.current.now)
    drag.current = undefined
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowLeft' ? -keyStep : event.key === 'ArrowRight' ? keyStep : undefined
    if (by !== undefined) setWidths({ ...widthsUpTo(event.currentTarget, shown, index), [column.id]: widthNow(event.currentTarget) + by })
    else if (event.key === 'Home') setWidths({ [column.id]: narrowest })
    else if (event.key === 'Enter' || event.key === 'Delete' || event.key === 'Backspace') setWidths({ [column.id]: null })
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={t('widthOf', { column: title })}
      aria-valuemin={narrowest}
      aria-valuemax={widest}
      aria-valuenow={column.width}
      tabIndex={isReachable ? 0 : -1}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
      onDoubleClick={() => setWidths({ [column.id]: null })}
      onKeyDown={onKeyDown}
      onFocus={(event) => event.currentTarget.setAttribute('aria-valuenow', String(widthNow(event.currentTarget)))}
      className="group/edge absolute top-0 right-0 z-10 flex h-full w-2 cursor-col-resize touch-none justify-end"
    >
      <span aria-hidden className="my-1.5 w-px bg-line group-hover/edge:my-0 group-hover/edge:w-0.5 group-hover/edge:bg-accent" />
    </div>
  )
}

const gridOf = (edge: Element) => edge.closest<HTMLElement>('[data-grid]')

/** What the columns up to this one measure on the screen. They keep it, so that the edge stays under the pointer. */
function widthsUpTo(edge: Element, shown: readonly PlacedColumn[], index: number): Widths {
  const cells = [...(edge.closest('[role=row]')?.querySelectorAll<HTMLElement>('[data-column]') ?? [])]
  return Object.fromEntries(
    shown.slice(0, index + 1).map(({ id, width }, at) => [id, clampWidth(cells[at]?.getBoundingClientRect().width ?? width)]),
  )
}
