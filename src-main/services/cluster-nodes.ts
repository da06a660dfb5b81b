import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import type { FitNode } from './node-fit.ts'

type Calls = Pick<ClusterCalls, 'call' | 'page'>
type Row = Readonly<Record<string, unknown>>

/** Of one question; a Ray head gives no more. */
const nodesAtMost = 10_000

/**
 * The nodes that are not dead, with what is free on each as Ray's `/nodes` tells it: to one percent of a unit for memory, exactly for the
 * rest. `hasLists`: the head has lists of its own, which know of draining too.
 */
export async function readFitNodes(calls: Calls, { hasLists, signal }: { hasLists: boolean; signal: AbortSignal }): Promise<FitNode[]> {
  const [{ data }, rows] = await Promise.all([
    calls.call('listNodeSummaries', { query: { view: 'summary' }, signal }) as Promise<{ data: Row }>, // parsed by the schema of that route
    hasLists ? pagedRows(calls, signal) : rayRows(calls, signal),
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

async function pagedRows(calls: Calls, signal: AbortSignal): Promise<readonly Row[]> {
  const { rows } = await calls.page('pageNodes', { filter: ['state:eq:ALIVE'], limit: nodesAtMost, detail: true, signal })
  return rows
}

async function rayRows(calls: Calls, signal: AbortSignal): Promise<readonly Row[]> {
  const { data } = await calls.call('listNodes', { query: { limit: nodesAtMost, detail: 'True' }, signal })
  return data.result.result
}

const factors: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/** Of lines such as `0.5/2.0 CPU` and `1.20GiB/7.45GiB memory`. */
export function usedFrom(lines: string): Record<string, number> {
  const found = lines.matchAll(/^\s*([\d.]+)([KMGT]?i?B?)\/[\d.]+[KMGT]?i?B? (\S+)/gm)
  return Object.fromEntries([...found].map(([, amount, unit = '', name = '']) => [name, Number(amount) * (factors[unit] ?? 1)]))
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
