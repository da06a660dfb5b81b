import { ClusterError, type ErrorCode, toError } from '../base/errors.ts'
import type { Failure } from '../protocol/failures.ts'
import type { TaskOutcome } from '../protocol/tasks.ts'
import type { ExecutionServices } from '../sdk/execution.ts'

const messageLimit = 60_000

export function failureOf(error: ClusterError): Failure {
  return { code: error.code, message: error.message.slice(0, messageLimit), details: { ...error.details } }
}

export const failed = (code: ErrorCode, message: string, details: Record<string, string | number>): TaskOutcome => ({
  kind: 'failed',
  failure: { code, message, details },
})

export const cancelled = (task: { taskId: string; name: string }): TaskOutcome =>
  failed('task.cancelled', `${task.name} was cancelled`, { taskId: task.taskId })

/** User code threw. */
export function threw(services: ExecutionServices, error: unknown): TaskOutcome {
  try {
    return { kind: 'threw', error: services.encodeError(error) }
  } catch (cause) {
    const why = `an error was thrown that cannot be described: ${toError(cause).message}`
    return failed('value.not-serializable', why.slice(0, messageLimit), {})
  }
}

/** Work of the runtime around user code failed: an argument, a function, a return value. */
export function couldNot(services: ExecutionServices, error: unknown): TaskOutcome {
  // An argument whose own task threw shows that error; code of the user that runs while a value is opened counts as the task's.
  if (!(error instanceof ClusterError) || error.code === 'task.failed') return threw(services, error)
  return { kind: 'failed', failure: failureOf(error) }
}
