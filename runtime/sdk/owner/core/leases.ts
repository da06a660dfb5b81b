import type { NodeId, WorkerId } from '../../../base/ids.ts'
import type { ProcessAddress } from '../../../protocol/addresses.ts'
import type { Failure, WorkerExit } from '../../../protocol/failures.ts'
import {
  abandonAsks,
  agentOf,
  askLater,
  dropAsk,
  forgetAsk,
  forgiveUnreachable,
  noteContact,
  noteUnreachable,
  reachableAgainMs,
  sameAgent,
  sayHeld,
  sendAsk,
} from './asks.ts'
import { offerLease } from './lease-line.ts'
import { type AgentTarget, failure, type Lease, type OwnedTask, type OwnerCommand, type OwnerState } from './state.ts'
import { cancelledFailure, endTask, makeReady, nextAttempt, spendRetry } from './task-life.ts'
import { noteLost, noteLostIfTold } from './lost-attempts.ts'

type Granted = { requestId: string; leaseId: string; worker: ProcessAddress; from: AgentTarget; nowMs: number }

export function leaseGranted(state: OwnerState, event: Granted, out: OwnerCommand[]): void {
  if (state.leases.has(event.leaseId)) return // a grant said twice
  noteContact(state, event.from)
  if (event.from) state.unreachable.delete(event.from.nodeId)
  const asked = forgetAsk(state, event.requestId)
  const queue = asked && state.shapes.get(asked.shapeKey)
  if (!asked || !queue) {
    // The request was dropped meanwhile; the worker goes back unused.
    out.push(giveBack(state, { leaseId: event.leaseId, agent: event.from, workerLeaving: false }))
    return
  }
  const lease: Lease = {
    leaseId: event.leaseId,
    shapeKey: asked.shapeKey,
    worker: event.worker,
    agent: event.from,
    grantedAtMs: event.nowMs,
    inFlight: new Map(),
    expectedMs: 0,
    idleSinceMs: event.nowMs,
    blocked: false,
    closing: false,
    workerLeaving: false,
    opened: false,
    linkClosedAtMs: null,
    lost: null,
    lostAtMs: null,
    killedFor: null,
  }
  state.leases.set(lease.leaseId, lease)
  const ofAgent = state.leasesOfAgent.get(agentKey(lease.agent))
  if (ofAgent) ofAgent.add(lease)
  else state.leasesOfAgent.set(agentKey(lease.agent), new Set([lease]))
  queue.leases.add(lease.leaseId)
  offerLease(state, lease)
  state.dirtyShapes.add(lease.shapeKey)
}

function giveBack(state: OwnerState, { leaseId, agent, workerLeaving }: Pick<Lease, 'leaseId' | 'agent' | 'workerLeaving'>): OwnerCommand {
  return { do: 'send-agent', agent, message: { type: 'lease.return', leaseId, ownerId: state.config.ownerId, workerLeaving } }
}

/** Pushes no more to a worker; its lease goes back once nothing is in flight on it. */
export function closeLease(state: OwnerState, lease: Lease, out: OwnerCommand[]): void {
  stopUsing(state, lease)
  returnWhenDone(state, lease, out)
}

/** Gives a closing lease back as soon as its last task has ended. One that is lost waits for the rest of the news. */
export function returnWhenDone(state: OwnerState, lease: Lease, out: OwnerCommand[]): void {
  if (!lease.closing || lease.inFlight.size > 0 || lease.lost || lease.linkClosedAtMs !== null) return
  forgetLease(state, lease)
  out.push({ do: 'close-worker', lease }, giveBack(state, lease))
}

function stopUsing(state: OwnerState, lease: Lease): void {
  lease.closing = true
  offerLease(state, lease)
  state.dirtyShapes.add(lease.shapeKey)
}

function forgetLease(state: OwnerState, lease: Lease): void {
  const queue = state.shapes.get(lease.shapeKey)
  state.leases.delete(lease.leaseId)
  const ofAgent = state.leasesOfAgent.get(agentKey(lease.agent))
  if (ofAgent?.delete(lease) && ofAgent.size === 0) state.leasesOfAgent.delete(agentKey(lease.agent))
  for (const set of [queue?.leases, queue?.idle, queue?.roomy]) set?.delete(lease.leaseId)
  state.dirtyShapes.add(lease.shapeKey)
}

export function askSpilled(
  state: OwnerState,
  event: { requestId: string; nodeId: NodeId; agentAddress: string; nowMs: number },
  out: OwnerCommand[],
): void {
  const asked = state.asks.get(event.requestId)
  if (!asked) return
  const agent = agentOf(state, event.nodeId, event.agentAddress)
  const notBeforeMs = reachableAgainMs(state, agent, event.nowMs)
  if (notBeforeMs !== undefined) {
    forgetAsk(state, event.requestId) // asked anew then: perhaps there is room elsewhere by that time
    return askLater(state, asked.shapeKey, notBeforeMs)
  }
  asked.agent = agent
  asked.spills += 1
  sendAsk(state, event.requestId, event.nowMs, out)
}

