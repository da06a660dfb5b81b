import { dropAsk, sendAsk } from './asks.ts'
import { groupTarget } from './groups.ts'
import { expectedRunMs } from './lease-line.ts'
import type { Lease, OwnedTask, OwnerCommand, OwnerState, ShapeQueue } from './state.ts'

/** Pushes ready tasks to leased workers, then asks for more workers or gives back requests that are not needed. */
export function dispatchShapes(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  for (const shapeKey of state.dirtyShapes) {
    const queue = state.shapes.get(shapeKey)
    if (!queue) continue
    if (queue.ready.length > 0) fillLeases(state, queue, out)
    adjustAsks(state, queue, nowMs, out)
    if (queue.ready.length === 0 && queue.leases.size === 0 && queue.asks.size === 0) state.shapes.delete(shapeKey)
  }
  state.dirtyShapes.clear()
}

function fillLeases(state: OwnerState, queue: ShapeQueue, out: OwnerCommand[]): void {
  const open = [...queue.leases]
    .map((leaseId) => state.leases.get(leaseId))
    .filter((lease): lease is Lease => lease !== undefined && !lease.closing && !lease.blocked)
  // Even shares first: a short queue spreads over all workers rather than line up at one.
  const share = Math.max(1, Math.ceil(queue.ready.length / Math.max(1, open.length)))
  for (const lease of open) {
    const tasks = takeFor(state, queue, lease, share)
    if (tasks.length > 0) out.push({ do: 'push', lease, tasks })
    if (queue.ready.length === 0) return
  }
}

/** Takes tasks while the worker's line stays within the pipeline time. An unknown run time counts as endless: such a task goes alone. */
function takeFor(state: OwnerState, queue: ShapeQueue, lease: Lease, share: number): OwnedTask[] {
  const tasks: OwnedTask[] = []
  const { pipelineMs, maxPipelined } = state.config
  while (tasks.length < share && lease.inFlight.size < maxPipelined) {
    const task = queue.ready.peek()
    if (!task) break
    if (task.phase !== 'ready') {
      queue.ready.shift() // ended while it waited: cancelled, or its argument failed
      continue
    }
    const expected = expectedRunMs(task)
    if (lease.inFlight.size > 0 && (lease.expectedMs + expected > pipelineMs || task.alone)) break
    queue.ready.shift()
    task.phase = 'pushed'
    task.leaseId = lease.leaseId
    lease.inFlight.set(task.taskId, task)
    lease.expectedMs += expected
    tasks.push(task)
  }
  return tasks
}

/** How many workers could the queued work keep busy? At least one; one for each task while run times are unknown. */
function wantedLeases(state: OwnerState, queue: ShapeQueue): number {
  if (queue.ready.length === 0) return 0
  const next = queue.ready.peek()
  const each = next ? expectedRunMs(next) : Number.POSITIVE_INFINITY
  const forTime = Number.isFinite(each) ? Math.ceil((queue.ready.length * each) / (state.config.pipelineMs / 2)) : queue.ready.length
  return Math.max(1, Math.min(queue.ready.length, forTime))
}

function adjustAsks(state: OwnerState, queue: ShapeQueue, nowMs: number, out: OwnerCommand[]): void {
  let wanted = Math.min(wantedLeases(state, queue), state.config.maxAsksPerShape)
  if (wanted > 0 && queue.leases.size > 0 && [...queue.leases].every((id) => state.leases.get(id)?.closing || state.leases.get(id)?.blocked)) wanted = Math.max(wanted, 1)
  while (queue.asks.size < wanted) {
    if (!ask(state, queue, nowMs, out)) return
  }
  if (queue.ready.length > 0) return
  for (const requestId of queue.asks) dropAsk(state, queue, requestId, out)
}

/** False when there is nowhere to ask yet: the placement group is not there. */
function ask(state: OwnerState, queue: ShapeQueue, nowMs: number, out: OwnerCommand[]): boolean {
  const { strategy } = queue.shape
  const target = strategy.kind === 'group' ? groupTarget(state, queue, strategy, out) : { agent: null }
  if (!target) return false
  const requestId = `${state.config.ownerId.slice(0, 16)}:${state.nextAsk}`
  state.nextAsk += 1
  const asked = { requestId, shapeKey: queue.shapeKey, agent: target.agent, spills: target.agent === null ? 0 : 1, sentAtMs: nowMs }
  state.asks.set(requestId, asked)
  queue.asks.add(requestId)
  sendAsk(state, requestId, nowMs, out)
  return true
}
