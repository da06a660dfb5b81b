import { addAmounts, type Amounts, amountsFrom } from '../../base/fixed-point.ts'
import { InvariantError } from '../../base/invariant.ts'
import type { Failure } from '../../protocol/failures.ts'
import { endActor, describe } from './actor-moves.ts'
import { unblockGroup } from './actor-queue.ts'
import { note, send, type Turn } from './events.ts'
import { explainPlan, planBundles, type PlanInput } from './group-plan.ts'
import { publishGroup } from './group-views.ts'
import { addBounded, dropOwnerIfEmpty, removeFrom, sentNow } from './indexes.ts'
import { reserve, settle } from './node-amounts.ts'
import { forget, saveGroup } from './rows.ts'
import type { Group, GroupPhase } from './state.ts'
import { describeStory, tell } from './story.ts'

const moves: Record<GroupPhase['kind'], readonly GroupPhase['kind'][]> = {
  waiting: ['waiting', 'preparing', 'removed'],
  preparing: ['waiting', 'committing', 'removed'], //  waiting again: a node refused, or is gone
  committing: ['waiting', 'created', 'removed'], //    waiting again: a node died between the phases
  created: ['waiting', 'removed'], //                  waiting again: a node with bundles died
  removed: [],
}

function moveGroup(turn: Turn, group: Group, phase: GroupPhase): void {
  const { state } = turn
  const { groupId } = group.spec
  if (!moves[group.phase.kind].includes(phase.kind)) {
    throw new InvariantError(`group ${groupId} may not move ${group.phase.kind} → ${phase.kind}; its story: ${describeStory(group.story)}`)
  }
  tell(group.story, { atMs: turn.nowMs, move: phase.kind, id: `round ${group.round}` })
  group.phase = phase
  state.waitingGroups.delete(groupId)
  state.busyGroups.delete(groupId)
  if (phase.kind === 'waiting') state.waitingGroups.add(groupId)
  if (phase.kind === 'preparing' || phase.kind === 'committing') state.busyGroups.add(groupId)
}

const missingOf = (group: Group): number[] => group.spec.bundles.flatMap((_, index) => (group.placed.has(index) ? [] : [index]))

/** Finds nodes for what is missing and begins the first phase; or says why it must wait, and when to try again. */
export function tryPlaceGroup(turn: Turn, group: Group): void {
  if (group.phase.kind !== 'waiting') return
  const { state, nowMs } = turn
  const input: PlanInput = { spec: group.spec, missing: missingOf(group), taken: [...group.placed.values()].map(({ nodeId }) => nodeId) }
  const plan = planBundles(state.livingNodes, input)
  if (plan === undefined) {
    const { infeasible, why } = explainPlan(state.livingNodes, input)
    const isNews = infeasible !== group.phase.infeasible || group.phase.tries === 0
    waitForRoom(turn, group, { why, infeasible, tries: group.phase.tries + 1 })
    if (!isNews) return
    publishGroup(turn, group)
    saveGroup(turn, group)
    return
  }
  group.round += 1
  moveGroup(turn, group, { kind: 'preparing', plan, unanswered: new Set(plan.values()), sent: sentNow(nowMs) })
  saveGroup(turn, group) // no later attempt may have this round's number, even after a restart
  for (const [nodeId, indexes] of byNode(plan)) {
    const node = state.nodes.get(nodeId)
    node?.groups.add(group.spec.groupId)
    if (node) reserve(turn, node, { key: `group:${group.spec.groupId}`, amounts: amountsOf(group, indexes) })
  }
  sendPrepares(turn, group)
}

export function waitForRoom(
  turn: Turn,
  group: Group,
  { why, infeasible, tries }: { why: string; infeasible: boolean; tries: number },
): void {
  const { groupRetryMs, groupRetryMaxMs } = turn.state.config
  const retryAtMs = turn.nowMs + Math.min(groupRetryMaxMs, groupRetryMs * 2 ** Math.min(Math.max(tries - 1, 0), 20))
  moveGroup(turn, group, { kind: 'waiting', retryAtMs, tries, why, infeasible })
}

