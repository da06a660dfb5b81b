import { amountsFrom, fits } from '../../base/fixed-point.ts'
import { randomBelow } from '../../base/random.ts'
import { describeAmounts, explainMisfit, type Misfit } from '../../protocol/placement/explain-misfit.ts'
import { pickNode } from '../../protocol/placement/pick-node.ts'
import { toPlacementShape } from '../../protocol/placement/shapes.ts'
import type { Turn } from './events.ts'
import { unblock } from './node-amounts.ts'
import type { Actor, HeadNode, HeadState, ShapeQueue } from './state.ts'

/** What placing needs of the moves of actors. Handed in, as those need the queues. */
export type QueueMoves = {
  start(turn: Turn, actor: Actor, node: HeadNode): void
  giveUp(turn: Turn, actor: Actor, why: string): void
  publish(turn: Turn, actor: Actor): void
}

export function enqueue(turn: Turn, actor: Actor): void {
  const { state } = turn
  const key = actor.shapeKey
  let queue = state.queues.get(key)
  if (queue === undefined) {
    queue = {
      key,
      shape: toPlacementShape(actor.spec.shape),
      actorIds: new Set(),
      isBlocked: false,
      infeasibleSinceMs: null,
      why: '',
      refusedBy: new Set(),
      explained: null,
    }
    state.queues.set(key, queue)
  }
  queue.actorIds.add(actor.spec.actorId)
  if (!queue.isBlocked) unblock(turn, key)
}

export function dequeue(state: HeadState, actor: Actor): void {
  const queue = state.queues.get(actor.shapeKey)
  if (!queue?.actorIds.delete(actor.spec.actorId) || queue.actorIds.size > 0) return
  // Refusals are worth keeping until the nodes report: the next of this shape would only hear them again.
  if (queue.refusedBy.size === 0) state.queues.delete(queue.key)
  state.unblocked.delete(queue.key)
}

/** `node` said `no-room` for this shape. It is not asked again before its next report. */
export function noteRefusal(turn: Turn, actor: Actor, nodeId: string): void {
  turn.state.queues.get(actor.shapeKey)?.refusedBy.add(nodeId)
}

/** A node reported, or is gone: what it refused may be asked of it again. */
export function forgetRefusals(turn: Turn, nodeId: string): void {
  const { state } = turn
  for (const queue of state.queues.values()) {
    if (!queue.refusedBy.delete(nodeId)) continue
    if (queue.actorIds.size > 0) unblock(turn, queue.key)
    else if (queue.refusedBy.size === 0) state.queues.delete(queue.key)
  }
}

/** Places what the step has made placeable. Last in every step. */
export function placeActors(turn: Turn, moves: QueueMoves): void {
  const { unblocked, queues } = turn.state
  for (const key of unblocked) {
    unblocked.delete(key)
    const queue = queues.get(key)
    if (queue) placeQueue(turn, queue, moves)
  }
}

function placeQueue(turn: Turn, queue: ShapeQueue, moves: QueueMoves): void {
  for (const actorId of queue.actorIds) {
    const actor = turn.state.actors.get(actorId)
    if (actor === undefined) continue
    const node = findNode(turn.state, queue)
    if (node === undefined) return block(turn, queue, moves)
    queue.infeasibleSinceMs = null
    moves.start(turn, actor, node)
  }
}

function findNode(state: HeadState, queue: ShapeQueue): HeadNode | undefined {
  const { strategy } = queue.shape
  if (strategy.kind !== 'group') {
    return pickNode(state.livingNodes, queue.shape, { random: state.random, avoid: queue.refusedBy, spreadCursor: state.spreadCursor })
  }
  const group = state.groups.get(strategy.groupId)
  if (group === undefined) return undefined
  const nodes: HeadNode[] = []
  for (const [index, bundle] of group.placed) {
    if (!bundle.committed || (strategy.bundleIndex >= 0 && strategy.bundleIndex !== index) || queue.refusedBy.has(bundle.nodeId)) continue
    const node = state.nodes.get(bundle.nodeId)
    if (node?.phase.kind === 'linked') nodes.push(node)
  }
  return nodes[randomBelow(state.random, Math.max(1, nodes.length))]
}

