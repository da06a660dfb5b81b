import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useClusterRead } from '../../api/cluster-reads.ts'
import { numberIn, recordIn, type Row, rowsIn, textIn } from '../../api/rows.ts'
import { expectedNodes, type NodeSums, nodeSums } from './node-sums.ts'

export type ClusterFigures = {
  readonly nodes: NodeSums | null
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
          : nodeSums(summariesOf(nodes.data.body), expected),
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
const recordedFigures = (body: Row, total: number): NodeSums => ({
  alive: numberIn(body, 'matched') ?? 0,
  total,
  cpu: null,
  memory: null,
  gpu: null,
})

function jobCounts(body: Row) {
  const counts = recordIn(body, 'counts')
  return { running: numberIn(counts, 'RUNNING') ?? 0, pending: numberIn(counts, 'PENDING') ?? 0, total: numberIn(body, 'total') ?? 0 }
}
const alertOf = (row: Row) => ({ severity: textIn(row, 'severity') ?? '', message: textIn(row, 'message') ?? '' })
