import { unreachable } from '../../base/invariant.ts'
import { onActorConstructed, onActorStart, onActorStop, stopActorsOfJob } from './actors.ts'
import { endGroup, onBundlesCommit, onBundlesPrepare, onBundlesReturn } from './bundles.ts'
import type { AgentCommand, AgentEvent, Turn } from './events.ts'
import { onGroupChanged, removedMessage } from './group-placing.ts'
import { buryOwner, dropJob, dropOwner, onLeaseKill, onLeaseReturn, onLeasesHeld } from './leases.ts'
import { fence, maybeAskWitnesses, onHeadLost, onWitnessAnswered } from './fencing.ts'
import type { FromHead, FromOwner } from './messages.ts'
import { placeWaiting, refuseInfeasible, touchPinned } from './placing.ts'
import { maybeAskBack, maybeReport } from './reporting.ts'
import type { AgentState } from './state.ts'
import {
  hasLiveSubmission,
  onSubmissionEnded,
  onSubmissionProgress,
  onSubmissionRunning,
  onSubmissionStart,
  onSubmissionStop,
  onSubmissionTaken,
  repeatSubmissionEnds,
  tellSubmissionEnds,
} from './submissions.ts'
import { applyClusterChanged, removeNodes } from './view.ts'
import { endWorker, onWorkerBlocked, onWorkerUnblocked } from './worker-orders.ts'
import { onMemoryShort, onWorkerExited, onWorkerLeaving, onWorkerReady, serveStarts, sweepWorkers } from './workers.ts'
import { onLeaseCancel, onLeaseRequest } from './wishes.ts'

/** How often deadlines are looked at. */
const sweepEveryMs = 250

/** All decisions of a node's agent. Changes `state`, returns what the shell must do. Same inputs, same outputs. */
export function step(state: AgentState, event: AgentEvent): AgentCommand[] {
  const turn: Turn = { state, nowMs: event.nowMs, out: [], roomChanged: false, viewChanged: false, touched: new Set() }
  if (state.left) return turn.out
  handle(turn, event)
  if (state.left) return turn.out // fenced: nothing may follow
  for (let round = 0; round < 8 && (turn.roomChanged || turn.viewChanged || turn.touched.size > 0); round += 1) {
    placeWaiting(turn)
    serveStarts(turn)
  }
  serveStarts(turn)
  maybeAskBack(turn)
  maybeReport(turn)
  maybeLeave(turn)
  return turn.out
}

function handle(turn: Turn, event: AgentEvent): void {
  const { state } = turn
  switch (event.type) {
    case 'tick':
      return onTick(turn)
    case 'head.registered':
      return onRegistered(turn, event)
    case 'head.lost':
      return onHeadLost(turn, event.silentMs)
    case 'head.unreachable':
      if (state.headAway) state.headAway.isRefused = event.isRefused
      return
    case 'witness.answered':
      return onWitnessAnswered(turn, event)
    case 'head.said':
      return onHeadSaid(turn, event.message)
    case 'group.unknown': {
      const failure = { code: 'group.removed', message: removedMessage(event.groupId), details: {} } as const
      return onGroupChanged(turn, { groupId: event.groupId, version: Number.MAX_SAFE_INTEGER, status: { kind: 'removed', failure } })
    }
    case 'owner.said':
      return onOwnerSaid(turn, event.message)
    case 'owner.gone':
      return dropOwner(turn, event.ownerId)
    case 'driver.connected':
      state.drivers.set(event.workerId, null)
      return
    case 'driver.registered':
      if (state.drivers.has(event.workerId)) state.drivers.set(event.workerId, event.jobId)
      return
    case 'driver.gone':
      if (!state.drivers.delete(event.workerId)) return
      buryOwner(turn, event.workerId)
      turn.out.push({ do: 'tell-head', message: { type: 'clients.gone', nodeId: state.config.nodeId, workerIds: [event.workerId] } })
      return
    case 'worker.ready':
      return onWorkerReady(turn, event.workerId, event.socketPath)
    case 'worker.blocked':
      return onWorkerBlocked(turn, event.workerId)
    case 'worker.unblocked':
      return onWorkerUnblocked(turn, event.workerId)
    case 'worker.leaving':
      return onWorkerLeaving(turn, event.workerId, event.reason)
    case 'worker.owns': {
      const worker = state.workers.get(event.workerId)
      if (worker) worker.owns = event.owns
      return
    }
    case 'worker.exited':
      return onWorkerExited(turn, event.workerId, event.exit)
    case 'actor.constructed':
      return onActorConstructed(turn, event)
    case 'submission.progress':
      return onSubmissionProgress(turn, event)
    case 'submission.running':
      return onSubmissionRunning(turn, event)
    case 'submission.ended':
      return onSubmissionEnded(turn, event)
    case 'memory.short':
      return onMemoryShort(turn, event)
    case 'store.used':
      state.reportDue ||= Math.abs(event.usedBytes - state.storeUsedBytes) > state.storeUsedBytes / 10
      state.storeUsedBytes = event.usedBytes
      return
    default:
      return unreachable(event, 'agent event')
  }
}

