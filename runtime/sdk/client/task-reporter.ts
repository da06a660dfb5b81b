import type { ProcessAddress } from '../../protocol/addresses.ts'
import { TaskReportBuffer } from '../../protocol/task-reports.ts'
import { errorTypeOf, stateCodes, type TaskErrorType } from '../../base/task-states.ts'
import { packPlain } from '../../transport/packed.ts'
import { type LostAttempt, toldStates } from '../owner/core/lost-attempts.ts'
import type { OwnedTask, OwnerState, TaskEnd, TaskKind } from '../owner/core/state.ts'
import { describeExit } from './failures.ts'
import type { RefFailure } from './ref-state.ts'

const reportEveryMs = 250
/** Unfinished tasks looked at in one report: 20,000 a second. A cursor goes on with the others in the next. */
const lookedAtOnce = 5_000
/** What is younger may end before anybody could look at it: it costs nothing. */
const worthTellingMs = 250
/** Reports kept until the next is sent; failures that come faster are counted and dropped. */
const bufferLimit = 25_000

export type TaskReporterIo = {
  readonly self: () => ProcessAddress
  readonly state: OwnerState
  readonly send: (batch: object) => void
  /** The clock of the state's times. */
  readonly monotonicMs: () => number
}

/**
 * Tells the head, by way of the agent, what only the owner of tasks knows: which of them still wait, and for what, and which attempts
 * failed without a worker that could say so. What ends well within a quarter of a second is never mentioned: its worker tells of it.
 */
export class TaskReporter {
  readonly #io: TaskReporterIo
  readonly #buffer = new TaskReportBuffer(bufferLimit)
  readonly #timer: NodeJS.Timeout
  #cursor: IterableIterator<OwnedTask> | undefined
  #wallOffsetMs: number

  constructor(io: TaskReporterIo) {
    this.#io = io
    this.#wallOffsetMs = Date.now() - io.monotonicMs()
    this.#timer = setInterval(() => this.report(), reportEveryMs).unref()
  }

  /** The task ended, and not well. */
  failed(task: OwnedTask, end: TaskEnd, failure: RefFailure | null | undefined): void {
    const row = this.#add(task, { attempt: task.attempt, state: stateCodes.FAILED, endedMs: this.#io.monotonicMs() })
    if (end.kind === 'outcome' && end.worker) this.#place(row, end.worker)
    const { type, message } = describeFailure(task, end, failure)
    this.#buffer.setError(row, type, message)
  }

  report(): void {
    const { state } = this.#io
    this.#wallOffsetMs = Date.now() - this.#io.monotonicMs()
    for (const lost of state.lostAttempts.splice(0)) this.#lost(lost)
    if (state.lostUncounted > 0) this.#buffer.noteDropped(state.lostUncounted)
    state.lostUncounted = 0
    if (state.tasks.size > 0) this.#lookAtUnfinished()
    else this.#cursor = undefined
    this.#send()
  }

  /** Sends what is known, for the last time. */
  stop(): void {
    clearInterval(this.#timer)
    this.report()
  }

  #lookAtUnfinished(): void {
    const { state } = this.#io
    const bornBeforeMs = this.#io.monotonicMs() - worthTellingMs
    this.#cursor ??= state.tasks.values()
    for (let looked = 0; looked < lookedAtOnce; looked += 1) {
      const next = this.#cursor.next()
      if (next.done === true) {
        this.#cursor = undefined // from the oldest on, next time
        return
      }
      const task = next.value
      if ((task.createdMs ?? 0) <= bornBeforeMs) this.#tell(task)
    }
  }

