import { useState } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { Time } from '../../ui/time.tsx'
import { LinkBadge } from './link-badge.tsx'
import { messages } from './manage-messages.ts'

const serviceWords = { none: 'serviceNone', auto: 'serviceAuto', systemd: 'serviceSystemd', cron: 'serviceCron' } as const

/** How it was made, and how we stand with it. */
export function ManageFacts({ cluster }: { readonly cluster: Cluster }) {
  const t = useText(messages)
  const { link, engine, createdAtMs, ports, service, members } = cluster
  const isUp = members.length > 0
  return (
    <Facts
      items={[
        ...(isUp
          ? [
              {
                label: t('connection'),
                value: (
                  <span className="flex flex-wrap items-center gap-2">
                    <LinkBadge link={link} />
                    <span className="text-soft">
                      <Time atMs={link.sinceMs} />
                    </span>
                  </span>
                ),
              },
              { label: t('lease'), value: <Lease cluster={cluster} /> },
              { label: t('ports'), value: t('portsText', ports) },
              { label: t('service'), value: t(serviceWords[service]) },
            ]
          : []),
        { label: t('engine'), value: engine },
        { label: t('created'), value: <Time atMs={createdAtMs} /> },
      ]}
    />
  )
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
