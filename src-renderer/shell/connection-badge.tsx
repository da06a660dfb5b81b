import { useConnection } from '../api/panel.ts'
import { useFormat } from '../i18n/format.ts'
import { useText } from '../i18n/messages.ts'
import { Dot } from '../ui/badge.tsx'
import { useNow } from '../ui/use-now.ts'
import { messages } from './messages.ts'

/** Whether what one sees is how it is now. */
export function ConnectionBadge() {
  const t = useText(messages)
  const format = useFormat()
  const state = useConnection()
  const nowMs = useNow()
  const isLive = state.kind === 'live'
  const words = isLive
    ? t('live')
    : state.kind === 'reconnecting'
      ? t('reconnecting', { age: format.duration(Math.max(0, nowMs - state.sinceMs)) })
      : t('connecting')
  return (
    <div role="status" title={words} className="flex h-6 items-center gap-2 px-2 text-sm text-soft">
      <Dot tone={isLive ? 'good' : 'warn'} />
      <span className="sr-only truncate lg:not-sr-only">{words}</span>
    </div>
  )
}
