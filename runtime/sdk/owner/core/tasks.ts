import type { ObjectId, TaskId } from '../../../base/ids.ts'
import type { TaskOutcome, TaskResult } from '../../../protocol/tasks.ts'
import { callReady, enqueueCall, requeueCall } from './actor-calls.ts'
import { offerLease, settleLease } from './lease-line.ts'
import { closeLease, returnWhenDone } from './leases.ts'
import { noteLostIfTold } from './lost-attempts.ts'
import { failure, type OwnedTask, type OwnerCommand, type OwnerState, type StoredArgument, type TaskEnd } from './state.ts'
import { cancelledFailure, endTask, makeReady, nextAttempt, runAgain, spendRetry } from './task-life.ts'

type Submission = { task: OwnedTask; unready: readonly ObjectId[]; stored?: readonly StoredArgument[]; nowMs: number }

export function submitTask(state: OwnerState, event: Submission, out: OwnerCommand[]): void {
  const { task } = event
  task.phase = 'waiting'
  task.leaseId = null
  task.createdMs = event.nowMs
  if (state.closed) {
    const why = failure('node.died', 'the node agent of this process is gone, and its cluster with it')
    return endTask(state, task, { kind: 'failed', failure: why }, out)
  }
  task.cancelled = false
  state.tasks.set(task.taskId, task)
  waitForObjects(state, task, event.unready)
  for (const stored of event.stored ?? []) noteStored(state, task, stored)
  if (task.call) enqueueCall(state, task, out)
  else if (task.waitingFor === 0) makeReady(state, task)
}

function waitForObjects(state: OwnerState, task: OwnedTask, unready: readonly ObjectId[]): void {
  task.waitingFor = unready.length
  for (const objectId of unready) {
    const others = state.dependents.get(objectId)
    if (others) others.push(task)
    else state.dependents.set(objectId, [task])
  }
}

/** The largest argument decides: there the least has to be moved. */
function noteStored(state: OwnerState, task: OwnedTask, { sizeBytes, copies }: StoredArgument): void {
  if (task.near && task.near.sizeBytes >= sizeBytes) return
  const isHere = copies.some(({ nodeId }) => nodeId === state.config.nodeId)
  task.near = { agent: isHere ? null : (copies[0] ?? null), sizeBytes }
}

export function objectReady(state: OwnerState, objectId: ObjectId, stored?: StoredArgument): void {
  const dependents = state.dependents.get(objectId)
  if (!dependents) return
  state.dependents.delete(objectId)
  for (const task of dependents) {
    task.waitingFor -= 1
    if (stored) noteStored(state, task, stored)
    if (task.waitingFor > 0 || task.phase !== 'waiting') continue
    if (task.call) callReady(state, task)
    else makeReady(state, task)
  }
}

/** A failed argument fails the task without running it; the error shown is the argument's, as with Ray. */
export function objectFailed(state: OwnerState, objectId: ObjectId, out: OwnerCommand[]): void {
  const dependents = state.dependents.get(objectId)
  if (!dependents) return
  state.dependents.delete(objectId)
  for (const task of dependents) {
    endTask(state, task, { kind: 'as-object', objectId }, out)
  }
}

type EndedEvent = { taskId: TaskId; attempt: number; outcome: TaskOutcome; runMs: number; nowMs: number }

export function taskEnded(state: OwnerState, event: EndedEvent, out: OwnerCommand[]): void {
  const task = state.tasks.get(event.taskId)
  if (!task || task.attempt !== event.attempt || task.phase !== 'pushed') return // late or repeated: another attempt is current
  const worker = takeFromWorker(state, task, event, out)
  const { outcome } = event
  if (outcome.kind === 'done') return endAsReplayed(state, task, { kind: 'outcome', outcome, worker }, out)
  if (task.cancelled) return endTask(state, task, { kind: 'failed', failure: cancelledFailure(task) }, out)
  if (
    outcome.kind === 'failed' &&
    outcome.failure.code === 'object.lost' &&
    recoverArgument(state, { task, objectId: outcome.failure.details['objectId'], nowMs: event.nowMs }, out)
  )
    return
  if (outcome.kind === 'threw' && isRetried(task, outcome.error.classNames) && spendRetry(task)) return runAgain(state, task)
  endAsReplayed(state, task, { kind: 'outcome', outcome, worker }, out)
}

/**
 * A stream that ran again must have made the items that its consumer may have: not fewer, no error in place of one, and no more once
 * the consumer was told how many there are. Their values are not compared (Ray: deterministic replay).
 */
