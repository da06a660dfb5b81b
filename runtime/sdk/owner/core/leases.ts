import type { NodeId, WorkerId } from '../../../base/ids.ts'
import type { ProcessAddress } from '../../../protocol/addresses.ts'
import type { Failure, WorkerExit } from '../../../protocol/failures.ts'
import { dropAsk, sendAsk } from './asks.ts'
import { type AgentTarget, failure, type Lease, type OwnedTask, type OwnerCommand, type OwnerState } from './state.ts'
import { cancelledFailure, endTask, makeReady, spendRetry } from './task-life.ts'

type Granted = { requestId: string; leaseId: string; worker: ProcessAddress; from: AgentTarget; nowMs: number }

export function leaseGranted(state: OwnerState, event: Granted, out: OwnerCommand[]): void {
  if (state.leases.has(event.leaseId)) return // a grant said twice
  const asked = state.asks.get(event.requestId)
  const queue = asked && state.shapes.get(asked.shapeKey)
  if (!asked || !queue) {
    // The request was dropped meanwhile; the worker goes back unused.
    out.push(giveBack(state, { leaseId: event.leaseId, agent: event.from }, false))
    return
  }
  state.asks.delete(event.requestId)
  queue.asks.delete(event.requestId)
  const lease: Lease = {
    leaseId: event.leaseId,
    shapeKey: asked.shapeKey,
    worker: event.worker,
    agent: asked.agent,
    grantedAtMs: event.nowMs,
    inFlight: new Map(),
    expectedMs: 0,
    idleSinceMs: event.nowMs,
    blocked: false,
    closing: false,
    opened: false,
    linkClosedAtMs: null,
    lost: null,
    lostAtMs: null,
    killedFor: null,
  }
  state.leases.set(lease.leaseId, lease)
  queue.leases.add(lease.leaseId)
  state.dirtyShapes.add(lease.shapeKey)
}

function giveBack(state: OwnerState, lease: { leaseId: string; agent: AgentTarget }, workerLeaving: boolean): OwnerCommand {
  return {
    do: 'send-agent',
    agent: lease.agent,
    message: { type: 'lease.return', leaseId: lease.leaseId, ownerId: state.config.ownerId, workerLeaving },
  }
}

/** Stops pushing to a worker; returns the lease once nothing is in flight on it. */
export function closeLease(state: OwnerState, lease: Lease, how: { workerLeaving: boolean }, out: OwnerCommand[]): void {
  lease.closing = true
  state.dirtyShapes.add(lease.shapeKey)
  if (lease.inFlight.size > 0) return
  forgetLease(state, lease)
  out.push({ do: 'close-worker', lease }, giveBack(state, lease, how.workerLeaving))
}

function forgetLease(state: OwnerState, lease: Lease): void {
  state.leases.delete(lease.leaseId)
  state.shapes.get(lease.shapeKey)?.leases.delete(lease.leaseId)
  state.dirtyShapes.add(lease.shapeKey)
}

export function askSpilled(
  state: OwnerState,
  event: { requestId: string; nodeId: NodeId; agentAddress: string; nowMs: number },
  out: OwnerCommand[],
): void {
  const asked = state.asks.get(event.requestId)
  if (!asked) return
  asked.agent = { nodeId: event.nodeId, agentAddress: event.agentAddress }
  asked.spills += 1
  sendAsk(state, event.requestId, event.nowMs, out)
}

/** No node will ever run this shape: every task that waits for it fails with what the agent said. */
export function leaseRefused(state: OwnerState, event: { requestId: string; failure: Failure }, out: OwnerCommand[]): void {
  const asked = state.asks.get(event.requestId)
  const queue = asked && state.shapes.get(asked.shapeKey)
  if (!asked || !queue) return
  state.asks.delete(event.requestId)
  queue.asks.delete(event.requestId)
  for (const other of [...queue.asks]) dropAsk(state, queue, other, out)
  for (let task = queue.ready.shift(); task; task = queue.ready.shift())
    endTask(state, task, { kind: 'failed', failure: event.failure }, out)
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
  const { leaseShareMs } = state.config
  for (const lease of heldBy(state, event.from)) {
    if (!lease.closing && event.nowMs - lease.grantedAtMs >= leaseShareMs) closeLease(state, lease, { workerLeaving: false }, out)
  }
}

