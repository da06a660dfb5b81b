import type { Lease, OwnedTask, OwnerState } from './state.ts'

/** An unknown run time counts as endless, and so does a task that is to go alone. */
export const expectedRunMs = (task: OwnedTask): number =>
  task.alone || task.kind.meanRunMs === undefined ? Number.POSITIVE_INFINITY : task.kind.meanRunMs

/** Puts a lease among those that may take work, or takes it out. Call when what decides that has changed. */
export function offerLease(state: OwnerState, lease: Lease): void {
  const queue = state.shapes.get(lease.shapeKey)
  const isOpen = !lease.closing && !lease.blocked
  const place = !isOpen ? undefined : lease.inFlight.size === 0 ? queue?.idle : queue?.roomy
  for (const set of [queue?.idle, queue?.roomy]) if (set !== place) set?.delete(lease.leaseId)
  place?.add(lease.leaseId)
}

/** Takes a task off its worker's line, for whatever reason. */
export function settleLease(state: OwnerState, lease: Lease, task: OwnedTask, nowMs: number): void {
  if (!lease.inFlight.delete(task.taskId)) return
  lease.blocked = false
  lease.expectedMs = lease.inFlight.size === 0 ? 0 : recountMs(lease, task)
  if (lease.inFlight.size === 0) lease.idleSinceMs = nowMs
  offerLease(state, lease)
  state.dirtyShapes.add(lease.shapeKey)
}

function recountMs(lease: Lease, ended: OwnedTask): number {
  const left = lease.expectedMs - expectedRunMs(ended)
  if (Number.isFinite(left)) return Math.max(0, left)
  let sum = 0
  for (const task of lease.inFlight.values()) sum += expectedRunMs(task)
  return sum
}
