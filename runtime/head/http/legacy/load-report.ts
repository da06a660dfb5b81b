import { fromUnits } from '../../../base/fixed-point.ts'
import type { HeadNode, HeadState } from '../../core/state.ts'
import { nodeIpOf } from '../../node-ip.ts'

type Amounts = Readonly<Record<string, number>>
/** Used and total, by resource. */
type Usage = Record<string, [number, number]>
type Counted<T> = [T, number]

/** What `ray status` reads under the key `__autoscaling_status`, in the words of Ray's first autoscaler (autoscaler/_private/util.py). */
export type LoadReport = {
  readonly gcs_request_time: number
  /** Seconds since 1970. */
  readonly time: number
  readonly monitor_pid: number
  readonly autoscaler_update_time: number
  readonly non_terminated_nodes_time: number
  readonly autoscaler_report: {
    readonly active_nodes: Readonly<Record<string, number>>
    readonly idle_nodes: null
    readonly pending_nodes: readonly []
    readonly pending_launches: Readonly<Record<string, never>>
    readonly failed_nodes: readonly (readonly [ip: string, type: string])[]
    readonly node_availability_summary: { readonly node_availabilities: Readonly<Record<string, never>> }
    readonly node_activities: null
    readonly pending_resources: Readonly<Record<string, never>>
    readonly node_type_mapping: Readonly<Record<string, string>>
    readonly legacy: true
  }
  readonly load_metrics_report: {
    readonly usage: Usage
    readonly resource_demand: readonly Counted<Amounts>[]
    readonly pg_demand: readonly Counted<{ readonly strategy: string; readonly bundles: readonly Counted<Amounts>[] }>[]
    readonly request_demand: readonly []
    readonly node_types: readonly Counted<Amounts>[]
    readonly head_ip: string
    /** By node id: Ray keys it by IP, where two nodes on one machine are one. */
    readonly usage_by_node: Readonly<Record<string, Usage>>
    readonly node_type_mapping: Readonly<Record<string, string>>
    /** Seconds; empty: we do not measure it. */
    readonly idle_time_map: Readonly<Record<string, number>>
  }
}

/** Shapes, groups and dead nodes that are told of at most. */
const listedAtMost = 1_000
const failuresListed = 20

export function loadReport(state: HeadState, nowMs: number): LoadReport {
  const nodes = state.livingNodes
  const types = Object.fromEntries(nodes.map((node) => [node.nodeId, nodeType(node.nodeId)]))
  const head = nodes.find(({ facts }) => facts.isHead)
  return {
    gcs_request_time: 0,
    time: nowMs / 1_000,
    monitor_pid: process.pid,
    autoscaler_update_time: 0,
    non_terminated_nodes_time: 0,
    autoscaler_report: {
      active_nodes: Object.fromEntries(nodes.map((node) => [nodeType(node.nodeId), 1])),
      idle_nodes: null,
      pending_nodes: [],
      pending_launches: {},
      failed_nodes: failedNodes(state),
      node_availability_summary: { node_availabilities: {} },
      node_activities: null,
      pending_resources: {},
      node_type_mapping: types,
      legacy: true,
    },
    load_metrics_report: {
      usage: sumUsage(nodes),
      resource_demand: resourceDemand(state),
      pg_demand: groupDemand(state),
      request_demand: [],
      node_types: counted(nodes.map(({ facts }) => facts.resources)),
      head_ip: head === undefined ? '' : nodeIpOf(head.facts),
      usage_by_node: Object.fromEntries(nodes.map((node) => [node.nodeId, usageOf(node)])),
      node_type_mapping: types,
      idle_time_map: {},
    },
  }
}

/** Ray's name for a node that no launcher made. */
const nodeType = (nodeId: string): string => `node_${nodeId}`

export function usageOf({ total, available }: HeadNode): Usage {
  const usage: Usage = {}
  for (const [name, units] of Object.entries(total)) {
    usage[name] = [fromUnits(Math.min(units, units - (available[name] ?? 0))), fromUnits(units)]
  }
  return usage
}

function sumUsage(nodes: readonly HeadNode[]): Usage {
  const sum: Usage = {}
  for (const node of nodes) {
    for (const [name, [used, total]] of Object.entries(usageOf(node))) {
      const [usedBefore, totalBefore] = sum[name] ?? [0, 0]
      sum[name] = [rounded(usedBefore + used), rounded(totalBefore + total)]
    }
  }
  return sum
}

const rounded = (amount: number): number => Math.round(amount * 10_000) / 10_000

function resourceDemand({ livingNodes, queues }: HeadState): Counted<Amounts>[] {
  const leases = livingNodes.flatMap(({ demand }) => demand.map(({ shape, count }): Counted<Amounts> => [shape.resources, count]))
  const actors = [...queues.values()].map(
    ({ shape, actorIds }): Counted<Amounts> => [
      Object.fromEntries(Object.entries(shape.wanted).map(([name, units]) => [name, fromUnits(units)])),
      actorIds.size,
    ],
  )
  return merged([...leases, ...actors].filter(([, count]) => count > 0)).slice(0, listedAtMost)
}

function groupDemand({ groups, waitingGroups, busyGroups }: HeadState): LoadReport['load_metrics_report']['pg_demand'] {
  const pending = [...waitingGroups, ...busyGroups].slice(0, listedAtMost).flatMap((groupId) => groups.get(groupId) ?? [])
  return merged(
    pending.map(
      ({ spec }): Counted<{ strategy: string; bundles: Counted<Amounts>[] }> => [
        { strategy: spec.strategy, bundles: counted(spec.bundles.map(({ resources }) => resources)) },
        1,
      ],
    ),
  )
}

/** Nodes that were lost, newest first. Those that left on purpose are no failures. */
function failedNodes({ nodes, deadNodes }: HeadState): [string, string][] {
  return [...deadNodes]
    .slice(-failuresListed)
    .reverse()
    .flatMap((nodeId) => nodes.get(nodeId) ?? [])
    .map((node) => [nodeIpOf(node.facts), nodeType(node.nodeId)])
}

const counted = (amounts: readonly Amounts[]): Counted<Amounts>[] => merged(amounts.map((each): Counted<Amounts> => [each, 1]))

/** Equal things as one with a count, in the order in which they first came. */
function merged<T extends object>(all: readonly Counted<T>[]): Counted<T>[] {
  const known = new Map<string, Counted<T>>()
  for (const [thing, count] of all) {
    const key = JSON.stringify(Object.entries(thing).sort(([a], [b]) => (a < b ? -1 : 1)))
    const entry = known.get(key)
    if (entry) entry[1] += count
    else known.set(key, [thing, count])
  }
  return [...known.values()]
}
