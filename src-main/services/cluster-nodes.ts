import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import { usedFrom } from '../cluster/logical-resources.ts'
import type { FitNode } from './node-fit.ts'

type Calls = Pick<ClusterCalls, 'call' | 'page'>
type Row = Readonly<Record<string, unknown>>

/** Of one question. */
const nodesAtMost = 10_000

/**
 * The nodes that are not dead, with what is free on each as Ray's `/nodes` tells it: to one percent of a unit for memory, exactly for the
 * rest.
 */
export async function readFitNodes(calls: Calls, signal: AbortSignal): Promise<FitNode[]> {
  const [{ data }, { rows }] = await Promise.all([
    calls.call('listNodeSummaries', { query: { view: 'summary' }, signal }) as Promise<{ data: Row }>, // parsed by the schema of that route
    calls.page('pageNodes', { filter: ['state:eq:ALIVE'], limit: nodesAtMost, detail: true, signal }),
  ])
  const lines = recordOf(data['nodeLogicalResources'])
  return rows.flatMap((row) => {
    if (row['state'] !== 'ALIVE') return []
    const total = numbersOf(row['resources_total'])
    const nodeId = String(row['node_id'])
    const used = usedFrom(String(lines[nodeId] ?? ''))
    return [
      {
        nodeId,
        name: String(row['node_name'] || row['node_ip']),
        isHead: row['is_head_node'] === true,
        total,
        free: Object.fromEntries(Object.entries(total).map(([name, amount]) => [name, Math.max(0, amount - (used[name] ?? 0))])),
        labels: textsOf(row['labels']),
        closed: row['is_draining'] === true ? ('draining' as const) : row['is_linked'] === false ? ('unreachable' as const) : null,
      },
    ]
  })
}

/** Jobs that have no node yet and come before one of this priority. */
export async function countBefore(
  calls: Calls,
  { priority, hasPriorities, signal }: { priority: number; hasPriorities: boolean; signal: AbortSignal },
): Promise<number> {
  if (!hasPriorities) {
    const jobs = await calls.call('listJobs', { signal })
    return jobs.filter(({ status }) => status === 'PENDING').length
  }
  const filter = ['status:eq:PENDING', 'queue_position:ge:1', `priority:ge:${priority}`]
  const { matched } = await calls.page('listShoalJobs', { filter, limit: 1, signal })
  return matched
}

const recordOf = (value: unknown): Row => (typeof value === 'object' && value !== null ? { ...value } : {})
const numbersOf = (value: unknown): Record<string, number> =>
  Object.fromEntries(Object.entries(recordOf(value)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
const textsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(recordOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