/** An explanation looks at every node: while these stay the same it is made anew once in this time. */
const explainEveryMs = 1_000

/** Nothing more fits: says why to those who watch when that has changed, and ends what can never be placed. */
function block(turn: Turn, queue: ShapeQueue, moves: QueueMoves): void {
  const { state, nowMs } = turn
  queue.isBlocked = true
  const { explained } = queue
  const isKnown = explained !== null && explained.nodes === state.livingNodes && nowMs - explained.atMs < explainEveryMs
  if (isKnown && queue.shape.strategy.kind !== 'group') return
  const { infeasible, final, why } = explain(state, queue)
  if (final) {
    for (const actor of actorsOf(state, queue)) moves.giveUp(turn, actor, why)
    return
  }
  const isNews = queue.explained === null || infeasible !== (queue.infeasibleSinceMs !== null)
  queue.explained = { nodes: state.livingNodes, atMs: nowMs }
  queue.why = why
  queue.infeasibleSinceMs = infeasible ? (queue.infeasibleSinceMs ?? nowMs) : null
  if (isNews) for (const actor of actorsOf(state, queue)) moves.publish(turn, actor)
}

const actorsOf = (state: HeadState, queue: ShapeQueue): Actor[] => [...queue.actorIds].flatMap((actorId) => state.actors.get(actorId) ?? [])

function explain(state: HeadState, queue: ShapeQueue): Misfit {
  const { strategy } = queue.shape
  const waits = (why: string): Misfit => ({ infeasible: false, final: false, why, nearest: null })
  if (strategy.kind !== 'group') {
    const misfit = explainMisfit(state.livingNodes, queue.shape)
    if (queue.refusedBy.size === 0 || misfit.infeasible) return misfit
    return { ...misfit, why: `${misfit.why}; ${queue.refusedBy.size} of the nodes said that they had no room after all` }
  }
  const group = state.groups.get(strategy.groupId)
  if (group === undefined || group.phase.kind === 'removed') {
    return { ...waits(`placement group ${strategy.groupId} does not exist any more`), infeasible: true, final: true }
  }
  if (!group.spec.bundles.some((bundle, index) => isFor(strategy, index) && fits(amountsFrom(bundle.resources), queue.shape.wanted))) {
    const which = strategy.bundleIndex < 0 ? 'any bundle' : `bundle ${strategy.bundleIndex}`
    const why = `it asks for ${describeAmounts(queue.shape.wanted)}, more than ${which} of placement group ${strategy.groupId} holds`
    return { ...waits(why), infeasible: true, final: true }
  }
  if (group.phase.kind !== 'created') return waits(`placement group ${strategy.groupId} is not placed yet`)
  return waits(`the bundles of placement group ${strategy.groupId} have no room now`)
}

const isFor = (strategy: { bundleIndex: number }, index: number): boolean => strategy.bundleIndex < 0 || strategy.bundleIndex === index

/** Ends those that have waited too long for a node that does not exist. Called every second. */
export function giveUpInfeasible(turn: Turn, moves: QueueMoves): void {
  const { state, nowMs } = turn
  for (const queue of state.queues.values()) {
    const { infeasibleSinceMs } = queue
    if (infeasibleSinceMs === null || nowMs - infeasibleSinceMs < state.config.infeasibleTimeoutMs) continue
    for (const actorId of queue.actorIds) {
      const actor = state.actors.get(actorId)
      if (actor?.phase.kind !== 'pending') continue
      if (nowMs - actor.phase.sinceMs < state.config.infeasibleTimeoutMs) break // the rest came later
      moves.giveUp(turn, actor, `${queue.why}; it waited ${Math.round(state.config.infeasibleTimeoutMs / 1_000)} s for such a node`)
    }
  }
}

/** Queues of one placement group: its bundles have changed. */
export function unblockGroup(turn: Turn, groupId: string): void {
  for (const queue of turn.state.queues.values()) {
    if (queue.shape.strategy.kind === 'group' && queue.shape.strategy.groupId === groupId) unblock(turn, queue.key)
  }
}
