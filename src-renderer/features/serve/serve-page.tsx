import { Cloud, CloudOff } from 'lucide-react'
import { useWhyNot } from '../../api/capabilities.ts'
import { useClusterRead } from '../../api/cluster-reads.ts'
import { amountsIn, numberIn, recordIn, type Row, rowsIn, textIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { ActorLink, NodeLink } from '../../entities/links.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'

const pollMs = 4_000
const tones: Readonly<Record<string, Tone>> = {
  RUNNING: 'good',
  HEALTHY: 'good',
  DEPLOYING: 'info',
  UPDATING: 'info',
  UPSCALING: 'info',
  DOWNSCALING: 'info',
  STARTING: 'info',
  RECOVERING: 'warn',
  UNHEALTHY: 'bad',
  DEPLOY_FAILED: 'bad',
}

/** What a Ray cluster serves: applications, their deployments, and the replicas of each. */
export function ServePage() {
  const t = useText(messages)
  const { ref, id } = useClusterOfPath()
  const whyNot = useWhyNot(id)('serve')
  const { data, error, isPending, refetch } = useClusterRead(
    id,
    { route: 'getServeApplications' },
    { pollMs, isEnabled: whyNot === undefined },
  )
  const applications = Object.entries(recordIn(data?.body ?? {}, 'applications'))
  return (
    <Page title={t('title')}>
      {whyNot !== undefined ? (
        <EmptyState icon={CloudOff} title={t('missing')}>
          {whyNot}
        </EmptyState>
      ) : isPending ? (
        <SkeletonRows rows={6} />
      ) : error !== null && data === undefined ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : applications.length === 0 ? (
        <EmptyState icon={Cloud} title={t('none')}>
          {t('noneText')}
        </EmptyState>
      ) : (
        <div className="flex flex-col gap-4">
          {applications.map(([name]) => (
            <Application key={name} name={name} row={recordIn(recordIn(data?.body ?? {}, 'applications'), name)} clusterRef={ref} />
          ))}
        </div>
      )}
    </Page>
  )
}

type ApplicationProps = { readonly name: string; readonly row: Row; readonly clusterRef: string }

function Application({ name, row, clusterRef }: ApplicationProps) {
  const t = useText(messages)
  const deployedS = numberIn(row, 'last_deployed_time_s')
  const deployments = recordIn(row, 'deployments')
  const message = textIn(row, 'message') ?? ''
  return (
    <Card
      title={
        <span className="inline-flex items-center gap-2">
          {name.slice(0, 200)} <State state={textIn(row, 'status')} />
        </span>
      }
    >
      <Facts
        items={[
          { label: t('route'), value: <code className="font-mono">{textIn(row, 'route_prefix') ?? ''}</code> },
          { label: t('deployed'), value: <Time atMs={deployedS === null ? null : deployedS * 1_000} /> },
          ...(message === '' ? [] : [{ label: t('message'), value: message.slice(0, 2_000) }]),
        ]}
      />
      {Object.keys(deployments).map((each) => (
        <Deployment key={each} name={each} row={recordIn(deployments, each)} clusterRef={clusterRef} />
      ))}
    </Card>
  )
}

function Deployment({ name, row, clusterRef }: ApplicationProps) {
  const t = useText(messages)
  const replicas = rowsIn(row, 'replicas')
  const running = replicas.filter((replica) => textIn(replica, 'state') === 'RUNNING').length
  const target = numberIn(row, 'target_num_replicas') ?? replicas.length
  const message = textIn(row, 'message') ?? ''
  return (
    <section aria-label={name} className="mt-3 border-t pt-3">
      <h3 className="flex flex-wrap items-center gap-2 font-medium">
        {name.slice(0, 200)} <State state={textIn(row, 'status')} />
        <span className="font-normal text-soft tabular-nums">{t('replicasOf', { running, target })}</span>
        <span className="font-normal text-soft">
          <Amounts amounts={amountsIn(row, 'required_resources')} />
        </span>
      </h3>
      {message !== '' && <p className="text-soft">{message.slice(0, 2_000)}</p>}
      {replicas.length > 0 && (
        <table className="mt-2 w-full text-sm">
          <thead>
            <tr className="text-left text-faint">
              {(['replica', 'state', 'node', 'actor', 'started'] as const).map((column) => (
                <th key={column} className="py-1 pr-4 font-medium">
                  {t(column)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {replicas.map((replica) => (
              <Replica key={textIn(replica, 'replica_id')} row={replica} clusterRef={clusterRef} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Replica({ row, clusterRef }: { readonly row: Row; readonly clusterRef: string }) {
  const startedS = numberIn(row, 'start_time_s')
  return (
    <tr className="border-t">
      <td className="py-1 pr-4 font-mono">{textIn(row, 'replica_id')}</td>
      <td className="py-1 pr-4">
        <State state={textIn(row, 'state')} />
      </td>
      <td className="py-1 pr-4">
        <NodeLink cluster={clusterRef} id={textIn(row, 'node_id')} name={textIn(row, 'node_ip')} />
      </td>
      <td className="py-1 pr-4">
        <ActorLink cluster={clusterRef} id={textIn(row, 'actor_id')} />
      </td>
      <td className="py-1">
        <Time atMs={startedS === null ? null : startedS * 1_000} />
      </td>
    </tr>
  )
}

const State = ({ state }: { readonly state: string | null }) => <Badge tone={tones[state ?? ''] ?? 'idle'}>{state ?? ''}</Badge>