/** No node will ever run this shape: every task that waits for it fails with what the agent said. */
export function leaseRefused(state: OwnerState, event: { requestId: string; failure: Failure }, out: OwnerCommand[]): void {
  const asked = state.asks.get(event.requestId)
  const queue = asked && state.shapes.get(asked.shapeKey)
  if (!queue) return
  if (event.failure.code === 'link.overloaded') return // that agent has too much waiting: it is asked again later
  forgetAsk(state, event.requestId)
  for (const other of [...queue.asks]) dropAsk(state, other, out)
  for (const task of queue.ready.takeAll()) endTask(state, task, { kind: 'failed', failure: event.failure }, out)
  state.dirtyShapes.add(queue.shapeKey)
}

export function leaseWaiting(state: OwnerState, event: { requestId: string; why: string }, out: OwnerCommand[]): void {
  const asked = state.asks.get(event.requestId)
  const queue = asked && state.shapes.get(asked.shapeKey)
  if (!queue || queue.warned) return
  queue.warned = true
  const first = queue.ready.peek()
  out.push({
    do: 'warn',
    message: `${queue.ready.length} task(s) such as ${first?.kind.template.name ?? '(unknown)'} cannot be placed now: ${event.why}`,
  })
}

export function leasesWanted(state: OwnerState, event: { from: AgentTarget; nowMs: number }, out: OwnerCommand[]): void {
  returnIdle(state, 0, event.nowMs, out)
  for (const lease of heldBy(state, event.from)) {
    if (!lease.closing && event.nowMs - lease.grantedAtMs >= state.config.leaseShareMs) closeLease(state, lease, out)
  }
}

/** Returns leases that nothing has used for so long. */
function returnIdle(state: OwnerState, idleForMs: number, nowMs: number, out: OwnerCommand[]): void {
  for (const queue of state.shapes.values()) {
    if (queue.ready.length > 0) continue // about to be used
    for (const leaseId of queue.idle) {
      const lease = state.leases.get(leaseId)
      if (lease && nowMs - lease.idleSinceMs >= idleForMs) closeLease(state, lease, out)
    }
  }
}

const agentKey = (agent: AgentTarget): NodeId | '' => agent?.nodeId ?? ''

const heldBy = (state: OwnerState, agent: AgentTarget): Lease[] => [...(state.leasesOfAgent.get(agentKey(agent)) ?? [])]

export function leaseLost(state: OwnerState, event: { leaseId: string; exit: WorkerExit; nowMs: number }, out: OwnerCommand[]): void {
  const lease = state.leases.get(event.leaseId)
  if (!lease) return
  stopUsing(state, lease)
  lease.lost ??= event.exit
  lease.lostAtMs ??= event.nowMs
  // What the worker wrote before it died may still be on its way: its link closes behind it.
  if (!lease.opened || lease.linkClosedAtMs !== null) buryLease(state, lease, event.nowMs, out)
}

export function workerLinkClosed(state: OwnerState, event: { leaseId: string; nowMs: number }, out: OwnerCommand[]): void {
  const lease = state.leases.get(event.leaseId)
  if (!lease) return
  stopUsing(state, lease)
  lease.linkClosedAtMs ??= event.nowMs
  if (lease.lost) buryLease(state, lease, event.nowMs, out)
}

const unseenExit: WorkerExit = { exitCode: null, signal: null, pid: 0, reason: 'node-lost', lastLines: [] }

/** The worker is gone. Its first task in flight had begun and is charged; the others had not, and go on alone until they end. */
function buryLease(state: OwnerState, lease: Lease, nowMs: number, out: OwnerCommand[]): void {
  lease.lost ??= unseenExit
  forgetLease(state, lease)
  out.push({ do: 'close-worker', lease })
  const [first, ...others] = lease.inFlight.values()
  lease.inFlight.clear()
  const isOurKill = lease.killedFor === 'cancel' // nothing in flight has caused it
  const lost = { why: 'worker-died', worker: lease.worker, exit: lease.lost } as const
  for (const task of others.reverse()) {
    task.alone ||= !isOurKill
    noteLostIfTold(state, task, lost)
    rerun(state, task, out)
  }
  if (!first) return
  noteLost(state, first, lost)
  if (isOurKill && first.maxRetries !== 0) rerun(state, first, out)
  else chargeDeath(state, { task: first, exit: lease.lost, nowMs }, out)
}

/** Once more, at no cost to its retries. */
function rerun(state: OwnerState, task: OwnedTask, out: OwnerCommand[]): void {
  if (task.cancelled) return endTask(state, task, { kind: 'failed', failure: cancelledFailure(task) }, out)
  nextAttempt(task)
  makeReady(state, task, 'front')
}

