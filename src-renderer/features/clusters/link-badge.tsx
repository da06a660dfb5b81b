import { Cable, History, LoaderCircle, type LucideIcon, Unplug } from 'lucide-react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { useNow } from '../../ui/use-now.ts'
import { messages } from './messages.ts'

type Look = { readonly tone: Tone; readonly icon: LucideIcon }
const looks: Readonly<Record<Cluster['link']['state'], Look>> = {
  connected: { tone: 'good', icon: Cable },
  connecting: { tone: 'info', icon: LoaderCircle },
  reconnecting: { tone: 'warn', icon: LoaderCircle },
  record: { tone: 'warn', icon: History },
  off: { tone: 'idle', icon: Unplug },
}

/** How we stand with the head of a cluster. */
export function LinkBadge({ link }: Pick<Cluster, 'link'>) {
  const t = useText(messages)
  const format = useFormat()
  const age = format.duration(Math.max(0, useNow() - link.sinceMs))
  const { tone, icon } = looks[link.state]
  const words = {
    connected: t('live'),
    connecting: t('connecting'),
    reconnecting: t('reconnecting', { age }),
    record: t('record'),
    off: t('off'),
  }
  return (
    <span title={link.message ?? undefined} className="inline-flex min-w-0">
      <Badge tone={tone} icon={icon}>
        {words[link.state]}
      </Badge>
    </span>
  )
}
