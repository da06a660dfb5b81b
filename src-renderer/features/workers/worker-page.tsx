import { numberIn, type Row, textIn, timeIn } from '../../api/rows.ts'
import { EntityPage } from '../../entities/entity-page.tsx'
import { ActorLink, JobLink, NodeLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { Duration, Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import { isAlive, Share, pidOf } from './worker-columns.tsx'
import { CircleStop } from 'lucide-react'

export function WorkerPage() {
  const t = useText(messages)
  return (
    <EntityPage
      thing="workers"
      idColumn="worker_id"
      listTitle={t('title')}
      notFound={(id) => t('notFound', { id })}
      nameOf={(row) => `${textIn(row, 'worker_type') ?? ''} ${textIn(row, 'pid') ?? ''}`}
      badgeOf={(row) => <StateBadge kind="worker" state={isAlive(row) ? 'ALIVE' : 'DEAD'} />}
      linksOf={({ id, cluster: { ref } }) => (
        <>
          <PathLink to={paths.logs(ref, { worker: id })} className={buttonClass()}>
            {t('log')}
          </PathLink>
          <PathLink to={paths.list(ref, 'tasks', { filter: `worker_id:eq:${id}` })} className={buttonClass()}>
            {t('tasks')}
          </PathLink>
        </>
      )}
      control={{ action: 'endWorker', icon: CircleStop, label: t('end'), isPossible: isAlive }}
    >
      {({ row, cluster }) => <WorkerFacts row={row} cluster={cluster.ref} />}
    </EntityPage>
  )
}

function WorkerFacts({ row, cluster }: { readonly row: Row; readonly cluster: string }) {
  const t = useText(messages)
  const format = useFormat()
  const detail = textIn(row, 'exit_detail')
  const memory = numberIn(row, 'memory_bytes')
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
            { label: t('pid'), value: pidOf(row) },
            { label: t('job'), value: <JobLink cluster={cluster} id={textIn(row, 'job_id')} name={textIn(row, 'job_id')} /> },
            { label: t('actor'), value: <ActorLink cluster={cluster} id={textIn(row, 'actor_id')} /> },
            { label: t('cpu'), value: <Share percent={numberIn(row, 'cpu_percent')} /> },
            { label: t('memory'), value: memory === null ? '–' : format.bytes(memory) },
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
