import { useEffect, useState } from 'react'

const quietMs = 1_200

/** False while somebody types into something: what takes the focus now would take their next letters. */
export function useQuietKeyboard(): boolean {
  const [isQuiet, setQuiet] = useState(true)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const onKey = ({ key, target }: KeyboardEvent) => {
      if (key.length !== 1 || !(target instanceof HTMLElement) || target.closest('input, textarea, [contenteditable="true"]') === null)
        return
      setQuiet(false)
      clearTimeout(timer)
      timer = setTimeout(() => setQuiet(true), quietMs)
    }
    window.addEventListener('keydown', onKey, { capture: true })
    return () => {
      window.removeEventListener('keydown', onKey, { capture: true })
      clearTimeout(timer)
    }
  }, [])
  return isQuiet
}
