import { useState } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useMachines } from '../../api/live-things.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { Time } from '../../ui/time.tsx'
import { LinkBadge } from './link-badge.tsx'
import { messages } from './manage-messages.ts'
import { messages as rayMessages } from './ray-messages.ts'

const serviceWords = { none: 'serviceNone', auto: 'serviceAuto', systemd: 'serviceSystemd', cron: 'serviceCron' } as const

/** How it was made, and how we stand with it. */
export function ManageFacts({ cluster }: { readonly cluster: Cluster }) {
  const t = useText(messages)
  const { link, engine, ray, createdAtMs, ports, service, members, rayHead } = cluster
  const isUp = members.length > 0
  const connection = useConnectionFact(link, isUp)
  const head = useRayFact(rayHead)
  return (
    <Facts
      items={[
        ...(isUp
          ? [
              connection,
              { label: t('lease'), value: <Lease cluster={cluster} /> },
              { label: t('ports'), value: t('portsText', ports) },
              { label: t('service'), value: t(serviceWords[service]) },
            ]
          : []),
        ...(rayHead ? [connection, head] : []),
        { label: t('engine'), value: ray ? t('engineRayOf', { version: ray.version, python: ray.python }) : engine },
        { label: t(rayHead ? 'listed' : 'created'), value: <Time atMs={createdAtMs} /> },
      ]}
    />
  )
}

function useConnectionFact(link: Cluster['link'], mayRestart: boolean) {
  const t = useText(messages)
  const value = (
    <span className="flex flex-wrap items-center gap-2">
      <LinkBadge link={link} />
      <span className="text-soft">
        <Time atMs={link.sinceMs} />
      </span>
      {link.message !== null && <span className="text-soft">{link.message}</span>}
      {link.state === 'record' && mayRestart && <span>{t('headEnded')}</span>}
    </span>
  )
  return { label: t('connection'), value }
}

function useRayFact(rayHead: Cluster['rayHead']) {
  const t = useText(rayMessages)
  const { values: machines } = useMachines()
  const { url = '', via = null } = rayHead ?? {}
  const name = via === null ? null : (machines.find(({ id }) => id === via)?.name ?? via)
  return { label: t('rayHead'), value: name === null ? url : t('rayVia', { url, name }) }
}

/** Two panels never change a cluster at once; who wants it must say so. */
function Lease({ cluster: { id, name, lease } }: { readonly cluster: Cluster }) {
  const t = useText(messages)
  const [isAsking, setAsking] = useState(false)
  const { holder, isOurs } = lease
  if (holder === null || isOurs) return isOurs ? t('leaseOurs') : <span className="text-soft">{t('leaseNobody')}</span>
  return (
    <span className="flex flex-wrap items-center gap-2">
      {t('leaseOther', { holder })}
      <Button size="sm" onClick={() => setAsking(true)}>
        {t('takeOver')}
      </Button>
      <ConfirmDialog
        title={t('takeOverTitle', { holder })}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => panel.call('clusters.takeOver', { cluster: id })}
        confirmLabel={t('takeOver')}
      >
        <p>{t('takeOverText', { cluster: name })}</p>
      </ConfirmDialog>
    </span>
  )
}
