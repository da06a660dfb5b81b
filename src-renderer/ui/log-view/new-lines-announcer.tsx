import { useEffect, useRef, useState } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import type { LogStore } from './log-store.ts'
import { messages } from './messages.ts'

const everyMs = 10_000

/** Tells those who hear the page that lines came, now and then rather than each of them. */
export function NewLinesAnnouncer({ store, isLive }: { readonly store: LogStore; readonly isLive: boolean }) {
  const t = useText(messages)
  const format = useFormat()
  const [newLines, setNewLines] = useState(0)
  const toldTo = useRef(store.endId)
  useEffect(() => {
    if (!isLive) return
    toldTo.current = store.endId
    const timer = setInterval(() => {
      setNewLines(store.endId - toldTo.current)
      toldTo.current = store.endId
    }, everyMs)
    return () => clearInterval(timer)
  }, [store, isLive])
  return (
    <span className="sr-only" aria-live="polite">
      {newLines > 0 && t('announce', { count: newLines, shown: format.number(newLines) })}
    </span>
  )
}
