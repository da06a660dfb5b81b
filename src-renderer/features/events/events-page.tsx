import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { ChevronDown, ChevronRight, Zap } from 'lucide-react'
import { useState } from 'react'
import type { EventKind } from '../../../runtime/api/events.ts'
import { useClusterChanges } from '../../api/cluster-events.ts'
import { readCluster } from '../../api/cluster-reads.ts'
import { useCluster } from '../../api/live-things.ts'
import { numberIn, recordIn, type Row, rowsIn, textIn } from '../../api/rows.ts'
import { EventLine } from '../../entities/event-line.tsx'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { firstOf } from '../../navigation/query.ts'
import { usePathPart, useQueryState } from '../../navigation/use-navigation.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Segmented } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'

const choices = ['all', 'node', 'job', 'actor', 'placement_group', 'task', 'object_store', 'alert'] as const
/** Without a choice: tasks and levels of stores would hide the rest. */
const plainKinds: readonly EventKind[] = ['node', 'job', 'actor', 'placement_group', 'alert']
const pageEvents = 200

/** Everything that happened in a cluster and is kept, the newest first. */
export function EventsPage() {
  const t = useText(messages)
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const [query, change] = useQueryState()
  const asked = firstOf(query['kind'])
  const kind = choices.find((each) => each === asked) ?? 'all'
  return (
    <Page
      title={t('title')}
      actions={
        <Segmented
          label={t('kinds')}
          value={kind}
          onChange={(next) => change({ kind: next === 'all' ? undefined : next })}
          options={choices.map((value) => ({ value, label: t(value) }))}
        />
      }
    >
      <EventList cluster={id} clusterRef={ref} kinds={kind === 'all' ? plainKinds : [kind]} isRay={cluster?.engine === 'ray'} />
    </Page>
  )
}

type EventListProps = {
  readonly cluster: string
  readonly clusterRef: string
  readonly kinds: readonly EventKind[]
  readonly isRay: boolean
}

function EventList({ cluster, clusterRef, kinds, isRay }: EventListProps) {
  const t = useText(messages)
  const client = useQueryClient()
  const queryKey = ['events', cluster, kinds]
  const pages = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      readCluster(
        cluster,
        { route: 'listEvents', query: { kinds: kinds.join(','), limit: pageEvents, ...(pageParam !== '' && { before: pageParam }) } },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last) => textIn(last.body, 'next') ?? undefined,
    placeholderData: (before) => before,
  })
  const loaded = pages.data?.pages ?? []
  // While one reads further down nothing is put in above.
  useClusterChanges(loaded.length <= 1 ? cluster : undefined, () => void client.invalidateQueries({ queryKey }), { kinds, everyMs: 1_000 })
  if (pages.isPending) return <SkeletonRows rows={12} />
  if (pages.isError) return <ErrorNote error={pages.error} onRetry={() => void pages.refetch()} />
  const rows = loaded.flatMap(({ body }) => rowsIn(body, 'events'))
  if (rows.length === 0)
    return (
      <EmptyState icon={Zap} title={t(isRay ? 'noneSeen' : 'none')}>
        {isRay && t('rayTellsNone')}
      </EmptyState>
    )
  const [first] = loaded
  return (
    <>
      <ul className="rounded-lg border bg-surface px-3">
        {rows.map((row) => (
          <EventRow key={textIn(row, 'seq')} row={row} cluster={clusterRef} />
        ))}
      </ul>
      <p className="mt-2 flex items-center gap-3 text-sm text-faint">
        {pages.hasNextPage && (
          <Button size="sm" isBusy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {t('older')}
          </Button>
        )}
        {first && t('range', { oldest: numberIn(first.body, 'oldest') ?? 0, newest: numberIn(first.body, 'newest') ?? 0 })}
      </p>
    </>
  )
}

function EventRow({ row, cluster }: { readonly row: Row; readonly cluster: string }) {
  const t = useText(messages)
  const format = useFormat()
  const [isOpen, setOpen] = useState(false)
  const atMs = numberIn(row, 'atMs')
  return (
    <li className="border-t py-1 text-sm first:border-t-0">
      <div className="flex items-center gap-3">
        <IconButton
          size="sm"
          label={t('details')}
          icon={isOpen ? ChevronDown : ChevronRight}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
        <span className="w-24 shrink-0 font-mono text-faint">{atMs === null ? '' : format.clock(atMs)}</span>
        <span className="w-24 shrink-0 text-faint">
          <Time atMs={atMs} />
        </span>
        <span className="min-w-0 flex-1 truncate">
          <EventLine row={row} cluster={cluster} />
        </span>
      </div>
      {isOpen && <CodeBlock text={JSON.stringify(recordIn(row, 'row'), null, 2)} label={t('details')} className="mt-1 mb-2" />}
    </li>
  )
}