/** Returns idle leases whose time is up, or all idle ones when others wait. */
function returnIdle(state: OwnerState, idleForMs: number, nowMs: number, out: OwnerCommand[]): void {
  for (const lease of state.leases.values()) {
    if (lease.inFlight.size > 0 || lease.linkClosedAtMs !== null || lease.lost) continue
    if (nowMs - lease.idleSinceMs >= idleForMs && (state.shapes.get(lease.shapeKey)?.ready.length ?? 0) === 0)
      closeLease(state, lease, { workerLeaving: false }, out)
  }
}

function heldBy(state: OwnerState, agent: AgentTarget): Lease[] {
  return [...state.leases.values()].filter((lease) => sameAgent(lease.agent, agent))
}

const sameAgent = (one: AgentTarget, other: AgentTarget): boolean => one?.nodeId === other?.nodeId

export function leaseLost(state: OwnerState, event: { leaseId: string; exit: WorkerExit; nowMs: number }, out: OwnerCommand[]): void {
  const lease = state.leases.get(event.leaseId)
  if (!lease) return
  lease.closing = true
  lease.lost = event.exit
  lease.lostAtMs = event.nowMs
  // What the worker wrote before it died may still be on its way: its link closes behind it.
  if (!lease.opened || lease.linkClosedAtMs !== null) buryLease(state, lease, event.exit, event.nowMs, out)
}

export function workerLinkClosed(state: OwnerState, event: { leaseId: string; nowMs: number }, out: OwnerCommand[]): void {
  const lease = state.leases.get(event.leaseId)
  if (!lease) return
  lease.closing = true
  lease.linkClosedAtMs ??= event.nowMs
  if (lease.lost) buryLease(state, lease, lease.lost, event.nowMs, out)
}

const unseenExit: WorkerExit = { exitCode: null, signal: null, pid: 0, reason: 'node-lost', lastLines: [] }

/** The worker is gone. Its first task in flight had begun and is charged; the others had not, and go on alone until they end. */
function buryLease(state: OwnerState, lease: Lease, exit: WorkerExit, nowMs: number, out: OwnerCommand[]): void {
  forgetLease(state, lease)
  out.push({ do: 'close-worker', lease })
  const [first, ...others] = lease.inFlight.values()
  lease.inFlight.clear()
  for (const task of others.reverse()) {
    task.alone = true
    if (task.cancelled) endTask(state, task, { kind: 'failed', failure: cancelledFailure(task) }, out)
    else {
      task.attempt += 1
      makeReady(state, task, 'front')
    }
  }
  if (first) chargeDeath(state, { task: first, exit, nowMs }, out)
}

function chargeDeath(state: OwnerState, death: { task: OwnedTask; exit: WorkerExit; nowMs: number }, out: OwnerCommand[]): void {
  const { task, exit, nowMs } = death
  if (task.cancelled) return endTask(state, task, { kind: 'failed', failure: cancelledFailure(task) }, out)
  task.alone = true
  if (exit.reason === 'out-of-memory' && task.maxRetries !== 0) {
    task.recoveries += 1
    task.attempt += 1
    task.phase = 'waiting'
    task.notBeforeMs = nowMs + Math.min(30_000, state.config.memoryRetryMs * 2 ** Math.min(task.recoveries, 8))
    state.delayed.add(task)
    return
  }
  if (!spendRetry(task)) return endTask(state, task, { kind: 'crashed', exit }, out)
  task.attempt += 1
  makeReady(state, task, 'front')
}

