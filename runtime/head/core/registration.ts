import type { NodeRegister, NodeRegistered } from '../../protocol/nodes.ts'
import { endLife, findActor, orderStop, sendStart, sendWish, unseenExit } from './actor-moves.ts'
import { onActorExited, onActorStarted } from './actor-reports.ts'
import { changedOf } from './actor-views.ts'
import { fail, note, reply, send, type Turn } from './events.ts'
import { loseBundles, orderReturn, sendCommits, sendPrepares, sendReturn, settleGroup } from './group-moves.ts'
import { markCommitted } from './group-reports.ts'
import { changedOfGroup } from './group-views.ts'
import { forgetRefusals } from './actor-queue.ts'
import { endProcesses } from './job-moves.ts'
import { takeReport } from './node-amounts.ts'
import { killNode, newNode, refreshNode } from './node-moves.ts'
import { saveGroup, saveNode } from './rows.ts'
import type { HeadNode, HeadState } from './state.ts'
import { tell } from './story.ts'
import { reconcileSubmissions } from './submission-reports.ts'

export type Registration = { readonly linkId: number; readonly requestKey: number; readonly register: NodeRegister }

/** A node comes, or comes back. What it says it holds is compared with what we know, and every difference is mended. */
export function onRegistered(turn: Turn, { linkId, requestKey, register }: Registration): void {
  const { state, nowMs } = turn
  const { nodeId } = register.facts
  const known = state.nodes.get(nodeId)
  // The agent that we knew is gone, with all that ran there: this one begins as another node.
  if (known && known.facts.startedAtMs !== register.facts.startedAtMs) killNode(turn, known, 'its agent ended and was started anew')
  if (known?.phase.kind === 'dead') {
    reply(turn, requestKey, registeredReply(state, true))
    return void turn.out.push({ type: 'close-link', linkId })
  }
  if (known === undefined && state.livingNodes.length >= state.config.maxNodes) {
    const message = `the cluster has ${state.config.maxNodes} nodes, as many as it is made for`
    return fail(turn, requestKey, { code: 'limit.reached', message, details: { limit: state.config.maxNodes } })
  }
  if (known?.phase.kind === 'linked') turn.out.push({ type: 'close-link', linkId: known.phase.linkId })
  const node = known ?? newNode(register.facts, { kind: 'linked', linkId })
  state.nodes.set(nodeId, node)
  node.facts = register.facts
  node.phase = { kind: 'linked', linkId }
  node.heardAtMs = nowMs
  node.sequence = -1
  tell(node.story, { atMs: nowMs, move: known ? 'came back' : 'joined', id: '' })
  refreshNode(turn, node)
  saveNode(turn, node)
  reply(turn, requestKey, registeredReply(state, false))
  note(turn, known ? 'node.returned' : 'node.joined', { nodeId })
  takeReport(turn, node, register.available)
  forgetRefusals(turn, nodeId)
  reconcileProcesses(turn, node, register)
  reconcileGroups(turn, node, register)
  reconcileActors(turn, node, register)
  reconcileSubmissions(turn, node, register.submissions ?? [])
  if (known) catchUp(turn, node)
  state.view.newcomers.add(nodeId)
}

const registeredReply = ({ config }: HeadState, fenced: boolean): NodeRegistered => ({
  fenced,
  clusterId: config.clusterId,
  heartbeatMs: config.heartbeatMs,
  deadAfterMs: config.deadAfterMs,
})

/** Processes that we think live there and it does not list have ended while the link was down. */
function reconcileProcesses(turn: Turn, { nodeId }: HeadNode, register: NodeRegister): void {
  const { state } = turn
  const listed = new Set(register.clients.map(({ workerId }) => workerId))
  const gone: string[] = []
  for (const [workerId, owner] of state.owners) if (owner.nodeId === nodeId && !listed.has(workerId)) gone.push(workerId)
  for (const job of state.jobs.values()) {
    if (job.endedAtMs === null && job.nodeId === nodeId && !listed.has(job.driverId)) gone.push(job.driverId)
  }
  endProcesses(turn, gone, 'it ended while its node was out of reach')
}

