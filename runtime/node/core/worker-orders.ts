import { invariant } from '../../base/invariant.ts'
import type { JobId } from '../../base/ids.ts'
import type { Turn } from './events.ts'
import { poolOf } from './holdings.ts'
import { lendCpu, takeBackCpu, type Allocation } from './pool.ts'
import type { AgentState, Worker } from './state.ts'

/** Ends a process at once. The reason of the first order stands in its exit. */
export function endWorker(turn: Turn, worker: Worker, reason: string): void {
  if (worker.ending?.forced) return
  worker.ending = { reason: worker.ending?.reason ?? reason, deadlineMs: null, forced: true }
  turn.out.push({ do: 'end-worker', workerId: worker.workerId, reason: worker.ending.reason })
}

/** Asks a process to leave; it is ended when it does not, unless it may finish what it has (`graceful`). */
export function askToLeave(turn: Turn, worker: Worker, order: { graceful: boolean; reason: string; withinMs?: number }): void {
  if (worker.ending) return
  const deadlineMs = order.graceful ? null : turn.nowMs + (order.withinMs ?? turn.state.config.workerLeaveMs)
  worker.ending = { reason: order.reason, deadlineMs, forced: false }
  turn.out.push({ do: 'ask-worker-to-leave', workerId: worker.workerId, graceful: order.graceful, reason: order.reason })
}

/** Nobody uses it any more; what it holds is free once its process is gone. */
export function retire(worker: Worker, kept: Allocation | null): void {
  worker.phase = { kind: 'leaving', kept }
}

export function makeIdle(turn: Turn, worker: Worker): void {
  worker.phase = { kind: 'idle', sinceMs: turn.nowMs }
  const job = worker.jobId ?? ''
  const stack = turn.state.idle.get(job)
  if (stack) stack.push(worker.workerId)
  else turn.state.idle.set(job, [worker.workerId])
}

/** An idle worker that may serve the job: one that did before, else a fresh one. */
export function takeIdle(state: AgentState, jobId: JobId): Worker | undefined {
  for (const job of [jobId, '']) {
    const stack = state.idle.get(job)
    const workerId = stack?.pop()
    if (stack?.length === 0) state.idle.delete(job)
    if (workerId === undefined) continue
    const worker = state.workers.get(workerId)
    invariant(worker?.phase.kind === 'idle', `worker ${workerId} stands among the idle ones and is not idle`)
    return worker
  }
  return undefined
}

export function removeIdle(state: AgentState, worker: Worker): void {
  const job = worker.jobId ?? ''
  const stack = state.idle.get(job)
  const at = stack?.indexOf(worker.workerId) ?? -1
  if (at >= 0) stack?.splice(at, 1)
  if (stack?.length === 0) state.idle.delete(job)
}

/** What the worker's lease or actor holds. */
export function allocationOf(state: AgentState, worker: Worker): Allocation | undefined {
  switch (worker.phase.kind) {
    case 'leased':
      return state.leases.get(worker.phase.leaseId)?.allocation
    case 'actor':
      return state.actors.get(worker.phase.actorId)?.allocation
    case 'leaving':
      return worker.phase.kept ?? undefined
    case 'starting':
    case 'idle':
      return undefined
  }
}

/** It waits for others: its CPU serves them meanwhile. */
export function onWorkerBlocked(turn: Turn, workerId: string): void {
  const { state } = turn
  const worker = state.workers.get(workerId)
  if (!worker || worker.blocked || (worker.phase.kind !== 'leased' && worker.phase.kind !== 'actor')) return
  const allocation = allocationOf(state, worker)
  if (!allocation) return
  worker.blocked = true
  if (worker.phase.kind === 'leased') state.blockedLeases += 1
  lendCpu(poolOf(state, allocation), allocation)
  turn.roomChanged = true
  state.reportDue = true
}

export function onWorkerUnblocked(turn: Turn, workerId: string): void {
  const worker = turn.state.workers.get(workerId)
  if (!worker?.blocked) return
  const allocation = allocationOf(turn.state, worker)
  unblock(turn.state, worker)
  if (allocation) takeBackCpu(poolOf(turn.state, allocation), allocation)
  turn.state.reportDue = true
}

/** Forgets that it waits; call before its lease ends. */
export function unblock(state: AgentState, worker: Worker): void {
  if (worker.blocked && worker.phase.kind === 'leased') state.blockedLeases -= 1
  worker.blocked = false
}
