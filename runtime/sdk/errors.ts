import { ClusterError, type ErrorCode } from '../base/errors.ts'
import type { Failure } from '../protocol/failures.ts'

const isTaskError: unique symbol = Symbol.for('shoal.task-error')

/**
 * A task or an actor's method threw. What `get` throws is an instance of this and of the class that was thrown, where that class is
 * known here (Ray: RayTaskError). `cause` is the error itself; the stack is the remote one, without our own frames.
 */
export class TaskError extends ClusterError {
  readonly [isTaskError] = true
  override readonly name: string = 'TaskError'
  constructor(message: string, more: { cause?: unknown; details?: Record<string, string | number> } = {}) {
    super('task.failed', message, more)
  }
  // The error that get throws cannot extend two classes: it extends the user's, and carries this mark.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && isTaskError in value
  }
}

/**
 * The error that `get` throws for `cause`: of the same class, so that `instanceof` and fields work, and a TaskError as well.
 * `origin` says where it was thrown.
 */
export function taskErrorFrom(cause: Error, origin: string): Error {
  const className = cause.constructor.name || 'Error'
  const prototype: object = Object.create(Object.getPrototypeOf(cause) as object) // an object's prototype is an object or null, and Error's are never null
  Object.defineProperties(prototype, { [isTaskError]: { value: true } })
  const error = Object.create(prototype) as Error // made to look like `cause`, which is an Error
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(cause))) {
    if (key !== 'stack' && key !== 'message' && key !== 'cause') Object.defineProperty(error, key, descriptor)
  }
  const hidden = (value: unknown) => ({ value, enumerable: false, writable: true, configurable: true })
  Object.defineProperties(error, {
    name: hidden(`TaskError(${className})`),
    message: hidden(cause.message),
    cause: hidden(cause),
    stack: hidden(`TaskError(${className}): ${cause.message}\n  in ${origin}\n${framesOf(cause)}`),
  })
  return error
}

const framesOf = (error: Error): string => {
  const stack = error.stack ?? ''
  const first = stack.search(/^\s+at /m)
  return first < 0 ? '' : stack.slice(first)
}

export class TaskCancelledError extends ClusterError {
  override readonly name: string = 'TaskCancelledError'
}
export class TaskUnschedulableError extends ClusterError {
  override readonly name: string = 'TaskUnschedulableError'
}
/** A stream was run again after a failure and did not give the items it gave before. What streams must give the same items every time. */
export class StreamingGeneratorReplayInconsistentError extends ClusterError {
  override readonly name: string = 'StreamingGeneratorReplayInconsistentError'
}
/** The process that ran a task died. Says exit code, signal and the last lines it wrote. */
export class WorkerCrashedError extends ClusterError {
  override readonly name: string = 'WorkerCrashedError'
}
export class OutOfMemoryError extends WorkerCrashedError {
  override readonly name: string = 'OutOfMemoryError'
}
export class NodeDiedError extends ClusterError {
  override readonly name: string = 'NodeDiedError'
}
export class ActorError extends ClusterError {
  override readonly name: string = 'ActorError'
}
/** The actor is gone for good. */
export class ActorDiedError extends ActorError {
  override readonly name: string = 'ActorDiedError'
}
/** The actor restarts or is out of reach; this call may or may not have run. */
export class ActorUnavailableError extends ActorError {
  override readonly name: string = 'ActorUnavailableError'
}
export class ActorUnschedulableError extends ActorError {
  override readonly name: string = 'ActorUnschedulableError'
}
export class ActorAlreadyExistsError extends ActorError {
  override readonly name: string = 'ActorAlreadyExistsError'
}
export class PendingCallsLimitError extends ActorError {
  override readonly name: string = 'PendingCallsLimitError'
}
export class PlacementGroupRemovedError extends ClusterError {
  override readonly name: string = 'PlacementGroupRemovedError'
}
/** Every copy of an object is gone; the classes below say why it cannot be had again. */
export class ObjectLostError extends ClusterError {
  override readonly name: string = 'ObjectLostError'
}
export class ObjectFreedError extends ObjectLostError {
  override readonly name: string = 'ObjectFreedError'
}
export class OwnerDiedError extends ObjectLostError {
  override readonly name: string = 'OwnerDiedError'
}
export class ObjectReconstructionFailedError extends ObjectLostError {
  override readonly name: string = 'ObjectReconstructionFailedError'
}
export class ObjectFetchTimedOutError extends ObjectLostError {
  override readonly name: string = 'ObjectFetchTimedOutError'
}
export class ObjectStoreFullError extends ClusterError {
  override readonly name: string = 'ObjectStoreFullError'
}
export class OutOfDiskError extends ClusterError {
  override readonly name: string = 'OutOfDiskError'
}
/** `get` or `wait` gave up waiting; the task goes on. */
export class GetTimeoutError extends ClusterError {
  override readonly name: string = 'GetTimeoutError'
}

type FailureClass = new (
  code: ErrorCode,
  message: string,
  more: { details?: Record<string, string | number>; cause?: unknown },
) => ClusterError

const classes: Partial<Record<ErrorCode, FailureClass>> = {
  'task.cancelled': TaskCancelledError,
  'task.unschedulable': TaskUnschedulableError,
  'task.replay-inconsistent': StreamingGeneratorReplayInconsistentError,
  'worker.crashed': WorkerCrashedError,
  'worker.out-of-memory': OutOfMemoryError,
  'node.died': NodeDiedError,
  'actor.died': ActorDiedError,
  'actor.unavailable': ActorUnavailableError,
  'actor.unschedulable': ActorUnschedulableError,
  'actor.name-taken': ActorAlreadyExistsError,
  'actor.pending-calls-limit': PendingCallsLimitError,
  'group.removed': PlacementGroupRemovedError,
  'object.lost': ObjectLostError,
  'object.freed': ObjectFreedError,
  'object.owner-died': OwnerDiedError,
  'object.not-reconstructable': ObjectReconstructionFailedError,
  'object.fetch-timed-out': ObjectFetchTimedOutError,
  'store.full': ObjectStoreFullError,
  'store.disk-full': OutOfDiskError,
  timeout: GetTimeoutError,
}

/** An operating error under its public class; anything else as it is. */
export function publicError(error: unknown): unknown {
  if (!(error instanceof ClusterError) || error.constructor !== ClusterError) return error
  return errorFromFailure({ code: error.code, message: error.message, details: { ...error.details } }, error.cause)
}

/** The public class for a failure; ClusterError where a code has none of its own. */
export function errorFromFailure({ code, message, details }: Failure, cause?: unknown): ClusterError {
  const Class = classes[code] ?? ClusterError
  return new Class(code, message, cause === undefined ? { details } : { details, cause })
}
