import { CircleStop, SearchX } from 'lucide-react'
import { useMemo } from 'react'
import { useListing } from '../../api/entity-pages.ts'
import { type Row, textIn, timeIn } from '../../api/rows.ts'
import { ControlButton } from '../../entities/control-button.tsx'
import { useControl } from '../../entities/control-dialog.tsx'
import { ActorLink, JobLink, NodeLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { usePathPart } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { CopyId } from '../../ui/copy-id.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { Duration, Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import { isAlive } from './worker-columns.tsx'

export function WorkerPage() {
  const t = useText(messages)
  const { ref, id } = useClusterOfPath()
  const workerId = usePathPart('id')
  const control = useControl(id)
  const query = useMemo(() => ({ filters: [`worker_id:eq:${workerId}`], isDetailed: true }), [workerId])
  const { rows, isLoading, error, retry } = useListing(id, 'workers', query)
  const [row] = rows
  const name = row === undefined ? workerId : `${textIn(row, 'worker_type') ?? ''} ${textIn(row, 'pid') ?? ''}`
  return (
    <Page
      title={
        <span className="inline-flex items-center gap-3">
          {name} {row && <StateBadge kind="worker" state={isAlive(row) ? 'ALIVE' : 'DEAD'} />}
        </span>
      }
      subtitle={<CopyId id={workerId} isWhole />}
      breadcrumbs={[
        <PathLink key="workers" to={paths.list(ref, 'workers')}>
          {t('title')}
        </PathLink>,
      ]}
      actions={
        row && (
          <>
            <PathLink to={paths.logs(ref, { worker: workerId })} className={buttonClass()}>
              {t('log')}
            </PathLink>
            <PathLink to={paths.list(ref, 'tasks', { filter: `worker_id:eq:${workerId}` })} className={buttonClass()}>
              {t('tasks')}
            </PathLink>
            <ControlButton control={control} action="endWorker" target={{ id: workerId, name }} icon={CircleStop} isOver={!isAlive(row)}>
              {t('end')}
            </ControlButton>
          </>
        )
      }
    >
      {isLoading && <SkeletonRows />}
      {Boolean(error) && <ErrorNote error={error} onRetry={retry} />}
      {!isLoading && !error && row === undefined && <EmptyState icon={SearchX} title={t('notFound', { id: workerId })} />}
      {row && <WorkerFacts row={row} cluster={ref} />}
      {control.dialog}
    </Page>
  )
}

function WorkerFacts({ row, cluster }: { readonly row: Row; readonly cluster: string }) {
  const t = useText(messages)
  const detail = textIn(row, 'exit_detail')
  return (
    <div className="flex flex-col gap-4">
      {detail !== null && (
        <Card title={t('exitDetail')}>
          <CodeBlock text={detail} label={t('exitDetail')} isWrapped />
        </Card>
      )}
      <Card title={t('facts')}>
        <Facts
          items={[
            { label: t('type'), value: textIn(row, 'worker_type') },
            { label: t('phase'), value: textIn(row, 'phase') ?? '–' },
            { label: t('node'), value: <NodeLink cluster={cluster} id={textIn(row, 'node_id')} /> },
            { label: t('ip'), value: textIn(row, 'ip') ?? '–' },
            { label: t('pid'), value: textIn(row, 'pid') ?? '–' },
            { label: t('job'), value: <JobLink cluster={cluster} id={textIn(row, 'job_id')} name={textIn(row, 'job_id')} /> },
            { label: t('actor'), value: <ActorLink cluster={cluster} id={textIn(row, 'actor_id')} /> },
            { label: t('started'), value: <Time atMs={timeIn(row, 'start_time_ms')} /> },
            { label: t('lived'), value: <Duration fromMs={timeIn(row, 'start_time_ms')} toMs={timeIn(row, 'end_time_ms')} /> },
            {
              label: t('launchTook'),
              value: <Duration fromMs={timeIn(row, 'worker_launch_time_ms')} toMs={timeIn(row, 'worker_launched_time_ms')} />,
            },
            { label: t('exitType'), value: textIn(row, 'exit_type') ?? '–' },
          ]}
        />
      </Card>
    </div>
  )
}
