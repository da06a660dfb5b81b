import { amountsFrom } from '../../base/fixed-point.ts'
import type { NodeFacts, NodeReported } from '../../protocol/nodes.ts'
import { endLife, unseenExit } from './actor-moves.ts'
import { forgetRefusals } from './actor-queue.ts'
import { broadcast, note, send, type Turn } from './events.ts'
import { loseBundles } from './group-moves.ts'
import { addBounded } from './indexes.ts'
import { endProcesses } from './job-moves.ts'
import { takeReport, unblockAll } from './node-amounts.ts'
import { forget, saveNode } from './rows.ts'
import type { HeadNode, HeadState, NodePhase } from './state.ts'
import { loseSubmissions } from './submission-reports.ts'
import { tell } from './story.ts'

export function newNode(facts: NodeFacts, phase: NodePhase): HeadNode {
  return {
    ...placementFacts(facts),
    facts,
    total: amountsFrom(facts.resources),
    available: {},
    isOpen: false,
    phase,
    draining: null,
    reported: {},
    reservations: new Map(),
    sequence: -1,
    storeUsedBytes: 0,
    heardAtMs: 0,
    demand: [],
    actors: new Set(),
    groups: new Set(),
    watchedActors: new Set(),
    watchedGroups: new Set(),
    story: [],
  }
}

const placementFacts = (facts: NodeFacts) => ({
  nodeId: facts.nodeId,
  nodeName: facts.nodeName || facts.hostname,
  labels: facts.labels,
})

/** A node's phase or draining has changed: what placement sees of it follows. */
export function refreshNode(turn: Turn, node: HeadNode): void {
  const { state } = turn
  node.isOpen = node.phase.kind === 'linked' && node.draining === null
  state.livingNodes = [...state.nodes.values()].filter(({ phase }) => phase.kind !== 'dead')
  state.view.urgent.add(node.nodeId)
  state.roomVersion += 1
  unblockAll(turn) // what was feasible may not be, and the other way round
}

/** A node is suspect from now on: it is dead at `deadlineMs` unless it registers again. */
function suspectNode(turn: Turn, node: HeadNode, { why, graceMs }: { why: string; graceMs: number }): void {
  node.phase = { kind: 'suspect', deadlineMs: turn.nowMs + graceMs, why }
  tell(node.story, { atMs: turn.nowMs, move: `suspect: ${why}`, id: '' })
  refreshNode(turn, node)
}

export function onLinkClosed(turn: Turn, linkId: number, nodeId: string): void {
  const node = turn.state.nodes.get(nodeId)
  if (node?.phase.kind !== 'linked' || node.phase.linkId !== linkId) return // a newer link has taken its place
  const { linkGraceMs, deadAfterMs } = turn.state.config
  // A link that broke because nothing was heard for long leaves less time to come back.
  const graceMs = Math.min(linkGraceMs, Math.max(0, node.heardAtMs + deadAfterMs - turn.nowMs))
  suspectNode(turn, node, { why: 'its link to the head closed', graceMs })
}

export function onNodeReported(
  turn: Turn,
  node: HeadNode,
  report: Pick<NodeReported, 'sequence' | 'available' | 'demand' | 'storeUsedBytes'>,
): void {
  node.heardAtMs = turn.nowMs
  if (report.sequence <= node.sequence) return
  node.sequence = report.sequence
  node.demand = report.demand
  node.storeUsedBytes = report.storeUsedBytes
  takeReport(turn, node, report.available)
  forgetRefusals(turn, node.nodeId)
}

