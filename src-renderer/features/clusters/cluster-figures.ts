import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useClusterRead } from '../../api/cluster-reads.ts'
import { numberIn, recordIn, type Row, rowsIn, textIn } from '../../api/rows.ts'

type Share = { readonly used: number; readonly total: number }
export type NodeFigures = {
  readonly alive: number
  readonly total: number
  /** Cores; null before the first figures came. */
  readonly cpu: Share | null
  /** Bytes. */
  readonly memory: Share | null
  /** GPUs; null where there are none. */
  readonly gpu: Share | null
}
export type ClusterFigures = {
  readonly nodes: NodeFigures | null
  readonly jobs: { readonly running: number; readonly pending: number; readonly total: number } | null
  readonly alerts: readonly { readonly severity: string; readonly message: string }[] | null
  /** Null: it is how things are now. */
  readonly recordedAtMs: number | null
  readonly isPending: boolean
}

const quickMs = 5_000
/** The answer is as long as the cluster is large. */
const slowMs = 20_000
const largeCluster = 64

/** How a cluster is, in short; of one that is not connected, how it was. */
export function useClusterFigures(cluster: Cluster): ClusterFigures {
  const { id, members, link } = cluster
  const isLive = link.state === 'connected'
  const pollMs = members.length > largeCluster ? slowMs : quickMs
  const nodes = useClusterRead(id, isLive ? liveNodes : recordedNodes, isLive ? { pollMs, everyMs: pollMs, changesOf: ['node'] } : {})
  const jobs = useClusterRead(id, { route: 'listShoalJobs', query: { limit: 1 } }, isLive ? { everyMs: 1_000, changesOf: ['job'] } : {})
  const alerts = useClusterRead(id, { route: 'listAlerts' }, isLive ? { everyMs: 1_000, changesOf: ['alert'] } : { isEnabled: false })
  const expected = expectedNodes(cluster)
  return {
    nodes:
      nodes.data === undefined
        ? null
        : isRecord(nodes.data)
          ? recordedFigures(nodes.data.body, expected)
          : nodeFigures(summariesOf(nodes.data.body), expected),
    jobs: jobs.data === undefined ? null : jobCounts(jobs.data.body),
    alerts: !isLive || alerts.data === undefined ? null : rowsIn(alerts.data.body, 'alerts').map(alertOf),
    recordedAtMs: nodes.data?.recordedAtMs ?? null,
    isPending: nodes.isPending,
  }
}

const liveNodes = { route: 'listNodeSummaries', query: { view: 'summary' } }
/** A record has no figures of machines, and the answer of a list says how many there are. */
const recordedNodes = { route: 'pageNodes', query: { filter: ['state:eq:ALIVE'], limit: 1 } }
const isRecord = ({ source }: { source: 'live' | 'record' }) => source === 'record'
const summariesOf = (body: Row): readonly Row[] => rowsIn(recordIn(body, 'data'), 'summary')
const recordedFigures = (body: Row, total: number): NodeFigures => ({
  alive: numberIn(body, 'matched') ?? 0,
  total,
  cpu: null,
  memory: null,
  gpu: null,
})

/** Nodes that should be there; a head remembers those that left, too. */
export const expectedNodes = ({ members }: Pick<Cluster, 'members'>): number =>
  members
    .filter(({ state }) => state === 'started' || state === 'draining')
    .reduce((sum, { extraNodes = [] }) => sum + 1 + extraNodes.length, 0)

function jobCounts(body: Row) {
  const counts = recordIn(body, 'counts')
  return { running: numberIn(counts, 'RUNNING') ?? 0, pending: numberIn(counts, 'PENDING') ?? 0, total: numberIn(body, 'total') ?? 0 }
}
const alertOf = (row: Row) => ({ severity: textIn(row, 'severity') ?? '', message: textIn(row, 'message') ?? '' })

/** Sums over the nodes that live. */
export function nodeFigures(summaries: readonly Row[], expected: number): NodeFigures {
  const living = summaries.filter((node) => textIn(recordIn(node, 'raylet'), 'state') === 'ALIVE')
  const cpu = living.flatMap((node) => {
    const percent = numberIn(node, 'cpu')
    const cores = numbersIn(node, 'cpus')[0]
    return percent === null || cores === undefined ? [] : [{ used: (percent / 100) * cores, total: cores }]
  })
  const memory = living.flatMap((node) => {
    const [total, , , used] = numbersIn(node, 'mem')
    return total === undefined || used === undefined ? [] : [{ used, total }]
  })
  const gpu = living.flatMap((node) =>
    rowsIn(node, 'gpus').map((each) => ({ used: (numberIn(each, 'utilizationGpu') ?? 0) / 100, total: 1 })),
  )
  return { alive: living.length, total: Math.max(expected, living.length), cpu: sumOf(cpu), memory: sumOf(memory), gpu: sumOf(gpu) }
}

function sumOf(shares: readonly Share[]): Share | null {
  if (shares.length === 0) return null
  return shares.reduce((sum, { used, total }) => ({ used: sum.used + used, total: sum.total + total }), { used: 0, total: 0 })
}

function numbersIn(row: Row, name: string): number[] {
  const value = row[name]
  return Array.isArray(value) ? value.filter((each) => typeof each === 'number') : []
}