function byNode(plan: ReadonlyMap<number, string>): Map<string, number[]> {
  const nodes = new Map<string, number[]>()
  for (const [index, nodeId] of plan) {
    const indexes = nodes.get(nodeId)
    if (indexes) indexes.push(index)
    else nodes.set(nodeId, [index])
  }
  return nodes
}

function amountsOf(group: Group, indexes: readonly number[]): Amounts {
  const sum: Amounts = {}
  for (const index of indexes) addAmounts(sum, amountsFrom(group.spec.bundles[index]?.resources ?? {}))
  return sum
}

/** First phase, to those that have not answered. */
export function sendPrepares(turn: Turn, group: Group, onlyNodeId?: string): void {
  const { phase, round, spec } = group
  if (phase.kind !== 'preparing') return
  for (const [nodeId, indexes] of byNode(phase.plan)) {
    if (!phase.unanswered.has(nodeId) || (onlyNodeId !== undefined && nodeId !== onlyNodeId)) continue
    const bundles = indexes.map((index) => ({ index, resources: spec.bundles[index]?.resources ?? {} }))
    send(turn, nodeId, { type: 'bundles.prepare', groupId: spec.groupId, round, bundles })
  }
}

/** Second phase, to those that have not answered. Bundles of several rounds may be under way when nodes died meanwhile. */
export function sendCommits(turn: Turn, group: Group, onlyNodeId?: string): void {
  const orders = new Map<string, { nodeId: string; round: number }>()
  for (const { nodeId, round, committed } of group.placed.values()) {
    if (!committed && (onlyNodeId === undefined || nodeId === onlyNodeId)) orders.set(`${nodeId} ${round}`, { nodeId, round })
  }
  for (const { nodeId, round } of orders.values()) send(turn, nodeId, { type: 'bundles.commit', groupId: group.spec.groupId, round })
}

/** Every node has set its bundles aside: from here on the group is decided. */
export function decideCommit(turn: Turn, group: Group): void {
  const { phase, round } = group
  if (phase.kind !== 'preparing') return
  for (const [index, nodeId] of phase.plan) group.placed.set(index, { nodeId, round, committed: false })
  moveGroup(turn, group, { kind: 'committing', sent: sentNow(turn.nowMs) })
  saveGroup(turn, group)
  sendCommits(turn, group)
}

/** Is every bundle committed? Then it is created; else it waits for what is missing. */
export function settleGroup(turn: Turn, group: Group): void {
  if (group.phase.kind !== 'committing') return
  if ([...group.placed.values()].some(({ committed }) => !committed)) return
  if (group.placed.size < group.spec.bundles.length) {
    waitForRoom(turn, group, { why: 'a node with bundles died', infeasible: false, tries: 0 })
    saveGroup(turn, group)
    return tryPlaceGroup(turn, group)
  }
  moveGroup(turn, group, { kind: 'created' })
  group.wasCreated = true
  publishGroup(turn, group)
  saveGroup(turn, group)
  unblockGroup(turn, group.spec.groupId)
}

/** Ends an attempt: what was set aside goes back, and it is tried again later. */
export function abandonRound(turn: Turn, group: Group, why: string): void {
  if (group.phase.kind !== 'preparing') return
  const { plan } = group.phase
  const tries = 1
  waitForRoom(turn, group, { why, infeasible: false, tries })
  for (const [nodeId, indexes] of byNode(plan)) returnBundles(turn, group, { nodeId, round: group.round, indexes })
}

/** A node is told to give bundles back until it says that it has. Its amounts count as used until its next report. */
function returnBundles(turn: Turn, group: Group, place: { nodeId: string; round: number; indexes: readonly number[] }): void {
  const node = turn.state.nodes.get(place.nodeId)
  const { groupId } = group.spec
  if (node === undefined || node.phase.kind === 'dead') return
  settle(turn, node, `group:${groupId}`)
  if (![...group.placed.values()].some(({ nodeId }) => nodeId === place.nodeId)) node.groups.delete(groupId)
  orderReturn(turn, { ...place, groupId })
}

