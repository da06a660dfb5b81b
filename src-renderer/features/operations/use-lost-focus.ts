import { type RefObject, useEffect, useRef } from 'react'

/** When what had the focus went as `state` changed, such as the button that brought the change about, the focus comes to that place. */
export function useLostFocus(place: RefObject<HTMLElement | null>, state: string): void {
  const last = useRef<EventTarget>(null)
  useEffect(() => {
    const onFocusIn = ({ target }: FocusEvent) => (last.current = target)
    document.addEventListener('focusin', onFocusIn)
    return () => document.removeEventListener('focusin', onFocusIn)
  }, [])
  useEffect(() => {
    const isGone = last.current instanceof Element && !last.current.isConnected
    if (isGone && document.activeElement === document.body) place.current?.focus({ preventScroll: true })
  }, [place, state])
}