/** Links to agents break when an agent dies or the network does. Requests are sent anew through our own agent. */
export function agentLinkClosed(state: OwnerState, event: { agent: AgentTarget; nowMs: number }, out: OwnerCommand[]): void {
  if (event.agent === null) return closeOwner(state, out)
  for (const asked of state.asks.values()) {
    if (!sameAgent(asked.agent, event.agent)) continue
    asked.agent = null
    asked.spills = 0
    sendAsk(state, asked.requestId, event.nowMs, out)
  }
  // An agent that lost an owner's link ends that owner's workers, so nothing of these leases can come back.
  for (const lease of heldBy(state, event.agent)) {
    lease.closing = true
    lease.lost ??= unseenExit
    lease.lostAtMs ??= event.nowMs
    if (!lease.opened || lease.linkClosedAtMs !== null) buryLease(state, lease, lease.lost, event.nowMs, out)
  }
}

/** Our own agent is gone: nothing can run any more. */
function closeOwner(state: OwnerState, out: OwnerCommand[]): void {
  state.closed = true
  for (const task of [...state.tasks.values()]) {
    endTask(
      state,
      task,
      { kind: 'failed', failure: failure('node.died', `the node agent of this process is gone; ${task.kind.template.name} cannot go on`) },
      out,
    )
  }
  state.leases.clear()
  state.asks.clear()
  state.shapes.clear()
}

export function nodesGone(
  state: OwnerState,
  event: { workerIds: readonly WorkerId[]; nodeIds: readonly NodeId[]; nowMs: number },
  out: OwnerCommand[],
): void {
  const workers = new Set(event.workerIds)
  const nodes = new Set(event.nodeIds)
  for (const lease of [...state.leases.values()]) {
    if (!workers.has(lease.worker.workerId) && !nodes.has(lease.worker.nodeId)) continue
    if (nodes.has(lease.worker.nodeId)) buryLease(state, lease, lease.lost ?? unseenExit, event.nowMs, out)
    else leaseLost(state, { leaseId: lease.leaseId, exit: lease.lost ?? unseenExit, nowMs: event.nowMs }, out)
  }
  for (const asked of state.asks.values()) {
    if (asked.agent === null || !nodes.has(asked.agent.nodeId)) continue
    asked.agent = null
    asked.spills = 0
    sendAsk(state, asked.requestId, event.nowMs, out)
  }
}

export function tickLeases(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  const { leaseIdleMs, askAgainMs, heldEveryMs, lostGraceMs } = state.config
  for (const lease of [...state.leases.values()]) {
    const since = Math.max(lease.lostAtMs ?? 0, lease.linkClosedAtMs ?? 0)
    if (since > 0 && nowMs - since >= lostGraceMs) {
      // Half of the news never came. The lease cannot be used; its agent is told, should it still think so.
      out.push(giveBack(state, lease, true))
      buryLease(state, lease, lease.lost ?? unseenExit, nowMs, out)
    } else if (lease.closing && lease.inFlight.size === 0 && since === 0) closeLease(state, lease, { workerLeaving: false }, out)
  }
  returnIdle(state, leaseIdleMs, nowMs, out)
  for (const asked of state.asks.values()) if (nowMs - asked.sentAtMs >= askAgainMs) sendAsk(state, asked.requestId, nowMs, out)
  for (const queue of state.shapes.values()) if (queue.ready.length > 0 && queue.asks.size === 0) state.dirtyShapes.add(queue.shapeKey)
  if (nowMs - state.heldAtMs >= heldEveryMs) sayHeld(state, nowMs, out)
}

/** Tells every agent involved what we hold there, so that a lost grant or return does not keep a worker for ever. */
function sayHeld(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  state.heldAtMs = nowMs
  const agents = new Map<string, { agent: AgentTarget; leaseIds: string[]; requestIds: string[] }>()
  const at = (agent: AgentTarget) => {
    const key = agent?.nodeId ?? ''
    const held = agents.get(key) ?? { agent, leaseIds: [], requestIds: [] }
    agents.set(key, held)
    return held
  }
  at(null)
  for (const lease of state.leases.values()) at(lease.agent).leaseIds.push(lease.leaseId)
  for (const asked of state.asks.values()) at(asked.agent).requestIds.push(asked.requestId)
  for (const { agent, leaseIds, requestIds } of agents.values()) {
    out.push({ do: 'send-agent', agent, message: { type: 'leases.held', ownerId: state.config.ownerId, leaseIds, requestIds } })
  }
}
