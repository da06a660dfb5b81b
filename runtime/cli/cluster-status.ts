import type { ClusterDemandReply, ClusterNodesReply } from '../protocol/clients.ts'
import type { GroupTableReply } from '../protocol/groups.ts'

type Amounts = Readonly<Record<string, number>>

/** What `shoal status --json` prints; keys stay what they are. Amounts are logical; memory is bytes. */
export type ClusterStatus = {
  readonly time: string
  readonly clusterId: string
  /** `host:port` of the head; empty when only its own machine can reach it. */
  readonly address: string
  readonly tempDir: string
  readonly nodes: readonly NodeStatus[]
  /** Of the nodes that are not dead. */
  readonly resources: Readonly<Record<string, { readonly used: number; readonly total: number; readonly reserved: number }>>
  readonly demand: { readonly tasks: readonly WaitingTasks[]; readonly actors: number; readonly placementGroups: number }
  readonly placementGroups: readonly GroupLine[]
}
export type NodeStatus = {
  readonly nodeId: string
  readonly name: string
  readonly hostname: string
  readonly address: string
  readonly state: 'alive' | 'draining' | 'dead'
  readonly isHead: boolean
  readonly resources: Amounts
  readonly available: Amounts
  readonly labels: Readonly<Record<string, string>>
  readonly startedAt: string
  /** Empty unless it is dead. */
  readonly deathReason: string
}
export type WaitingTasks = { readonly resources: Amounts; readonly count: number; readonly infeasible: boolean; readonly reason: string }
export type GroupLine = {
  readonly groupId: string
  readonly name: string | null
  readonly strategy: string
  readonly state: 'pending' | 'created' | 'rescheduling' | 'removed'
  /** Why it waits, or why it was removed; else empty. */
  readonly reason: string
  readonly bundles: readonly { readonly resources: Amounts; readonly nodeId: string | null }[]
}

export type Replies = {
  readonly nodes: ReturnType<(typeof ClusterNodesReply)['parse']>
  readonly demand: ReturnType<(typeof ClusterDemandReply)['parse']>
  readonly groups: ReturnType<(typeof GroupTableReply)['parse']>
}
type Heading = Pick<ClusterStatus, 'clusterId' | 'address' | 'tempDir'> & { readonly nowMs: number }

/** Puts the head's answers together. Pure. */
export function statusOf({ nowMs, ...heading }: Heading, { nodes, demand, groups }: Replies): ClusterStatus {
  const living = nodes.filter(({ state }) => state !== 'dead')
  const placementGroups = groups.map(groupLine)
  return {
    time: new Date(nowMs).toISOString(),
    ...heading,
    nodes: nodes.map(({ facts, available, state, deathReason }) => ({
      nodeId: facts.nodeId,
      name: facts.nodeName,
      hostname: facts.hostname,
      address: facts.agentAddress,
      state,
      isHead: facts.isHead,
      resources: facts.resources,
      available,
      labels: facts.labels,
      startedAt: new Date(facts.startedAtMs).toISOString(),
      deathReason,
    })),
    resources: sumResources(living, placementGroups),
    demand: {
      tasks: demand.leases.map((lease) => ({ ...lease, reason: reasonOf(lease.resources, living) })),
      actors: demand.actors,
      placementGroups: demand.groups,
    },
    placementGroups,
  }
}

/** Granularity of amounts: 1/10000. */
const rounded = (amount: number): number => Math.round(amount * 10_000) / 10_000

function sumResources(living: Replies['nodes'], groups: readonly GroupLine[]): ClusterStatus['resources'] {
  const sums: Record<string, { used: number; total: number; reserved: number }> = {}
  for (const { facts, available } of living) {
    for (const [name, total] of Object.entries(facts.resources)) {
      const sum = (sums[name] ??= { used: 0, total: 0, reserved: 0 })
      sum.total = rounded(sum.total + total)
      sum.used = rounded(sum.used + total - (available[name] ?? 0))
    }
  }
  for (const { resources, nodeId } of groups.flatMap(({ bundles }) => bundles)) {
    for (const [name, amount] of nodeId === null ? [] : Object.entries(resources)) {
      const sum = sums[name]
      if (sum) sum.reserved = rounded(sum.reserved + amount)
    }
  }
  return sums
}

/** Why nothing of this shape runs: no node has that much, or all that do are busy. Labels and affinity are the scheduler's to know. */
function reasonOf(resources: Amounts, living: Replies['nodes']): string {
  const wanted = Object.entries(resources)
  const able = living.filter(({ facts }) => wanted.every(([name, amount]) => (facts.resources[name] ?? 0) >= amount))
  if (able.length > 0) return `waits for room on ${able.length === 1 ? 'the one node' : `one of the ${able.length} nodes`} with that much`
  const short = wanted.flatMap(([name, amount]) => {
    const most = Math.max(0, ...living.map(({ facts }) => facts.resources[name] ?? 0))
    return most >= amount ? [] : [`${name} ${amount} (the most on one node: ${most})`]
  })
  return short.length > 0 ? `no node has ${short.join(', ')}` : 'no one node has all of it together'
}

function groupLine({ spec, status }: Replies['groups'][number]): GroupLine {
  const places = new Map(
    status.kind === 'created' || status.kind === 'rescheduling' ? status.bundles.map(({ index, nodeId }) => [index, nodeId]) : [],
  )
  const reason = status.kind === 'pending' ? status.why : status.kind === 'removed' ? status.failure.message : ''
  return {
    groupId: spec.groupId,
    name: spec.name,
    strategy: spec.strategy,
    state: status.kind,
    reason,
    bundles: spec.bundles.map(({ resources }, index) => ({ resources, nodeId: places.get(index) ?? null })),
  }
}
