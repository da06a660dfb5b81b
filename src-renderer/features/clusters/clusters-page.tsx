import { Cable, FileUp, Plus } from 'lucide-react'
import { useState } from 'react'
import { useClusters, useMachines, useOperations } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { ApplyDialog } from './apply-dialog.tsx'
import { ClusterCard } from './cluster-card.tsx'
import { ConnectRayDialog } from './connect-ray-dialog.tsx'
import { messages } from './messages.ts'
import { messages as rayMessages } from './ray-messages.ts'
import { RunningOperations } from './running-operations.tsx'
import { StartLocalButton } from './start-local.tsx'
import { Welcome } from './welcome.tsx'

/** Home: every cluster at a glance, or how to get one. */
export function ClustersPage() {
  const t = useText(messages)
  const { values: clusters, isKnown, error } = useClusters()
  const running = useOperations().values.filter(({ state }) => state === 'running')
  if (!isKnown) return <Page title={t('title')}>{error === null ? <SkeletonRows rows={8} /> : <ErrorNote error={error} />}</Page>
  if (clusters.length === 0 && running.length === 0) return <Welcome />
  return (
    <Page title={t('title')} subtitle={<Counts runningCount={running.length} />} actions={<Actions />}>
      <RunningOperations operations={running} label={t('operations', { count: running.length })} />
      <div className="grid gap-4 [grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr))]">
        {clusters.map((cluster) => (
          <ClusterCard key={cluster.id} cluster={cluster} operations={running} />
        ))}
      </div>
    </Page>
  )
}

function Counts({ runningCount }: { readonly runningCount: number }) {
  const t = useText(messages)
  const { values: machines } = useMachines()
  const reached = machines.filter(({ reach }) => reach.state === 'connected').length
  return (
    <span className="flex flex-wrap gap-x-3">
      <PathLink to={paths.machines()}>{t('machines', { count: machines.length })}</PathLink>
      <span>{t('reachable', { count: reached })}</span>
      {runningCount > 0 && <PathLink to={paths.operations()}>{t('operations', { count: runningCount })}</PathLink>}
    </span>
  )
}

function Actions() {
  const t = useText(messages)
  const [isApplying, setApplying] = useState(false)
  const [isConnecting, setConnecting] = useState(false)
  const ray = useText(rayMessages)
  const { values: clusters } = useClusters()
  const { values: machines } = useMachines()
  const localId = machines.find(({ via }) => via === 'local')?.id
  const hasLocal = localId !== undefined && clusters.some(({ members }) => members.some(({ machineId }) => machineId === localId))
  return (
    <>
      <Button icon={FileUp} onClick={() => setApplying(true)}>
        {t('applyFile')}
      </Button>
      <Button icon={Cable} onClick={() => setConnecting(true)}>
        {ray('connectRay')}
      </Button>
      {!hasLocal && <StartLocalButton />}
      <PathLink to={paths.newCluster()} className={buttonClass({ variant: 'primary' })}>
        <Plus size={14} aria-hidden />
        {t('newCluster')}
      </PathLink>
      {isApplying && <ApplyDialog onClose={() => setApplying(false)} />}
      {isConnecting && <ConnectRayDialog onClose={() => setConnecting(false)} />}
    </>
  )
}
