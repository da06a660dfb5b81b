import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { toError } from '../base/errors.ts'
import type { TaskOutcome, TaskResult } from '../protocol/tasks.ts'
import type { Callable, ExecutionServices, OpenArguments } from '../sdk/execution.ts'
import { ActorExit } from './actor-exit.ts'
import type { Invocation } from './invocation.ts'
import { cancelled, couldNot, failed, threw } from './outcomes.ts'
import type { ResultSender } from './result-sender.ts'
import { encodeReturns, isThenable, splitReturns } from './returns.ts'
import { runStream } from './stream-runner.ts'
import type { TaskRecorder } from './task-recorder.ts'

export type RunnerIo = {
  readonly services: ExecutionServices
  readonly sender: ResultSender
  readonly recorder: TaskRecorder
  readonly clock: Clock
  readonly logger: Logger
}

/** A new run counts for this much of the average of its target. */
const averageWeight = 1 / 8

/**
 * Runs tasks and actor calls: arguments, user code, results, report. Each step is synchronous where it can be, as
 * thousands of tiny tasks come in one message. It knows nothing of order and concurrency. A cancel reaches user code as an
 * abort signal only: synchronous code cannot be interrupted, and whoever must stop it ends the process.
 */
export class TaskRunner {
  readonly #io: RunnerIo
  constructor(io: RunnerIo) {
    this.#io = io
  }

  /** Returns undefined when the job has ended already, else a promise that settles then and never rejects. */
  run(job: Invocation): Promise<void> | undefined {
    if (job.isCancelled) return this.#finish(job, cancelled(job))
    const { target } = job
    let callable: Callable | Promise<Callable>
    try {
      callable = target.callable ?? target.load()
      job.opened ??= this.#io.services.openArguments(job)
    } catch (error) {
      return this.#finish(job, couldNot(this.#io.services, error))
    }
    const { opened } = job
    if (callable instanceof Promise || opened instanceof Promise) return this.#callWhenLoaded(job, callable, opened)
    target.callable = callable
    return this.#call(job, callable, opened)
  }

  /** Ends a job that never began. */
  refuse(job: Invocation, outcome: TaskOutcome): void {
    this.discard(job)
    this.#end(job, outcome, [])
  }

  /** Reports a job that is still being prepared as ended. Its arguments are let go when they have come. */
  endEarly(job: Invocation, outcome: TaskOutcome): void {
    this.#end(job, outcome, [])
  }

  /** Lets go of the arguments of a job that will not run here. */
  discard(job: Invocation): void {
    const { opened } = job
    job.opened = undefined
    if (opened === undefined) return
    const settled = opened instanceof Promise ? opened.then((args) => args.settle()) : Promise.resolve(opened.settle())
    settled.catch((error: unknown) =>
      this.#io.logger.debug('arguments.discard-failed', { taskId: job.taskId, why: toError(error).message }),
    )
  }

