import { useClusterRead } from '../../api/cluster-reads.ts'
import { recordIn, numberIn } from '../../api/rows.ts'
import { useMachineFigures, type NodeFigures } from '../../entities/node-figures.ts'
import { filterOfWork, useTaskSummary } from '../../entities/task-summary.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Card } from '../../ui/card.tsx'
import { StateBar } from '../../ui/charts/state-bar.tsx'
import { Meter } from '../../ui/meter.tsx'
import { messages } from './messages.ts'
import type { ClusterPart } from './overview-page.tsx'

/** Jobs and tasks by their state, each of which leads to its list, and how full the cluster is. */
export function ClusterNumbers({ cluster, clusterRef }: ClusterPart) {
  return (
    <div className="grid gap-4 lg:grid-cols-3">
      <JobStates cluster={cluster} clusterRef={clusterRef} />
      <TaskStates cluster={cluster} clusterRef={clusterRef} />
      <Fill cluster={cluster} />
    </div>
  )
}

const jobStates = [
  { state: 'PENDING', tone: 'warn' },
  { state: 'RUNNING', tone: 'info' },
  { state: 'SUCCEEDED', tone: 'good' },
  { state: 'FAILED', tone: 'bad' },
  { state: 'STOPPED', tone: 'idle' },
] as const

function JobStates({ cluster, clusterRef }: ClusterPart) {
  const t = useText(messages)
  const go = useGo()
  const jobs = useClusterRead(cluster, { route: 'listShoalJobs', query: { limit: 1 } }, { changesOf: ['job'] })
  const counts = recordIn(jobs.data?.body ?? {}, 'counts')
  return (
    <Card title={t('jobs')}>
      <StateBar
        label={t('jobs')}
        shares={jobStates.map(({ state, tone }) => ({ state, tone, label: t(state), count: numberIn(counts, state) ?? 0 }))}
        onSelect={(state) => go(paths.list(clusterRef, 'jobs', { filter: `status:eq:${state}` }))}
      />
    </Card>
  )
}

const taskStates = [
  { state: 'waiting', tone: 'warn' },
  { state: 'running', tone: 'info' },
  { state: 'finished', tone: 'good' },
  { state: 'failed', tone: 'bad' },
] as const

function TaskStates({ cluster, clusterRef }: ClusterPart) {
  const t = useText(messages)
  const go = useGo()
  const { total, leftOut } = useTaskSummary(cluster)
  return (
    <Card title={t('runningTasks')}>
      <StateBar
        label={t('runningTasks')}
        shares={taskStates.map(({ state, tone }) => ({ state, tone, label: t(state), count: total[state] }))}
        onSelect={(state) => go(paths.list(clusterRef, 'tasks', { filter: filterOfWork[state] }))}
      />
      {leftOut > 0 && <p className="mt-2 text-sm text-soft">{t('notCounted', { count: leftOut })}</p>}
    </Card>
  )
}

const sum = (
  figures: readonly NodeFigures[],
  name: 'memoryUsedBytes' | 'memoryTotalBytes' | 'objectStoreUsedBytes' | 'objectStoreTotalBytes',
) => figures.reduce((total, each) => total + (each[name] ?? 0), 0)

/** All nodes together. */
function Fill({ cluster }: { readonly cluster: string }) {
  const t = useText(messages)
  const format = useFormat()
  const { nodes, machines } = useMachineFigures(cluster)
  const mean = (name: 'cpu' | 'gpu') => {
    const known = machines.map((each) => each[name]).filter((value) => value !== null)
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0) / known.length
  }
  const [memoryUsed, memoryTotal] = [sum(machines, 'memoryUsedBytes'), sum(machines, 'memoryTotalBytes')]
  const [storeUsed, storeTotal] = [sum(nodes, 'objectStoreUsedBytes'), sum(nodes, 'objectStoreTotalBytes')]
  const amount = (used: number, total: number) => t('of', { used: format.bytes(used), total: format.bytes(total) })
  const rows = [
    { name: t('cpu'), value: mean('cpu'), words: null, isUse: true },
    { name: t('memory'), value: memoryTotal > 0 ? memoryUsed / memoryTotal : null, words: amount(memoryUsed, memoryTotal), isUse: false },
    ...(machines.some(({ gpus }) => gpus.length > 0) ? [{ name: t('gpu'), value: mean('gpu'), words: null, isUse: true }] : []),
    { name: t('objectStore'), value: storeTotal > 0 ? storeUsed / storeTotal : null, words: amount(storeUsed, storeTotal), isUse: false },
  ]
  return (
    <Card title={t('use')}>
      <ul className="grid grid-cols-[auto_1fr_auto] gap-x-2 gap-y-1">
        {rows.map(({ name, value, words, isUse }) => (
          <li key={name} className="col-span-3 grid grid-cols-subgrid items-center text-sm">
            <span className="whitespace-nowrap text-soft">{name}</span>
            <Meter value={value ?? 0} label={name} {...(isUse && { tone: 'info' as const })} />
            <span className="text-right tabular-nums">{value === null ? '–' : (words ?? format.percent(value))}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
