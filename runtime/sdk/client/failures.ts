import { ClusterError } from '../../base/errors.ts'
import type { Failure, WorkerExit } from '../../protocol/failures.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { ActorDeath, ActorStatus } from '../../protocol/actors.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import type { TaskEnd } from '../owner/core/state.ts'
import type { OwnedTask } from '../owner/core/state.ts'
import type { RefFailure } from './ref-state.ts'

type Failed = Exclude<TaskEnd, { kind: 'as-object' }>

/** What the refs of a task show when it did not end well. Undefined when it did. */
export function failureOf(task: OwnedTask, end: Failed): RefFailure | undefined {
  const name = task.kind.template.name
  switch (end.kind) {
    case 'outcome':
      if (end.outcome.kind === 'done') return undefined
      if (end.outcome.kind === 'threw') return { kind: 'threw', error: end.outcome.error, origin: originOf(name, end.worker) }
      return { kind: 'failed', failure: end.outcome.failure }
    case 'failed':
      return { kind: 'failed', failure: end.failure }
    case 'crashed':
      return { kind: 'failed', failure: crashFailure(task, end.exit) }
    case 'actor-died':
      return actorFailure(name, end)
  }
}

const originOf = (name: string, worker: ProcessAddress | null): string =>
  worker ? `${name} (worker ${worker.workerId.slice(0, 8)}, node ${worker.nodeId.slice(0, 8)})` : name

function crashFailure(task: OwnedTask, exit: WorkerExit): Failure {
  const name = task.kind.template.name
  const runs = task.attempt + 1
  const outOfMemory = exit.reason === 'out-of-memory'
  const advice = outOfMemory
    ? `The node was out of memory${usageOf(exit)}; ask for memory in the options, run fewer at once, or use a larger node.`
    : 'Look at the lines above, or at the log of the worker; a native crash, process.exit or a kill from outside end a worker.'
  return {
    code: outOfMemory ? 'worker.out-of-memory' : 'worker.crashed',
    message: `the worker that ran ${name} died: ${describeExit(exit)}. It was run ${runs} time${runs === 1 ? '' : 's'}.${outputOf(exit)}\n${advice}`,
    details: { taskId: task.taskId, pid: exit.pid, runs, exitCode: exit.exitCode ?? -1, signal: exit.signal ?? '', ...exit.memory },
  }
}

const mebibyte = 1_048_576
const usageOf = ({ memory }: WorkerExit): string =>
  memory ? `: ${Math.round(memory.usedBytes / mebibyte)} of ${Math.round(memory.totalBytes / mebibyte)} MiB were in use` : ''

export function describeExit(exit: WorkerExit): string {
  const why = exit.reason === null ? '' : ` (${exit.reason})`
  if (exit.signal !== null) return `ended by ${exit.signal}${why}, pid ${exit.pid}`
  if (exit.exitCode !== null) return `exit code ${exit.exitCode}${why}, pid ${exit.pid}`
  return exit.reason === 'node-lost' ? 'its node was lost' : `its end was not seen${why}`
}

const outputOf = (exit: WorkerExit): string =>
  exit.lastLines.length === 0 ? '' : `\nIts last lines were:\n${exit.lastLines.map((line) => `  ${line}`).join('\n')}`

function actorFailure(name: string, end: Extract<TaskEnd, { kind: 'actor-died' }>): RefFailure {
  const { status, actorId } = end
  const details = { actorId }
  if (end.unavailable) {
    return {
      kind: 'failed',
      failure: {
        code: 'actor.unavailable',
        message: `${name}: the actor ${actorId} ${whyUnavailable(status)}. The call may or may not have run; set maxTaskRetries to have such calls sent again.`,
        details,
      },
    }
  }
  const death = status.kind === 'dead' ? status.death : null
  const code = codeOfDeath(death?.cause)
  const exit = death?.exit ? ` ${describeExit(death.exit)}.${outputOf(death.exit)}` : ''
  return {
    kind: 'failed',
    failure: {
      code,
      message: `${name}: the actor ${actorId} is dead: ${death?.message ?? 'unknown'}.${exit}`,
      details: { ...details, cause: death?.cause ?? '' },
    },
    cause: death?.error ?? undefined,
  }
}

function codeOfDeath(cause: ActorDeath['cause'] | undefined): ErrorCode {
  if (cause === 'unschedulable') return 'actor.unschedulable'
  if (cause === 'group-removed') return 'group.removed'
  return cause === 'name-taken' ? 'actor.name-taken' : 'actor.died'
}

function whyUnavailable(status: ActorStatus): string {
  if (status.kind !== 'restarting') return 'could not be reached'
  return status.lastExit ? `restarts: its process ended (${describeExit(status.lastExit)})` : 'restarts'
}

/** Anything thrown, in the form that can be sent on. */
export function failureFrom(error: unknown): Failure {
  if (error instanceof ClusterError) return { code: error.code, message: error.message, details: { ...error.details } }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), details: {} }
}
