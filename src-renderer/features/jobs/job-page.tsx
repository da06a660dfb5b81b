import { CircleStop, Copy, SearchX } from 'lucide-react'
import { useClusterRead } from '../../api/cluster-reads.ts'
import { type Row, textIn, timeIn } from '../../api/rows.ts'
import { useControl } from '../../entities/control-dialog.tsx'
import { JobLog } from '../../entities/job-log.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { WhyPanel } from '../../entities/why-panel.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { firstOf } from '../../navigation/query.ts'
import { usePathPart, useQueryState } from '../../navigation/use-navigation.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { Duration } from '../../ui/time.tsx'
import { safeText } from '../../util/safe-text.ts'
import { hasEnded, isSubmitted } from './job-columns.tsx'
import { JobOverview } from './job-overview.tsx'
import { messages } from './messages.ts'

const tabs = ['log', 'overview'] as const

/** One job. Its log is what one comes for, so it is what one sees first. */
export function JobPage() {
  const t = useText(messages)
  const { ref, id } = useClusterOfPath()
  const jobId = usePathPart('id')
  const job = useClusterRead(id, { route: 'getShoalJob', params: { id: jobId } }, { changesOf: ['job'] })
  const { ask, dialog } = useControl(id)
  const row = job.data?.body
  const name = (row && textIn(row, 'entrypoint')) ?? jobId
  const isMissing = job.error !== null && 'code' in job.error && job.error.code === 'not-found'
  return (
    <Page
      title={safeText(name, 300)}
      isFull
      subtitle={row && <JobLine row={row} />}
      breadcrumbs={[
        <PathLink key="jobs" to={paths.list(ref, 'jobs')}>
          {t('title')}
        </PathLink>,
      ]}
      actions={
        row && (
          <>
            {textIn(row, 'job_id') !== null && (
              <PathLink to={paths.timeline(ref, { job: textIn(row, 'job_id') ?? '' })} className={buttonClass()}>
                {t('onTimeline')}
              </PathLink>
            )}
            {isSubmitted(row) && (
              <PathLink to={paths.submit(ref, { from: jobId })} className={buttonClass()}>
                <Copy size={14} aria-hidden />
                {t('clone')}
              </PathLink>
            )}
            <Button variant="danger" icon={CircleStop} disabled={hasEnded(row)} onClick={() => ask('stopJob', [{ id: jobId, name }])}>
              {t('stop')}
            </Button>
          </>
        )
      }
    >
      {job.isPending && <SkeletonRows />}
      {isMissing && <EmptyState icon={SearchX} title={t('notFound', { id: jobId })} />}
      {job.isError && !isMissing && <ErrorNote error={job.error} onRetry={() => void job.refetch()} />}
      {row && <JobTabs row={row} cluster={id} clusterRef={ref} jobId={jobId} />}
      {dialog}
    </Page>
  )
}

function JobLine({ row }: { readonly row: Row }) {
  const message = textIn(row, 'message')
  return (
    <span className="flex min-w-0 items-center gap-3">
      <StateBadge kind="job" state={textIn(row, 'status')} />
      <Duration fromMs={timeIn(row, 'start_time')} toMs={timeIn(row, 'end_time')} />
      {message !== null && (
        <span className="min-w-0 truncate" title={safeText(message)}>
          {firstSentence(message).slice(0, 1_000)}
        </span>
      )}
    </span>
  )
}

/** What comes after it is the end of the log, which is shown below. */
const firstSentence = (text: string): string => /^.*?[.。](?=\s|$)/.exec(text)?.[0] ?? text

type JobTabsProps = { readonly row: Row; readonly cluster: string; readonly clusterRef: string; readonly jobId: string }

function JobTabs({ row, cluster, clusterRef, jobId }: JobTabsProps) {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const asked = firstOf(query['tab'])
  const tab = tabs.find((each) => each === asked) ?? (isSubmitted(row) ? 'log' : 'overview')
  return (
    <>
      {textIn(row, 'status') === 'PENDING' && (
        <div className="pb-3">
          <WhyPanel cluster={cluster} clusterRef={clusterRef} kind="job" id={jobId} />
        </div>
      )}
      <Tabs
        label={t('title')}
        value={tab}
        onChange={(next) => change({ tab: next })}
        items={tabs.map((value) => ({ value, label: t(value) }))}
      >
        {tab === 'log' ? (
          <JobLog cluster={cluster} job={jobId} isLive={!hasEnded(row)} />
        ) : (
          <div className="overflow-y-auto">
            <JobOverview row={row} cluster={cluster} clusterRef={clusterRef} />
          </div>
        )}
      </Tabs>
    </>
  )
}
