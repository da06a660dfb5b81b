import type { ActorId, NodeId, WorkerId } from '../../../base/ids.ts'
import type { ActorStatus } from '../../../protocol/actors.ts'
import type { ActorQueue, OwnedTask, OwnerCommand, OwnerState } from './state.ts'
import { noteLost } from './lost-attempts.ts'
import { TaskDeque } from './task-deque.ts'
import { cancelledFailure, endTask, runAgain, spendRetry } from './task-life.ts'

export function actorQueueOf(state: OwnerState, actorId: ActorId, out: OwnerCommand[]): ActorQueue {
  const known = state.actors.get(actorId)
  if (known) {
    known.unused = false
    return known
  }
  const queue: ActorQueue = {
    actorId,
    status: null,
    version: -1,
    waiting: new TaskDeque(),
    held: new Set(),
    inFlight: new Map(),
    link: 'none',
    linkRestarts: -1,
    sinceMs: 0,
    unused: false,
  }
  state.actors.set(actorId, queue)
  out.push({ do: 'watch-actor', actorId })
  return queue
}

export function enqueueCall(state: OwnerState, task: OwnedTask, out: OwnerCommand[]): void {
  if (!task.call) return
  const queue = actorQueueOf(state, task.call.actorId, out)
  if (isHeld(task)) queue.held.add(task)
  else queue.waiting.push(task)
  state.dirtyActors.add(task.call.actorId)
}

/** Its last argument is there. */
export function callReady(state: OwnerState, task: OwnedTask): void {
  if (!task.call) return
  const queue = state.actors.get(task.call.actorId)
  if (queue?.held.delete(task)) queue.waiting.push(task)
  state.dirtyActors.add(task.call.actorId)
}

/** An argument was lost: it waits again, before those that were made later. */
export function requeueCall(state: OwnerState, task: OwnedTask): void {
  const queue = task.call ? state.actors.get(task.call.actorId) : undefined
  if (isHeld(task)) queue?.held.add(task)
  else queue?.waiting.unshift(task)
}

export const isHeld = (task: OwnedTask): boolean => task.call?.anyOrder === true && task.waitingFor > 0

/** Sends calls in the order they were made: one that still waits for an argument holds back those behind it, unless they may go in any order. */
export function flushActors(state: OwnerState, out: OwnerCommand[]): void {
  const dirty = [...state.dirtyActors]
  state.dirtyActors.clear()
  for (const actorId of dirty) {
    const queue = state.actors.get(actorId)
    if (!queue) continue
    if (queue.unused && isIdle(queue)) state.actors.delete(actorId)
    if (!queue.status) continue
    if (queue.status.kind === 'dead') failWaiting(state, queue, queue.status, out)
    if (queue.status.kind !== 'alive' || queue.link === 'broken' || queue.link === 'ending') continue
    const { address, restarts } = queue.status
    const tasks = takeCalls(queue)
    if (tasks.length === 0) continue
    queue.link = 'open'
    queue.linkRestarts = restarts
    out.push({ do: 'call', actorId, address, restarts, tasks })
  }
}

const isIdle = (queue: ActorQueue): boolean => queue.waiting.length + queue.held.size + queue.inFlight.size === 0

/** One that is asked for again later is learned of anew. */
export function actorUnused(state: OwnerState, actorId: ActorId): void {
  const queue = state.actors.get(actorId)
  if (!queue) return
  queue.unused = true
  state.dirtyActors.add(actorId)
}

function takeCalls(queue: ActorQueue): OwnedTask[] {
  const tasks: OwnedTask[] = []
  for (let task = queue.waiting.peek(); task; task = queue.waiting.peek()) {
    if (task.waitingFor > 0) break
    queue.waiting.shift()
    task.phase = 'pushed'
    queue.inFlight.set(task.taskId, task)
    tasks.push(task)
  }
  return tasks
}

export function actorChanged(
  state: OwnerState,
  event: { actorId: ActorId; version: number; status: ActorStatus; nowMs: number },
  out: OwnerCommand[],
): void {
  const queue = state.actors.get(event.actorId)
  if (!queue || event.version < queue.version) return
  queue.version = event.version
  queue.status = event.status
  state.dirtyActors.add(event.actorId)
  const isSameLife = event.status.kind === 'alive' && event.status.restarts === queue.linkRestarts
  if (isSameLife || queue.link === 'none') return
  if (queue.link === 'open' && queue.inFlight.size > 0) {
    // What the process wrote before its end may still be on its way: its link closes behind it.
    queue.link = 'ending'
    queue.sinceMs = event.nowMs
  } else if (queue.link !== 'ending') loseCalls(state, queue, event.status, out)
}

/** Calls that had been sent when the process died may have run. They are sent again only when the user allowed it. */
function loseCalls(state: OwnerState, queue: ActorQueue, status: ActorStatus, out: OwnerCommand[]): void {
  queue.link = 'none'
  state.dirtyActors.add(queue.actorId)
  const lost = [...queue.inFlight.values()].reverse()
  queue.inFlight.clear()
  for (const task of lost) {
    if (task.cancelled) endTask(state, task, { kind: 'failed', failure: cancelledFailure(task) }, out)
    else if (status.kind !== 'dead' && spendRetry(task)) {
      noteLost(state, task, { why: 'actor-unavailable', worker: null, exit: status.kind === 'restarting' ? status.lastExit : null })
      runAgain(state, task)
    } else endTask(state, task, { kind: 'actor-died', actorId: queue.actorId, status, unavailable: status.kind !== 'dead' }, out)
  }
}

function failWaiting(state: OwnerState, queue: ActorQueue, status: ActorStatus, out: OwnerCommand[]): void {
  for (const task of [...queue.held, ...queue.waiting.takeAll()])
    endTask(state, task, { kind: 'actor-died', actorId: queue.actorId, status, unavailable: false }, out)
}

export function actorLinkClosed(
  state: OwnerState,
  event: { actorId: ActorId; restarts: number; nowMs: number },
  out: OwnerCommand[],
): void {
  const queue = state.actors.get(event.actorId)
  if (!queue?.status || queue.linkRestarts !== event.restarts) return
  if (queue.link === 'ending') loseCalls(state, queue, queue.status, out)
  else if (queue.link === 'open') breakLink(queue, event.nowMs)
}

/** It leads nowhere and the head has not said why: nothing more is sent there until it does, or the grace is over. */
function breakLink(queue: ActorQueue, nowMs: number): void {
  queue.link = 'broken'
  queue.sinceMs = nowMs
}

/** The grace is over. While the head still says alive, the network failed and not the actor: connect again. */
export function tickActors(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  for (const queue of state.actors.values()) {
    if ((queue.link !== 'broken' && queue.link !== 'ending') || nowMs - queue.sinceMs < state.config.lostGraceMs || !queue.status) continue
    loseCalls(state, queue, queue.status, out)
  }
}

/** The head will say what becomes of the actors there; until then nothing more is sent. */
export function actorsGone(state: OwnerState, event: { workerIds: readonly WorkerId[]; nodeIds: readonly NodeId[]; nowMs: number }): void {
  for (const queue of state.actors.values()) {
    if (queue.status?.kind !== 'alive' || queue.link !== 'open') continue
    const { address } = queue.status
    if (event.nodeIds.includes(address.nodeId) || event.workerIds.includes(address.workerId)) breakLink(queue, event.nowMs)
  }
}
