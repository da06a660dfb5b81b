import { amountsFrom } from '../../base/fixed-point.ts'
import { InvariantError } from '../../base/invariant.ts'
import type { ActorDeath } from '../../protocol/actors.ts'
import type { WorkerExit } from '../../protocol/failures.ts'
import { dequeue, enqueue, type QueueMoves } from './actor-queue.ts'
import { publishActor } from './actor-views.ts'
import { note, send, type Turn } from './events.ts'
import { addBounded, dropOwnerIfEmpty, removeFrom, sentNow } from './indexes.ts'
import { reserve, settle } from './node-amounts.ts'
import { forget, saveActor } from './rows.ts'
import type { Actor, ActorPhase, HeadNode, HeadState, PendingStop, StopWish } from './state.ts'
import { describeStory, tell } from './story.ts'

const moves: Record<ActorPhase['kind'], readonly ActorPhase['kind'][]> = {
  pending: ['starting', 'dead'],
  starting: ['alive', 'pending', 'dead'], // pending again: no room there, or the process was lost
  alive: ['pending', 'dead'], //             pending again: a restart
  dead: [],
}

/** Everything that goes with a change of phase: indexes, promised amounts, the saved row, and who watches. */
export function moveActor(turn: Turn, actor: Actor, to: { phase: ActorPhase; why: string }): void {
  const from = actor.phase
  const { actorId } = actor.spec
  if (!moves[from.kind].includes(to.phase.kind)) {
    throw new InvariantError(
      `actor ${actorId} may not move ${from.kind} → ${to.phase.kind} (${to.why}); its story: ${describeStory(actor.story)}`,
    )
  }
  leavePhase(turn, actor, to.phase)
  actor.phase = to.phase
  tell(actor.story, { atMs: turn.nowMs, move: `${to.phase.kind}: ${to.why}`, id: 'nodeId' in to.phase ? to.phase.nodeId : '' })
  enterPhase(turn, actor)
  if (to.phase.kind !== 'starting' && !(from.kind === 'starting' && to.phase.kind === 'pending' && to.why === noRoom)) {
    actor.version += 1
    publishActor(turn, actor)
  }
  saveActor(turn, actor)
}
export const noRoom = 'no room after all'

function leavePhase(turn: Turn, actor: Actor, next: ActorPhase): void {
  const { state } = turn
  const { phase } = actor
  const { actorId } = actor.spec
  if (phase.kind === 'pending') return dequeue(state, actor)
  if (phase.kind === 'dead') return
  const node = state.nodes.get(phase.nodeId)
  node?.actors.delete(actorId)
  if (phase.kind === 'alive' && state.actorOfWorker.get(phase.address.workerId) === actorId)
    state.actorOfWorker.delete(phase.address.workerId)
  if (phase.kind !== 'starting') return
  state.starting.delete(actorId)
  if (node) settle(turn, node, `actor:${actorId}`, next.kind === 'alive' ? heldBy(actor) : {})
}

function enterPhase(turn: Turn, actor: Actor): void {
  const { state } = turn
  const { phase } = actor
  const { actorId, shape } = actor.spec
  switch (phase.kind) {
    case 'pending':
      return enqueue(turn, actor)
    case 'starting': {
      state.starting.add(actorId)
      const node = state.nodes.get(phase.nodeId)
      node?.actors.add(actorId)
      // What a group set aside is not the node's to count.
      if (node && shape.strategy.kind !== 'group') reserve(turn, node, { key: `actor:${actorId}`, amounts: amountsFrom(shape.resources) })
      return
    }
    case 'alive':
      state.nodes.get(phase.nodeId)?.actors.add(actorId)
      state.actorOfWorker.set(phase.address.workerId, actorId)
      return
    case 'dead':
      return bury(turn, actor)
  }
}

const heldBy = (actor: Actor) => (actor.spec.shape.strategy.kind === 'group' ? {} : amountsFrom(actor.spec.heldResources))

