import type { Cluster } from '../../../src-main/contract/clusters.ts'
import type { Operation } from '../../../src-main/contract/operations.ts'

/** Where a cluster is between its creation and its end. */
export type ClusterLife = 'building' | 'unfinished' | 'up' | 'down'

export function lifeOf({ id, members, rayHead }: Cluster, operations: readonly Operation[]): ClusterLife {
  if (rayHead) return 'up' // others made it, and end it
  if (operations.some(({ clusterId, state, kind }) => clusterId === id && state === 'running' && kind === 'create')) return 'building'
  if (members.length === 0) return 'down'
  const head = members.find(({ role }) => role === 'head')
  return head === undefined || head.state === 'planned' ? 'unfinished' : 'up'
}
