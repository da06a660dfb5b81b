import { addAmounts, type Amounts, amountsFrom, fits, subtractAmounts } from '../../base/fixed-point.ts'
import type { Resources } from '../../protocol/scheduling.ts'
import type { Turn } from './events.ts'
import type { HeadNode } from './state.ts'

/** Counts `amounts` as used until `settle`, or until a report that is young enough shows them. */
export function reserve(turn: Turn, node: HeadNode, promise: { key: string; amounts: Readonly<Amounts> }): void {
  settle(turn, node, promise.key)
  node.reservations.set(promise.key, { amounts: promise.amounts, atMs: turn.nowMs })
  subtractAmounts(node.available, promise.amounts)
  turn.state.view.changed.add(node.nodeId)
}

/** Ends a promise. `held` is what its placement keeps from now on: the next report shows it. */
export function settle(turn: Turn, node: HeadNode, key: string, held: Readonly<Amounts> = {}): void {
  const reservation = node.reservations.get(key)
  if (reservation === undefined) return // a report has shown it already
  node.reservations.delete(key)
  addAmounts(node.available, reservation.amounts)
  subtractAmounts(node.available, held)
  subtractAmounts(node.reported, held)
  turn.state.view.changed.add(node.nodeId)
  noteRoom(turn, node)
}

/** Takes over what the node itself says is free. Promises made well before are in it; younger ones still count on top. */
export function takeReport(turn: Turn, node: HeadNode, available: Resources): void {
  const before = { ...node.available }
  node.reported = amountsFrom(available)
  for (const [key, { atMs }] of node.reservations) {
    if (turn.nowMs - atMs >= turn.state.config.settleMs) node.reservations.delete(key)
  }
  replaceAmounts(node.available, node.reported)
  for (const { amounts } of node.reservations.values()) subtractAmounts(node.available, amounts)
  if (isSame(before, node.available)) return
  turn.state.view.changed.add(node.nodeId)
  if (!fits(before, node.available)) noteRoom(turn, node)
}

/** Something may fit on this node now: queues that it could serve are looked at again at the end of the step. */
function noteRoom(turn: Turn, node: HeadNode): void {
  const { state } = turn
  state.roomVersion += 1
  for (const queue of state.queues.values()) {
    if (!queue.isBlocked) continue
    const { strategy } = queue.shape
    if (strategy.kind === 'group' || (strategy.kind === 'node' && !strategy.soft && strategy.nodeId !== node.nodeId)) continue
    if (node.isOpen && fits(node.available, queue.shape.wanted)) unblock(turn, queue.key)
  }
}

export function unblock(turn: Turn, key: string): void {
  const queue = turn.state.queues.get(key)
  if (queue === undefined) return
  queue.isBlocked = false
  turn.state.unblocked.add(key)
}

export function unblockAll(turn: Turn): void {
  for (const key of turn.state.queues.keys()) unblock(turn, key)
}

function replaceAmounts(target: Amounts, source: Readonly<Amounts>): void {
  for (const name of Object.keys(target)) delete target[name]
  Object.assign(target, source)
}

function isSame(one: Readonly<Amounts>, other: Readonly<Amounts>): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}
