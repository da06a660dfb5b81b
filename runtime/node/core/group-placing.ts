import { unitsPerOne, type Amounts } from '../../base/fixed-point.ts'
import { pickOne } from '../../base/random.ts'
import type { BundlePlace, GroupChanged } from '../../protocol/groups.ts'
import { describeAmounts } from '../../protocol/placement/explain-misfit.ts'
import type { Turn } from './events.ts'
import { allocateHere, usableBundles } from './holdings.ts'
import { canEverHold } from './pool.ts'
import { listWaiting } from './queues.ts'
import { remember, type AgentState, type LeaseWish, type ShapeQueue, type ViewNode } from './state.ts'
import { hold, markFeasible, maxSpills, pinnedPatienceMs, sendOn, setMisfit } from './waiting.ts'
import { refuse } from './wishes.ts'

/** Groups whose state is kept while requests wait for them. */
const groupLimit = 2_000

/** Names under which a bundle's amounts stand in a report: of one bundle, and of all bundles of the group on the node (Ray does the same). */
export const bundleResource = (name: string, groupId: string, index: number): string => `${name}_group_${index}_${groupId}`
export const groupResource = (name: string, groupId: string): string => `${name}_group_${groupId}`

/** A request inside a placement group: served from its bundles here, else sent to where they are. Returns whether it is off its queue. */
export function placeInGroup(turn: Turn, queue: ShapeQueue, wish: LeaseWish): boolean {
  const { state } = turn
  const { strategy, wanted } = queue.placement
  if (strategy.kind !== 'group') return false
  const allocation = allocateHere(state, queue.placement)
  if (allocation) {
    hold(turn, wish, allocation)
    return true
  }
  const here = usableBundles(state, strategy.groupId, strategy.bundleIndex)
  const canWaitHere = here.some((bundle) => canEverHold(bundle.pool, wanted))
  const isBound = strategy.bundleIndex >= 0 || turn.nowMs - wish.arrivedMs < pinnedPatienceMs
  if (canWaitHere && queue.pinned && isBound) return markFeasible(queue)
  const known = state.groups.get(strategy.groupId)
  if (known === undefined) {
    if (canWaitHere && strategy.bundleIndex >= 0) return markFeasible(queue)
    remember(state.groups, [strategy.groupId, null], groupLimit)
    turn.out.push({ do: 'watch-group', groupId: strategy.groupId })
  }
  if (known === undefined || known === null) return markFeasible(queue)
  if (known.status.kind === 'removed') {
    refuse(turn, wish, { code: 'group.removed', message: removedMessage(strategy.groupId) })
    return true
  }
  if (known.status.kind === 'pending') return markFeasible(queue)
  return placeByBundles(turn, wish, {
    queue,
    canWaitHere,
    isHere: here.length > 0,
    isWhole: known.status.kind === 'created',
    bundles: known.status.bundles,
  })
}

type GroupPlaces = {
  readonly queue: ShapeQueue
  readonly canWaitHere: boolean
  /** Some bundle that it may use is here. */
  readonly isHere: boolean
  readonly isWhole: boolean
  readonly bundles: readonly BundlePlace[]
}