  async #callWhenLoaded(
    job: Invocation,
    callable: Callable | Promise<Callable>,
    opened: OpenArguments | Promise<OpenArguments>,
  ): Promise<void> {
    const [loaded, args] = await Promise.allSettled([callable, opened]) // both, so that opened arguments are always settled
    job.opened = args.status === 'fulfilled' ? args.value : undefined
    if (job.isCancelled || job.isEnded) return this.#finish(job, cancelled(job))
    if (loaded.status === 'rejected') return this.#finish(job, couldNot(this.#io.services, loaded.reason))
    if (args.status === 'rejected') return this.#finish(job, couldNot(this.#io.services, args.reason))
    job.target.callable = loaded.value
    return this.#call(job, loaded.value, args.value)
  }

  #call(job: Invocation, callable: Callable, opened: OpenArguments): Promise<void> | undefined {
    const { services, sender, clock, recorder } = this.#io
    const { target } = job
    sender.beforeRun(target.averageMs, target.atMostOnce)
    recorder.beforeRun(job)
    job.hasBegun = true
    job.startedMs = clock.monotonicMs()
    let value: unknown
    try {
      value = services.runInTask(job, () => callable(...opened.values))
    } catch (error) {
      this.#noteBusy(job)
      return this.#threw(job, error)
    }
    this.#noteBusy(job)
    if (job.shape.returnCount === -1) return this.#stream(job, value)
    return isThenable(value) ? this.#settleLater(job, value) : this.#returned(job, value)
  }

  async #settleLater(job: Invocation, promised: PromiseLike<unknown>): Promise<void> {
    this.#io.recorder.goesOn()
    let value: unknown
    try {
      value = await promised
    } catch (error) {
      job.endedMs = this.#io.clock.monotonicMs()
      return this.#threw(job, error)
    }
    job.endedMs = this.#io.clock.monotonicMs()
    return this.#returned(job, value)
  }

  async #stream(job: Invocation, produced: unknown): Promise<void> {
    this.#io.recorder.goesOn()
    try {
      const encodeFailure = await runStream(job, produced, this.#io)
      job.endedMs = this.#io.clock.monotonicMs()
      if (job.isCancelled) return this.#finish(job, cancelled(job))
      if (encodeFailure !== undefined) return this.#finish(job, couldNot(this.#io.services, encodeFailure.error))
      return this.#finish(job, { kind: 'done', results: [] })
    } catch (error) {
      job.endedMs = this.#io.clock.monotonicMs()
      return this.#threw(job, error)
    }
  }

  #threw(job: Invocation, error: unknown): Promise<void> | undefined {
    if (error instanceof ActorExit) return this.#finish(job, exited(job))
    job.failureText = textOf(error)
    return this.#finish(job, job.isCancelled ? cancelled(job) : threw(this.#io.services, error))
  }

  #returned(job: Invocation, value: unknown): Promise<void> | undefined {
    return job.isCancelled ? this.#finish(job, cancelled(job)) : this.#encode(job, value)
  }

  #encode(job: Invocation, value: unknown): Promise<void> | undefined {
    const { services } = this.#io
    let values: unknown[] | undefined
    try {
      if (job.shape.returnCount !== 1) values = splitReturns(job, value)
    } catch (error) {
      return this.#finish(job, threw(services, error))
    }
    try {
      const results = values === undefined ? services.encodeResult(job, 1, value) : encodeReturns(services, job, values)
      if (results instanceof Promise) return this.#finishWhenEncoded(job, results)
      return this.#finish(job, { kind: 'done', results: Array.isArray(results) ? results : [results] })
    } catch (error) {
      return this.#finish(job, this.#unencodable(job, error))
    }
  }

  async #finishWhenEncoded(job: Invocation, encoding: Promise<TaskResult | TaskResult[]>): Promise<void> {
    let outcome: TaskOutcome
    try {
      const results = await encoding
      outcome = { kind: 'done', results: Array.isArray(results) ? results : [results] }
    } catch (error) {
      outcome = this.#unencodable(job, error)
    }
    return this.#finish(job, outcome)
  }

  #unencodable(job: Invocation, error: unknown): TaskOutcome {
    this.#io.services.releaseResults([job.taskId]) // the others of its results may hold refs
    return couldNot(this.#io.services, error)
  }

  #finish(job: Invocation, outcome: TaskOutcome): Promise<void> | undefined {
    const { opened } = job
    job.opened = undefined
    if (opened === undefined || opened instanceof Promise) {
      opened?.then((args) => args.settle()).catch((error: unknown) => this.#settleFailed(job, error))
      this.#end(job, outcome, [])
      return undefined
    }
    let borrowed: readonly string[] | Promise<readonly string[]> = []
    try {
      borrowed = opened.settle()
    } catch (error) {
      this.#settleFailed(job, error)
    }
    if (borrowed instanceof Promise) return this.#endWhenSettled(job, outcome, borrowed)
    this.#end(job, outcome, borrowed)
    return undefined
  }

  async #endWhenSettled(job: Invocation, outcome: TaskOutcome, settling: Promise<readonly string[]>): Promise<void> {
    let borrowed: readonly string[] = []
    try {
      borrowed = await settling
    } catch (error) {
      this.#settleFailed(job, error)
    }
    this.#end(job, outcome, borrowed)
  }

  #end(job: Invocation, outcome: TaskOutcome, borrowed: readonly string[]): void {
    if (job.isEnded) return // the actor's exit has answered for it
    job.end()
    const { sender, recorder, services } = this.#io
    if (job.hasBegun) recorder.ended(job, outcome, job.failureText)
    if (job.isOrphan) {
      if (job.hasBegun) services.releaseResults([job.taskId])
      return
    }
    const runMs = job.hasBegun ? Math.max(0, job.endedMs - job.startedMs) : 0
    sender.ended(job.link, { taskId: job.taskId, attempt: job.attempt, outcome, borrowed: borrowed as string[], runMs }) // read only from here on
  }

  /** User code has given the event loop back. Later parts of async code are not seen: when they end says little of how long they run. */
  #noteBusy(job: Invocation): void {
    const { target } = job
    job.endedMs = this.#io.clock.monotonicMs()
    const busyMs = job.endedMs - job.startedMs
    target.averageMs = target.averageMs < 0 ? busyMs : target.averageMs + (busyMs - target.averageMs) * averageWeight
  }

  #settleFailed(job: Invocation, error: unknown): void {
    this.#io.logger.warn('arguments.settle-failed', { taskId: job.taskId, why: toError(error).message })
  }
}

/** For the lists: what was thrown, as its first lines would show it. Reading it may run code of the user. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return 'an error that cannot be read'
  }
}

const exited = (job: Invocation): TaskOutcome =>
  failed('actor.died', `${job.name} ended its actor by exitActor()`, { taskId: job.taskId, actorId: job.actorId ?? '' })
