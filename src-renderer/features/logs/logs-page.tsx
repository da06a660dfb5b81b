import { useMemo } from 'react'
import type { LogSelector } from '../../../runtime/api/logs.ts'
import { useWhyNot } from '../../api/capabilities.ts'
import { useListing } from '../../api/entity-pages.ts'
import { useCluster } from '../../api/live-things.ts'
import { textIn } from '../../api/rows.ts'
import { useLineLink } from '../../entities/line-link.ts'
import { useLogStream } from '../../entities/use-log-stream.ts'
import { useText } from '../../i18n/messages.ts'
import { firstOf, type Query } from '../../navigation/query.ts'
import { usePathPart, useQueryState } from '../../navigation/use-navigation.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { LogView } from '../../ui/log-view/log-view.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { FileText, SearchX } from 'lucide-react'
import { LogChoice, type LogSubject } from './log-choice.tsx'
import { messages } from './messages.ts'
import { SearchLogs } from './search-logs.tsx'

/** Logs of all nodes: followed together, or searched as a whole. */
export function LogsPage() {
  const t = useText(messages)
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const [query, change] = useQueryState()
  const tab = firstOf(query['tab']) === 'search' ? 'search' : 'follow'
  const whyNoSearch = useWhyNot(id)('logSearch')
  return (
    <Page title={t('title')} isFull>
      <Tabs
        label={t('title')}
        value={tab}
        onChange={(next) => change({ tab: next === 'follow' ? undefined : next })}
        items={[
          { value: 'follow', label: t('follow') },
          { value: 'search', label: t('search') },
        ]}
      >
        {tab === 'search' && whyNoSearch !== undefined ? (
          <EmptyState icon={SearchX} title={t('noSearch')}>
            {whyNoSearch}
          </EmptyState>
        ) : tab === 'search' ? (
          <SearchLogs cluster={id} clusterRef={ref} />
        ) : (
          <FollowLogs cluster={id} />
        )}
      </Tabs>
    </Page>
  )
}

const subjects = ['job', 'actor', 'worker', 'task'] as const
/** Of all files together; of one thing they come whole. */
const firstLines = 200

function subjectIn(query: Query): LogSubject | undefined {
  const [subject] = subjects.flatMap((kind): LogSubject[] => {
    const id = firstOf(query[kind])
    return id === undefined ? [] : [{ kind, id }]
  })
  return subject
}

function FollowLogs({ cluster }: { readonly cluster: string }) {
  const [query] = useQueryState()
  const subject = useMemo(() => subjectIn(query), [query])
  const node = firstOf(query['node'])
  const file = firstOf(query['file'])
  const workers = useWorkersOf(cluster, subject?.kind === 'task' ? subject.id : undefined)
  const selectors = useMemo(() => selectorsOf({ subject, node, file, workers: workers ?? [] }), [subject, node, file, workers])
  return (
    <>
      <LogChoice cluster={cluster} subject={subject} />
      {subject?.kind === 'task' && workers === null ? (
        <SkeletonRows rows={10} />
      ) : (
        <Followed cluster={cluster} selectors={selectors} tail={subject === undefined && file === undefined ? firstLines : -1} />
      )}
    </>
  )
}

type Choice = {
  readonly subject: LogSubject | undefined
  readonly node: string | undefined
  readonly file: string | undefined
  readonly workers: readonly string[]
}

function selectorsOf({ subject, node, file, workers }: Choice): readonly LogSelector[] {
  const narrowed = { ...(node !== undefined && { node_id: node }), ...(file !== undefined && { file }) }
  switch (subject?.kind) {
    case 'job':
      return [/^[0-9a-f]{8}$/.test(subject.id) ? { job_id: subject.id, ...narrowed } : { submission_id: subject.id, ...narrowed }]
    case 'actor':
      return [{ actor_id: subject.id, ...narrowed }]
    case 'worker':
      return [{ worker_id: subject.id, ...narrowed }]
    case 'task':
      return workers.map((worker) => ({ worker_id: worker }))
    case undefined:
      return file === undefined ? ['job-driver-*', 'worker-*'].map((each) => ({ ...narrowed, file: each })) : [narrowed]
  }
}

/** Where the attempts of a task ran: its lines stand in the logs of those workers. Null until it is known. */
function useWorkersOf(cluster: string, task: string | undefined): readonly string[] | null {
  const query = useMemo(() => ({ filters: [`task_id:eq:${task ?? '0'}`] }), [task])
  const { rows, isLoading } = useListing(cluster, 'tasks', query)
  return useMemo(() => (isLoading ? null : [...new Set(rows.flatMap((row) => textIn(row, 'worker_id') ?? []))]), [rows, isLoading])
}

type FollowedProps = { readonly cluster: string; readonly selectors: readonly LogSelector[]; readonly tail: number }

function Followed({ cluster, selectors, tail }: FollowedProps) {
  const t = useText(messages)
  if (selectors.length === 0) return <EmptyState icon={FileText} title={t('taskNone')} />
  return <OpenLog cluster={cluster} selectors={selectors} tail={tail} />
}

function OpenLog(wanted: FollowedProps) {
  const t = useText(messages)
  const store = useLogStream(wanted)
  const { line, onLinkLine } = useLineLink()
  return (
    <div className="min-h-0 flex-1">
      <LogView store={store} label={t('title')} isLive emptyText={t('empty')} highlightLine={line} onLinkLine={onLinkLine} />
    </div>
  )
}
