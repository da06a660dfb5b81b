import type { ClusterError } from '../../base/errors.ts'
import type { Failure, WorkerExit } from '../../protocol/failures.ts'
import type { FromOwner, ToOwner } from './messages.ts'
import type { Turn } from './events.ts'
import { addToOwner, enqueue, queueFor, removeFromOwner, unqueue } from './queues.ts'
import { releaseAllocation } from './holdings.ts'
import { remember, type LeaseWish } from './state.ts'

/** Answers kept for repeated requests. */
const settledLimit = 20_000

export const wishKeyOf = (ownerId: string, requestId: string): string => `${ownerId}/${requestId}`

/** A lease request: new ones wait in the queue of their shape, repeated ones get the answer they had. */
export function onLeaseRequest(turn: Turn, message: Extract<FromOwner, { type: 'lease.request' }>): void {
  const { state } = turn
  const { ownerId, requestId, spills } = message
  if (state.gone.has(ownerId)) return
  const key = wishKeyOf(ownerId, requestId)
  const waiting = state.wishes.get(key)
  if (waiting) {
    waiting.backlog = message.backlog
    return
  }
  const settled = state.settled.get(settledKey(key, spills))
  if (settled !== undefined) {
    if (settled !== null) answerAgain(turn, ownerId, settled)
    return
  }
  if (state.leaseOfWish.has(key)) return // granted under another count of spills; the owner has that answer or asks by `leases.held`
  const queue = queueFor(state, message.shape, spills > 0)
  const wish: LeaseWish = {
    key,
    requestId,
    ownerId,
    jobId: message.jobId,
    queueKey: queue.key,
    spills,
    backlog: message.backlog,
    retriable: message.retriable,
    order: state.nextOrder++,
    arrivedMs: turn.nowMs,
    allocation: null,
    unlisted: 0,
    toldWaiting: false,
    gone: false,
  }
  if (state.wishes.size >= state.config.maxQueuedRequests) {
    const limit = `${state.config.maxQueuedRequests} requests wait at node ${state.config.nodeId.slice(0, 12)} already; ask again later`
    const failure: Failure = { code: 'link.overloaded', message: limit, details: {} }
    turn.out.push({ do: 'tell-owner', ownerId, message: { type: 'lease.refused', requestId, failure } })
    return
  }
  state.wishes.set(key, wish)
  addToOwner(state.wishesOfOwner, ownerId, key)
  enqueue(turn, queue, wish)
  if (queue.misfit === null || queue.misfit.isFinal) return
  wish.toldWaiting = true
  turn.out.push({ do: 'tell-owner', ownerId, message: { type: 'lease.waiting', requestId, why: queue.misfit.why } })
}

/** Ends a request with its answer, which a repetition gets again. Null: it was cancelled. */
export function settle(turn: Turn, wish: LeaseWish, answer: ToOwner | null): void {
  remember(turn.state.settled, [settledKey(wish.key, wish.spills), answer], settledLimit)
  if (answer) turn.out.push({ do: 'tell-owner', ownerId: wish.ownerId, message: answer })
  dropWish(turn, wish)
}

/** Takes a request out of every index; what it held is free again. */
export function dropWish(turn: Turn, wish: LeaseWish): void {
  if (wish.gone) return
  unqueue(turn, wish)
  wish.gone = true
  turn.state.wishes.delete(wish.key)
  removeFromOwner(turn.state.wishesOfOwner, wish.ownerId, wish.key)
  turn.touched.add(wish.queueKey)
  if (wish.allocation !== null) releaseAllocation(turn, wish.allocation)
  wish.allocation = null
}

export function refuse(turn: Turn, wish: LeaseWish, error: Pick<ClusterError, 'code' | 'message'>): void {
  const failure: Failure = { code: error.code, message: error.message, details: {} }
  settle(turn, wish, { type: 'lease.refused', requestId: wish.requestId, failure })
}

export function onLeaseCancel(turn: Turn, message: Extract<FromOwner, { type: 'lease.cancel' }>): void {
  const wish = turn.state.wishes.get(wishKeyOf(message.ownerId, message.requestId))
  if (wish) settle(turn, wish, null)
}

/** A grant whose lease is over is followed by its loss: the owner may have heard of neither. */
function answerAgain(turn: Turn, ownerId: string, answer: ToOwner): void {
  turn.out.push({ do: 'tell-owner', ownerId, message: answer })
  if (answer.type !== 'lease.granted' || turn.state.leases.has(answer.leaseId)) return
  turn.out.push({ do: 'tell-owner', ownerId, message: { type: 'lease.lost', leaseId: answer.leaseId, exit: unknownExit } })
}

/** Ours, when nobody saw how a process ended. */
export const unknownExit: WorkerExit = { exitCode: null, signal: null, pid: 0, reason: null, lastLines: [] }

const settledKey = (wishKey: string, spills: number): string => `${wishKey}/${spills}`
