import type { Amounts } from '../../base/fixed-point.ts'
import { resourcesFrom } from '../../base/fixed-point.ts'
import type { NodeView } from '../../protocol/nodes.ts'
import { shapeKey } from '../../protocol/placement/shapes.ts'
import { reply, send, type Turn } from './events.ts'
import type { HeadNode, HeadState } from './state.ts'

function viewOf(node: HeadNode): NodeView {
  const { phase, facts, storeUsedBytes } = node
  if (phase.kind === 'dead')
    return { facts, available: {}, storeUsedBytes: 0, state: 'dead', deathReason: phase.reason, diedAtMs: phase.diedAtMs }
  const available = withoutStored(freeOf(node.available), storeUsedBytes)
  return { facts, available, storeUsedBytes, state: node.draining ? 'draining' : 'alive', deathReason: '', diedAtMs: 0 }
}

const storeResource = 'object_store_memory'

/** Tasks do not ask for this resource, objects take it: what lies in the store is not free (Ray: the same in `available_resources`). */
function withoutStored(free: Record<string, number>, storeUsedBytes: number): Record<string, number> {
  const bytes = free[storeResource]
  if (bytes === undefined || storeUsedBytes === 0) return free
  return { ...free, [storeResource]: Math.max(0, bytes - storeUsedBytes) }
}

/** Overbooked amounts are below zero inside, and nothing outside. */
function freeOf(available: Readonly<Amounts>): Record<string, number> {
  const free: Amounts = {}
  for (const name in available) if ((available[name] ?? 0) > 0) free[name] = available[name] ?? 0
  return resourcesFrom(free)
}

/**
 * Sends what changed. Comings and goings go out at most every `viewEveryMs`; mere amounts, of which a big cluster has many,
 * as often as `viewsPerMs` lets them: an update that cost much is followed by a longer pause.
 */
export function flushViews(turn: Turn): void {
  const { state, nowMs } = turn
  const { view } = state
  welcome(turn)
  if (view.urgent.size > 0 && nowMs >= view.urgentAtMs) {
    for (const nodeId of view.urgent) view.changed.delete(nodeId)
    const views = sendViews(turn, view.urgent)
    view.urgentAtMs = nowMs + pauseAfter(state, views)
  }
  if (view.changed.size > 0 && nowMs >= view.changedAtMs) view.changedAtMs = nowMs + pauseAfter(state, sendViews(turn, view.changed))
}

const pauseAfter = ({ config }: HeadState, views: number): number => Math.max(config.viewEveryMs, views / config.viewsPerMs)

/** Those that have just registered get everything that lives; a few at a time, so that a thousand at once do not stall the head. */
function welcome(turn: Turn): void {
  const { state } = turn
  const { view } = state
  if (view.newcomers.size === 0) return
  const nodes = state.livingNodes.map(viewOf)
  let budget = state.config.viewsPerMs * state.config.viewEveryMs
  for (const nodeId of view.newcomers) {
    if (budget <= 0) return
    budget -= nodes.length
    view.newcomers.delete(nodeId)
    send(turn, nodeId, { type: 'cluster.changed', version: view.version, nodes })
  }
}

function sendViews(turn: Turn, changed: Set<string>): number {
  const { state } = turn
  const { view } = state
  const nodes = [...changed].flatMap((nodeId) => state.nodes.get(nodeId) ?? []).map(viewOf)
  changed.clear()
  view.version += 1
  for (const node of state.livingNodes) {
    if (!view.newcomers.has(node.nodeId)) send(turn, node.nodeId, { type: 'cluster.changed', version: view.version, nodes })
  }
  return nodes.length * state.livingNodes.length
}

const listedNodes = 10_000

export function onClusterNodes(turn: Turn, requestKey: number): void {
  reply(turn, requestKey, [...turn.state.nodes.values()].slice(-listedNodes).map(viewOf))
}

const listedDemand = 10_000

/** What waits, over all nodes: leases by what they ask for, actors and groups as counts. */
export function onClusterDemand(turn: Turn, requestKey: number): void {
  const { state } = turn
  const leases = new Map<string, { resources: Record<string, number>; count: number; infeasible: boolean }>()
  for (const node of state.livingNodes) {
    for (const { shape, count, infeasible } of node.demand) {
      const key = `${shapeKey({ ...shape, labels: [], fallbackLabels: [], strategy: { kind: 'default' } })} ${infeasible}`
      const known = leases.get(key)
      if (known) known.count += count
      else if (leases.size < listedDemand) leases.set(key, { resources: shape.resources, count, infeasible })
    }
  }
  let actors = 0
  for (const queue of state.queues.values()) actors += queue.actorIds.size
  reply(turn, requestKey, { leases: [...leases.values()], actors, groups: state.waitingGroups.size + state.busyGroups.size })
}