function chargeDeath(state: OwnerState, death: { task: OwnedTask; exit: WorkerExit; nowMs: number }, out: OwnerCommand[]): void {
  const { task, exit, nowMs } = death
  if (task.cancelled) return endTask(state, task, { kind: 'failed', failure: cancelledFailure(task) }, out)
  task.alone = true
  if (exit.reason === 'out-of-memory' && task.maxRetries !== 0) {
    nextAttempt(task)
    task.phase = 'waiting'
    task.leaseId = null
    task.notBeforeMs = nowMs + Math.min(longestMemoryRetryMs, state.config.memoryRetryMs * 2 ** Math.min(task.attempt, 8))
    state.delayed.add(task)
    return
  }
  if (spendRetry(task)) return rerun(state, task, out)
  const message = `${task.kind.template.name} ended with the placement group it ran in`
  const isGroupGone = exit.reason === 'group-removed'
  endTask(state, task, isGroupGone ? { kind: 'failed', failure: failure('group.removed', message) } : { kind: 'crashed', exit }, out)
}

const longestMemoryRetryMs = 30_000

/** Links to agents break when an agent dies or the network does. What was asked there is asked anew, through our own agent. */
export function agentLinkClosed(state: OwnerState, event: { agent: AgentTarget; nowMs: number }, out: OwnerCommand[]): void {
  const { agent, nowMs } = event
  if (agent === null) return closeOwner(state, out)
  state.contacts.delete(agent.nodeId)
  const notBeforeMs = noteUnreachable(state, agent.nodeId, nowMs)
  abandonAsks(state, (asked) => sameAgent(asked.agent, agent), notBeforeMs)
  // An agent that lost an owner's link ends that owner's workers, so nothing of these leases can come back.
  for (const lease of heldBy(state, agent)) leaseLost(state, { leaseId: lease.leaseId, exit: unseenExit, nowMs }, out)
}

/** Our own agent is gone: nothing can run any more. */
function closeOwner(state: OwnerState, out: OwnerCommand[]): void {
  state.closed = true
  for (const task of [...state.tasks.values()]) {
    const message = `the node agent of this process is gone; ${task.kind.template.name} cannot go on`
    endTask(state, task, { kind: 'failed', failure: failure('node.died', message) }, out)
  }
  for (const queue of state.actors.values()) queue.inFlight.clear()
  state.leases.clear()
  state.leasesOfAgent.clear()
  state.asks.clear()
  state.shapes.clear()
  state.contacts.clear()
  state.laterShapes.clear()
}

export function nodesGone(
  state: OwnerState,
  event: { workerIds: readonly WorkerId[]; nodeIds: readonly NodeId[]; nowMs: number },
  out: OwnerCommand[],
): void {
  const { nowMs } = event
  const workers = new Set(event.workerIds)
  const nodes = new Set(event.nodeIds)
  for (const nodeId of nodes) {
    state.contacts.delete(nodeId)
    state.unreachable.delete(nodeId)
  }
  for (const lease of [...state.leases.values()]) {
    if (nodes.has(lease.worker.nodeId)) buryLease(state, lease, nowMs, out)
    else if (workers.has(lease.worker.workerId)) leaseLost(state, { leaseId: lease.leaseId, exit: unseenExit, nowMs }, out)
  }
  abandonAsks(state, ({ agent }) => agent !== null && nodes.has(agent.nodeId), nowMs)
}

export function tickLeases(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  const { leaseIdleMs, askAgainMs, heldEveryMs, lostGraceMs } = state.config
  for (const lease of [...state.leases.values()]) {
    const sinceMs = lease.lostAtMs ?? lease.linkClosedAtMs
    if (sinceMs === null || nowMs - sinceMs < lostGraceMs) continue
    // Half of the news never came. The lease cannot be used; its agent is told, should it still think so.
    out.push(giveBack(state, { ...lease, workerLeaving: true }))
    buryLease(state, lease, nowMs, out)
  }
  returnIdle(state, leaseIdleMs, nowMs, out)
  for (const asked of state.asks.values()) if (nowMs - asked.sentAtMs >= askAgainMs) sendAsk(state, asked.requestId, nowMs, out)
  for (const [shapeKey, notBeforeMs] of state.laterShapes) {
    if (nowMs < notBeforeMs) continue
    state.laterShapes.delete(shapeKey)
    state.dirtyShapes.add(shapeKey)
  }
  for (const queue of state.shapes.values())
    if (queue.ready.length > 0 && queue.asks.size === 0 && !state.laterShapes.has(queue.shapeKey)) state.dirtyShapes.add(queue.shapeKey)
  forgiveUnreachable(state, nowMs)
  if (nowMs - state.heldAtMs >= heldEveryMs) sayHeld(state, nowMs, out)
}
