import { BoundedQueue } from '../base/bounded-queue.ts'
import type { Clock } from '../base/clock.ts'
import type { Invocation } from './invocation.ts'
import type { TaskRunner } from './run-task.ts'
import { turnMs } from './turn.ts'

/** Waiting calls of one lane. Owners keep what they push well below this. */
const waitingLimit = 1_000_000
/** So many at the head of the line have their arguments brought to this node ahead. */
const prefetchAhead = 8

export type LaneIo = {
  readonly runner: TaskRunner
  readonly clock: Clock
  /** Brings the arguments of a job to this node ahead of its turn. */
  prefetch(job: Invocation): void
  /** A cancel came and was not looked at yet. */
  isCancelAsked(taskId: string): boolean
  /** `job` has ended and its place is free. */
  ended(job: Invocation): void
  /** Nothing more can start now. */
  rested(): void
}

/** A line of jobs and `limit` places to run: first come, first started. */
export class InvocationLane {
  readonly #io: LaneIo
  readonly #limit: number
  readonly #running = new Map<string, Invocation>()
  #waiting = new BoundedQueue<Invocation>(waitingLimit)
  #active = 0
  #isPumping = false
  #isScheduled = false
  /** While true nothing starts. */
  isPaused = false

  constructor(io: LaneIo, limit: number) {
    this.#io = io
    this.#limit = limit
  }
  get active(): number {
    return this.#active
  }
  get waiting(): number {
    return this.#waiting.length
  }

  /** False when the line is full. Nothing starts before `pump`. */
  push(job: Invocation): boolean {
    return this.#waiting.push(job)
  }

  /** Starts what may start. Jobs that end at once follow each other in a loop, with a pause for the event loop now and then. */
  pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    const untilMs = this.#io.clock.monotonicMs() + turnMs
    while (this.#active < this.#limit && !this.isPaused) {
      const job = this.#waiting.shift()
      if (job === undefined) break
      if (job.refArgs.length > 0) this.#prefetchAhead()
      this.#start(job)
      if (this.#waiting.length > 0 && this.#io.clock.monotonicMs() > untilMs) {
        this.#pumpNextTurn()
        break
      }
    }
    this.#isPumping = false
    if (this.#waiting.length > 0) this.#prefetchAhead()
    this.#io.rested()
  }

  findRunning(taskId: string): Invocation | undefined {
    return this.#running.get(taskId)
  }
  /** Those that began and have not ended; jobs that run synchronously are never seen here. */
  listRunning(): readonly Invocation[] {
    return [...this.#running.values()]
  }

  /** Takes out of the line what `isWanted` picks, in order. */
  take(isWanted: (job: Invocation) => boolean): Invocation[] {
    const taken: Invocation[] = []
    const kept = new BoundedQueue<Invocation>(waitingLimit)
    for (const job of this.#waiting) {
      if (isWanted(job)) taken.push(job)
      else kept.push(job)
    }
    if (taken.length > 0) this.#waiting = kept
    return taken
  }

  #start(job: Invocation): void {
    if (this.#io.isCancelAsked(job.taskId)) job.cancel()
    this.#active += 1
    const running = this.#io.runner.run(job)
    if (running === undefined) {
      this.#active -= 1
      this.#io.ended(job)
      return
    }
    this.#running.set(job.taskId, job)
    void running.then(() => {
      this.#running.delete(job.taskId)
      this.#active -= 1
      this.#io.ended(job)
      this.pump()
    })
  }

  #prefetchAhead(): void {
    let seen = 0
    for (const job of this.#waiting) {
      seen += 1
      if (!job.isPrefetched && job.refArgs.length > 0) this.#io.prefetch(job)
      job.isPrefetched = true
      if (seen === prefetchAhead) return
    }
  }

  #pumpNextTurn(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.pump()
    })
  }
}
