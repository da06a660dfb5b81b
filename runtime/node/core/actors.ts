import { amountsFrom } from '../../base/fixed-point.ts'
import type { JobId } from '../../base/ids.ts'
import { toPlacementShape } from '../../protocol/placement/shapes.ts'
import { matchesLabels } from '../../protocol/placement/labels.ts'
import type { WorkerExit } from '../../protocol/failures.ts'
import type { ActorConstruction, FromHead, ToHead } from './messages.ts'
import type { Turn } from './events.ts'
import { allocateHere, poolOf, releaseAllocation } from './holdings.ts'
import { hostsDetached } from './leases.ts'
import { devicesOf, shrink } from './pool.ts'
import { type ActorEnd, remember, type LocalActor, type Worker } from './state.ts'
import { unknownExit } from './wishes.ts'
import { askToLeave, endWorker, retire } from './worker-orders.ts'

const actorEndsLimit = 10_000

type StartFailure = Extract<ToHead, { type: 'actor.start-failed' }>['reason']

/**
 * The head places a life of an actor here. A repeated order is answered again, an older one is dropped: had it found no room, there may be
 * some now, and the actor another home.
 */
export function onActorStart(turn: Turn, message: Extract<FromHead, { type: 'actor.start' }>): void {
  const { state } = turn
  const { spec, restarts, attempt } = message
  const { actorId } = spec
  const known = state.actors.get(actorId)
  if (known && known.attempt > attempt) return
  if (known?.attempt === attempt) {
    if (known.phase === 'alive') tellStarted(turn, known)
    return
  }
  const end = state.actorEnds.get(actorId)?.message
  if (end && end.attempt > attempt) return
  if (end?.attempt === attempt) {
    turn.out.push({ do: 'tell-head', message: end })
    return
  }
  if (known) replaceLife(turn, known)
  const placement = toPlacementShape(spec.shape)
  const fitsLabels = [spec.shape.labels, ...spec.shape.fallbackLabels].some((labels) => matchesLabels(state.config.labels, labels))
  const allocation = fitsLabels ? allocateHere(state, placement) : undefined
  if (!allocation) return startFailed(turn, { actorId, restarts, attempt }, { kind: 'no-room' })
  const actor: LocalActor = {
    actorId,
    restarts,
    attempt,
    spec,
    allocation,
    order: state.nextOrder++,
    phase: 'placed',
    workerId: null,
    stopping: null,
  }
  state.actors.set(actorId, actor)
  state.starts.push({ kind: 'actor', actor })
  state.reportDue = true
}

/** Its worker is there: build it. */
export function construct(turn: Turn, actor: LocalActor, worker: Worker): void {
  worker.phase = { kind: 'actor', actorId: actor.actorId }
  worker.jobId = actor.spec.jobId
  actor.phase = 'constructing'
  actor.workerId = worker.workerId
  const { spec, restarts } = actor
  const message = { type: 'actor.construct', spec, restarts, devices: devicesOf(actor.allocation) } as const
  turn.out.push({ do: 'construct-actor', workerId: worker.workerId, message })
}

export function onActorConstructed(
  turn: Turn,
  event: { workerId: string; actorId: string; restarts: number; outcome: ActorConstruction },
): void {
  const { state } = turn
  const actor = state.actors.get(event.actorId)
  if (!actor || actor.restarts !== event.restarts || actor.workerId !== event.workerId || actor.phase !== 'constructing') return
  if (event.outcome.kind === 'ready') {
    actor.phase = 'alive'
    shrink(poolOf(state, actor.allocation), actor.allocation, amountsFrom(actor.spec.heldResources))
    turn.roomChanged = true
    state.reportDue = true
    if (actor.stopping === null) tellStarted(turn, actor)
    return
  }
  const worker = state.workers.get(event.workerId)
  removeActor(turn, actor, false)
  if (worker) {
    retire(worker, actor.allocation)
    askToLeave(turn, worker, { graceful: false, reason: 'constructor-failed' })
  } else releaseAllocation(turn, actor.allocation)
  startFailed(turn, actor, event.outcome)
}

