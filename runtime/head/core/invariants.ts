import { type Amounts, subtractAmounts } from '../../base/fixed-point.ts'
import { invariant } from '../../base/invariant.ts'
import { nameKey } from './actor-moves.ts'
import type { Actor, Group, HeadNode, HeadState } from './state.ts'
import { describeStory } from './story.ts'
import { checkSubmissions } from './submission-invariants.ts'

/** Throws when the state contradicts itself, with the story of the entity. Looks at everything: for tests and simulation. */
export function checkInvariants(state: HeadState): void {
  for (const node of state.nodes.values()) checkNode(state, node)
  for (const actor of state.actors.values()) checkActor(state, actor)
  for (const group of state.groups.values()) checkGroup(state, group)
  checkSubmissions(state)
  for (const [key, actorId] of state.names) {
    const actor = state.actors.get(actorId)
    invariant(
      actor && actor.phase.kind !== 'dead' && nameKey(actor.spec) === key,
      `name ${key} belongs to ${actorId}, which does not bear it`,
    )
  }
  for (const queue of state.queues.values()) {
    for (const actorId of queue.actorIds)
      invariant(state.actors.get(actorId)?.phase.kind === 'pending', `${actorId} is queued and not pending`)
  }
  for (const [workerId, owner] of state.owners) {
    invariant(!state.gone.has(workerId) || hasDetached(state, workerId), `owner ${workerId} is gone and still owns`)
    for (const actorId of owner.actors) invariant(state.actors.get(actorId)?.phase.kind !== 'dead', `dead ${actorId} is still owned`)
  }
  for (const { nodeId } of state.stops.values()) invariant(isLiving(state, nodeId), `a stop waits for dead node ${nodeId}`)
  for (const { nodeId } of state.returns.values()) invariant(isLiving(state, nodeId), `a return waits for dead node ${nodeId}`)
  invariant(state.deadActors.size <= state.config.keptDeadActors, 'more dead actors are kept than the limit')
  invariant(state.deadNodes.size <= state.config.keptDeadNodes, 'more dead nodes are kept than the limit')
}

const isLiving = (state: HeadState, nodeId: string): boolean => {
  const node = state.nodes.get(nodeId)
  return node !== undefined && node.phase.kind !== 'dead'
}

function hasDetached(state: HeadState, workerId: string): boolean {
  const owner = state.owners.get(workerId)
  const isDetachedActor = (actorId: string) => state.actors.get(actorId)?.spec.detached === true
  const isDetachedGroup = (groupId: string) => state.groups.get(groupId)?.spec.detached === true
  return owner === undefined || ([...owner.actors].every(isDetachedActor) && [...owner.groups].every(isDetachedGroup))
}

function checkNode(state: HeadState, node: HeadNode): void {
  const story = `node ${node.nodeId}: ${describeStory(node.story)}`
  invariant(state.livingNodes.includes(node) === (node.phase.kind !== 'dead'), `${story}; the list of the living is wrong`)
  invariant(node.isOpen === (node.phase.kind === 'linked' && node.draining === null), `${story}; isOpen is wrong`)
  if (node.phase.kind === 'dead') {
    invariant(node.actors.size === 0 && node.groups.size === 0, `${story}; it is dead and holds something`)
    return
  }
  const expected: Amounts = { ...node.reported }
  for (const { amounts } of node.reservations.values()) subtractAmounts(expected, amounts)
  for (const name of new Set([...Object.keys(expected), ...Object.keys(node.available)])) {
    invariant(
      (expected[name] ?? 0) === (node.available[name] ?? 0),
      `${story}; ${name}: ${expected[name]} expected, ${node.available[name]} kept`,
    )
  }
  for (const key of node.reservations.keys()) {
    const [kind, id = ''] = key.split(':')
    const group = state.groups.get(id)
    if (kind === 'submission') continue
    const isOpen = kind === 'actor' ? state.starting.has(id) : group?.phase.kind === 'preparing' && group.phase.unanswered.has(node.nodeId)
    invariant(isOpen, `${story}; nothing is behind the promise ${key}`)
  }
  for (const actorId of node.actors) {
    const phase = state.actors.get(actorId)?.phase
    invariant(phase && 'nodeId' in phase && phase.nodeId === node.nodeId, `${story}; it lists actor ${actorId}, which is not there`)
  }
}

