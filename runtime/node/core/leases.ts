import type { JobId, WorkerId } from '../../base/ids.ts'
import type { WorkerExit } from '../../protocol/failures.ts'
import type { FromOwner, ToOwner } from './messages.ts'
import type { Turn } from './events.ts'
import { releaseAllocation } from './holdings.ts'
import { devicesOf } from './pool.ts'
import { addToOwner, removeFromOwner } from './queues.ts'
import { remember, type Lease, type LeaseWish, type Worker } from './state.ts'
import { askToLeave, endWorker, makeIdle, retire, unblock } from './worker-orders.ts'
import { dropWish, settle, unknownExit } from './wishes.ts'

const goneLimit = 20_000

/** Lends a worker to the owner of a request that has its resources. The worker hears of it first. */
export function grant(turn: Turn, wish: LeaseWish, worker: Worker): void {
  const { state } = turn
  const { allocation } = wish
  const queue = state.queues.get(wish.queueKey)
  if (allocation === null || worker.address === null) return
  const leaseId = `${state.leasePrefix}-${state.nextOrder}`
  const lease: Lease = {
    leaseId,
    wishKey: wish.key,
    requestId: wish.requestId,
    ownerId: wish.ownerId,
    jobId: wish.jobId,
    shapeKey: queue?.shapeKey ?? wish.queueKey,
    workerId: worker.workerId,
    allocation,
    retriable: wish.retriable,
    order: state.nextOrder++,
    unlisted: 0,
  }
  worker.phase = { kind: 'leased', leaseId }
  worker.jobId = wish.jobId
  state.leases.set(leaseId, lease)
  state.leaseOfWish.set(wish.key, leaseId)
  addToOwner(state.leasesOfOwner, wish.ownerId, leaseId)
  const devices = devicesOf(allocation)
  turn.out.push({
    do: 'assign-worker',
    workerId: worker.workerId,
    message: { type: 'worker.assign', leaseId, jobId: wish.jobId, ownerId: wish.ownerId, devices },
  })
  const answer: ToOwner = { type: 'lease.granted', requestId: wish.requestId, leaseId, worker: worker.address, devices }
  wish.allocation = null // the lease has it now; `unqueue` must not take it for a waiting one
  wish.gone = true
  state.wishes.delete(wish.key)
  removeFromOwner(state.wishesOfOwner, wish.ownerId, wish.key)
  settle(turn, wish, answer)
  turn.touched.add(wish.queueKey)
}

export function onLeaseReturn(turn: Turn, message: Extract<FromOwner, { type: 'lease.return' }>): void {
  const lease = turn.state.leases.get(message.leaseId)
  if (lease?.ownerId === message.ownerId) endLease(turn, lease, message.workerLeaving)
}

export function onLeaseKill(turn: Turn, message: Extract<FromOwner, { type: 'lease.kill' }>): void {
  const lease = turn.state.leases.get(message.leaseId)
  const worker = lease?.ownerId === message.ownerId ? turn.state.workers.get(lease.workerId) : undefined
  if (worker) endWorker(turn, worker, message.reason)
}

/** Twice not listed: the owner does not know of it, because a message was lost. Once may be a message on its way. */
export function onLeasesHeld(turn: Turn, message: Extract<FromOwner, { type: 'leases.held' }>): void {
  const { state } = turn
  const { ownerId } = message
  const listed = new Set(message.leaseIds)
  for (const leaseId of [...(state.leasesOfOwner.get(ownerId) ?? [])]) {
    const lease = state.leases.get(leaseId)
    if (!lease) continue
    lease.unlisted = listed.has(leaseId) ? 0 : lease.unlisted + 1
    if (lease.unlisted >= 2) killLease(turn, lease, 'reclaimed')
  }
  for (const leaseId of message.leaseIds) {
    if (state.leases.get(leaseId)?.ownerId === ownerId) continue
    turn.out.push({ do: 'tell-owner', ownerId, message: { type: 'lease.lost', leaseId, exit: unknownExit } })
  }
  const wanted = new Set(message.requestIds)
  for (const key of [...(state.wishesOfOwner.get(ownerId) ?? [])]) {
    const wish = state.wishes.get(key)
    if (!wish) continue
    wish.unlisted = wanted.has(wish.requestId) ? 0 : wish.unlisted + 1
    if (wish.unlisted >= 2) settle(turn, wish, null)
  }
}

