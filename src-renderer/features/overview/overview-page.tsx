import { Play } from 'lucide-react'
import { filterOfWork, useTaskSummary } from '../../entities/task-summary.ts'
import { useHeatItems } from '../../entities/node-figures.ts'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { firstOf } from '../../navigation/query.ts'
import { useGo, useQueryState } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { FunctionProgress } from '../../ui/charts/function-progress.tsx'
import { hasOneFigure } from '../../ui/charts/heat-map-layout.ts'
import { HeatMap } from '../../ui/charts/heat-map.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Segmented } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { ClusterLines } from './cluster-lines.tsx'
import { ClusterNumbers } from './cluster-numbers.tsx'
import { LatestEvents } from './latest-events.tsx'
import { LatestJobs } from './latest-jobs.tsx'
import { messages } from './messages.ts'
import { WhatWaits } from './what-waits.tsx'

const heatMetrics = ['cpu', 'memory', 'gpu', 'objectStore'] as const

/** What a cluster does, at one look. */
export function OverviewPage() {
  const t = useText(messages)
  const { ref, id, name } = useClusterOfPath()
  return (
    <Page
      title={name}
      actions={
        <PathLink to={paths.submit(ref)} className={buttonClass({ variant: 'primary' })}>
          <Play size={14} aria-hidden />
          {t('submit')}
        </PathLink>
      }
    >
      <div className="flex flex-col gap-4">
        <ClusterNumbers cluster={id} clusterRef={ref} />
        <NodesCard cluster={id} clusterRef={ref} />
        <div className="grid gap-4 xl:grid-cols-2">
          <LatestJobs cluster={id} clusterRef={ref} />
          <WhatWaits cluster={id} clusterRef={ref} />
        </div>
        <ClusterLines cluster={id} />
        <div className="grid gap-4 xl:grid-cols-2">
          <ProgressCard cluster={id} clusterRef={ref} />
          <LatestEvents cluster={id} clusterRef={ref} />
        </div>
      </div>
    </Page>
  )
}

export type ClusterPart = {
  /** Its id. */
  readonly cluster: string
  /** As in the address. */
  readonly clusterRef: string
}

function NodesCard({ cluster, clusterRef }: ClusterPart) {
  const t = useText(messages)
  const go = useGo()
  const [query, change] = useQueryState()
  const asked = firstOf(query['heat'])
  const metric = heatMetrics.find((each) => each === asked) ?? 'cpu'
  const { items, isLoading, error } = useHeatItems(cluster)
  const alive = items.filter(({ state }) => state !== 'dead').length
  return (
    <Card
      title={
        <span>
          {t('nodes')} <span className="font-normal text-soft">{t('alive', { alive, total: items.length })}</span>
        </span>
      }
      actions={
        hasOneFigure(items.length) && (
          <Segmented
            label={t('heatMetric')}
            value={metric}
            onChange={(heat) => change({ heat })}
            options={heatMetrics.map((value) => ({ value, label: t(value) }))}
          />
        )
      }
    >
      {Boolean(error) && <ErrorNote error={error} />}
      {isLoading ? (
        <Skeleton className="h-32" />
      ) : items.length === 0 ? (
        <p className="text-faint">{t('noNodes')}</p>
      ) : (
        <HeatMap label={t('nodes')} items={items} metric={metric} onOpen={(node) => go(paths.entity(clusterRef, 'nodes', node))} />
      )}
    </Card>
  )
}

function ProgressCard({ cluster, clusterRef }: ClusterPart) {
  const t = useText(messages)
  const go = useGo()
  const { functions } = useTaskSummary(cluster)
  return (
    <Card title={t('progress')}>
      <FunctionProgress
        label={t('progress')}
        rows={functions.slice(0, 12)}
        onSelect={(name, state) =>
          go(
            paths.list(clusterRef, 'tasks', {
              filter: [`func_or_class_name:eq:${name}`, ...(state === undefined ? [] : [filterOfWork[state]])],
            }),
          )
        }
      />
    </Card>
  )
}