/** Takes a dead actor out of everything but the list of those that can still be asked about. */
function bury(turn: Turn, actor: Actor): void {
  const { state } = turn
  const { actorId, jobId, owner, shape, name } = actor.spec
  if (name !== null && state.names.get(nameKey(actor.spec)) === actorId) state.names.delete(nameKey(actor.spec))
  state.owners.get(owner.workerId)?.actors.delete(actorId)
  dropOwnerIfEmpty(state, owner.workerId)
  removeFrom(state.actorsOfJob, jobId, actorId)
  if (shape.strategy.kind === 'group') state.groups.get(shape.strategy.groupId)?.actors.delete(actorId)
  actor.wish = null
  state.wished.delete(actorId)
  for (const evicted of addBounded(state.deadActors, actorId, state.config.keptDeadActors)) forgetActor(turn, evicted)
}

function forgetActor(turn: Turn, actorId: string): void {
  const { state } = turn
  for (const nodeId of state.actors.get(actorId)?.watchers ?? []) state.nodes.get(nodeId)?.watchedActors.delete(actorId)
  state.actors.delete(actorId)
  forget(turn, 'actors', actorId)
  forget(turn, 'actor-specs', actorId)
}

export const nameKey = (named: { readonly namespace: string; readonly name: string | null }): string => `${named.namespace}\0${named.name}`

function startActor(turn: Turn, actor: Actor, node: HeadNode): void {
  actor.attempt += 1
  moveActor(turn, actor, {
    phase: { kind: 'starting', nodeId: node.nodeId, sentAtMs: turn.nowMs, sends: 1 },
    why: `life ${actor.restarts}`,
  })
  sendStart(turn, actor)
}

export function sendStart(turn: Turn, actor: Actor): void {
  const { phase, spec, restarts, attempt } = actor
  if (phase.kind === 'starting') send(turn, phase.nodeId, { type: 'actor.start', spec, restarts, attempt })
}

export type Death = Pick<ActorDeath, 'cause' | 'message'> & Partial<ActorDeath>

/** Ends an actor for good, now. A process that it may have is ended by an order that is repeated until its node says that it is gone. */
export function endActor(turn: Turn, actor: Actor, death: Death): void {
  const { phase } = actor
  if (phase.kind === 'dead') return
  if (phase.kind !== 'pending') {
    const { restarts, attempt, spec } = actor
    orderStop(turn, { nodeId: phase.nodeId, actorId: spec.actorId, restarts, attempt, reason: death.cause })
  }
  becomeDead(turn, actor, death)
}

export function becomeDead(turn: Turn, actor: Actor, { cause, message, error = null, exit = null }: Death): void {
  const death: ActorDeath = { cause, message: message.slice(0, 65_536), error, exit }
  moveActor(turn, actor, { phase: { kind: 'dead', death, diedAtMs: turn.nowMs }, why: cause })
  note(turn, 'actor.died', { actorId: actor.spec.actorId, className: actor.spec.className, cause })
}

/** A life that the head does not count on must end: tell its node until that is done. */
export function orderStop(turn: Turn, stop: Omit<PendingStop, 'sent'>): void {
  const { nodeId, actorId, restarts, attempt, reason } = stop
  turn.state.stops.set(stopKey(stop), { nodeId, actorId, restarts, attempt, reason, sent: sentNow(turn.nowMs) })
  send(turn, nodeId, { type: 'actor.stop', actorId, restarts, attempt, graceful: false, reason })
}
export const stopKey = (stop: { nodeId: string; actorId: string; attempt: number }): string =>
  `${stop.nodeId} ${stop.actorId} ${stop.attempt}`

