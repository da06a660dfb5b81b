import { failure, type OwnedTask, type OwnerCommand, type OwnerState, type ShapeQueue, type TaskEnd } from './state.ts'
import { TaskDeque } from './task-deque.ts'

/** Puts a task (not a call) at the end of its shape's queue; at the front when it was there before. */
export function makeReady(state: OwnerState, task: OwnedTask, place: 'front' | 'back' = 'back'): void {
  task.phase = 'ready'
  task.leaseId = null
  const queue = shapeQueueOf(state, task)
  if (place === 'front') queue.ready.unshift(task)
  else queue.ready.push(task)
  state.dirtyShapes.add(queue.shapeKey)
}

/** Ends a task once and for all. What waits for it elsewhere (a deque, dependents) skips it by its phase. */
export function endTask(state: OwnerState, task: OwnedTask, end: TaskEnd, out: OwnerCommand[]): void {
  if (task.phase === 'ended') return
  const queue = queueOf(state, task)
  task.phase = 'ended'
  queue?.noteEnded()
  task.leaseId = null
  if (task.yielded > 0) task.streamEnd ??= 'cut'
  state.tasks.delete(task.taskId)
  state.delayed.delete(task)
  out.push({ do: 'end', task, end })
}

/** The queue that a task stands in; it is looked at again, as it has become shorter. */
function queueOf(state: OwnerState, task: OwnedTask): TaskDeque | undefined {
  if (task.call && task.phase === 'waiting') {
    state.dirtyActors.add(task.call.actorId)
    const queue = state.actors.get(task.call.actorId)
    return queue?.held.delete(task) ? undefined : queue?.waiting
  }
  if (task.call || task.phase !== 'ready') return undefined
  const key = queueKeyOf(task)
  state.dirtyShapes.add(key)
  return state.shapes.get(key)?.ready
}

/** Takes one retry; false when none is left. */
export function spendRetry(task: OwnedTask): boolean {
  if (task.retriesLeft === 0) return false
  if (task.retriesLeft > 0) task.retriesLeft -= 1
  return true
}

/** Whatever still comes of the last attempt is told apart by its number. */
export function nextAttempt(task: OwnedTask): void {
  task.attempt += 1
  if (task.repeated !== undefined || task.yielded > 0) task.repeated = 0
}

/** Queues the next attempt. */
export function runAgain(state: OwnerState, task: OwnedTask): void {
  nextAttempt(task)
  if (task.call) {
    task.phase = 'waiting'
    state.actors.get(task.call.actorId)?.waiting.unshift(task)
    state.dirtyActors.add(task.call.actorId)
  } else makeReady(state, task, 'front')
}

export const cancelledFailure = (task: OwnedTask) =>
  failure('task.cancelled', `${task.kind.template.name} was cancelled`, { taskId: task.taskId, attempt: task.attempt })

/** Tasks of one shape whose arguments lie at one node share leases. Where they may run must be free to choose for that to count. */
function queueKeyOf({ kind, near }: OwnedTask): string {
  return near?.agent && kind.shape.strategy.kind === 'default' ? `${kind.shapeKey} @${near.agent.nodeId}` : kind.shapeKey
}

function shapeQueueOf(state: OwnerState, task: OwnedTask): ShapeQueue {
  const shapeKey = queueKeyOf(task)
  const known = state.shapes.get(shapeKey)
  if (known) return known
  const { kind, near } = task
  const queue: ShapeQueue = {
    shapeKey,
    shape: kind.shape,
    jobId: kind.template.jobId,
    near: near?.agent ?? null,
    ready: new TaskDeque(),
    leases: new Set(),
    idle: new Set(),
    roomy: new Set(),
    asks: new Set(),
    turn: 0,
    warned: false,
  }
  state.shapes.set(shapeKey, queue)
  return queue
}
