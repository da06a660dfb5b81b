import { type RefObject, useEffect, useLayoutEffect, useReducer, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { LogScroller } from './log-scroller.ts'

export type ScrollerParts = {
  readonly scroller: LogScroller
  readonly containerRef: RefObject<HTMLDivElement | null>
  readonly layerRef: RefObject<HTMLDivElement | null>
  /** Of the container, in px; 0 before it is drawn. */
  readonly width: number
}

/** A scroller for the list of this component, which is drawn again whenever it moves. */
export function useLogScroller(isFollowing: boolean): ScrollerParts {
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const [width, setWidth] = useState(0)
  const containerRef = useRef<HTMLDivElement>(null)
  const layerRef = useRef<HTMLDivElement>(null)
  const [scroller] = useState(() => new LogScroller(isFollowing, (isUrgent) => (isUrgent ? flushSync(redraw) : redraw())))

  useEffect(() => {
    const [container, layer] = [containerRef.current, layerRef.current]
    if (container === null || layer === null) return
    const views = new ResizeObserver(() => flushSync(() => (setWidth(container.clientWidth), redraw())))
    const layers = new ResizeObserver(() => scroller.widen(layer.offsetWidth))
    views.observe(container)
    layers.observe(layer)
    return () => (views.disconnect(), layers.disconnect())
  }, [scroller])

  // After each drawing, as anything may have changed what stands where.
  useLayoutEffect(() => {
    scroller.attach(containerRef.current, layerRef.current)
    scroller.place()
  })
  return { scroller, containerRef, layerRef, width }
}