function reconcileActors(turn: Turn, node: HeadNode, register: NodeRegister): void {
  const { state } = turn
  const { nodeId } = node
  const listed = new Map(register.actors.map((actor) => [actor.actorId, actor]))
  for (const end of register.actorsEnded) onActorExited(turn, nodeId, end) // says why, and whether it was meant
  for (const stop of [...state.stops.values()]) if (stop.nodeId === nodeId) orderStop(turn, stop)
  for (const report of register.actors) onActorStarted(turn, nodeId, report) // ends those that we do not count on
  for (const actorId of node.actors) {
    const actor = findActor(state, actorId)
    if (actor?.phase.kind === 'starting') sendStart(turn, actor)
    if (actor?.phase.kind === 'alive' && listed.get(actorId)?.attempt !== actor.attempt) {
      endLife(turn, actor, { exit: unseenExit('link-lost'), intended: false })
    } else if (actor?.phase.kind === 'alive') {
      sendWish(turn, actor)
    }
  }
}

function reconcileGroups(turn: Turn, node: HeadNode, register: NodeRegister): void {
  const { state } = turn
  const { nodeId } = node
  for (const order of state.returns.values()) if (order.nodeId === nodeId) sendReturn(turn, order)
  const heldRounds = new Map<string, boolean>()
  for (const { groupId, round, indexes, committed } of register.bundles) {
    const strangers = indexes.filter((index) => !isExpected(state, { groupId, round, nodeId, index }))
    if (strangers.length > 0) orderReturn(turn, { nodeId, groupId, round, indexes: strangers })
    if (strangers.length < indexes.length) heldRounds.set(`${groupId} ${round}`, committed)
  }
  for (const groupId of [...node.groups]) {
    const group = state.groups.get(groupId)
    if (group === undefined) continue
    let isLost = false
    for (const bundle of [...group.placed.values()]) {
      if (bundle.nodeId !== nodeId) continue
      const held = heldRounds.get(`${groupId} ${bundle.round}`)
      if (held === undefined) isLost = true
      else if (held && markCommitted(group, nodeId, bundle.round)) saveGroup(turn, group)
    }
    if (isLost) loseBundles(turn, group, nodeId)
    sendPrepares(turn, group, nodeId)
    sendCommits(turn, group, nodeId)
    settleGroup(turn, group)
  }
}

function isExpected(state: HeadState, bundle: { groupId: string; round: number; nodeId: string; index: number }): boolean {
  const group = state.groups.get(bundle.groupId)
  if (group === undefined) return false
  const placed = group.placed.get(bundle.index)
  if (placed) return placed.nodeId === bundle.nodeId && placed.round === bundle.round
  return group.phase.kind === 'preparing' && group.round === bundle.round && group.phase.plan.get(bundle.index) === bundle.nodeId
}

/** Ended jobs that a node hears of again when it comes back. */
const retoldJobs = 1_000

/** What was published while its link was down. */
function catchUp(turn: Turn, node: HeadNode): void {
  const { state } = turn
  const { nodeId } = node
  if (node.draining) send(turn, nodeId, { type: 'node.drain', ...node.draining })
  for (const actorId of node.watchedActors) {
    const actor = findActor(state, actorId)
    if (actor) send(turn, nodeId, changedOf(state, actor))
  }
  for (const groupId of node.watchedGroups) {
    const group = state.groups.get(groupId)
    if (group) send(turn, nodeId, changedOfGroup(state, group))
  }
  for (const jobId of [...state.endedJobs].slice(-retoldJobs)) send(turn, nodeId, { type: 'job.ended', jobId })
  const workerIds = [...state.gone].slice(-10_000)
  const nodeIds = [...state.deadNodes].slice(-1_000)
  if (workerIds.length + nodeIds.length > 0) send(turn, nodeId, { type: 'processes.gone', workerIds, nodeIds })
}