/** Kill, or with `graceful` let it finish. What is not here any more is said to have exited. */
export function onActorStop(turn: Turn, message: Extract<FromHead, { type: 'actor.stop' }>): void {
  const { state } = turn
  const { actorId, attempt } = message
  const actor = state.actors.get(actorId)
  if (actor?.attempt !== attempt) {
    const end = state.actorEnds.get(actorId)?.message
    if (end?.attempt === attempt) turn.out.push({ do: 'tell-head', message: end })
    else exited(turn, message, { exit: unknownExit, intended: true }) // remembered: its start may come late
    return
  }
  stopActor(turn, actor, message)
}

/** A job ended: its actors here go, but for detached ones and what those own. */
export function stopActorsOfJob(turn: Turn, jobId: JobId): void {
  const { state } = turn
  for (const actor of [...state.actors.values()]) {
    const owner = actor.spec.owner.workerId
    const isLocal = state.drivers.has(owner) || state.workers.has(owner)
    if (actor.spec.jobId !== jobId || actor.spec.detached || !isLocal || hostsDetached(turn, owner)) continue
    stopActor(turn, actor, { graceful: false, reason: 'job-ended' })
  }
}

export function stopActor(turn: Turn, actor: LocalActor, order: { graceful: boolean; reason: string }): void {
  actor.stopping ??= order.reason
  const worker = actor.workerId === null ? undefined : turn.state.workers.get(actor.workerId)
  if (!worker) {
    removeActor(turn, actor, true)
    exited(turn, actor, { exit: { ...unknownExit, reason: order.reason }, intended: true })
    return
  }
  if (order.graceful) askToLeave(turn, worker, order)
  else endWorker(turn, worker, order.reason)
}

/** Its process is gone. */
export function loseActor(turn: Turn, actor: LocalActor, worker: { exit: WorkerExit; leftByItself: boolean }): void {
  removeActor(turn, actor, true)
  if (actor.phase === 'alive' || actor.stopping !== null) {
    exited(turn, actor, { exit: worker.exit, intended: actor.stopping !== null || worker.leftByItself })
  } else startFailed(turn, actor, { kind: 'crashed', exit: worker.exit })
}

/** No worker could be started for it. */
export function failPlacedActor(turn: Turn, actor: LocalActor, message: string): void {
  removeActor(turn, actor, true)
  startFailed(turn, actor, { kind: 'failed', failure: { code: 'worker.crashed', message, details: {} } })
}

/** What it was placed in is gone before it had a worker: the head places it anew. */
export function giveUpPlacedActor(turn: Turn, actor: LocalActor): void {
  removeActor(turn, actor, true)
  startFailed(turn, actor, { kind: 'no-room' })
}

function tellStarted(turn: Turn, actor: LocalActor): void {
  const address = actor.workerId === null ? null : turn.state.workers.get(actor.workerId)?.address
  if (!address) return
  const { actorId, restarts, attempt } = actor
  const devices = devicesOf(actor.allocation)
  turn.out.push({ do: 'tell-head', message: { type: 'actor.started', actorId, restarts, attempt, address, devices } })
}

type Placement = Pick<LocalActor, 'actorId' | 'restarts' | 'attempt'>

function startFailed(turn: Turn, { actorId, restarts, attempt }: Placement, reason: StartFailure): void {
  ended(turn, { type: 'actor.start-failed', actorId, restarts, attempt, reason })
}

function exited(turn: Turn, { actorId, restarts, attempt }: Placement, how: { exit: WorkerExit; intended: boolean }): void {
  ended(turn, { type: 'actor.exited', actorId, restarts, attempt, ...how })
}

function ended(turn: Turn, message: ActorEnd['message']): void {
  const known = turn.state.actorEnds.get(message.actorId)
  if (known === undefined || known.message.attempt <= message.attempt)
    remember(turn.state.actorEnds, [message.actorId, { message, atMs: turn.nowMs }], actorEndsLimit)
  turn.out.push({ do: 'tell-head', message })
}

function removeActor(turn: Turn, actor: LocalActor, release: boolean): void {
  if (turn.state.actors.get(actor.actorId) === actor) turn.state.actors.delete(actor.actorId)
  turn.state.reportDue = true
  if (release) releaseAllocation(turn, actor.allocation)
}

/** The head has given up the life that is still here. */
function replaceLife(turn: Turn, actor: LocalActor): void {
  const worker = actor.workerId === null ? undefined : turn.state.workers.get(actor.workerId)
  removeActor(turn, actor, worker === undefined)
  if (!worker) return
  retire(worker, actor.allocation)
  endWorker(turn, worker, 'killed')
}