function endAsReplayed(state: OwnerState, task: OwnedTask, end: Extract<TaskEnd, { kind: 'outcome' }>, out: OwnerCommand[]): void {
  const { repeated, yielded, attempt, taskId } = task
  const isOther = repeated !== undefined && (repeated < yielded || (repeated > yielded && task.streamEnd === 'whole'))
  if (yielded > 0 && end.outcome.kind !== 'failed') task.streamEnd ??= 'whole'
  if (!isOther || end.outcome.kind === 'failed') return endTask(state, task, end, out)
  const now = `${repeated} item${repeated === 1 ? '' : 's'}${end.outcome.kind === 'threw' ? ' and then an error' : ''}`
  const message = `${task.kind.template.name} was run again (attempt ${attempt + 1}) and gave ${now}, where it had given ${yielded} before. A stream that may run again must give the same items every time; set maxRetries to 0 for one that cannot.`
  const why = failure('task.replay-inconsistent', message, { taskId, attempt, before: yielded, now: repeated })
  endTask(state, task, { kind: 'failed', failure: why }, out)
}

function takeFromWorker(state: OwnerState, task: OwnedTask, event: EndedEvent, out: OwnerCommand[]) {
  const { kind } = task
  if (event.outcome.kind !== 'failed')
    kind.meanRunMs = kind.meanRunMs === undefined ? event.runMs : kind.meanRunMs * 0.8 + event.runMs * 0.2
  if (task.call) {
    const queue = state.actors.get(task.call.actorId)
    queue?.inFlight.delete(task.taskId)
    if (queue?.unused) state.dirtyActors.add(queue.actorId)
    return queue?.status?.kind === 'alive' ? queue.status.address : null
  }
  const lease = task.leaseId === null ? undefined : state.leases.get(task.leaseId)
  if (!lease) return null
  settleLease(state, lease, task, event.nowMs)
  returnWhenDone(state, lease, out)
  return lease.worker
}

const isRetried = (task: OwnedTask, classNames: readonly string[]): boolean =>
  typeof task.retryErrors === 'boolean'
    ? task.retryErrors
    : classNames.some((name) => (task.retryErrors as readonly string[]).includes(name)) // not a boolean: a list

const longestRecoveryMs = 5_000

type Lost = { task: OwnedTask; objectId: string | number | undefined; nowMs: number }

/**
 * The worker found no copy of an argument: have it made again, and run when it is there. At once the first time, then later and later: where
 * a copy exists and cannot be reached, as over a cut wire, it takes a while until it counts as lost.
 */
function recoverArgument(state: OwnerState, { task, objectId, nowMs }: Lost, out: OwnerCommand[]): boolean {
  if (typeof objectId !== 'string' || !task.refArgs.some((ref) => ref.objectId === objectId)) return false
  if (task.recoveries >= state.config.maxRecoveries) return false
  task.recoveries += 1
  noteLostIfTold(state, task, { why: 'argument-lost', worker: null, exit: null })
  nextAttempt(task)
  delete task.near
  task.phase = 'waiting'
  task.leaseId = null
  waitForObjects(state, task, [objectId])
  requeueCall(state, task)
  if (task.recoveries === 1) {
    out.push({ do: 'recover', task, objectId })
  } else {
    task.notBeforeMs = nowMs + Math.min(longestRecoveryMs, state.config.recoveryMs * 2 ** (task.recoveries - 2))
    state.lateRecoveries.set(task, objectId)
  }
  return true
}

export function taskYielded(
  state: OwnerState,
  event: { taskId: TaskId; attempt: number; index: number; result: TaskResult },
  out: OwnerCommand[],
): void {
  const task = state.tasks.get(event.taskId)
  if (!task || task.attempt !== event.attempt) return
  if (task.repeated !== undefined) task.repeated = Math.max(task.repeated, event.index + 1)
  if (event.index !== task.yielded || task.streamEnd) return // a run again repeats items that the consumer has
  task.yielded += 1
  out.push({ do: 'yield', task, index: event.index, result: event.result })
}

/** The worker blocked or leaves: tasks it had not begun go to others, at no cost to their retries. */
export function tasksReturned(
  state: OwnerState,
  event: { leaseId: string; taskIds: readonly TaskId[]; leaving: boolean; nowMs: number },
  out: OwnerCommand[],
): void {
  const lease = state.leases.get(event.leaseId)
  if (!lease) return
  for (const taskId of [...event.taskIds].reverse()) {
    const task = lease.inFlight.get(taskId)
    if (!task) continue
    settleLease(state, lease, task, event.nowMs)
    if (task.cancelled) endTask(state, task, { kind: 'failed', failure: cancelledFailure(task) }, out)
    else makeReady(state, task, 'front')
  }
  lease.blocked = lease.inFlight.size > 0
  lease.workerLeaving ||= event.leaving
  if (lease.workerLeaving || lease.closing) closeLease(state, lease, out)
  else offerLease(state, lease)
}

export function wakeDelayed(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  for (const [task, objectId] of state.lateRecoveries) {
    if (task.notBeforeMs > nowMs) continue
    state.lateRecoveries.delete(task)
    if (state.tasks.get(task.taskId) === task && task.waitingFor > 0) out.push({ do: 'recover', task, objectId })
  }
  for (const task of state.delayed) {
    if (task.notBeforeMs > nowMs) continue
    state.delayed.delete(task)
    makeReady(state, task)
  }
}
