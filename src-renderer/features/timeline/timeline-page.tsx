import { useQuery } from '@tanstack/react-query'
import { Download, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { toast } from 'sonner'
import { useCluster } from '../../api/live-things.ts'
import { useNodeNames } from '../../entities/node-names.tsx'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { firstOf } from '../../navigation/query.ts'
import { useGo, usePathPart, useQueryState } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Segmented } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { type TimelineBar, TimelineStore } from '../../ui/timeline/timeline-store.ts'
import { TimelineView } from '../../ui/timeline/timeline-view.tsx'
import type { TimeSpan } from '../../ui/timeline/view-window.ts'
import { findLineage } from './lineage.ts'
import { messages } from './messages.ts'
import { saveTrace } from './save-trace.ts'
import { type FeedState, feedTasks } from './task-feed.ts'

const groupings = ['worker', 'node', 'function'] as const
const colours = ['function', 'state'] as const

/** What ran where and when, as it happens. */
export function TimelinePage() {
  const t = useText(messages)
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const [query, change] = useQueryState()
  const job = firstOf(query['job'])
  const grouping = groupings.find((each) => each === firstOf(query['by'])) ?? 'worker'
  const colour = colours.find((each) => each === firstOf(query['colour'])) ?? 'function'
  const id = cluster?.id
  return (
    <Page
      title={t('title')}
      isFull
      actions={
        <>
          {job !== undefined && (
            <Button icon={X} onClick={() => change({ job: undefined })}>
              {t('onlyJob', { id: job })}
            </Button>
          )}
          <span aria-hidden className="text-sm text-soft">
            {t('grouping')}
          </span>
          <Segmented
            label={t('grouping')}
            value={grouping}
            onChange={(by) => change({ by })}
            options={groupings.map((value) => ({ value, label: t(value) }))}
          />
          <span aria-hidden className="text-sm text-soft">
            {t('colour')}
          </span>
          <Segmented
            label={t('colour')}
            value={colour}
            onChange={(next) => change({ colour: next })}
            options={colours.map((value) => ({ value, label: t(value) }))}
          />
        </>
      }
    >
      {id !== undefined && (
        <ClusterTimeline
          key={`${id} ${job}`}
          cluster={id}
          clusterRef={ref}
          job={job}
          grouping={grouping}
          colour={colour}
          isLive={cluster?.link.state !== 'record' && cluster?.link.state !== 'off'}
        />
      )}
    </Page>
  )
}

type ClusterTimelineProps = {
  readonly cluster: string
  readonly clusterRef: string
  readonly job: string | undefined
  readonly grouping: (typeof groupings)[number]
  readonly colour: (typeof colours)[number]
  /** Else what is recorded is all there is. */
  readonly isLive: boolean
}

function ClusterTimeline({ cluster, clusterRef, job, grouping, colour, isLive }: ClusterTimelineProps) {
  const t = useText(messages)
  const go = useGo()
  const [query, change] = useQueryState()
  const [store] = useState(() => new TimelineStore())
  const [feed, setFeed] = useState<FeedState>({ read: 0, isReading: true, isCut: false, error: null })
  const [selected, setSelected] = useState<TimelineBar | null>(null)
  const [span, setSpan] = useState<TimeSpan | null>(null)
  useEffect(() => feedTasks({ cluster, job, store, onState: setFeed }), [cluster, job, store])
  const names = useNodeNames()
  useEffect(() => store.setLabels(names), [store, names])
  const task = firstOf(query['task'])
  const lineage = useQuery({
    queryKey: ['lineage', cluster, task],
    queryFn: ({ signal }) => findLineage(cluster, task ?? '', signal),
    enabled: task !== undefined,
    refetchInterval: 5_000, // it may still make others
  })
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-2">
      {feed.error !== null && <ErrorNote error={feed.error} />}
      <div className="min-h-0 flex-1">
        <TimelineView
          store={store}
          grouping={grouping}
          colourBy={colour}
          isLive={isLive}
          isReading={feed.isReading}
          selected={selected}
          litTasks={task === undefined ? undefined : lineage.data}
          onSelect={(bar) => {
            setSelected(bar)
            change({ task: bar?.taskId })
          }}
          onOpen={(bar) => go(paths.entity(clusterRef, 'tasks', bar.taskId))}
          onSpan={setSpan}
          label={t('title')}
        />
      </div>
      <div className="flex min-h-7 flex-wrap items-center gap-4">
        <TimelineNotes feed={feed} task={task} onClear={() => change({ task: undefined })} />
        <Selection selected={selected} span={span} store={store} clusterRef={clusterRef} job={job} />
      </div>
    </div>
  )
}

type NotesProps = { readonly feed: FeedState; readonly task: string | undefined; readonly onClear: () => void }

function TimelineNotes({ feed, task, onClear }: NotesProps) {
  const t = useText(messages)
  return (
    <div role="status" className="flex flex-wrap items-center gap-3 text-sm text-soft">
      {feed.isReading && <span>{t('loading', { count: feed.read })}</span>}
      {feed.isCut && !feed.isReading && <span>{t('more', { count: feed.read })}</span>}
      {task !== undefined && (
        <>
          <span>{t('lineage', { name: task.slice(0, 12) })}</span>
          <Button size="sm" onClick={onClear}>
            {t('clearLineage')}
          </Button>
        </>
      )}
    </div>
  )
}

type SelectionProps = {
  readonly selected: TimelineBar | null
  readonly span: TimeSpan | null
  readonly store: TimelineStore
  readonly clusterRef: string
  readonly job: string | undefined
}

/** What leads on from the timeline: to a task, to the tasks of a span, to a file. */
function Selection({ selected, span, store, clusterRef, job }: SelectionProps) {
  const t = useText(messages)
  const format = useFormat()
  const save = () => {
    const id = toast.loading(t('exporting'))
    saveTrace(store, span)
      .then(() => toast.success(t('exported'), { id }))
      .catch((error: unknown) => toast.error(error instanceof Error ? error.message : String(error), { id }))
  }
  const ofJob = job === undefined ? [] : [`job_id:eq:${job}`]
  return (
    <>
      {selected !== null && (
        <PathLink to={paths.entity(clusterRef, 'tasks', selected.taskId)}>
          {t('openTask')}: {selected.name.slice(0, 120)}
        </PathLink>
      )}
      {span !== null && (
        <PathLink
          to={paths.list(clusterRef, 'tasks', {
            filter: [...ofJob, `start_time_ms:le:${Math.round(span.toMs)}`, `end_time_ms:ge:${Math.round(span.fromMs)}`],
          })}
        >
          {t('spanTasks')} ({format.duration(span.toMs - span.fromMs)})
        </PathLink>
      )}
      <Button icon={Download} className="ml-auto" onClick={save}>
        {t('export')}
      </Button>
    </>
  )
}
