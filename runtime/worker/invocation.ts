import type { RefArgument } from '../protocol/tasks.ts'
import type { Devices, Resources, Strategy } from '../protocol/scheduling.ts'
import { TaskCancelledError } from '../sdk/errors.ts'
import type { Callable, OpenArguments, TaskScope } from '../sdk/execution.ts'
import type { OwnerLink } from './messages.ts'

/** What all runs of one function, or of one method of an actor, have in common. */
export type Target = {
  readonly name: string
  readonly jobId: string
  readonly actorId: string | null
  readonly restarts: number
  readonly strategy: Strategy
  /** What was asked for, when that is known. */
  readonly resources?: Resources | undefined
  readonly devices: Devices
  /** Results of earlier tasks are flushed before this one starts. */
  readonly atMostOnce: boolean
  /** Undefined until `load` has given it. */
  callable: Callable | undefined
  load(): Callable | Promise<Callable>
  /** How long it keeps the event loop busy, on average; -1 before the first run. */
  averageMs: number
  /** Called after each run that entered user code. */
  readonly afterRun: (() => void) | undefined
  /** A run of it begins to wait for others, or goes on. */
  onBlocked(isBlocked: boolean): void
}

/** The part of a run that the SDK sees. Cheap to make: the abort controller comes when first asked for. */
export class Scope implements TaskScope {
  readonly target: Target
  readonly taskId: string
  readonly attempt: number
  isCancelled = false
  isEnded = false
  #abort: AbortController | undefined
  #blockDepth = 0

  constructor(target: Target, taskId: string, attempt: number) {
    this.target = target
    this.taskId = taskId
    this.attempt = attempt
  }
  get name(): string {
    return this.target.name
  }
  get jobId(): string {
    return this.target.jobId
  }
  get actorId(): string | null {
    return this.target.actorId
  }
  get restarts(): number {
    return this.target.restarts
  }
  get strategy(): Strategy {
    return this.target.strategy
  }
  get devices(): Devices {
    return this.target.devices
  }
  get abort(): AbortController {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.isCancelled) this.#abort.abort(this.#cancelReason())
    }
    return this.#abort
  }

  /** It waits for others' results. */
  get isBlocked(): boolean {
    return this.#blockDepth > 0
  }

  blocked(): void {
    if (this.isEnded) return // user code that goes on after its task ended holds nothing
    this.#blockDepth += 1
    if (this.#blockDepth === 1) this.target.onBlocked(true)
  }
  unblocked(): void {
    if (this.isEnded || this.#blockDepth === 0) return
    this.#blockDepth -= 1
    if (this.#blockDepth === 0) this.target.onBlocked(false)
  }

  /** Asks user code to stop, by its signal. */
  cancel(): void {
    if (this.isCancelled || this.isEnded) return
    this.isCancelled = true
    this.#abort?.abort(this.#cancelReason())
  }

  end(): void {
    if (this.#blockDepth > 0) {
      this.#blockDepth = 0
      this.target.onBlocked(false)
    }
    this.isEnded = true
  }

  #cancelReason(): TaskCancelledError {
    return new TaskCancelledError('task.cancelled', `${this.name} was cancelled`, { details: { taskId: this.taskId } })
  }
}

/** What came over the wire of one task or call. */
export type InvocationRequest = {
  readonly taskId: string
  readonly attempt: number
  readonly args: Uint8Array
  readonly refArgs: readonly RefArgument[]
  readonly waitedMs?: number | undefined
  readonly parentId?: string | undefined
}
export type ReturnShape = { readonly returnCount: number; readonly generatorBackpressure: number }

/** One task or actor call from its arrival to its end. */
export class Invocation extends Scope {
  readonly link: OwnerLink
  readonly args: Uint8Array
  readonly refArgs: readonly RefArgument[]
  readonly shape: ReturnShape
  /** The arguments that lie elsewhere were asked for. */
  isPrefetched = false
  /** Arguments that are opened, or being opened. */
  opened: OpenArguments | Promise<OpenArguments> | undefined
  /** User code was entered. */
  hasBegun = false
  /** Nobody waits for the outcome any more. */
  isOrphan = false
  startedMs = 0
  endedMs = 0
  readonly arrivedMs: number
  readonly waitedMs: number
  readonly parentId: string | undefined
  /** The state that was last told of while it ran; 0: none. */
  reportedState = 0
  /** That it runs was told of before it began, in a report of its own. */
  isToldAlone = false
  /** What user code threw, in words; empty while it has not. */
  failureText = ''
  /** Where its output begins. */
  stdoutStart = 0
  stderrStart = 0
  #consumed = 0
  #wake: (() => void) | undefined

  /** Who made the call, and will own its results. */
  get callerId(): string {
    return this.link.id
  }

  constructor(link: OwnerLink, target: Target, what: { request: InvocationRequest; shape: ReturnShape; arrivedMs: number }) {
    super(target, what.request.taskId, what.request.attempt)
    this.link = link
    this.args = what.request.args
    this.refArgs = what.request.refArgs
    this.shape = what.shape
    this.arrivedMs = what.arrivedMs
    this.waitedMs = what.request.waitedMs ?? 0
    this.parentId = what.request.parentId
  }

  override cancel(): void {
    super.cancel()
    this.#wake?.()
  }
  override end(): void {
    super.end()
    this.#wake?.()
  }

  /** The consumer of this stream has taken `count` items in all. */
  consumed(count: number): void {
    this.#consumed = Math.max(this.#consumed, count)
    this.#wake?.()
  }
  hasRoomAfter(produced: number): boolean {
    const limit = this.shape.generatorBackpressure
    return limit === 0 || produced - this.#consumed < limit
  }
  /** Settles at the next `consumed`, `cancel` or `end`. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
