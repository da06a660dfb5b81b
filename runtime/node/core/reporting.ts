import { resourcesFrom, type Amounts } from '../../base/fixed-point.ts'
import type { NodeRegister } from '../../protocol/nodes.ts'
import type { Resources } from '../../protocol/scheduling.ts'
import type { ToHead } from './messages.ts'
import type { Turn } from './events.ts'
import { bundleAmounts } from './group-placing.ts'
import { peek } from './queues.ts'
import { heldSubmissions } from './submissions.ts'
import type { AgentState, ShapeQueue } from './state.ts'

/** Shapes named in one report; the protocol takes no more. */
const demandLimit = 1_000

type Report = Extract<ToHead, { type: 'node.reported' }>

/** Tells the head what is free and what waits: soon after a change, and at least at every heartbeat. */
export function maybeReport(turn: Turn): void {
  const { state } = turn
  if (!state.headConnected) return
  const sinceMs = turn.nowMs - state.lastReportMs
  if (sinceMs < state.config.reportIntervalMs || (!state.reportDue && sinceMs < state.heartbeatMs)) return
  state.lastReportMs = turn.nowMs
  state.reportDue = false
  state.reportSequence += 1
  turn.out.push({
    do: 'tell-head',
    message: {
      type: 'node.reported',
      nodeId: state.config.nodeId,
      sequence: state.reportSequence,
      available: availableResources(state),
      demand: demandOf(state),
      storeUsedBytes: state.storeUsedBytes,
      workers: state.workers.size,
    },
  })
}

/** Asks owners for workers they could spare while somebody else waits: others, or they themselves with another shape. */
export function maybeAskBack(turn: Turn): void {
  const { state } = turn
  if (state.leases.size === 0 || turn.nowMs - state.lastWantedMs < state.config.wantedIntervalMs) return
  const waiting = [...state.queues.values()].filter((queue) => queue.live > 0 && queue.misfit === null && peek(queue) !== undefined)
  if (waiting.length === 0) return
  state.lastWantedMs = turn.nowMs
  for (const [ownerId, leaseIds] of state.leasesOfOwner) {
    if (!waiting.some((queue) => wantsFrom(state, queue, { ownerId, leaseIds }))) continue
    turn.out.push({ do: 'tell-owner', ownerId, message: { type: 'lease.wanted' } })
  }
}

function wantsFrom(state: AgentState, queue: ShapeQueue, holder: { ownerId: string; leaseIds: ReadonlySet<string> }): boolean {
  const own = queue.owners.get(holder.ownerId)?.count ?? 0
  if (queue.live > own) return true
  if (own === 0) return false
  for (const leaseId of holder.leaseIds) if (state.leases.get(leaseId)?.shapeKey !== queue.shapeKey) return true
  return false
}

/** What the agent holds, for `node.register`. The shell adds the facts of the machine. */
export function registrationOf(state: AgentState): Omit<NodeRegister, 'type' | 'facts'> {
  const bundles = new Map<string, NodeRegister['bundles'][number]>()
  for (const { groupId, round, index, committed, returning } of state.bundles.values()) {
    if (returning) continue
    const key = `${groupId}:${round}:${committed}`
    const listed = bundles.get(key)
    if (listed) listed.indexes.push(index)
    else bundles.set(key, { groupId, round, indexes: [index], committed })
  }
  const actors: NodeRegister['actors'] = []
  for (const { actorId, restarts, attempt, phase, workerId } of state.actors.values()) {
    const address = workerId === null ? null : state.workers.get(workerId)?.address
    if (phase === 'alive' && address) actors.push({ actorId, restarts, attempt, address })
  }
  const clients: NodeRegister['clients'] = []
  for (const [workerId, jobId] of state.drivers) clients.push({ workerId, jobId })
  for (const worker of state.workers.values())
    if (worker.phase.kind !== 'starting') clients.push({ workerId: worker.workerId, jobId: null })
  return {
    available: availableResources(state),
    actors,
    actorsEnded: unheardEnds(state),
    bundles: [...bundles.values()],
    clients,
    submissions: heldSubmissions(state),
  }
}

/** What was said shortly before the link broke may not have arrived. */
const unsureMs = 15_000
const endsLimit = 1_000
const linesOfEnd = 5

/** Ends of actors that the head may not have heard of: it should not take an intended one for a crash. */
function unheardEnds({ headAway, actorEnds }: AgentState): NodeRegister['actorsEnded'] {
  if (headAway === null) return []
  const ends: NodeRegister['actorsEnded'] = []
  for (const { message, atMs } of actorEnds.values()) {
    if (message.type !== 'actor.exited' || atMs < headAway.sinceMs - unsureMs) continue
    const { type: _, exit, ...end } = message
    ends.push({ ...end, exit: { ...exit, lastLines: exit.lastLines.slice(-linesOfEnd) } })
  }
  return ends.slice(-endsLimit)
}

/** Free amounts, those inside bundles under the bundles' names. What is overbooked counts as none. */
function availableResources(state: AgentState): Resources {
  const positive: Amounts = {}
  for (const name in state.pool.available) {
    const units = state.pool.available[name] ?? 0
    if (units > 0) positive[name] = units
  }
  return resourcesFrom({ ...positive, ...bundleAmounts(state) })
}

function demandOf(state: AgentState): Report['demand'] {
  const demand: Report['demand'] = []
  for (const queue of state.queues.values()) {
    if (queue.live === 0 || demand.length >= demandLimit) continue
    let count = 0
    for (const owner of queue.owners.values()) count += Math.max(owner.count, owner.backlog)
    demand.push({ shape: queue.shape, count, infeasible: queue.misfit !== null })
  }
  return demand
}