/** The worker goes back to the pool. One that had GPUs leaves: CUDA libraries keep state, and memory on the device, while the process lives. */
export function endLease(turn: Turn, lease: Lease, workerLeaving: boolean): void {
  const worker = forget(turn, lease)
  if (!worker) return
  if (worker.ending || workerLeaving || lease.allocation.gpus.length > 0 || turn.state.draining) {
    const stays = worker.owns && !worker.ending?.forced && !turn.state.draining
    const keepsAllocation = !stays || lease.allocation.gpus.length > 0 // its process still fills the memory of the GPUs
    retire(worker, keepsAllocation ? lease.allocation : null)
    if (!keepsAllocation) releaseAllocation(turn, lease.allocation)
    askToLeave(turn, worker, { graceful: stays, reason: workerLeaving ? 'max-calls' : 'idle' })
    return
  }
  makeIdle(turn, worker)
  releaseAllocation(turn, lease.allocation)
}

/** Ends the lease and its worker; what it held is free once the process is gone. The owner is told when it still wants to know. */
export function killLease(turn: Turn, lease: Lease, reason: string): void {
  const worker = forget(turn, lease)
  if (!worker) return
  retire(worker, lease.allocation)
  endWorker(turn, worker, reason)
}

/** Long enough for a process to say what it ran; one that computes is ended then. */
const lastWordMs = 200

/** As `killLease`, for work that nobody wants any more: the worker first reports what it has run, for the lists of tasks. */
function dismissLease(turn: Turn, lease: Lease, reason: string): void {
  const worker = forget(turn, lease)
  if (!worker) return
  retire(worker, lease.allocation)
  askToLeave(turn, worker, { graceful: false, reason, withinMs: lastWordMs })
}

/** Its process is gone. */
export function loseLease(turn: Turn, lease: Lease, exit: WorkerExit): void {
  forget(turn, lease)
  releaseAllocation(turn, lease.allocation)
  turn.out.push({ do: 'tell-owner', ownerId: lease.ownerId, message: { type: 'lease.lost', leaseId: lease.leaseId, exit } })
}

/** An owner is gone: its requests are dropped, and its workers ended, as nobody wants what they do. */
export function dropOwner(turn: Turn, ownerId: WorkerId): void {
  const { state } = turn
  for (const key of [...(state.wishesOfOwner.get(ownerId) ?? [])]) {
    const wish = state.wishes.get(key)
    if (wish) dropWish(turn, wish)
  }
  for (const leaseId of [...(state.leasesOfOwner.get(ownerId) ?? [])]) {
    const lease = state.leases.get(leaseId)
    if (lease) dismissLease(turn, lease, 'owner-gone')
  }
}

/** An owner whose process ended: nothing of it counts any more, not even what is still on its way. */
export function buryOwner(turn: Turn, ownerId: WorkerId): void {
  remember(turn.state.gone, [ownerId, true], goneLimit)
  dropOwner(turn, ownerId)
}

/** A job ended: what its local owners asked for goes, and its idle workers. Owners that belong to a detached actor stay; those on other nodes end there. */
export function dropJob(turn: Turn, jobId: JobId): void {
  const { state } = turn
  const isDoomed = (ownerId: WorkerId) => (state.drivers.has(ownerId) || state.workers.has(ownerId)) && !hostsDetached(turn, ownerId)
  for (const wish of [...state.wishes.values()]) if (wish.jobId === jobId && isDoomed(wish.ownerId)) dropWish(turn, wish)
  for (const lease of [...state.leases.values()])
    if (lease.jobId === jobId && isDoomed(lease.ownerId)) dismissLease(turn, lease, 'job-ended')
  for (const workerId of state.idle.get(jobId) ?? []) {
    const worker = state.workers.get(workerId)
    if (!worker) continue
    retire(worker, null)
    askToLeave(turn, worker, { graceful: false, reason: 'job-ended' })
  }
  state.idle.delete(jobId)
}

export function hostsDetached(turn: Turn, workerId: WorkerId): boolean {
  const phase = turn.state.workers.get(workerId)?.phase
  return phase?.kind === 'actor' && turn.state.actors.get(phase.actorId)?.spec.detached === true
}

function forget(turn: Turn, lease: Lease): Worker | undefined {
  const { state } = turn
  state.leases.delete(lease.leaseId)
  if (state.leaseOfWish.get(lease.wishKey) === lease.leaseId) state.leaseOfWish.delete(lease.wishKey)
  removeFromOwner(state.leasesOfOwner, lease.ownerId, lease.leaseId)
  turn.roomChanged = true
  state.reportDue = true
  const worker = state.workers.get(lease.workerId)
  if (worker) unblock(state, worker)
  return worker
}
