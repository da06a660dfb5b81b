import { amountsFrom } from '../../base/fixed-point.ts'
import type { FromHead } from './messages.ts'
import { giveUpPlacedActor, stopActor } from './actors.ts'
import type { Turn } from './events.ts'
import { maybeRemoveBundle, releaseAllocation } from './holdings.ts'
import { killLease } from './leases.ts'
import { allocate, createBundlePool, type Allocation } from './pool.ts'
import { requeue } from './queues.ts'
import { remember, type AgentState, type Bundle } from './state.ts'
import { endWorker } from './worker-orders.ts'
import { dropWish } from './wishes.ts'

const closedRoundsLimit = 50_000

/** First phase: all of them are set aside, or none. The answer to a repeated order is the same; rounds that were closed are refused. */
export function onBundlesPrepare(turn: Turn, message: Extract<FromHead, { type: 'bundles.prepare' }>): void {
  const { state } = turn
  const { groupId, round, bundles } = message
  const refuseRound = () => {
    for (const { index } of bundles) close(state, `${groupId}:${index}`, round)
    turn.out.push({ do: 'tell-head', message: { type: 'bundles.refused', groupId, round } })
  }
  const prepared = () => turn.out.push({ do: 'tell-head', message: { type: 'bundles.prepared', groupId, round } })
  if (bundles.every(({ index }) => state.bundles.has(bundleKey(groupId, index, round)))) return void prepared()
  if (state.draining || bundles.some(({ index }) => (state.closedRounds.get(`${groupId}:${index}`) ?? -1) >= round)) return refuseRound()
  for (const { index } of bundles) giveUpOlder(turn, { groupId, index, round })
  const taken: Allocation[] = []
  for (const { resources } of bundles) {
    const allocation = allocate(state.pool, amountsFrom(resources), null)
    if (!allocation) {
      for (const each of taken) releaseAllocation(turn, each)
      return refuseRound()
    }
    taken.push(allocation)
  }
  bundles.forEach(({ index }, at) => {
    const allocation = taken[at]
    if (!allocation) return
    const key = bundleKey(groupId, index, round)
    const pool = createBundlePool(allocation)
    state.bundles.set(key, { key, groupId, index, round, allocation, pool, committed: false, returning: false, users: 0 })
    const keys = state.bundlesOfGroup.get(groupId)
    if (keys) keys.add(key)
    else state.bundlesOfGroup.set(groupId, new Set([key]))
  })
  state.reportDue = true
  prepared()
}

/** Second phase. A round that is not here any more is refused. */
export function onBundlesCommit(turn: Turn, message: Extract<FromHead, { type: 'bundles.commit' }>): void {
  const { groupId, round } = message
  let found = false
  for (const bundle of bundlesOf(turn.state, groupId)) {
    if (bundle.round !== round || bundle.returning) continue
    found = true
    bundle.committed = true
  }
  turn.state.reportDue = true
  turn.roomChanged = true
  turn.out.push({ do: 'tell-head', message: { type: found ? 'bundles.committed' : 'bundles.refused', groupId, round } })
}

/** They go back to the node, at once or as soon as the processes inside are gone. */
export function onBundlesReturn(turn: Turn, message: Extract<FromHead, { type: 'bundles.return' }>): void {
  const { groupId, round, indexes, endUsers } = message
  for (const index of indexes) close(turn.state, `${groupId}:${index}`, round)
  const wanted = new Set(indexes)
  for (const bundle of bundlesOf(turn.state, groupId)) {
    if (wanted.has(bundle.index) && bundle.round <= round) giveUp(turn, bundle, endUsers)
  }
  turn.out.push({ do: 'tell-head', message: { type: 'bundles.returned', groupId, round } })
}

/** Ends what runs in the bundles of a group that was removed. */
export function endGroup(turn: Turn, groupId: string): void {
  for (const bundle of bundlesOf(turn.state, groupId)) giveUp(turn, bundle, true)
}

export const bundleKey = (groupId: string, index: number, round: number): string => `${groupId}:${index}:${round}`

const bundlesOf = (state: AgentState, groupId: string): Bundle[] =>
  [...(state.bundlesOfGroup.get(groupId) ?? [])].flatMap((key) => state.bundles.get(key) ?? [])

function giveUpOlder(turn: Turn, place: { groupId: string; index: number; round: number }): void {
  for (const bundle of bundlesOf(turn.state, place.groupId)) {
    if (bundle.index === place.index && bundle.round < place.round) giveUp(turn, bundle, true)
  }
}

function giveUp(turn: Turn, bundle: Bundle, endUsers: boolean): void {
  bundle.returning = true
  turn.state.reportDue = true
  if (bundle.users > 0 && endUsers) endBundleUsers(turn, bundle)
  if (turn.state.bundles.has(bundle.key)) maybeRemoveBundle(turn, bundle)
}

function endBundleUsers(turn: Turn, bundle: Bundle): void {
  const { state } = turn
  for (const start of [...state.starts]) {
    if (start.kind === 'actor') continue
    const { wish } = start
    if (wish.gone || wish.allocation?.bundle !== bundle.key) continue
    const { allocation } = wish
    if (state.queues.has(wish.queueKey)) {
      requeue(turn, wish)
      releaseAllocation(turn, allocation)
    } else dropWish(turn, wish)
  }
  state.starts = state.starts.filter((start) => start.kind === 'actor' || start.wish.allocation !== null)
  for (const lease of [...state.leases.values()]) {
    if (lease.allocation.bundle !== bundle.key) continue
    const worker = state.workers.get(lease.workerId)
    if (worker)
      endWorker(turn, worker, 'group-removed') // the owner hears of it with the exit
    else killLease(turn, lease, 'group-removed')
  }
  for (const actor of [...state.actors.values()]) {
    if (actor.allocation.bundle !== bundle.key) continue
    if (actor.workerId === null) giveUpPlacedActor(turn, actor)
    else stopActor(turn, actor, { graceful: false, reason: 'group-removed' })
  }
}

/** What comes later of this round, or of an older one, is late. `key` is group and index. */
function close(state: AgentState, key: string, round: number): void {
  remember(state.closedRounds, [key, Math.max(round, state.closedRounds.get(key) ?? -1)], closedRoundsLimit)
}
