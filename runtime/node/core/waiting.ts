import type { Turn } from './events.ts'
import { listWaiting, unqueue } from './queues.ts'
import type { LeaseWish, ShapeQueue, ViewNode } from './state.ts'
import { reckonWithSpill } from './view.ts'
import { settle } from './wishes.ts'

/** A request is sent on at most this often; then it waits where it is. The protocol allows 16. */
export const maxSpills = 8
/** One that came from another node may be sent on again after this long, when room is known elsewhere. */
export const pinnedPatienceMs = 500

/** Resources are set aside; a worker is awaited. */
export function hold(turn: Turn, wish: LeaseWish, allocation: NonNullable<LeaseWish['allocation']>): void {
  unqueue(turn, wish)
  wish.allocation = allocation
  turn.state.starts.push({ kind: 'wish', wish })
  turn.state.reportDue = true
}

/** Every request of the queue is told once. */
export function setMisfit(turn: Turn, queue: ShapeQueue, why: string): void {
  queue.misfit = { sinceMs: queue.misfit?.sinceMs ?? turn.nowMs, why, isFinal: false }
  turn.state.reportDue = true
  for (const wish of listWaiting(queue)) sayWaiting(turn, wish, why)
}

export function markFeasible(queue: ShapeQueue): false {
  queue.misfit = null
  return false
}

/** Tells the owner, once for each request, that it waits and why. */
export function sayWaiting(turn: Turn, wish: LeaseWish, why: string): void {
  if (wish.toldWaiting) return
  wish.toldWaiting = true
  turn.out.push({ do: 'tell-owner', ownerId: wish.ownerId, message: { type: 'lease.waiting', requestId: wish.requestId, why } })
}

/** Returns whether it was sent: after too many hops it waits where it is. */
export function sendOn(turn: Turn, wish: LeaseWish, target: { queue: ShapeQueue; node: ViewNode }): boolean {
  const { queue, node } = target
  if (wish.spills >= maxSpills) {
    setMisfit(turn, queue, `it was sent on ${wish.spills} times and found no room; it waits for a change of the cluster`)
    return false
  }
  reckonWithSpill(node, queue.placement.wanted)
  settle(turn, wish, { type: 'lease.spilled', requestId: wish.requestId, nodeId: node.nodeId, agentAddress: node.agentAddress })
  return true
}
