import { askLater, dropAsk, reachableAgainMs, sendAsk } from './asks.ts'
import { groupTarget } from './groups.ts'
import { expectedRunMs, offerLease } from './lease-line.ts'
import type { Lease, OwnedTask, OwnerCommand, OwnerState, ShapeQueue } from './state.ts'

/** Pushes ready tasks to leased workers, then asks for more workers or gives back requests that are not needed. */
export function dispatchShapes(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  for (const shapeKey of state.dirtyShapes) {
    const queue = state.shapes.get(shapeKey)
    if (!queue) continue
    fillLeases(state, queue, out)
    adjustAsks(state, queue, nowMs, out)
    if (queue.ready.length === 0 && queue.leases.size === 0 && queue.asks.size === 0) state.shapes.delete(shapeKey)
  }
  state.dirtyShapes.clear()
}

/** Idle workers first, then those with room in their line. Each round takes tasks or finds a lease full, so it ends. */
function fillLeases(state: OwnerState, queue: ShapeQueue, out: OwnerCommand[]): void {
  while (queue.ready.length > 0 && queue.idle.size + queue.roomy.size > 0) {
    // Even shares: a short queue spreads over all workers rather than line up at one.
    const share = Math.ceil(queue.ready.length / (queue.idle.size + queue.roomy.size))
    for (const leases of [queue.idle, queue.roomy]) {
      for (const leaseId of leases) {
        fillOne(state, queue, { leaseId, share }, out)
        if (queue.ready.length === 0) return
      }
    }
  }
}

function fillOne(state: OwnerState, queue: ShapeQueue, place: { leaseId: string; share: number }, out: OwnerCommand[]): void {
  const lease = state.leases.get(place.leaseId)
  if (!lease) return
  const tasks = takeFor(state, queue, lease, place.share)
  offerLease(state, lease)
  if (tasks.length < place.share) queue.roomy.delete(lease.leaseId) // full until something ends on it
  if (tasks.length > 0) out.push({ do: 'push', lease, tasks })
}

/** Takes tasks while the worker's line stays within the pipeline time. An unknown run time counts as endless: such a task goes alone. */
function takeFor(state: OwnerState, queue: ShapeQueue, lease: Lease, share: number): OwnedTask[] {
  const tasks: OwnedTask[] = []
  const { pipelineMs, maxPipelined } = state.config
  while (tasks.length < share && lease.inFlight.size < maxPipelined) {
    const task = queue.ready.peek()
    if (!task) break
    const expected = expectedRunMs(task)
    if (lease.inFlight.size > 0 && (lease.expectedMs + expected > pipelineMs || mustBeFirst(task, lease))) break
    queue.ready.shift()
    task.phase = 'pushed'
    task.leaseId = lease.leaseId
    lease.inFlight.set(task.taskId, task)
    lease.expectedMs += expected
    tasks.push(task)
  }
  return tasks
}

/**
 * What stands behind another task runs again when the worker is lost, as it had not begun. Over a network that may be wrong:
 * the result of the one before may be lost with the link. So what may run only once is never behind another there.
 */
const mustBeFirst = (task: OwnedTask, lease: Lease): boolean => task.alone || (task.maxRetries === 0 && lease.agent !== null)

/** How many more workers could the queued work keep busy? At least one; one for each task while run times are unknown. */
function wantedLeases(state: OwnerState, queue: ShapeQueue): number {
  const next = queue.ready.peek()
  if (!next) return 0
  const each = expectedRunMs(next)
  const forTime = Number.isFinite(each) ? Math.ceil((queue.ready.length * each) / (state.config.pipelineMs / 2)) : queue.ready.length
  return Math.max(1, Math.min(queue.ready.length, forTime, state.config.maxAsksPerShape))
}

function adjustAsks(state: OwnerState, queue: ShapeQueue, nowMs: number, out: OwnerCommand[]): void {
  const wanted = wantedLeases(state, queue)
  while (queue.asks.size < wanted && ask(state, queue, nowMs, out));
  if (queue.ready.length > 0) return
  for (const requestId of [...queue.asks]) dropAsk(state, requestId, out)
}

/** False when there is nowhere to ask: the placement group is not there yet, or is gone and its tasks with it. */
function ask(state: OwnerState, queue: ShapeQueue, nowMs: number, out: OwnerCommand[]): boolean {
  const { strategy } = queue.shape
  const target = strategy.kind === 'group' ? groupTarget(state, queue, strategy, out) : { agent: queue.near, spills: 0 }
  if (!target) return false
  const notBeforeMs = reachableAgainMs(state, target.agent, nowMs)
  if (notBeforeMs !== undefined && strategy.kind === 'group') {
    askLater(state, queue.shapeKey, notBeforeMs) // its bundle is nowhere else
    return false
  }
  if (notBeforeMs !== undefined) target.agent = null
  const requestId = `${state.config.ownerId.slice(0, 16)}:${state.nextAsk}`
  state.nextAsk += 1
  state.asks.set(requestId, { requestId, shapeKey: queue.shapeKey, ...target, sentAtMs: nowMs })
  queue.asks.add(requestId)
  sendAsk(state, requestId, nowMs, out)
  return true
}
