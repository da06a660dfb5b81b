import { giveUpInfeasible } from './actor-queue.ts'
import { orderStop, queueMoves, sendStart, sendWish, stopKey } from './actor-moves.ts'
import { flushViews } from './cluster-views.ts'
import type { Turn } from './events.ts'
import { sendCommits, sendPrepares, sendReturn, tryPlaceGroup } from './group-moves.ts'
import { isResendDue, sentNow } from './indexes.ts'
import { killSilentNodes, tellGone } from './node-moves.ts'
import { tendSubmissions } from './submission-queue.ts'

/** Slow work is done this often, whatever the pace of ticks. */
const slowEveryMs = 1_000
/** Waiting groups that are tried in one tick at most: the rest is tried in the next. */
const groupsPerTick = 100

export function onTick(turn: Turn): void {
  const { state, nowMs } = turn
  forgivePause(turn)
  killSilentNodes(turn)
  retryGroups(turn)
  if (nowMs - state.resentAtMs >= slowEveryMs) {
    const sinceMs = state.resentAtMs
    state.resentAtMs = nowMs
    giveUpInfeasible(turn, queueMoves)
    resendActorOrders(turn)
    resendGroupOrders(turn)
    tendSubmissions(turn, sinceMs)
  }
  tellGone(turn)
  flushViews(turn)
}

/** Ticks come many times a second: a longer gap is our own. */
const pauseMs = 1_000

/** The machine slept, the process was stopped, or the clock jumped: nobody could be heard of meanwhile, and that is not their fault. */
function forgivePause({ state, nowMs }: Turn): void {
  const missedMs = nowMs - state.tickedAtMs
  const isFirst = state.tickedAtMs === 0
  state.tickedAtMs = nowMs
  if (isFirst || missedMs < pauseMs) return
  for (const node of state.livingNodes) {
    node.heardAtMs = Math.min(nowMs, node.heardAtMs + missedMs)
    const { phase } = node
    if (phase.kind !== 'suspect') continue
    node.phase = { ...phase, deadlineMs: Math.min(nowMs + state.config.deadAfterMs, phase.deadlineMs + missedMs) }
  }
}

/** Those whose pause is over; all of them as soon as some node has gained room. */
function retryGroups(turn: Turn): void {
  const { state, nowMs } = turn
  if (state.waitingGroups.size === 0) return
  const { groupsTriedAt, roomVersion } = state
  const hasNewRoom = groupsTriedAt.roomVersion !== roomVersion && nowMs - groupsTriedAt.atMs >= state.config.groupRetryMs
  if (hasNewRoom) state.groupsTriedAt = { roomVersion, atMs: nowMs }
  let left = groupsPerTick
  for (const groupId of state.waitingGroups) {
    const group = state.groups.get(groupId)
    if (group?.phase.kind !== 'waiting' || (!hasNewRoom && nowMs < group.phase.retryAtMs)) continue
    if (left === 0) break
    left -= 1
    state.waitingGroups.delete(groupId) // and to the end of the line, if it still waits after this
    state.waitingGroups.add(groupId)
    tryPlaceGroup(turn, group)
  }
}

function resendActorOrders(turn: Turn): void {
  const { state, nowMs } = turn
  for (const actorId of state.starting) {
    const actor = state.actors.get(actorId)
    if (actor?.phase.kind !== 'starting' || !isResendDue(state, actor.phase, nowMs)) continue
    actor.phase = { ...actor.phase, sentAtMs: nowMs, sends: actor.phase.sends + 1 }
    sendStart(turn, actor)
  }
  for (const actorId of state.wished) {
    const actor = state.actors.get(actorId)
    if (actor && (actor.wishSent === null || isResendDue(state, actor.wishSent, nowMs))) sendWish(turn, actor)
  }
  for (const stop of state.stops.values()) {
    if (!isResendDue(state, stop.sent, nowMs)) continue
    const { sent } = stop
    orderStop(turn, stop)
    const again = state.stops.get(stopKey(stop))
    if (again) again.sent = sentNow(nowMs, sent)
  }
}

function resendGroupOrders(turn: Turn): void {
  const { state, nowMs } = turn
  for (const groupId of state.busyGroups) {
    const group = state.groups.get(groupId)
    if (group === undefined || (group.phase.kind !== 'preparing' && group.phase.kind !== 'committing')) continue
    if (!isResendDue(state, group.phase.sent, nowMs)) continue
    group.phase.sent = sentNow(nowMs, group.phase.sent)
    sendPrepares(turn, group)
    sendCommits(turn, group)
  }
  for (const order of state.returns.values()) {
    if (!isResendDue(state, order.sent, nowMs)) continue
    order.sent = sentNow(nowMs, order.sent)
    sendReturn(turn, order)
  }
}
