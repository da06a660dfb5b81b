import type { Machine } from '../../../src-main/contract/machines.ts'
import { useText } from '../../i18n/messages.ts'
import { Time } from '../../ui/time.tsx'
import { lastSeenMs } from './machine-words.ts'
import { messages } from './messages.ts'

/** When we were on a machine last. */
export function LastSeen({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  const atMs = lastSeenMs(machine)
  if (atMs === null) return <span className="text-faint">{t('never')}</span>
  return Number.isFinite(atMs) ? <Time atMs={atMs} /> : <span>{t('now')}</span>
}
