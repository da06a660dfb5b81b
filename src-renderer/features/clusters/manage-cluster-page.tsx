import { Cable, Plus, Unplug } from 'lucide-react'
import { useState } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useCluster, useOperations } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { usePathPart } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { AddDialog } from './add-dialog.tsx'
import { ApplyDialog } from './apply-dialog.tsx'
import { type AskedChange, ChangeDialog } from './change-dialog.tsx'
import { connectCluster, disconnectCluster } from './cluster-menu.tsx'
import { EndSection } from './end-section.tsx'
import { ExportDialog } from './export-dialog.tsx'
import { ManageFacts } from './manage-facts.tsx'
import { messages } from './manage-messages.ts'
import { MemberTable } from './member-table.tsx'
import { messages as rayMessages } from './ray-messages.ts'

type Opened = 'add' | 'export' | 'apply' | AskedChange | null

/** The machines of a cluster, and everything that may be done with it as a whole. */
export function ManageClusterPage() {
  const { cluster } = useCluster(usePathPart('cluster'))
  return cluster === undefined ? null : <ManageCluster key={cluster.id} cluster={cluster} />
}

function ManageCluster({ cluster }: { readonly cluster: Cluster }) {
  const t = useText(messages)
  const [opened, setOpened] = useState<Opened>(null)
  const close = () => setOpened(null)
  const { members, rayHead } = cluster
  const ray = useText(rayMessages)
  return (
    <Page
      title={t('title', { cluster: cluster.name })}
      subtitle={rayHead ? ray('notOurs') : t('memberCount', { count: members.length })}
      actions={<HeaderActions cluster={cluster} onOpen={setOpened} />}
    >
      <div className="flex flex-col gap-4">
        <BusyNote cluster={cluster} />
        <Card title={t('facts')}>
          <ManageFacts cluster={cluster} />
        </Card>
        {!rayHead && <MemberTable cluster={cluster} onChange={setOpened} />}
        <EndSection
          cluster={cluster}
          onDown={() => setOpened({ change: 'down', machines: members.map(({ machineId }) => ({ id: machineId, name: machineId })) })}
        />
      </div>
      {opened === 'add' && <AddDialog cluster={cluster} onClose={close} />}
      {opened === 'export' && <ExportDialog cluster={cluster} onClose={close} />}
      {opened === 'apply' && <ApplyDialog onClose={close} />}
      {opened !== null && typeof opened === 'object' && <ChangeDialog cluster={cluster} asked={opened} onClose={close} />}
    </Page>
  )
}

function HeaderActions({ cluster, onOpen }: { readonly cluster: Cluster; readonly onOpen: (opened: Opened) => void }) {
  const t = useText(messages)
  const { id, link, members, rayHead } = cluster
  const isOff = link.state === 'off' || link.state === 'record'
  return (
    <>
      {!rayHead && <Button onClick={() => onOpen('export')}>{t('export')}</Button>}
      {!rayHead && <Button onClick={() => onOpen('apply')}>{t('apply')}</Button>}
      {(members.length > 0 || rayHead) &&
        (isOff ? (
          <Button icon={Cable} onClick={() => void connectCluster(id)}>
            {t('connect')}
          </Button>
        ) : (
          <Button icon={Unplug} onClick={() => void disconnectCluster(id)}>
            {t('disconnect')}
          </Button>
        ))}
      {members.length > 0 && (
        <Button variant="primary" icon={Plus} onClick={() => onOpen('add')}>
          {t('add')}
        </Button>
      )}
    </>
  )
}

/** One operation at a time changes a cluster. */
function BusyNote({ cluster }: { readonly cluster: Cluster }) {
  const t = useText(messages)
  const running = useOperations().values.find(({ clusterId, state }) => clusterId === cluster.id && state === 'running')
  if (running === undefined) return null
  return (
    <p role="status" className="flex items-center gap-3 rounded-lg border border-info-line bg-info-soft px-4 py-2">
      <span className="flex-1">{t('busy', { title: running.title })}</span>
      <PathLink to={paths.operation(running.id)}>{t('see')}</PathLink>
    </p>
  )
}
