import type { ActorId, NodeId, WorkerId } from '../../../base/ids.ts'
import type { ActorStatus } from '../../../protocol/actors.ts'
import { type ActorQueue, type OwnedTask, type OwnerCommand, type OwnerState, TaskDeque } from './state.ts'
import { endTask, runAgain, spendRetry } from './task-life.ts'

export function actorQueueOf(state: OwnerState, actorId: ActorId, out: OwnerCommand[]): ActorQueue {
  const known = state.actors.get(actorId)
  if (known) return known
  const queue: ActorQueue = {
    actorId,
    status: null,
    version: -1,
    waiting: new TaskDeque(),
    inFlight: new Map(),
    link: 'none',
    linkRestarts: -1,
    brokenAtMs: 0,
  }
  state.actors.set(actorId, queue)
  out.push({ do: 'watch-actor', actorId })
  return queue
}

export function enqueueCall(state: OwnerState, task: OwnedTask, out: OwnerCommand[]): void {
  if (!task.call) return
  actorQueueOf(state, task.call.actorId, out).waiting.push(task)
  state.dirtyActors.add(task.call.actorId)
}

/** Sends calls in the order they were made: the first that still waits for an argument holds back those behind it. */
export function flushActors(state: OwnerState, out: OwnerCommand[]): void {
  const dirty = [...state.dirtyActors]
  state.dirtyActors.clear()
  for (const actorId of dirty) {
    const queue = state.actors.get(actorId)
    if (!queue?.status) continue
    if (queue.status.kind === 'dead') failWaiting(state, queue, queue.status, out)
    if (queue.status.kind !== 'alive' || queue.link === 'broken') continue
    const { address, restarts } = queue.status
    const tasks = takeCalls(queue)
    if (tasks.length === 0) continue
    queue.link = 'open'
    queue.linkRestarts = restarts
    out.push({ do: 'call', actorId, address, restarts, tasks })
  }
}

function takeCalls(queue: ActorQueue): OwnedTask[] {
  const tasks: OwnedTask[] = []
  for (let task = queue.waiting.peek(); task; task = queue.waiting.peek()) {
    if (task.phase === 'waiting' && task.waitingFor > 0) break
    queue.waiting.shift()
    if (task.phase === 'ended') continue
    task.phase = 'pushed'
    queue.inFlight.set(task.taskId, task)
    tasks.push(task)
  }
  return tasks
}

export function actorChanged(
  state: OwnerState,
  event: { actorId: ActorId; version: number; status: ActorStatus },
  out: OwnerCommand[],
): void {
  const queue = state.actors.get(event.actorId)
  if (!queue || event.version < queue.version) return
  const before = queue.status
  queue.version = event.version
  queue.status = event.status
  state.dirtyActors.add(event.actorId)
  const sameLife = event.status.kind === 'alive' && before?.kind === 'alive' && before.restarts === event.status.restarts
  if (sameLife) return
  // Calls in flight went to a life that is over.
  if (event.status.kind !== 'alive' || event.status.restarts !== queue.linkRestarts) loseCalls(state, queue, event.status, out)
}

/** Calls that had been sent when the process died may have run. They are sent again only when the user allowed it. */
function loseCalls(state: OwnerState, queue: ActorQueue, status: ActorStatus, out: OwnerCommand[]): void {
  queue.link = 'none'
  const lost = [...queue.inFlight.values()].reverse()
  queue.inFlight.clear()
  for (const task of lost) {
    if (status.kind !== 'dead' && !task.cancelled && spendRetry(task)) runAgain(state, task)
    else endTask(state, task, { kind: 'actor-died', actorId: queue.actorId, status, unavailable: status.kind !== 'dead' }, out)
  }
}

function failWaiting(state: OwnerState, queue: ActorQueue, status: ActorStatus, out: OwnerCommand[]): void {
  for (let task = queue.waiting.shift(); task; task = queue.waiting.shift()) {
    endTask(state, task, { kind: 'actor-died', actorId: queue.actorId, status, unavailable: false }, out)
  }
}

export function actorLinkClosed(state: OwnerState, event: { actorId: ActorId; restarts: number; nowMs: number }): void {
  const queue = state.actors.get(event.actorId)
  if (!queue || queue.linkRestarts !== event.restarts || queue.link !== 'open') return
  queue.link = 'broken'
  queue.brokenAtMs = event.nowMs
}

/** A link that broke while the head still says alive, past the grace: the network failed, not the actor. Connect again. */
export function tickActors(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  for (const queue of state.actors.values()) {
    if (queue.link !== 'broken' || nowMs - queue.brokenAtMs < state.config.lostGraceMs || !queue.status) continue
    loseCalls(state, queue, queue.status, out)
    state.dirtyActors.add(queue.actorId)
  }
}

/** A node is gone and the head will say what becomes of its actors; until then nothing more is sent there. */
export function actorsGone(
  state: OwnerState,
  event: { workerIds: readonly WorkerId[]; nodeIds: readonly NodeId[]; nowMs: number },
  _out: OwnerCommand[],
): void {
  for (const queue of state.actors.values()) {
    if (queue.status?.kind !== 'alive' || queue.link !== 'open') continue
    const { address } = queue.status
    if (!event.nodeIds.includes(address.nodeId) && !event.workerIds.includes(address.workerId)) continue
    queue.link = 'broken'
    queue.brokenAtMs = event.nowMs
  }
}
