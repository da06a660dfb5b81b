import type { Cluster } from '../../../src-main/contract/clusters.ts'
import type { Operation } from '../../../src-main/contract/operations.ts'

/** Where a cluster is between its creation and its end. */
export type ClusterLife = 'building' | 'unfinished' | 'up' | 'down'

export function lifeOf({ id, members }: Cluster, operations: readonly Operation[]): ClusterLife {
  if (members.length === 0) return 'down'
  const head = members.find(({ role }) => role === 'head')
  if (head !== undefined && head.state !== 'planned') return 'up'
  return operations.some(({ clusterId, state, kind }) => clusterId === id && state === 'running' && kind === 'create')
    ? 'building'
    : 'unfinished'
}
