import type { BundlePlace, GroupChanged, GroupStatus } from '../../protocol/groups.ts'
import { send, type Turn } from './events.ts'
import type { Group, HeadState } from './state.ts'

export function statusOfGroup(state: HeadState, group: Group): GroupStatus {
  const { phase } = group
  if (phase.kind === 'removed') return { kind: 'removed', failure: phase.failure }
  if (phase.kind === 'created') return { kind: 'created', bundles: placesOf(state, group) }
  if (group.wasCreated) return { kind: 'rescheduling', bundles: placesOf(state, group) }
  return { kind: 'pending', why: phase.kind === 'waiting' ? phase.why.slice(0, 4_096) : 'its nodes set its bundles aside' }
}

function placesOf(state: HeadState, group: Group): BundlePlace[] {
  const places: BundlePlace[] = []
  for (const [index, { nodeId, committed }] of group.placed) {
    if (committed) places.push({ index, nodeId, agentAddress: state.nodes.get(nodeId)?.facts.agentAddress ?? '' })
  }
  return places.sort((one, other) => one.index - other.index)
}

export const changedOfGroup = (state: HeadState, group: Group): GroupChanged => ({
  type: 'group.changed',
  groupId: group.spec.groupId,
  version: group.version,
  status: statusOfGroup(state, group),
})

/** A new version for all who watch. */
export function publishGroup(turn: Turn, group: Group): void {
  group.version += 1
  if (group.watchers.size === 0) return
  const message = changedOfGroup(turn.state, group)
  for (const nodeId of group.watchers) send(turn, nodeId, message)
}
