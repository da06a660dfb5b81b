import type { WorkerId } from '../../base/ids.ts'
import { shapeKey, toPlacementShape } from '../../protocol/placement/shapes.ts'
import type { Shape } from '../../protocol/scheduling.ts'
import type { Turn } from './events.ts'
import type { AgentState, LeaseWish, ShapeQueue } from './state.ts'

/** Gone items are cut off when they are this many, so that a queue that never moves does not grow. */
const compactAt = 256

/** The queue of a shape, made when it is first needed. */
export function queueFor(state: AgentState, shape: Shape, pinned: boolean): ShapeQueue {
  const bare = shapeKey(shape)
  const key = pinned ? `${bare}#pinned` : bare
  const known = state.queues.get(key)
  if (known) return known
  const queue: ShapeQueue = {
    key,
    shapeKey: bare,
    shape,
    placement: toPlacementShape(shape),
    pinned,
    items: [],
    front: 0,
    live: 0,
    owners: new Map(),
    fullAt: -1,
    checkedRevision: -1,
    misfit: null,
  }
  state.queues.set(key, queue)
  return queue
}

export function enqueue(turn: Turn, queue: ShapeQueue, wish: LeaseWish): void {
  queue.items.push(wish)
  queue.live += 1
  const owner = queue.owners.get(wish.ownerId)
  if (owner) {
    owner.count += 1
    owner.backlog = wish.backlog
  } else queue.owners.set(wish.ownerId, { count: 1, backlog: wish.backlog })
  if (queue.live === 1) turn.touched.add(queue.key) // behind others that could not be placed, neither can it
  turn.state.reportDue = true
}

/** Puts a request that had resources and lost them back where its age says. */
export function requeue(turn: Turn, wish: LeaseWish): void {
  const queue = turn.state.queues.get(wish.queueKey)
  if (!queue) return
  const waiting = liveItems(queue) // it may still stand in the list as one that is placed
  wish.allocation = null
  const at = waiting.findIndex((other) => other.order > wish.order)
  waiting.splice(at < 0 ? waiting.length : at, 0, wish)
  queue.items = waiting
  queue.front = 0
  queue.live += 1
  const owner = queue.owners.get(wish.ownerId)
  if (owner) owner.count += 1
  else queue.owners.set(wish.ownerId, { count: 1, backlog: wish.backlog })
  turn.touched.add(queue.key)
}

/** The oldest request of a queue that still waits. */
export function peek(queue: ShapeQueue): LeaseWish | undefined {
  for (;;) {
    const wish = queue.items[queue.front]
    if (wish === undefined || isWaiting(wish)) return wish
    queue.front += 1
  }
}

/** It waits no more: placed, sent on, cancelled. Call before its state is changed; an empty queue goes away with its last request. */
export function unqueue(turn: Turn, wish: LeaseWish): void {
  const queue = turn.state.queues.get(wish.queueKey)
  if (!queue || wish.allocation !== null) return
  queue.live -= 1
  turn.state.reportDue = true
  const owner = queue.owners.get(wish.ownerId)
  if (owner && owner.count > 1) owner.count -= 1
  else queue.owners.delete(wish.ownerId)
}

/** Drops what is left of queues that nobody uses, and cuts off what is gone. */
export function tidyQueue(state: AgentState, queue: ShapeQueue): void {
  if (queue.live > 0) {
    if (queue.items.length - queue.live < compactAt || queue.items.length < queue.live * 2) return
    queue.items = liveItems(queue)
    queue.front = 0
    return
  }
  queue.items = []
  queue.front = 0
  if (!hasPlacedWish(state, queue)) state.queues.delete(queue.key)
}

export function listWaiting(queue: ShapeQueue): LeaseWish[] {
  return liveItems(queue)
}

export function addToOwner(index: Map<WorkerId, Set<string>>, ownerId: WorkerId, key: string): void {
  const keys = index.get(ownerId)
  if (keys) keys.add(key)
  else index.set(ownerId, new Set([key]))
}

export function removeFromOwner(index: Map<WorkerId, Set<string>>, ownerId: WorkerId, key: string): void {
  const keys = index.get(ownerId)
  if (!keys) return
  keys.delete(key)
  if (keys.size === 0) index.delete(ownerId)
}

const isWaiting = (wish: LeaseWish): boolean => !wish.gone && wish.allocation === null
const liveItems = (queue: ShapeQueue): LeaseWish[] => queue.items.slice(queue.front).filter(isWaiting)
/** One that waits for a worker may come back to its queue. There are few of them: at most as many as processes that start. */
const hasPlacedWish = (state: AgentState, queue: ShapeQueue): boolean =>
  state.starts.some((start) => start.kind === 'wish' && !start.wish.gone && start.wish.queueKey === queue.key)
