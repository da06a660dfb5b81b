import { type FocusEvent, type KeyboardEvent, type MouseEvent, type PointerEvent, useState } from 'react'
import type { HeatItem } from './heat-map-items.ts'
import { type Direction, itemAt, type HeatMapLayout, neighbourOf } from './heat-map-layout.ts'

type ActiveRequest = {
  readonly items: readonly HeatItem[]
  readonly layout: HeatMapLayout
  readonly selected: string | undefined
  readonly onOpen: (id: string) => void
  readonly onHover: ((id: string | null) => void) | undefined
}

const directions: Readonly<Record<string, Direction>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }

/** The item that the keyboard is at, and the one that is told about: by the pointer, or by the keyboard where it is not there. */
export function useActiveItem({ items, layout, selected, onOpen, onHover }: ActiveRequest) {
  // by their ids: items come and go while one is at them
  const [activeId, setActiveId] = useState<string | undefined>(undefined)
  const [tip, setTip] = useState<{ readonly id: string; readonly top: number } | null>(null)
  const [isByKeys, setByKeys] = useState(false)
  const placeOf = (id: string | undefined) => (id === undefined ? -1 : items.findIndex((item) => item.id === id))
  const active = Math.max(0, placeOf(activeId ?? selected))

  const tell = (id: string | null, map: HTMLElement) => {
    if (id === (tip?.id ?? null)) return
    setTip(id === null ? null : { id, top: map.getBoundingClientRect().top })
    onHover?.(id)
  }
  const moveTo = (index: number, map: HTMLElement) => {
    const id = items[index]?.id
    if (id === undefined) return
    setActiveId(id)
    setByKeys(true)
    tell(id, map)
  }
  const pointed = (event: PointerEvent<HTMLElement> | MouseEvent<HTMLElement>) => {
    const { left, top } = event.currentTarget.getBoundingClientRect()
    return items[itemAt(layout.boxes, event.clientX - left, event.clientY - top)]?.id ?? null
  }
  const handlers = {
    onPointerMove: (event: PointerEvent<HTMLElement>) => tell(pointed(event), event.currentTarget),
    onPointerLeave: (event: PointerEvent<HTMLElement>) => tell(null, event.currentTarget),
    onClick(event: MouseEvent<HTMLElement>) {
      const id = pointed(event)
      if (id === null) return
      setActiveId(id)
      onOpen(id)
    },
    onFocus(event: FocusEvent<HTMLElement>) {
      if (event.currentTarget.matches(':focus-visible')) moveTo(active, event.currentTarget)
    },
    onBlur(event: FocusEvent<HTMLElement>) {
      setByKeys(false)
      tell(null, event.currentTarget)
    },
    onKeyDown(event: KeyboardEvent<HTMLElement>) {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const direction = directions[event.key]
      const item = items[active]
      if (direction !== undefined) moveTo(neighbourOf(layout.boxes, active, direction), event.currentTarget)
      else if (event.key === 'Home') moveTo(0, event.currentTarget)
      else if (event.key === 'End') moveTo(items.length - 1, event.currentTarget)
      else if ((event.key === 'Enter' || event.key === ' ') && item) onOpen(item.id)
      else if (event.key === 'Escape' && tip !== null) tell(null, event.currentTarget)
      else return
      event.preventDefault()
      event.stopPropagation()
    },
  }
  return { active, tip: { index: placeOf(tip?.id), top: tip?.top ?? 0 }, isByKeys, handlers }
}
