import { ListX } from 'lucide-react'
import { useMemo } from 'react'
import { useListing } from '../../api/entity-pages.ts'
import { amountsIn, numberIn, recordIn, type Row, rowsIn, textIn, timeIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { ControlButton } from '../../entities/control-button.tsx'
import { useControl } from '../../entities/control-dialog.tsx'
import { ActorLink, GroupLink, JobLink, NodeLink, TaskLink, WorkerLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { WhyPanel } from '../../entities/why-panel.tsx'
import { useFormat } from '../../i18n/format.ts'
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
import { attemptId, hasEnded } from './task-columns.tsx'

const waits = (row: Row) => (textIn(row, 'state') ?? '').startsWith('PENDING')

/** One task with all its attempts. */
export function TaskPage() {
  const t = useText(messages)
  const { ref, id } = useClusterOfPath()
  const taskId = usePathPart('id')
  const control = useControl(id)
  const query = useMemo(() => ({ filters: [`task_id:eq:${taskId}`], sort: '-attempt_number', isDetailed: true }), [taskId])
  const { rows, isLoading, error, retry } = useListing(id, 'tasks', query)
  const [last] = rows
  const name = last === undefined ? taskId : (textIn(last, 'name') ?? taskId)
  return (
    <Page
      title={name.slice(0, 300)}
      subtitle={<CopyId id={taskId} isWhole />}
      breadcrumbs={[
        <PathLink key="tasks" to={paths.list(ref, 'tasks')}>
          {t('title')}
        </PathLink>,
      ]}
      actions={
        last && (
          <>
            <PathLink to={paths.logs(ref, { task: taskId })} className={buttonClass()}>
              {t('openLog')}
            </PathLink>
            <PathLink to={paths.timeline(ref, { task: taskId })} className={buttonClass()}>
              {t('onTimeline')}
            </PathLink>
            <ControlButton control={control} action="cancelTask" target={{ id: taskId, name }} icon={ListX} isOver={hasEnded(last)}>
              {t('cancel')}
            </ControlButton>
          </>
        )
      }
    >
      {isLoading && <SkeletonRows />}
      {Boolean(error) && <ErrorNote error={error} onRetry={retry} />}
      {!isLoading && !error && last === undefined && <EmptyState icon={ListX} title={t('notFound', { id: taskId })} />}
      {last && (
        <div className="flex flex-col gap-4">
          {waits(last) && (
            <Card title={t('state')}>
              <WhyPanel cluster={id} clusterRef={ref} kind="task" id={taskId} />
            </Card>
          )}
          {rows.map((row) => (
            <Attempt key={numberIn(row, 'attempt_number')} row={row} cluster={ref} isOnly={rows.length === 1} />
          ))}
          <MadeTasks cluster={id} clusterRef={ref} taskId={taskId} />
        </div>
      )}
      {control.dialog}
    </Page>
  )
}

function Attempt({ row, cluster, isOnly }: { readonly row: Row; readonly cluster: string; readonly isOnly: boolean }) {
  const t = useText(messages)
  const attempt = numberIn(row, 'attempt_number') ?? 0
  const error = textIn(row, 'error_message')
  const labels = Object.entries(recordIn(row, 'label_selector'))
  return (
    <Card
      title={
        <span className="inline-flex items-center gap-2">
          {isOnly ? t('facts') : t('ofAttempt', { attempt })} <StateBadge kind="task" state={textIn(row, 'state')} />
        </span>
      }
    >
      <div className="flex flex-col gap-4">
        {error !== null && <CodeBlock text={error} label={t('error')} isWrapped />}
        <Facts
          items={[
            { label: t('function'), value: textIn(row, 'func_or_class_name') },
            { label: t('type'), value: textIn(row, 'type') },
            { label: t('job'), value: <JobLink cluster={cluster} id={textIn(row, 'job_id')} /> },
            { label: t('actor'), value: <ActorLink cluster={cluster} id={textIn(row, 'actor_id')} /> },
            { label: t('node'), value: <NodeLink cluster={cluster} id={textIn(row, 'node_id')} /> },
            { label: t('worker'), value: <WorkerLink cluster={cluster} id={textIn(row, 'worker_id')} /> },
            { label: t('parent'), value: <TaskLink cluster={cluster} id={textIn(row, 'parent_task_id')} /> },
            { label: t('group'), value: <GroupLink cluster={cluster} id={textIn(row, 'placement_group_id')} /> },
            { label: t('resources'), value: <Amounts amounts={amountsIn(row, 'required_resources')} /> },
            { label: t('created'), value: <Time atMs={timeIn(row, 'creation_time_ms')} /> },
            { label: t('started'), value: <Time atMs={timeIn(row, 'start_time_ms')} /> },
            { label: t('duration'), value: <Duration fromMs={timeIn(row, 'start_time_ms')} toMs={timeIn(row, 'end_time_ms')} /> },
            { label: t('pid'), value: textIn(row, 'worker_pid') ?? '–' },
            { label: t('callSite'), value: textIn(row, 'call_site') ?? '–' },
            ...(labels.length === 0
              ? []
              : [{ label: t('labels'), value: labels.map(([key, value]) => `${key}=${String(value)}`).join(', ') }]),
          ]}
        />
        <History row={row} />
      </div>
    </Card>
  )
}

/** Each state that the attempt went through, and how long it stayed there. */
function History({ row }: { readonly row: Row }) {
  const t = useText(messages)
  const format = useFormat()
  const events = rowsIn(row, 'events')
  if (events.length === 0) return null
  return (
    <div>
      <h3 className="mb-1 text-sm font-medium text-soft">{t('history')}</h3>
      <ol className="flex flex-col">
        {events.map((event, index) => {
          const atMs = numberIn(event, 'created_ms')
          const next = events[index + 1]
          const untilMs = next === undefined ? null : numberIn(next, 'created_ms')
          return (
            <li key={`${textIn(event, 'state')} ${atMs}`} className="flex gap-3 text-sm tabular-nums">
              <span className="w-28 shrink-0 font-mono text-faint">{atMs === null ? '' : format.clock(atMs)}</span>
              <span className="w-64 truncate">{textIn(event, 'state')}</span>
              <span className="text-faint">{atMs !== null && untilMs !== null && format.duration(untilMs - atMs)}</span>
            </li>
          )
        })}
      </ol>
    </div>
  )
}

type MadeTasksProps = { readonly cluster: string; readonly clusterRef: string; readonly taskId: string }

function MadeTasks({ cluster, clusterRef, taskId }: MadeTasksProps) {
  const t = useText(messages)
  const query = useMemo(() => ({ filters: [`parent_task_id:eq:${taskId}`] }), [taskId])
  const { rows, counts } = useListing(cluster, 'tasks', query)
  const more = (counts?.matched ?? 0) - rows.length
  return (
    <Card title={t('madeTasks')}>
      {rows.length === 0 && <p className="text-faint">{t('noMade')}</p>}
      <ul className="grid grid-cols-[repeat(auto-fill,minmax(240px,1fr))] gap-1">
        {rows.map((row) => (
          <li key={attemptId(row)} className="flex items-center gap-2">
            <StateBadge kind="task" state={textIn(row, 'state')} />
            <TaskLink cluster={clusterRef} id={textIn(row, 'task_id')} name={textIn(row, 'name')} />
          </li>
        ))}
      </ul>
      {more > 0 && <PathLink to={paths.list(clusterRef, 'tasks', { filter: `parent_task_id:eq:${taskId}` })}>{`+${more}`}</PathLink>}
    </Card>
  )
}