/** Everything on the node is lost at this moment. It can only come back under a new id. */
export function killNode(turn: Turn, node: HeadNode, reason: string): void {
  const { state, nowMs } = turn
  if (node.phase.kind === 'dead') return
  if (node.phase.kind === 'linked') {
    send(turn, node.nodeId, { type: 'node.fenced' })
    turn.out.push({ type: 'close-link', linkId: node.phase.linkId })
  }
  node.phase = { kind: 'dead', reason: reason.slice(0, 512), diedAtMs: nowMs }
  tell(node.story, { atMs: nowMs, move: `dead: ${reason}`, id: '' })
  node.reservations.clear()
  node.demand = []
  refreshNode(turn, node)
  saveNode(turn, node)
  note(turn, 'node.died', { nodeId: node.nodeId, reason })
  forgetRefusals(turn, node.nodeId)
  for (const [key, stop] of state.stops) if (stop.nodeId === node.nodeId) state.stops.delete(key)
  for (const [key, order] of state.returns) if (order.nodeId === node.nodeId) state.returns.delete(key)
  stopWatching(state, node)
  endWhatRanThere(turn, node)
  loseSubmissions(turn, node.nodeId, reason)
  state.untoldNodes.push(node.nodeId)
  for (const evicted of addBounded(state.deadNodes, node.nodeId, state.config.keptDeadNodes)) {
    state.nodes.delete(evicted)
    forget(turn, 'nodes', evicted)
  }
}

function stopWatching(state: HeadState, node: HeadNode): void {
  for (const actorId of node.watchedActors) state.actors.get(actorId)?.watchers.delete(node.nodeId)
  for (const groupId of node.watchedGroups) state.groups.get(groupId)?.watchers.delete(node.nodeId)
  node.watchedActors.clear()
  node.watchedGroups.clear()
}

function endWhatRanThere(turn: Turn, node: HeadNode): void {
  const { state } = turn
  const gone: string[] = []
  for (const [workerId, owner] of state.owners) if (owner.nodeId === node.nodeId) gone.push(workerId)
  for (const jobId of state.jobs.keys()) {
    const job = state.jobs.get(jobId)
    if (job && job.endedAtMs === null && job.nodeId === node.nodeId) gone.push(job.driverId)
  }
  for (const groupId of [...node.groups]) {
    const group = state.groups.get(groupId)
    if (group) loseBundles(turn, group, node.nodeId)
  }
  node.groups.clear()
  for (const actorId of node.actors) {
    const actor = state.actors.get(actorId)
    if (actor) endLife(turn, actor, { exit: unseenExit('node-lost'), intended: false })
  }
  node.actors.clear()
  endProcesses(turn, gone, `node ${node.nodeId} died`)
}

export function drainNode(turn: Turn, nodeId: string, order: { reason: string; deadlineMs: number }): void {
  const node = turn.state.nodes.get(nodeId)
  if (node === undefined || node.phase.kind === 'dead') return
  node.draining = order
  tell(node.story, { atMs: turn.nowMs, move: `draining: ${order.reason}`, id: '' })
  refreshNode(turn, node)
  saveNode(turn, node)
  send(turn, nodeId, { type: 'node.drain', ...order })
}

/** Those that have not been heard of for too long. */
export function killSilentNodes(turn: Turn): void {
  const { state, nowMs } = turn
  const { deadAfterMs } = state.config
  for (const node of state.livingNodes) {
    const { phase } = node
    if (phase.kind === 'suspect' && nowMs >= phase.deadlineMs) killNode(turn, node, `${phase.why}, and it did not come back`)
    if (phase.kind === 'linked' && nowMs - node.heardAtMs >= deadAfterMs) killNode(turn, node, `it was not heard of for ${deadAfterMs} ms`)
  }
}

const toldProcesses = 10_000
const toldNodes = 1_000

/** Tells every agent which processes and nodes have ended since the last time. */
export function tellGone(turn: Turn): void {
  const { state } = turn
  while (state.untoldWorkers.length > 0 || state.untoldNodes.length > 0) {
    const workerIds = state.untoldWorkers.splice(0, toldProcesses)
    const nodeIds = state.untoldNodes.splice(0, toldNodes)
    broadcast(turn, { type: 'processes.gone', workerIds, nodeIds })
  }
}