  #tell(task: OwnedTask): void {
    const code = stateOf(task)
    const told = task.attempt * toldStates + code
    if (task.told === told) return
    const row = this.#add(task, { attempt: task.attempt, state: code, endedMs: 0 })
    if (row < 0) return
    task.told = told
    const worker = task.phase === 'pushed' ? this.#workerOf(task) : undefined
    if (worker) this.#place(row, worker)
  }

  #workerOf(task: OwnedTask): ProcessAddress | undefined {
    const { state } = this.#io
    if (!task.call) return task.leaseId === null ? undefined : state.leases.get(task.leaseId)?.worker
    const status = state.actors.get(task.call.actorId)?.status
    return status?.kind === 'alive' ? status.address : undefined
  }

  #lost({ task, attempt, why, worker, exit }: LostAttempt): void {
    const row = this.#add(task, { attempt, state: stateCodes.FAILED, endedMs: this.#io.monotonicMs() })
    if (worker) this.#place(row, worker)
    const isMemory = exit?.reason === 'out-of-memory'
    const type = isMemory ? 'OUT_OF_MEMORY' : exit?.reason === 'node-lost' ? 'NODE_DIED' : lostTypes[why]
    const ending = exit ? `: ${describeExit(exit)}` : ''
    this.#buffer.setError(row, type, `${lostTexts[why]}${ending}`)
  }

  #add(task: OwnedTask, { attempt, state, endedMs }: { attempt: number; state: number; endedMs: number }): number {
    const offsetMs = this.#wallOffsetMs
    const row = this.#buffer.add(
      {
        taskId: task.taskId,
        attempt,
        state,
        createdMs: task.createdMs === undefined ? 0 : task.createdMs + offsetMs,
        submittedMs: 0,
        startedMs: 0,
        endedMs: endedMs > 0 ? endedMs + offsetMs : 0,
      },
      task.kind,
      describeKind,
    )
    if (task.parentId !== undefined) this.#buffer.setParent(row, task.parentId)
    return row
  }

  #place(row: number, { nodeId, workerId }: ProcessAddress): void {
    this.#buffer.setPlace(row, { nodeId, workerId, pid: 0 })
  }

  #send(): void {
    const taken = this.#buffer.take(true)
    if (taken === undefined) return
    const { reports, dropped, firstMs, lastMs } = taken
    const { nodeId, workerId } = this.#io.self()
    const batch = { type: 'events.batch', nodeId, workerId, pid: process.pid, count: reports.count, dropped, firstMs, lastMs }
    this.#io.send({ ...batch, packed: packPlain(reports) })
  }
}

function describeKind({ template, shape }: TaskKind) {
  const { strategy, resources } = shape
  return { name: template.name, resources, ...(strategy.kind === 'group' ? { groupId: strategy.groupId } : {}) }
}

/** A plain task that has its arguments waits for a worker; a call that has them, for its actor. */
function stateOf(task: OwnedTask): number {
  if (task.phase === 'pushed') return stateCodes.SUBMITTED_TO_WORKER
  return task.waitingFor > 0 ? stateCodes.PENDING_ARGS_AVAIL : stateCodes.PENDING_NODE_ASSIGNMENT
}

const lostTypes = {
  'worker-died': 'WORKER_DIED',
  'actor-unavailable': 'ACTOR_UNAVAILABLE',
  'argument-lost': 'OBJECT_LOST',
} as const satisfies Record<LostAttempt['why'], TaskErrorType>
const lostTexts: Record<LostAttempt['why'], string> = {
  'worker-died': 'The worker that ran it died',
  'actor-unavailable': 'The actor went away while it may have run',
  'argument-lost': 'No copy of an argument was left; it runs again when that has been made again',
}

function describeFailure(task: OwnedTask, end: TaskEnd, failure: RefFailure | null | undefined): { type: TaskErrorType; message: string } {
  const isDependency = end.kind === 'as-object'
  if (failure?.kind === 'failed') {
    const { code, message } = failure.failure
    const isActorGroup = code === 'group.removed' && task.call !== null
    return {
      type: isDependency ? 'DEPENDENCY_RESOLUTION_FAILED' : isActorGroup ? 'ACTOR_PLACEMENT_GROUP_REMOVED' : errorTypeOf(code),
      message,
    }
  }
  const thrown = failure?.kind === 'threw' ? (failure.error.classNames[0] ?? 'an error') : ''
  if (isDependency)
    return {
      type: 'DEPENDENCY_RESOLUTION_FAILED',
      message: `an argument failed: ${failure?.kind === 'threw' ? `${failure.origin} threw ${thrown}` : 'it was freed'}`,
    }
  return { type: 'TASK_EXECUTION_EXCEPTION', message: thrown }
}
