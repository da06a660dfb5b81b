import { type ReactNode, type RefObject, useEffect, useRef } from 'react'
import { useEscape } from './use-escape.ts'

type MachineAsideProps = {
  readonly label: string
  /** The list and what stands beside it. */
  readonly place: RefObject<HTMLElement | null>
  readonly onClose: () => void
  readonly children: ReactNode
}

/** Beside the list, or in its place where there is no room for both. Esc closes it, and the focus goes back to the list. */
export function MachineAside({ label, place, onClose, children }: MachineAsideProps) {
  const aside = useRef<HTMLElement>(null)
  useEscape(place, onClose)
  useEffect(() => {
    const { activeElement } = document
    const isHidden = activeElement !== document.body && activeElement?.checkVisibility() === false
    if (isHidden) aside.current?.focus()
    const list = place.current
    return () => {
      if (document.activeElement !== document.body) return
      const row = list?.querySelector<HTMLElement>('[role=row][tabindex="0"]')
      ;(row ?? list)?.focus() // a list that was hidden has no rows yet
    }
  }, [place])
  return (
    <aside
      ref={aside}
      aria-label={label}
      tabIndex={-1}
      className="flex min-h-0 w-full shrink-0 flex-col rounded-lg border bg-surface outline-none lg:w-[440px] 2xl:w-[520px]"
    >
      {children}
    </aside>
  )
}