function onOwnerSaid(turn: Turn, message: FromOwner): void {
  switch (message.type) {
    case 'lease.request':
      return onLeaseRequest(turn, message)
    case 'lease.cancel':
      return onLeaseCancel(turn, message)
    case 'lease.return':
      return onLeaseReturn(turn, message)
    case 'leases.held':
      return onLeasesHeld(turn, message)
    case 'lease.kill':
      return onLeaseKill(turn, message)
    default:
      return unreachable(message, 'message of an owner')
  }
}

function onHeadSaid(turn: Turn, message: FromHead): void {
  switch (message.type) {
    case 'cluster.changed':
      return applyClusterChanged(turn, message)
    case 'processes.gone':
      for (const workerId of message.workerIds) buryOwner(turn, workerId)
      return removeNodes(turn, message.nodeIds)
    case 'job.ended':
      dropJob(turn, message.jobId)
      return stopActorsOfJob(turn, message.jobId)
    case 'node.drain':
      return onDrain(turn, message)
    case 'node.fenced':
      return fence(turn)
    case 'actor.start':
      return onActorStart(turn, message)
    case 'actor.stop':
      return onActorStop(turn, message)
    case 'actor.changed':
      return // for clients only
    case 'group.changed':
      if (message.status.kind === 'removed') endGroup(turn, message.groupId)
      return onGroupChanged(turn, message)
    case 'bundles.prepare':
      return onBundlesPrepare(turn, message)
    case 'bundles.commit':
      return onBundlesCommit(turn, message)
    case 'bundles.return':
      return onBundlesReturn(turn, message)
    case 'submission.start':
      return onSubmissionStart(turn, message)
    case 'submission.stop':
      return onSubmissionStop(turn, message)
    case 'submission.taken':
      return onSubmissionTaken(turn, message)
    default:
      return unreachable(message, 'message of the head')
  }
}

/** The head knows again what we hold; what it watches for us it has to be told again. */
function onRegistered(turn: Turn, { heartbeatMs, deadAfterMs }: { heartbeatMs: number; deadAfterMs: number }): void {
  const { state } = turn
  state.headConnected = true
  state.headAway = null
  state.heartbeatMs = heartbeatMs
  state.deadAfterMs = deadAfterMs
  state.reportDue = true
  state.viewSynced = false
  state.lastReportMs = Number.NEGATIVE_INFINITY
  for (const groupId of state.groups.keys()) turn.out.push({ do: 'watch-group', groupId })
  tellSubmissionEnds(turn)
}

function onTick(turn: Turn): void {
  const { state } = turn
  if (turn.nowMs - state.lastSweepMs < sweepEveryMs) return
  state.lastSweepMs = turn.nowMs
  sweepWorkers(turn)
  touchPinned(turn)
  refuseInfeasible(turn)
  repeatSubmissionEnds(turn)
  maybeAskWitnesses(turn)
}

function onDrain(turn: Turn, order: { reason: string; deadlineMs: number }): void {
  const { state } = turn
  state.draining = { reason: order.reason, deadlineMs: order.deadlineMs }
  const self = state.nodeById.get(state.config.nodeId)
  if (self) self.isOpen = false
  state.viewRevision += 1
  state.viewTick += 1
  turn.viewChanged = true // what waits here goes elsewhere
}

/** Leaves once nothing runs, or when the time is up. 0: no limit. */
function maybeLeave(turn: Turn): void {
  const { state } = turn
  if (!state.draining || state.left) return
  const isQuiet = state.leases.size === 0 && state.actors.size === 0 && state.starts.length === 0 && !hasLiveSubmission(state)
  const isLate = state.draining.deadlineMs > 0 && turn.nowMs >= state.draining.deadlineMs
  if (!isQuiet && !isLate) return
  state.left = true
  for (const worker of state.workers.values()) endWorker(turn, worker, 'node-lost')
  turn.out.push({ do: 'leave-cluster', reason: state.draining.reason })
}