/** To a bundle with room, wherever it is; else it waits at one that can hold it. Bundles do not grow: what none can hold is refused. */
function placeByBundles(turn: Turn, wish: LeaseWish, { queue, canWaitHere, isHere, isWhole, bundles }: GroupPlaces): boolean {
  const { state } = turn
  const { strategy, wanted } = queue.placement
  if (strategy.kind !== 'group') return false
  const places = bundles.filter(({ index }) => strategy.bundleIndex < 0 || index === strategy.bundleIndex)
  const others = places.filter(({ nodeId }) => nodeId !== state.config.nodeId)
  const elsewhere = others
    .map(({ nodeId }) => state.nodeById.get(nodeId))
    .filter((node): node is ViewNode => node !== undefined && node.agentAddress !== '')
  const withRoom = elsewhere.filter((node) => hasGroupRoom(node, strategy, wanted))
  if (withRoom.length > 0 && wish.spills < maxSpills) return sendToBundle(turn, wish, { queue, nodes: withRoom })
  if (canWaitHere) return markFeasible(queue)
  if (elsewhere.length > 0 && wish.spills < maxSpills) return sendToBundle(turn, wish, { queue, nodes: elsewhere })
  const which = strategy.bundleIndex < 0 ? 'any bundle' : `bundle ${strategy.bundleIndex}`
  const tooMuch = `it asks for ${describeAmounts(wanted)}, more than ${which} of placement group ${strategy.groupId} holds`
  if (!isWhole || (!isHere && places.length > 0 && others.length === 0)) return markFeasible(queue) // being placed, or its commit is on the way to us
  if (others.length > 0) {
    setMisfit(turn, queue, tooMuch) // it was sent around and found no place: they may have been looked at in a bad moment
    return false
  }
  const message = places.length === 0 ? `placement group ${strategy.groupId} has no bundle ${strategy.bundleIndex}` : tooMuch
  refuse(turn, wish, { code: 'task.unschedulable', message })
  return true
}

/** The head says where a group's bundles are, or that it is gone. */
export function onGroupChanged(turn: Turn, message: Pick<GroupChanged, 'groupId' | 'version' | 'status'>): void {
  const { state } = turn
  const known = state.groups.get(message.groupId)
  const removed = message.status.kind === 'removed'
  if (known === undefined && !removed) return // nobody waits for it
  if (known && known.version > message.version) return
  remember(state.groups, [message.groupId, { version: message.version, status: message.status }], groupLimit)
  for (const queue of state.queues.values()) {
    const { strategy } = queue.placement
    if (strategy.kind !== 'group' || strategy.groupId !== message.groupId) continue
    turn.touched.add(queue.key)
    if (!removed) continue
    for (const wish of listWaiting(queue)) refuse(turn, wish, { code: 'group.removed', message: removedMessage(message.groupId) })
  }
}

/** Our own amounts of bundles as they stand in a report. */
export function bundleAmounts(state: AgentState): Amounts {
  const amounts: Amounts = {}
  for (const bundle of state.bundles.values()) {
    if (!bundle.committed || bundle.returning) continue
    const { groupId, index } = bundle
    for (const name in bundle.pool.total) {
      const free = Math.max(0, bundle.pool.available[name] ?? 0)
      amounts[bundleResource(name, groupId, index)] = free
      const wild = groupResource(name, groupId)
      amounts[wild] = (amounts[wild] ?? 0) + free
    }
    amounts[bundleResource('bundle', groupId, index)] = 1_000 * unitsPerOne
    amounts[groupResource('bundle', groupId)] = (amounts[groupResource('bundle', groupId)] ?? 0) + 1_000 * unitsPerOne
  }
  return amounts
}

export const removedMessage = (groupId: string): string =>
  `placement group ${groupId} was removed; what was to run in it ends with it. Create a new group to go on.`

function hasGroupRoom(node: ViewNode, strategy: { groupId: string; bundleIndex: number }, wanted: Readonly<Amounts>): boolean {
  for (const name in wanted) {
    const key =
      strategy.bundleIndex < 0 ? groupResource(name, strategy.groupId) : bundleResource(name, strategy.groupId, strategy.bundleIndex)
    if ((node.available[key] ?? 0) < (wanted[name] ?? 0)) return false
  }
  return true
}

function sendToBundle(turn: Turn, wish: LeaseWish, target: { queue: ShapeQueue; nodes: readonly ViewNode[] }): boolean {
  const { strategy, wanted } = target.queue.placement
  if (strategy.kind !== 'group') return false
  const node = pickOne(turn.state.config.random, target.nodes)
  for (const name in wanted) {
    const key =
      strategy.bundleIndex < 0 ? groupResource(name, strategy.groupId) : bundleResource(name, strategy.groupId, strategy.bundleIndex)
    node.available[key] = Math.max(0, (node.available[key] ?? 0) - (wanted[name] ?? 0))
  }
  return sendOn(turn, wish, { queue: { ...target.queue, placement: { ...target.queue.placement, wanted: {} } }, node })
}
