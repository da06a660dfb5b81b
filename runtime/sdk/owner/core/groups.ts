import type { GroupId } from '../../../base/ids.ts'
import type { Failure } from '../../../protocol/failures.ts'
import type { GroupStatus } from '../../../protocol/groups.ts'
import { agentOf, dropAsk } from './asks.ts'
import { type AgentTarget, failure, type OwnerCommand, type OwnerState, type ShapeQueue } from './state.ts'
import { endTask } from './task-life.ts'

/** Which agent holds a bundle for this shape. Undefined while the group is not placed, or when it is gone (its tasks fail). */
export function groupTarget(
  state: OwnerState,
  queue: ShapeQueue,
  strategy: { groupId: GroupId; bundleIndex: number },
  out: OwnerCommand[],
): { agent: AgentTarget; spills: number } | undefined {
  const watch = state.groups.get(strategy.groupId)
  if (!watch) {
    state.groups.set(strategy.groupId, { groupId: strategy.groupId, status: null, version: -1 })
    out.push({ do: 'watch-group', groupId: strategy.groupId })
    return undefined
  }
  const { status } = watch
  if (status?.kind === 'removed') failShape(state, queue, status.failure, out)
  if (status?.kind !== 'created' && status?.kind !== 'rescheduling') return undefined
  const places = strategy.bundleIndex < 0 ? status.bundles : status.bundles.filter((bundle) => bundle.index === strategy.bundleIndex)
  const place = places[queue.turn % Math.max(1, places.length)]
  if (!place) {
    const message = `placement group ${strategy.groupId} has no bundle ${strategy.bundleIndex}; it has ${status.bundles.length}`
    if (status.kind === 'created') failShape(state, queue, failure('task.unschedulable', message, { groupId: strategy.groupId }), out)
    return undefined
  }
  queue.turn += 1
  // One that names its bundle waits there; one that may use any is sent on to where there is room.
  return { agent: agentOf(state, place.nodeId, place.agentAddress), spills: strategy.bundleIndex < 0 ? 0 : 1 }
}

export function groupChanged(
  state: OwnerState,
  event: { groupId: GroupId; version: number; status: GroupStatus },
  out: OwnerCommand[],
): void {
  const watch = state.groups.get(event.groupId)
  if (!watch || event.version < watch.version) return
  watch.version = event.version
  watch.status = event.status
  for (const queue of state.shapes.values()) {
    if (queue.shape.strategy.kind !== 'group' || queue.shape.strategy.groupId !== event.groupId) continue
    for (const requestId of [...queue.asks]) dropAsk(state, requestId, out) // its bundles may have moved: ask anew
    if (event.status.kind === 'removed') failShape(state, queue, event.status.failure, out)
    state.dirtyShapes.add(queue.shapeKey)
  }
  if (event.status.kind === 'removed') forgetOldest(state, event.groupId)
}

/** Removed groups are kept to answer for them; one that is forgotten is asked for anew. */
function forgetOldest(state: OwnerState, groupId: GroupId): void {
  state.removedGroups.add(groupId)
  if (state.removedGroups.size <= state.config.keptRemovedGroups) return
  const [oldest] = state.removedGroups
  if (oldest === undefined) return
  state.removedGroups.delete(oldest)
  state.groups.delete(oldest)
}

/** Fails what waits for a group that is gone, or for a bundle that it never had, at once (Ray lets such tasks hang). */
function failShape(state: OwnerState, queue: ShapeQueue, why: Failure, out: OwnerCommand[]): void {
  for (const task of queue.ready.takeAll()) endTask(state, task, { kind: 'failed', failure: why }, out)
}
