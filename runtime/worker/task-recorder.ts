import type { Clock } from '../base/clock.ts'
import { type LogRange, TaskReportBuffer } from '../protocol/task-reports.ts'
import { errorTypeOf, stateCodes } from '../base/task-states.ts'
import type { TaskOutcome } from '../protocol/tasks.ts'
import { packPlain } from '../transport/packed.ts'
import type { Invocation, Target } from './invocation.ts'
import type { AgentPort } from './messages.ts'
import type { OutputCounter } from './output-counter.ts'

const sendEveryMs = 250
/** 100,000 ended attempts a second are kept; what comes faster is counted and dropped. */
const bufferLimit = (100_000 * sendEveryMs) / 1_000
/** A run that is expected to hold the event loop for this long is told of before it starts: no timer fires in the midst of it. */
const longRunMs = 50

export type RecorderIo = {
  readonly identity: { readonly nodeId: string; readonly workerId: string; readonly pid: number }
  readonly agent: AgentPort
  readonly clock: Clock
  readonly output: OutputCounter
  /** Jobs that have begun and not ended. */
  readonly listRunning: () => readonly Invocation[]
}

/**
 * Reports attempts to the head by way of the agent, a few times a second: those that ended, begin and end in one, and those that run
 * when the report is made. An attempt that begins and ends between two reports costs one row and no message of its own.
 */
export class TaskRecorder {
  readonly #io: RecorderIo
  readonly #buffer = new TaskReportBuffer(bufferLimit)
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Immediate | undefined
  /** Added to a monotonic time it gives wall time; taken anew for each batch, as wall clocks are set. */
  #wallOffsetMs: number

  constructor(io: RecorderIo) {
    this.#io = io
    this.#wallOffsetMs = io.clock.nowMs() - io.clock.monotonicMs()
  }

  /** Call before user code runs. */
  beforeRun(job: Invocation): void {
    const { output } = this.#io
    job.stdoutStart = output.stdoutBytes
    job.stderrStart = output.stderrBytes
    const { averageMs } = job.target
    if (averageMs >= 0 && averageMs < longRunMs) return
    this.#wallOffsetMs = this.#io.clock.nowMs() - this.#io.clock.monotonicMs()
    this.#addRunning(job, this.#io.clock.monotonicMs())
    job.isToldAlone = true
    this.flush()
    this.#io.agent.flush()
  }

  /** User code goes on after this turn of the event loop. */
  goesOn(): void {
    this.#timer ??= this.#arm()
  }

  /** The job began, and ends now. `failureText`: what user code threw. */
  ended(job: Invocation, outcome: TaskOutcome, failureText: string): void {
    this.#timer ??= this.#arm()
    const isDone = outcome.kind === 'done'
    const row = this.#add(job, { state: isDone ? stateCodes.FINISHED : stateCodes.FAILED, startedMs: job.startedMs, endedMs: job.endedMs })
    if (row < 0) return
    const { output } = this.#io
    if (output.stdoutBytes !== job.stdoutStart || output.stderrBytes !== job.stderrStart) this.#buffer.setLogs(row, this.#logsOf(job))
    if (outcome.kind === 'threw') {
      this.#buffer.setError(row, 'TASK_EXECUTION_EXCEPTION', failureText === '' ? (outcome.error.classNames[0] ?? '') : failureText)
    } else if (outcome.kind === 'failed') this.#buffer.setError(row, errorTypeOf(outcome.failure.code), outcome.failure.message)
    if (job.reportedState !== 0) this.#tellEnd(job)
  }

  /** Sends what is there now. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const taken = this.#buffer.take(false)
    if (taken === undefined) return
    const { reports, dropped, firstMs, lastMs } = taken
    this.#io.agent.send({
      type: 'events.batch',
      ...this.#io.identity,
      count: reports.count,
      dropped,
      firstMs,
      lastMs,
      packed: packPlain(reports),
    })
  }

  #logsOf(job: Invocation): LogRange {
    const { stdoutBytes, stderrBytes } = this.#io.output
    return [job.stdoutStart, stdoutBytes, job.stderrStart, stderrBytes]
  }

  #addRunning(job: Invocation, startedMs: number): void {
    const state = job.isBlocked ? stateCodes.RUNNING_IN_RAY_GET : stateCodes.RUNNING
    if (job.reportedState === state) return
    const row = this.#add(job, { state, startedMs, endedMs: 0 })
    if (row < 0) return
    job.reportedState = state
    this.#buffer.setLogs(row, [job.stdoutStart, job.stdoutStart, job.stderrStart, job.stderrStart])
  }

  #add(job: Invocation, { state, startedMs, endedMs }: { state: number; startedMs: number; endedMs: number }): number {
    const offsetMs = this.#wallOffsetMs
    const row = this.#buffer.add(
      {
        taskId: job.taskId,
        attempt: job.attempt,
        state,
        createdMs: job.arrivedMs - job.waitedMs + offsetMs,
        submittedMs: job.arrivedMs + offsetMs,
        startedMs: startedMs + offsetMs,
        endedMs: endedMs > 0 ? endedMs + offsetMs : 0,
      },
      job.target,
      describeTarget,
    )
    if (job.parentId !== undefined) this.#buffer.setParent(row, job.parentId)
    return row
  }

  #arm(): NodeJS.Timeout {
    this.#wallOffsetMs = this.#io.clock.nowMs() - this.#io.clock.monotonicMs()
    return setTimeout(() => this.#report(), sendEveryMs).unref()
  }

  /**
   * The head has it as running, and would take it for lost if this process were ended with its job before the next report. One that was told of
   * alone is told of before its result is sent; of others, as of calls that wait side by side, all that end in one turn together.
   */
  #tellEnd({ isToldAlone }: Invocation): void {
    if (isToldAlone) this.#sendNow()
    else this.#soon ??= setImmediate(() => this.#sendNow())
  }

  #sendNow(): void {
    clearImmediate(this.#soon)
    this.#soon = undefined
    this.flush()
    this.#io.agent.flush()
    this.#timer = this.#arm() // others may run
  }

  #report(): void {
    const running = this.#io.listRunning()
    for (const job of running) if (job.hasBegun) this.#addRunning(job, job.startedMs)
    this.flush()
    if (running.length > 0) this.#timer = this.#arm() // whether they wait for others may change
  }
}

function describeTarget({ name, resources, strategy }: Target) {
  return {
    name,
    ...(resources === undefined ? {} : { resources }),
    ...(strategy.kind === 'group' ? { groupId: strategy.groupId } : {}),
  }
}
