import { unreachable } from '../../../base/invariant.ts'
import { actorChanged, actorLinkClosed, actorsGone, actorUnused, flushActors, tickActors } from './actor-calls.ts'
import { cancelTask } from './cancel.ts'
import { dispatchShapes } from './dispatch.ts'
import {
  agentLinkClosed,
  askSpilled,
  leaseGranted,
  leaseLost,
  leaseRefused,
  leasesWanted,
  leaseWaiting,
  nodesGone,
  tickLeases,
  workerLinkClosed,
} from './leases.ts'
import { groupChanged } from './groups.ts'
import type { OwnerCommand, OwnerEvent, OwnerState } from './state.ts'
import { objectFailed, objectReady, submitTask, taskEnded, tasksReturned, taskYielded, wakeDelayed } from './tasks.ts'

/**
 * All decisions of a process about the tasks and actor calls it owns: which worker runs what, what is tried again, what has failed.
 * Changes `state`, returns what the shell must do, in order. The ownership design is Ray's (Wang et al., NSDI 2021).
 */
export function step(state: OwnerState, event: OwnerEvent): OwnerCommand[] {
  const out: OwnerCommand[] = []
  decide(state, event, out)
  if (!gathers.has(event.type)) sendGathered(state, event.nowMs, out)
  return out
}

/** These come in numbers: they only queue, and the flush at the end of the turn sends what has gathered in few messages. */
const gathers: ReadonlySet<OwnerEvent['type']> = new Set(['task.submit', 'task.ended', 'task.yielded', 'object.ready', 'object.failed'])

function sendGathered(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  if (state.dirtyShapes.size > 0) dispatchShapes(state, nowMs, out)
  if (state.dirtyActors.size > 0) flushActors(state, out)
}

function decide(state: OwnerState, event: OwnerEvent, out: OwnerCommand[]): void {
  switch (event.type) {
    case 'task.submit':
    case 'task.resubmit':
      return submitTask(state, event, out)
    case 'object.ready':
      return objectReady(state, event.objectId, event.stored)
    case 'object.failed':
      return objectFailed(state, event.objectId, out)
    case 'flush':
      return
    case 'tick':
      wakeDelayed(state, event.nowMs, out)
      tickLeases(state, event.nowMs, out)
      return tickActors(state, event.nowMs, out)
    case 'task.ended':
      return taskEnded(state, event, out)
    case 'task.yielded':
      return taskYielded(state, event, out)
    case 'tasks.returned':
      return tasksReturned(state, event, out)
    case 'task.cancel':
      return cancelTask(state, event, out)
    case 'lease.granted':
      return leaseGranted(state, event, out)
    case 'lease.spilled':
      return askSpilled(state, event, out)
    case 'lease.refused':
      return leaseRefused(state, event, out)
    case 'lease.waiting':
      return leaseWaiting(state, event, out)
    case 'lease.wanted':
      return leasesWanted(state, event, out)
    case 'lease.lost':
      return leaseLost(state, event, out)
    case 'worker.link-closed':
      return workerLinkClosed(state, event, out)
    case 'agent.link-closed':
      return agentLinkClosed(state, event, out)
    case 'processes.gone':
      nodesGone(state, event, out)
      return actorsGone(state, event)
    case 'actor.changed':
      return actorChanged(state, event, out)
    case 'actor.unused':
      return actorUnused(state, event.actorId)
    case 'actor.link-closed':
      return actorLinkClosed(state, event, out)
    case 'group.changed':
      return groupChanged(state, event, out)
    default:
      return unreachable(event, 'owner event')
  }
}
