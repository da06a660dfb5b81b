import { Unplug } from 'lucide-react'
import { toast } from 'sonner'
import type { Cluster } from '../../src-main/contract/clusters.ts'
import { panel } from '../api/panel.ts'
import { useFormat } from '../i18n/format.ts'
import { useText } from '../i18n/messages.ts'
import { PathLink } from '../navigation/link.tsx'
import { paths } from '../navigation/paths.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { useNow } from '../ui/use-now.ts'
import { messages } from './messages.ts'

const failed = (error: unknown) => void toast.error(error instanceof Error ? error.message : String(error))

/** Says when a cluster's pages do not show how it is now, or may not change it, and what to do. */
export function ClusterBanner({ cluster }: { readonly cluster: Cluster }) {
  const t = useText(messages)
  const { link, lease } = cluster
  const isForeign = lease.holder !== null && !lease.isOurs
  if (link.state === 'connected' && !isForeign) return null
  return (
    <div className="flex flex-col border-b border-warn-line bg-warn-soft text-ink" role="status">
      {link.state !== 'connected' && <LinkNote cluster={cluster} />}
      {isForeign && (
        <p className="flex min-h-8 items-center gap-3 px-6">
          <span className="flex-1">{t('notYours', { holder: lease.holder ?? '' })}</span>
          <Button size="sm" onClick={() => void panel.call('clusters.takeOver', { cluster: cluster.id }).catch(failed)}>
            {t('takeOver')}
          </Button>
        </p>
      )}
    </div>
  )
}

function LinkNote({ cluster: { id, name, link, members } }: { readonly cluster: Cluster }) {
  const t = useText(messages)
  const format = useFormat()
  const age = format.duration(Math.max(0, useNow() - link.sinceMs))
  const words =
    link.state === 'reconnecting'
      ? t('clusterReconnecting', { age })
      : link.state === 'connecting'
        ? t('clusterConnecting')
        : link.state === 'record'
          ? t('clusterRecord')
          : t('clusterOff')
  const isIdle = link.state === 'off' || link.state === 'record'
  return (
    <p className="flex min-h-8 items-center gap-3 px-6">
      <Unplug size={14} aria-hidden className="text-warn" />
      <span className="min-w-0 flex-1 truncate" title={link.message ?? undefined}>
        {words}
        {link.message !== null && <span className="text-soft"> — {link.message}</span>}
      </span>
      {link.state === 'record' && members.length > 0 && (
        <PathLink to={paths.manage(name)} className={buttonClass({ size: 'sm' })}>
          {t('manage')}
        </PathLink>
      )}
      {isIdle && (
        <Button size="sm" onClick={() => void panel.call('clusters.connect', { cluster: id }).catch(failed)}>
          {t('connect')}
        </Button>
      )}
    </p>
  )
}
