import { unreachable } from '../../base/invariant.ts'
import { queueMoves } from './actor-moves.ts'
import { placeActors } from './actor-queue.ts'
import { onActorExited, onActorStarted, onActorStartFailed } from './actor-reports.ts'
import { onActorCreate, onActorFind, onActorKill, onActorNames, onActorOutOfScope, onActorWatch } from './actor-requests.ts'
import { onClusterDemand, onClusterNodes } from './cluster-views.ts'
import type { HeadCommand, HeadEvent, Turn } from './events.ts'
import { onCommitted, onPrepared, onRefused, onReturned } from './group-reports.ts'
import { onGroupCreate, onGroupRemove, onGroupTable, onGroupWatch } from './group-requests.ts'
import { clientsOf, endProcesses, onJobRegister } from './job-moves.ts'
import { onStateLoaded } from './load.ts'
import { drainNode, killNode, onLinkClosed, onNodeReported } from './node-moves.ts'
import { onRegistered } from './registration.ts'
import type { HeadState } from './state.ts'
import { placeSubmissions } from './submission-queue.ts'
import { onSubmissionEnded, onSubmissionProgress, onSubmissionRefused, onSubmissionRunning } from './submission-reports.ts'
import { onSubmissionRequest } from './submission-requests.ts'
import { onTick } from './tick.ts'

type MessageEvent = Extract<HeadEvent, { type: 'agent.message' }>
type RequestEvent = Extract<HeadEvent, { type: 'client.request' }>

/** All decisions of the head. Changes `state`, returns what the shell must do, in order. Same inputs, same outputs. */
export function step(state: HeadState, event: HeadEvent): HeadCommand[] {
  const turn: Turn = { state, nowMs: event.nowMs, out: [] }
  decide(turn, event)
  placeActors(turn, queueMoves) // any event may have made room
  placeSubmissions(turn)
  return turn.out
}

function decide(turn: Turn, event: HeadEvent): void {
  switch (event.type) {
    case 'tick':
      return onTick(turn)
    case 'agent.message':
      return onMessage(turn, event)
    case 'client.request':
      return onRequest(turn, event)
    case 'agent.registered':
      return onRegistered(turn, event)
    case 'agent.link-closed':
      return onLinkClosed(turn, event.linkId, event.nodeId)
    case 'node.drain':
      return drainNode(turn, event.nodeId, { reason: event.reason, deadlineMs: event.deadlineMs })
    case 'state.loaded':
      return onStateLoaded(turn, event.rows)
    default:
      return unreachable(event, 'head event')
  }
}

function onMessage(turn: Turn, { nodeId, linkId, message }: MessageEvent): void {
  const node = turn.state.nodes.get(nodeId)
  if (node?.phase.kind !== 'linked' || node.phase.linkId !== linkId) return // of a link that another has replaced
  node.heardAtMs = turn.nowMs
  switch (message.type) {
    case 'node.reported':
      return onNodeReported(turn, node, message)
    case 'node.leaving':
      return killNode(turn, node, 'it left')
    case 'clients.gone':
      return endProcesses(turn, clientsOf(turn, nodeId, message.workerIds), 'its process ended')
    case 'actor.started':
      return onActorStarted(turn, nodeId, message)
    case 'actor.start-failed':
      return onActorStartFailed(turn, nodeId, message)
    case 'actor.exited':
      return onActorExited(turn, nodeId, message)
    case 'bundles.prepared':
      return onPrepared(turn, nodeId, message)
    case 'bundles.refused':
      return onRefused(turn, nodeId, message)
    case 'bundles.committed':
      return onCommitted(turn, nodeId, message)
    case 'bundles.returned':
      return onReturned(turn, nodeId, message)
    case 'submission.refused':
      return onSubmissionRefused(turn, nodeId, message)
    case 'submission.progress':
      return onSubmissionProgress(turn, nodeId, message)
    case 'submission.running':
      return onSubmissionRunning(turn, nodeId, message)
    case 'submission.ended':
      return onSubmissionEnded(turn, nodeId, message)
    default:
      return unreachable(message, 'message of an agent')
  }
}

function onRequest(turn: Turn, { from, requestKey, request }: RequestEvent): void {
  const asker = { nodeId: from.nodeId, requestKey }
  switch (request.type) {
    case 'job.register':
      return onJobRegister(turn, asker, request)
    case 'actor.create':
      return onActorCreate(turn, requestKey, request)
    case 'actor.find':
      return onActorFind(turn, requestKey, request)
    case 'actor.names':
      return onActorNames(turn, requestKey, request)
    case 'actor.kill':
      return onActorKill(turn, requestKey, request)
    case 'actor.out-of-scope':
      return onActorOutOfScope(turn, requestKey, request)
    case 'actor.watch':
      return onActorWatch(turn, asker, request)
    case 'group.create':
      return onGroupCreate(turn, asker, request)
    case 'group.remove':
      return onGroupRemove(turn, asker, request)
    case 'group.watch':
      return onGroupWatch(turn, asker, request)
    case 'group.table':
      return onGroupTable(turn, asker)
    case 'cluster.nodes':
      return onClusterNodes(turn, requestKey)
    case 'cluster.demand':
      return onClusterDemand(turn, requestKey)
    case 'submission.submit':
    case 'submission.stop':
    case 'submission.remove':
      return onSubmissionRequest(turn, requestKey, request)
    default:
      return unreachable(request, 'request')
  }
}
