import { type RefObject, useEffect, useEffectEvent } from 'react'

/** What one types in has an Esc of its own. */
const typed = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable="true"]'

/**
 * One Esc, wherever the focus is in that place or around it. It is heard before anybody else does: a button's tooltip would take the key, and
 * a row of a table, and then a second one were needed. Menus and dialogs lie elsewhere in the page, and keep theirs.
 */
export function useEscape(place: RefObject<HTMLElement | null>, onEscape: () => void): void {
  const act = useEffectEvent(onEscape)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event
      if (event.key !== 'Escape' || event.isComposing || !(target instanceof Element) || target.matches(typed)) return
      if (place.current === null || !(place.current.contains(target) || target.contains(place.current))) return
      event.preventDefault()
      act()
    }
    window.addEventListener('keydown', onKey, { capture: true })
    return () => window.removeEventListener('keydown', onKey, { capture: true })
  }, [place])
}
