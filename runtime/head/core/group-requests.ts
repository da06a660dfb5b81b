import { type CoreRequest, fail, reply, type Turn } from './events.ts'
import { groupRemoved, removeGroup, tryPlaceGroup } from './group-moves.ts'
import { changedOfGroup, statusOfGroup } from './group-views.ts'
import { addTo, ownerOf } from './indexes.ts'
import { saveGroup } from './rows.ts'
import type { Group, HeadState } from './state.ts'

type Request<T extends CoreRequest['type']> = Extract<CoreRequest, { type: T }>
export type Asker = { readonly nodeId: string; readonly requestKey: number }

export function onGroupCreate(turn: Turn, { nodeId, requestKey }: Asker, { spec }: Request<'group.create'>): void {
  const { state, nowMs } = turn
  if (state.groups.has(spec.groupId)) return reply(turn, requestKey, null)
  if (state.groups.size - state.deadGroups.size >= state.config.maxGroups) {
    const message = `the cluster holds ${state.config.maxGroups} placement groups, as many as it is made for; remove some first`
    return fail(turn, requestKey, { code: 'limit.reached', message, details: { limit: state.config.maxGroups } })
  }
  const group: Group = {
    spec,
    creatorNodeId: nodeId,
    version: 0,
    round: 0,
    phase: { kind: 'waiting', retryAtMs: nowMs, tries: 0, why: '', infeasible: false },
    wasCreated: false,
    placed: new Map(),
    actors: new Set(),
    watchers: new Set(),
    story: [],
  }
  indexGroup(state, group)
  state.waitingGroups.add(spec.groupId)
  saveGroup(turn, group)
  reply(turn, requestKey, null)
  const isOrphan = !spec.detached && state.gone.has(spec.creatorId)
  if (isOrphan) removeGroup(turn, group, groupRemoved(spec.groupId, 'the process that asked for it has ended'))
  else tryPlaceGroup(turn, group)
}

/** Puts a group that is not removed where it is looked for. */
export function indexGroup(state: HeadState, group: Group): void {
  const { groupId, jobId, creatorId } = group.spec
  state.groups.set(groupId, group)
  ownerOf(state, creatorId, group.creatorNodeId).groups.add(groupId)
  addTo(state.groupsOfJob, jobId, groupId)
}

/** Removing what is gone does nothing. */
export function onGroupRemove(turn: Turn, { requestKey }: Asker, { groupId }: Request<'group.remove'>): void {
  const group = turn.state.groups.get(groupId)
  if (group) removeGroup(turn, group, groupRemoved(groupId, 'it was asked for'))
  reply(turn, requestKey, null)
}

export function onGroupWatch(turn: Turn, { nodeId, requestKey }: Asker, { groupId }: Request<'group.watch'>): void {
  const group = turn.state.groups.get(groupId)
  if (group === undefined) {
    const message = `placement group ${groupId} is not known; if it was removed, that was more than ${turn.state.config.keptDeadGroups} removed groups ago`
    return fail(turn, requestKey, { code: 'group.removed', message, details: { groupId } })
  }
  const node = turn.state.nodes.get(nodeId)
  if (node && group.phase.kind !== 'removed') {
    group.watchers.add(nodeId)
    node.watchedGroups.add(groupId)
  }
  reply(turn, requestKey, changedOfGroup(turn.state, group))
}

const listedGroups = 10_000

export function onGroupTable(turn: Turn, { requestKey }: Asker): void {
  const groups = [...turn.state.groups.values()].slice(-listedGroups)
  reply(
    turn,
    requestKey,
    groups.map((group) => ({ spec: group.spec, status: statusOfGroup(turn.state, group) })),
  )
}