export function orderReturn(turn: Turn, order: { nodeId: string; groupId: string; round: number; indexes: readonly number[] }): void {
  turn.state.returns.set(returnKey(order), { ...order, sent: sentNow(turn.nowMs) })
  sendReturn(turn, order)
}

export function sendReturn(turn: Turn, order: { nodeId: string; groupId: string; round: number; indexes: readonly number[] }): void {
  const { groupId, round, indexes } = order
  send(turn, order.nodeId, { type: 'bundles.return', groupId, round, indexes: [...indexes], endUsers: true })
}
export const returnKey = (order: { nodeId: string; groupId: string; round: number }): string =>
  `${order.nodeId} ${order.groupId} ${order.round}`

/** These bundles are gone with their node. A group that was never whole starts over, so that it does not hold a part for ever. */
export function loseBundles(turn: Turn, group: Group, nodeId: string): void {
  const { phase } = group
  if (phase.kind === 'removed') return
  for (const [index, bundle] of group.placed) if (bundle.nodeId === nodeId) group.placed.delete(index)
  turn.state.nodes.get(nodeId)?.groups.delete(group.spec.groupId)
  const why = `node ${nodeId} with bundles of it died`
  if (phase.kind === 'preparing') {
    if ([...phase.plan.values()].includes(nodeId)) abandonRound(turn, group, why)
  } else if (!group.wasCreated && phase.kind === 'committing') {
    releasePlaced(turn, group)
    waitForRoom(turn, group, { why, infeasible: false, tries: 0 })
  } else if (phase.kind === 'created') {
    waitForRoom(turn, group, { why, infeasible: false, tries: 0 })
  }
  publishGroup(turn, group)
  saveGroup(turn, group)
  if (group.phase.kind === 'waiting') tryPlaceGroup(turn, group)
  else settleGroup(turn, group)
}

function releasePlaced(turn: Turn, group: Group): void {
  const places = new Map<string, { nodeId: string; round: number; indexes: number[] }>()
  for (const [index, { nodeId, round }] of group.placed) {
    const key = `${nodeId} ${round}`
    const place = places.get(key)
    if (place) place.indexes.push(index)
    else places.set(key, { nodeId, round, indexes: [index] })
  }
  group.placed.clear()
  for (const place of places.values()) returnBundles(turn, group, place)
}

/** Takes a group away for good: bundles go back, what runs in them ends, and who watches is told. */
export function removeGroup(turn: Turn, group: Group, failure: Failure): void {
  const { state } = turn
  const { groupId, jobId, creatorId } = group.spec
  if (group.phase.kind === 'removed') return
  abandonRound(turn, group, 'removed')
  releasePlaced(turn, group)
  moveGroup(turn, group, { kind: 'removed', failure, removedAtMs: turn.nowMs })
  publishGroup(turn, group)
  saveGroup(turn, group)
  for (const actorId of group.actors) {
    const actor = state.actors.get(actorId)
    if (actor)
      endActor(turn, actor, {
        cause: 'group-removed',
        message: `${describe(actor)} was placed in a group that is gone: ${failure.message}`,
      })
  }
  state.owners.get(creatorId)?.groups.delete(groupId)
  dropOwnerIfEmpty(state, creatorId)
  removeFrom(state.groupsOfJob, jobId, groupId)
  note(turn, 'group.removed', { groupId })
  for (const evicted of addBounded(state.deadGroups, groupId, state.config.keptDeadGroups)) forgetGroup(turn, evicted)
}

function forgetGroup(turn: Turn, groupId: string): void {
  const { state } = turn
  for (const nodeId of state.groups.get(groupId)?.watchers ?? []) state.nodes.get(nodeId)?.watchedGroups.delete(groupId)
  state.groups.delete(groupId)
  forget(turn, 'groups', groupId)
}

export const groupRemoved = (groupId: string, why: string): Failure => ({
  code: 'group.removed',
  message: `placement group ${groupId} was removed: ${why}`,
  details: { groupId },
})