function checkActor(state: HeadState, actor: Actor): void {
  const { spec, phase } = actor
  const { actorId } = spec
  const story = `actor ${actorId}: ${describeStory(actor.story)}`
  invariant(state.deadActors.has(actorId) === (phase.kind === 'dead'), `${story}; the list of the dead is wrong`)
  invariant(state.starting.has(actorId) === (phase.kind === 'starting'), `${story}; the list of those that start is wrong`)
  invariant(
    (state.queues.get(actor.shapeKey)?.actorIds.has(actorId) ?? false) === (phase.kind === 'pending'),
    `${story}; its queue is wrong`,
  )
  invariant(state.wished.has(actorId) === (actor.wish !== null), `${story}; the list of wishes is wrong`)
  if (phase.kind === 'dead') return
  if ('nodeId' in phase) {
    invariant(isLiving(state, phase.nodeId), `${story}; it is on dead node ${phase.nodeId}`)
    invariant(state.nodes.get(phase.nodeId)?.actors.has(actorId), `${story}; its node does not list it`)
  }
  invariant(spec.maxRestarts === -1 || actor.restarts <= spec.maxRestarts, `${story}; it restarted ${actor.restarts} times`)
  invariant(spec.name === null || state.names.get(nameKey(spec)) === actorId, `${story}; it lost its name`)
  invariant(spec.detached || !state.gone.has(spec.owner.workerId), `${story}; it outlived its owner`)
  if (phase.kind === 'alive')
    invariant(state.actorOfWorker.get(phase.address.workerId) === actorId, `${story}; its process is not known as it`)
  if (spec.shape.strategy.kind === 'group') {
    const group = state.groups.get(spec.shape.strategy.groupId)
    invariant(group?.phase.kind !== 'removed', `${story}; it outlived its group`)
  }
}

function checkGroup(state: HeadState, group: Group): void {
  const { spec, phase, placed } = group
  const story = `group ${spec.groupId}: ${describeStory(group.story)}`
  invariant(state.deadGroups.has(spec.groupId) === (phase.kind === 'removed'), `${story}; the list of the removed is wrong`)
  invariant(state.waitingGroups.has(spec.groupId) === (phase.kind === 'waiting'), `${story}; the list of those that wait is wrong`)
  const isBusy = phase.kind === 'preparing' || phase.kind === 'committing'
  invariant(state.busyGroups.has(spec.groupId) === isBusy, `${story}; the list of the busy is wrong`)
  for (const { nodeId, round } of placed.values()) {
    invariant(isLiving(state, nodeId), `${story}; a bundle is on dead node ${nodeId}`)
    invariant(state.nodes.get(nodeId)?.groups.has(spec.groupId), `${story}; node ${nodeId} does not list it`)
    invariant(round <= group.round, `${story}; a bundle is of round ${round}, the last was ${group.round}`)
  }
  const nodeIds = [...placed.values()].map(({ nodeId }) => nodeId)
  if (spec.strategy === 'STRICT_SPREAD') invariant(new Set(nodeIds).size === nodeIds.length, `${story}; two bundles share a node`)
  if (spec.strategy === 'STRICT_PACK') invariant(new Set(nodeIds).size <= 1, `${story}; its bundles are on several nodes`)
  if (phase.kind === 'removed') invariant(placed.size === 0, `${story}; it is removed and holds bundles`)
  if (phase.kind === 'created') {
    const isWhole = placed.size === spec.bundles.length && [...placed.values()].every(({ committed }) => committed)
    invariant(isWhole, `${story}; it counts as created and is not whole`)
  }
}