/** Lets a living actor end as wished; the agent's `actor.exited` does the rest. One that starts hears of it when it lives. */
export function wishStop(turn: Turn, actor: Actor, wish: StopWish): void {
  actor.wish = wish
  actor.wishSent = null
  turn.state.wished.add(actor.spec.actorId)
  tell(actor.story, { atMs: turn.nowMs, move: `wish: ${wish}`, id: '' })
  saveActor(turn, actor)
  sendWish(turn, actor)
}

export function sendWish(turn: Turn, actor: Actor): void {
  const { phase, wish, restarts, attempt, spec } = actor
  if (wish === null || phase.kind === 'dead' || phase.kind === 'pending') return
  if (phase.kind === 'starting' && wish === 'graceful') return // calls wait for it: first it must live
  actor.wishSent = sentNow(turn.nowMs, actor.wishSent)
  const reason = wish === 'graceful' ? 'out-of-scope' : 'killed'
  send(turn, phase.nodeId, { type: 'actor.stop', actorId: spec.actorId, restarts, attempt, graceful: wish === 'graceful', reason })
}

export const mayRestart = ({ restarts, spec }: Actor): boolean => spec.maxRestarts === -1 || restarts < spec.maxRestarts

/** A life has ended. `intended`: by exitActor, or because it was told to. */
export function endLife(turn: Turn, actor: Actor, ended: { exit: WorkerExit; intended: boolean }): void {
  const { exit } = ended
  actor.lastExit = exit
  if (ended.intended && actor.wish !== 'restart') {
    const cause = actor.wish === 'graceful' ? 'out-of-scope' : 'exit-actor'
    const message =
      cause === 'exit-actor' ? `${describe(actor)} ended itself` : `${describe(actor)} ended after its last handle went out of scope`
    return becomeDead(turn, actor, { cause, message, exit })
  }
  if (!mayRestart(actor)) {
    const cause = actor.wish === 'restart' ? 'killed' : 'process-exited'
    const used =
      actor.spec.maxRestarts === 0 ? 'it may not restart (maxRestarts is 0)' : `all ${actor.spec.maxRestarts} restarts are used up`
    return becomeDead(turn, actor, { cause, message: `${describe(actor)} died: ${describeExit(exit)}; ${used}`, exit })
  }
  if (actor.wish === 'restart') {
    actor.wish = null
    turn.state.wished.delete(actor.spec.actorId)
  }
  actor.wishSent = null
  actor.restarts += 1
  moveActor(turn, actor, { phase: { kind: 'pending', sinceMs: turn.nowMs }, why: `restart after ${describeExit(exit)}`.slice(0, 120) })
}

export const describe = ({ spec }: Actor): string =>
  `actor ${spec.actorId} (${spec.className}${spec.name === null ? '' : `, '${spec.name}'`})`

export function describeExit({ exitCode, signal, pid, reason }: WorkerExit): string {
  const how = signal !== null ? `was ended by ${signal}` : exitCode !== null ? `exited with code ${exitCode}` : 'is gone'
  return `its process${pid > 0 ? ` ${pid}` : ''} ${how}${reason === null ? '' : ` (${reason})`}`
}

/** What is known of a process when its node is not there to tell. */
export const unseenExit = (reason: string): WorkerExit => ({ exitCode: null, signal: null, pid: 0, reason, lastLines: [] })

export const queueMoves: QueueMoves = {
  start: startActor,
  giveUp: (turn, actor, why) => {
    const { strategy } = actor.spec.shape
    const group = strategy.kind === 'group' ? turn.state.groups.get(strategy.groupId) : undefined
    const isGroupGone = strategy.kind === 'group' && (group === undefined || group.phase.kind === 'removed')
    becomeDead(turn, actor, {
      cause: isGroupGone ? 'group-removed' : 'unschedulable',
      message: `${describe(actor)} cannot be placed: ${why}`,
    })
  },
  publish: (turn, actor) => {
    actor.version += 1
    publishActor(turn, actor)
    saveActor(turn, actor)
  },
}

export const findActor = (state: HeadState, actorId: string): Actor | undefined => state.actors.get(actorId)
