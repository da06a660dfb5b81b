import type { CoreRequest, Turn } from './events.ts'
import { fail, reply } from './events.ts'
import { describe, endActor, mayRestart, nameKey, wishStop } from './actor-moves.ts'
import { enqueue } from './actor-queue.ts'
import { changedOf, listingOf } from './actor-views.ts'
import { addTo, ownerOf } from './indexes.ts'
import { saveActor, saveActorSpec } from './rows.ts'
import type { Actor } from './state.ts'
import type { ActorSpec } from '../../protocol/actors.ts'
import { shapeKey } from '../../protocol/placement/shapes.ts'

type Request<T extends CoreRequest['type']> = Extract<CoreRequest, { type: T }>

export function onActorCreate(turn: Turn, requestKey: number, { spec, getIfExists }: Request<'actor.create'>): void {
  const { state } = turn
  if (state.actors.has(spec.actorId)) return reply(turn, requestKey, { actorId: spec.actorId, existing: null })
  const holderId = spec.name === null ? undefined : state.names.get(nameKey(spec))
  const holder = holderId === undefined ? undefined : state.actors.get(holderId)
  if (holder) {
    if (getIfExists) return reply(turn, requestKey, { actorId: holder.spec.actorId, existing: listingOf(holder.spec) })
    const message = `the name '${spec.name}' is taken in namespace '${spec.namespace}' by ${describe(holder)}; choose another, or ask with getIfExists`
    return fail(turn, requestKey, { code: 'actor.name-taken', message, details: { actorId: holder.spec.actorId } })
  }
  if (state.actors.size - state.deadActors.size >= state.config.maxActors) {
    const message = `the cluster holds ${state.config.maxActors} actors, as many as it is made for; end some first`
    return fail(turn, requestKey, { code: 'limit.reached', message, details: { limit: state.config.maxActors } })
  }
  const actor = addActor(turn, spec)
  saveActorSpec(turn, actor)
  saveActor(turn, actor)
  endIfOrphaned(turn, actor)
  reply(turn, requestKey, { actorId: spec.actorId, existing: null })
}

function addActor(turn: Turn, spec: ActorSpec): Actor {
  const actor = newActor(spec, turn.nowMs)
  indexActor(turn, actor)
  enqueue(turn, actor)
  return actor
}

export const newActor = (spec: ActorSpec, nowMs: number): Actor => ({
  spec,
  shapeKey: shapeKey(spec.shape),
  restarts: 0,
  attempt: 0,
  version: 0,
  phase: { kind: 'pending', sinceMs: nowMs },
  wish: null,
  wishSent: null,
  lastExit: null,
  watchers: new Set(),
  story: [],
})

/** Puts an actor that is not dead where it is looked for. */
export function indexActor({ state }: Turn, actor: Actor): void {
  const { actorId, jobId, owner, shape, name } = actor.spec
  state.actors.set(actorId, actor)
  if (name !== null) state.names.set(nameKey(actor.spec), actorId)
  ownerOf(state, owner.workerId, owner.nodeId).actors.add(actorId)
  addTo(state.actorsOfJob, jobId, actorId)
  if (shape.strategy.kind === 'group') state.groups.get(shape.strategy.groupId)?.actors.add(actorId)
}

/** A request may come after the news that whoever made it is gone. An ended job is no reason: a detached actor of it may still ask. */
function endIfOrphaned(turn: Turn, actor: Actor): void {
  const { spec } = actor
  if (spec.detached || !turn.state.gone.has(spec.owner.workerId)) return
  endActor(turn, actor, { cause: 'owner-gone', message: `${describe(actor)} was asked for by a process that has ended` })
}

export function onActorFind(turn: Turn, requestKey: number, request: Request<'actor.find'>): void {
  const actor = turn.state.actors.get(turn.state.names.get(nameKey(request)) ?? '')
  if (actor) return reply(turn, requestKey, listingOf(actor.spec))
  const message = `no living actor is named '${request.name}' in namespace '${request.namespace}'`
  fail(turn, requestKey, { code: 'actor.not-found', message })
}

const listedNames = 100_000

export function onActorNames(turn: Turn, requestKey: number, { namespace }: Request<'actor.names'>): void {
  const names: { name: string; namespace: string }[] = []
  for (const actorId of turn.state.names.values()) {
    const spec = turn.state.actors.get(actorId)?.spec
    if (spec === undefined || spec.name === null || (namespace !== null && spec.namespace !== namespace)) continue
    if (names.length < listedNames) names.push({ name: spec.name, namespace: spec.namespace })
  }
  reply(turn, requestKey, names)
}

/** Killing what is dead, or long forgotten, does nothing. */
export function onActorKill(turn: Turn, requestKey: number, { actorId, noRestart }: Request<'actor.kill'>): void {
  const actor = turn.state.actors.get(actorId)
  if (actor && actor.phase.kind !== 'dead') {
    // One whose handles are all gone has nobody to restart for.
    if (noRestart || !mayRestart(actor) || actor.wish === 'graceful')
      endActor(turn, actor, { cause: 'killed', message: `${describe(actor)} was killed` })
    else if (actor.phase.kind !== 'pending' && actor.wish === null) wishStop(turn, actor, 'restart')
  }
  reply(turn, requestKey, null)
}

/** Calls may still be under way, or wait for it to start: it ends after them. */
export function onActorOutOfScope(turn: Turn, requestKey: number, { actorId }: Request<'actor.out-of-scope'>): void {
  const actor = turn.state.actors.get(actorId)
  if (actor && actor.phase.kind !== 'dead' && !actor.spec.detached && actor.wish !== 'graceful') wishStop(turn, actor, 'graceful')
  reply(turn, requestKey, null)
}

export function onActorWatch(turn: Turn, from: { nodeId: string; requestKey: number }, { actorId }: Request<'actor.watch'>): void {
  const actor = turn.state.actors.get(actorId)
  if (actor === undefined) {
    const message = `actor ${actorId} is not known; if it ended, that was more than ${turn.state.config.keptDeadActors} ended actors ago`
    return fail(turn, from.requestKey, { code: 'actor.not-found', message, details: { actorId } })
  }
  const node = turn.state.nodes.get(from.nodeId)
  if (node && actor.phase.kind !== 'dead') {
    actor.watchers.add(from.nodeId)
    node.watchedActors.add(actorId)
  }
  reply(turn, from.requestKey, changedOf(turn.state, actor))
}
