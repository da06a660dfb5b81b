import type { DatabaseSync } from 'node:sqlite'
import type * as z from 'zod'
import type { MetricHistory, MetricNames, MetricSeries } from '../../../runtime/api/metrics.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiQuery } from '../../../runtime/client/api-client.ts'

/** What is recorded of each node, by the head's names: enough for the overview of a cluster that is gone. */
export const recordedFigures = {
  cpu_percent: 'percent',
  load_1m: 'load',
  memory_used_bytes: 'bytes',
  memory_total_bytes: 'bytes',
  store_used_bytes: 'bytes',
  store_capacity_bytes: 'bytes',
  store_spilled_bytes: 'bytes',
  store_objects: 'count',
  disk_used_bytes: 'bytes',
  disk_free_bytes: 'bytes',
  network_sent_bytes_per_s: 'bytes/s',
  network_received_bytes_per_s: 'bytes/s',
  gpu_utilization_percent: 'percent',
  gpu_memory_used_bytes: 'bytes',
} as const satisfies Record<string, MetricSeries['unit']>

const isFigure = (name: string): name is keyof typeof recordedFigures => Object.hasOwn(recordedFigures, name)
const help = 'recorded once a minute'

/** Least, mean and greatest; of GPUs one for each. */
type Figures = Readonly<Record<string, readonly [number, number, number]>>

type Asked = 'getMetricHistory' | 'getLatestMetrics' | 'listMetricNames'

export function metricsFromRecord(database: DatabaseSync, asked: Asked, query: ApiQuery): MetricHistory | z.infer<typeof MetricNames> {
  if (asked === 'getLatestMetrics') {
    throw new ClusterError(
      'head.unavailable',
      'the cluster is not connected: there are no latest figures, only those of the record, as getMetricHistory tells',
    )
  }
  if (asked === 'listMetricNames') {
    const names = Object.entries(recordedFigures)
    return {
      names: names.map(([name, unit]) => ({ name, unit, per: name.startsWith('gpu_') ? ('gpu' as const) : ('node' as const), help })),
    }
  }
  const names = listOf(query['names']).filter(isFigure)
  const nodes = new Set(listOf(query['nodes']))
  const newest = Number(database.prepare('SELECT max(at_ms) AS at FROM samples').get()?.['at'] ?? 0)
  const toMs = Number(query['to'] ?? newest + 1)
  const fromMs = Number(query['from'] ?? toMs - 3_600_000)
  const points = Math.min(2_000, Math.max(1, Number(query['points'] ?? 200)))
  const stepMs = Math.max(60_000, Math.ceil((toMs - fromMs) / points / 60_000) * 60_000)
  const series = new Map<string, MetricSeries>()
  const rows = database
    .prepare('SELECT node_id, at_ms, figures FROM samples WHERE at_ms >= ? AND at_ms < ? ORDER BY node_id, at_ms')
    .iterate(fromMs, toMs)
  for (const row of rows) {
    const nodeId = String(row['node_id'])
    if (nodes.size > 0 && !nodes.has(nodeId)) continue
    const figures = JSON.parse(String(row['figures'])) as Figures // written by the record alone
    const startMs = Math.floor(Number(row['at_ms']) / stepMs) * stepMs
    for (const [label, figure] of Object.entries(figures)) addPoint(series, { label, nodeId, startMs, figure, names })
  }
  return { fromMs, toMs, stepMs, series: [...series.values()], leftOut: 0 }
}

/** Samples that the last point of a line is made of. */
const counts = new WeakMap<MetricSeries, number>()

type Point = { label: string; nodeId: string; startMs: number; figure: readonly [number, number, number]; names: readonly string[] }

/** The label of a GPU's figure ends with its number, `gpu_memory_used_bytes#3`. */
function addPoint(series: Map<string, MetricSeries>, { label, nodeId, startMs, figure, names }: Point): void {
  const [name = '', gpu] = label.split('#')
  if (!isFigure(name) || !names.includes(name)) return
  const key = `${nodeId} ${label}`
  const line = series.get(key) ?? { name, unit: recordedFigures[name], nodeId, labels: gpu === undefined ? {} : { gpu }, points: [] }
  series.set(key, line)
  const last = line.points.at(-1)
  if (last?.[0] !== startMs) {
    line.points.push([startMs, ...figure])
    counts.set(line, 1)
  } else
    line.points[line.points.length - 1] = [startMs, Math.min(last[1], figure[0]), (last[2] + figure[1]) / 2, Math.max(last[3], figure[2])]
}

const listOf = (value: ApiQuery[string]): string[] =>
  value === undefined
    ? []
    : (Array.isArray(value) ? value : [String(value)]).flatMap((text: string) => text.split(',')).filter((text) => text !== '')
