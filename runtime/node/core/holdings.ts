import { invariant } from '../../base/invariant.ts'
import type { PlacementShape } from '../../protocol/placement/shapes.ts'
import { allocate, giveBack, type Allocation, type Pool } from './pool.ts'
import type { Turn } from './events.ts'
import type { AgentState, Bundle } from './state.ts'

/** The pool an allocation was cut from. */
export function poolOf(state: AgentState, allocation: Allocation): Pool {
  if (allocation.bundle === null) return state.pool
  const bundle = state.bundles.get(allocation.bundle)
  invariant(bundle, `allocation of bundle ${allocation.bundle}, which is not here`)
  return bundle.pool
}

/** Sets aside what a shape asks for, from the node or from the bundles of its group; undefined when there is no room now. */
export function allocateHere(state: AgentState, shape: PlacementShape): Allocation | undefined {
  if (state.draining) return undefined
  const { strategy } = shape
  if (strategy.kind !== 'group') return allocate(state.pool, shape.wanted, null)
  for (const bundle of usableBundles(state, strategy.groupId, strategy.bundleIndex)) {
    const allocation = allocate(bundle.pool, shape.wanted, bundle.key)
    if (!allocation) continue
    bundle.users += 1
    return allocation
  }
  return undefined
}

/** Committed bundles of a group on this node, lowest index first; -1 for all of them. */
export function usableBundles(state: AgentState, groupId: string, index: number): Bundle[] {
  const found: Bundle[] = []
  for (const key of state.bundlesOfGroup.get(groupId) ?? []) {
    const bundle = state.bundles.get(key)
    if (bundle?.committed && !bundle.returning && (index < 0 || bundle.index === index)) found.push(bundle)
  }
  return found.sort((one, other) => one.index - other.index)
}

export function releaseAllocation(turn: Turn, allocation: Allocation): void {
  const { state } = turn
  giveBack(poolOf(state, allocation), allocation)
  turn.roomChanged = true
  state.reportDue = true
  if (allocation.bundle === null) return
  const bundle = state.bundles.get(allocation.bundle)
  if (!bundle) return
  bundle.users -= 1
  maybeRemoveBundle(turn, bundle)
}

/** A bundle that was given back goes when nobody holds a part of it any more. */
export function maybeRemoveBundle(turn: Turn, bundle: Bundle): void {
  const { state } = turn
  if (!bundle.returning || bundle.users > 0) return
  state.bundles.delete(bundle.key)
  const keys = state.bundlesOfGroup.get(bundle.groupId)
  keys?.delete(bundle.key)
  if (keys?.size === 0) state.bundlesOfGroup.delete(bundle.groupId)
  releaseAllocation(turn, bundle.allocation)
}
