import { amountsIn, recordIn, type Row, textIn, timeIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { NodeLink } from '../../entities/links.tsx'
import { filterOfWork, useTaskSummary } from '../../entities/task-summary.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Card } from '../../ui/card.tsx'
import { FunctionProgress } from '../../ui/charts/function-progress.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { CopyId } from '../../ui/copy-id.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'

type JobOverviewProps = { readonly row: Row; readonly cluster: string; readonly clusterRef: string }

/** What a job is made of, and how far its tasks are. */
export function JobOverview({ row, cluster, clusterRef }: JobOverviewProps) {
  const t = useText(messages)
  const jobId = textIn(row, 'job_id')
  const env = recordIn(row, 'runtime_env')
  const metadata = recordIn(row, 'metadata')
  const submissionId = textIn(row, 'submission_id')
  return (
    <div className="flex flex-col gap-4">
      {jobId === null ? (
        <Card title={t('progress')}>{t('noTasks')}</Card>
      ) : (
        <JobProgress cluster={cluster} clusterRef={clusterRef} jobId={jobId} />
      )}
      <Card title={t('facts')}>
        <Facts
          items={[
            { label: t('id'), value: submissionId === null ? '–' : <CopyId id={submissionId} isWhole /> },
            { label: t('jobId'), value: jobId === null ? '–' : <CopyId id={jobId} isWhole /> },
            { label: t('type'), value: textIn(row, 'type') },
            { label: t('started'), value: <Time atMs={timeIn(row, 'start_time')} /> },
            { label: t('ended'), value: <Time atMs={timeIn(row, 'end_time')} /> },
            { label: t('node'), value: <NodeLink cluster={clusterRef} id={textIn(row, 'driver_node_id')} /> },
            { label: t('pid'), value: textIn(recordIn(row, 'driver_info'), 'pid') ?? '–' },
            { label: t('exitCode'), value: textIn(row, 'driver_exit_code') ?? '–' },
            { label: t('priority'), value: textIn(row, 'priority') ?? '–' },
            { label: t('queue'), value: textIn(row, 'queue_position') ?? '–' },
            { label: t('resources'), value: <Amounts amounts={amountsIn(row, 'resources')} /> },
          ]}
        />
      </Card>
      <Card title={t('entrypoint')}>
        <CodeBlock text={textIn(row, 'entrypoint') ?? ''} label={t('entrypoint')} isWrapped />
      </Card>
      <Settings title={t('env')} value={env} />
      <Settings title={t('metadata')} value={metadata} />
    </div>
  )
}

function Settings({ title, value }: { readonly title: string; readonly value: Row }) {
  const t = useText(messages)
  return (
    <Card title={title}>
      {Object.keys(value).length === 0 ? (
        <p className="text-faint">{t('nothingSet')}</p>
      ) : (
        <CodeBlock text={JSON.stringify(value, null, 2)} label={title} />
      )}
    </Card>
  )
}

function JobProgress({ cluster, clusterRef, jobId }: { readonly cluster: string; readonly clusterRef: string; readonly jobId: string }) {
  const t = useText(messages)
  const go = useGo()
  const { functions } = useTaskSummary(cluster, jobId)
  const ofJob = `job_id:eq:${jobId}`
  return (
    <Card
      title={t('progress')}
      actions={
        <span className="flex gap-3">
          <PathLink to={paths.list(clusterRef, 'tasks', { filter: ofJob })}>{t('allTasks')}</PathLink>
          <PathLink to={paths.list(clusterRef, 'actors', { filter: ofJob })}>{t('allActors')}</PathLink>
        </span>
      }
    >
      <FunctionProgress
        label={t('progress')}
        rows={functions}
        onSelect={(name, state) =>
          go(
            paths.list(clusterRef, 'tasks', {
              filter: [ofJob, `func_or_class_name:eq:${name}`, ...(state === undefined ? [] : [filterOfWork[state]])],
            }),
          )
        }
      />
    </Card>
  )
}
