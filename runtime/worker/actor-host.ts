import { ClusterError, toError } from '../base/errors.ts'
import { creationTaskOf } from '../base/task-states.ts'
import type { ActorConstructed } from '../protocol/actors.ts'
import type { ActorCall, TaskOutcome } from '../protocol/tasks.ts'
import { ActorExit } from './actor-exit.ts'
import { ActorMethods, terminateMethod } from './actor-methods.ts'
import { Invocation, Scope } from './invocation.ts'
import { InvocationLane } from './invocation-lane.ts'
import { type HostIo, type JobHost, laneIo } from './job-host.ts'
import type { ActorCalls, ActorConstruct, OwnerLink } from './messages.ts'
import { couldNot, failed, threw } from './outcomes.ts'

/**
 * Holds one actor: builds it, runs its calls in the order of their arrival, as many at once as its groups allow. With a
 * concurrency above 1 sync methods still run one after another: there is one thread.
 */
export class ActorHost implements JobHost {
  readonly #io: HostIo
  readonly #message: ActorConstruct
  readonly #methods: ActorMethods
  /** By group; the default group has no name. */
  readonly #lanes = new Map<string, InvocationLane>()
  readonly #holdsCpu: boolean
  #constructing: Promise<ActorConstructed> | undefined
  #phase: 'constructing' | 'alive' | 'failed' | 'draining' | 'exiting' | 'gone' = 'constructing'
  #terminations: Invocation[] = []
  #drained: (() => void)[] = []
  #blockedCalls = 0
  #isBlocked = false

  constructor(message: ActorConstruct, io: HostIo) {
    this.#io = io
    this.#message = message
    const { spec, restarts, devices } = message
    this.#methods = new ActorMethods({ spec, restarts, devices }, (isBlocked) => {
      this.#blockedCalls += isBlocked ? 1 : -1
      this.#tellBlocked()
    })
    this.#holdsCpu = (spec.heldResources['CPU'] ?? 0) > 0
    const hooks = laneIo(io, { ended: () => this.#noteEnded(), rested: () => this.#noteRest() })
    for (const [group, limit] of [['', spec.maxConcurrency] as const, ...Object.entries(spec.concurrencyGroups)]) {
      const lane = new InvocationLane(hooks, limit)
      lane.isPaused = true
      this.#lanes.set(group, lane)
    }
  }

  isSame({ spec, restarts }: ActorConstruct): boolean {
    return spec.actorId === this.#message.spec.actorId && restarts === this.#message.restarts
  }

  /** Asked again, it gives the same answer. */
  construct(): Promise<ActorConstructed> {
    this.#constructing ??= this.#construct()
    return this.#constructing
  }

  calls(link: OwnerLink, { actorId, calls }: ActorCalls): void {
    if (actorId !== this.#message.spec.actorId) return refuseCalls(this.#io, link, { actorId, calls })
    for (const [index, call] of calls.entries()) {
      if (this.#phase === 'failed' || this.#phase === 'exiting' || this.#phase === 'gone')
        this.#io.runner.refuse(this.#jobOf(link, call), this.#died())
      else if (this.#phase === 'draining' && call.method !== terminateMethod) this.#io.sender.returned(link, [call.taskId], true)
      else if (!this.#accept(this.#jobOf(link, call), call)) {
        this.#refuseFull(link, calls.slice(index))
        break
      }
    }
    for (const lane of this.#lanes.values()) lane.pump()
  }

  findRunning(taskId: string): Invocation | undefined {
    for (const lane of this.#lanes.values()) {
      const found = lane.findRunning(taskId)
      if (found !== undefined) return found
    }
    return undefined
  }
  listRunning(): readonly Invocation[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.listRunning())
  }
  take(isWanted: (job: Invocation) => boolean): Invocation[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.take(isWanted))
  }

  /** Later calls go back to their callers; settles when those that came before have ended. */
  drain(): Promise<void> {
    if (this.#phase === 'failed' || this.#phase === 'gone') return Promise.resolve()
    const drained = new Promise<void>((resolve) => this.#drained.push(resolve))
    if (this.#phase === 'alive') this.#phase = 'draining'
    this.#noteRest()
    return drained
  }

  /**
   * Ends the actor for good, on the wish of its own code: waiting calls are not run. Does not return.
   * @throws ActorExit to unwind the method that called it; catching that does not keep the actor alive.
   */
  exitActor(): never {
    if (this.#phase === 'constructing') {
      throw new ClusterError(
        'bad-argument',
        'exitActor() was called in a constructor. Throw an error instead: it is shown to every caller.',
      )
    }
    if (this.#phase !== 'gone') {
      this.#phase = 'exiting'
      for (const lane of this.#lanes.values()) lane.isPaused = true
      if (this.#activeCalls() === 0) this.#exitNow()
    }
    throw new ActorExit()
  }

  async #construct(): Promise<ActorConstructed> {
    const answer = await this.#build()
    if (this.#phase !== 'constructing') return answer
    if (answer.kind !== 'ready') {
      this.#phase = 'failed'
      for (const job of this.take(() => true)) this.#io.runner.refuse(job, this.#died())
      for (const resolve of this.#drained.splice(0)) resolve()
      return answer
    }
    this.#phase = this.#terminations.length > 0 || this.#drained.length > 0 ? 'draining' : 'alive'
    for (const lane of this.#lanes.values()) {
      lane.isPaused = false
      lane.pump()
    }
    return answer
  }

  async #build(): Promise<ActorConstructed> {
    const { services, logger } = this.#io
    const { spec } = this.#message
    const taskId = creationTaskOf(spec.actorId)
    const [loaded, opened] = await Promise.allSettled([
      (async () => services.loadFunction(spec.classId))(),
      (async () => services.openArguments({ taskId, args: spec.args, refArgs: spec.refArgs }))(),
    ])
    if (opened.status === 'rejected') return constructedFrom(couldNot(services, opened.reason))
    const scope = new Scope({ ...this.#methods.targetOf('constructor'), onBlocked: () => {} }, taskId, 0)
    try {
      if (loaded.status === 'rejected') return constructedFrom(couldNot(services, loaded.reason))
      const built: unknown = services.runInTask(scope, () => Reflect.construct(loaded.value, opened.value.values))
      this.#methods.instance = built as object // what `new` gives is an object always
      return { kind: 'ready' }
    } catch (error) {
      return constructedFrom(threw(services, error))
    } finally {
      scope.end()
      // What the instance keeps of its arguments is kept by the actor's owner too, for restarts; nobody is told of a borrower here.
      Promise.resolve(opened.value.settle()).catch((error: unknown) =>
        logger.warn('arguments.settle-failed', { taskId, why: toError(error).message }),
      )
    }
  }

  #jobOf(link: OwnerLink, call: ActorCall): Invocation {
    const arrivedMs = this.#io.clock.monotonicMs()
    return new Invocation(link, this.#methods.get(call.method).target, { request: call, shape: call, arrivedMs })
  }

  #accept(job: Invocation, call: ActorCall): boolean {
    if (call.method === terminateMethod) {
      this.#terminations.push(job)
      if (this.#phase === 'alive') this.#phase = 'draining'
      return true
    }
    const group = call.concurrencyGroup === '' ? this.#methods.get(call.method).group : call.concurrencyGroup
    const lane = this.#lanes.get(group)
    if (lane !== undefined) return lane.push(job)
    const names = [...this.#lanes.keys()].filter((name) => name !== '').join(', ') || 'none'
    const why = `${job.name} was called in concurrency group ${JSON.stringify(group)}; groups of this actor: ${names}`
    this.#io.runner.refuse(job, failed('bad-argument', why, { taskId: job.taskId, group }))
    return true
  }

  #refuseFull(link: OwnerLink, calls: readonly ActorCall[]): void {
    for (const call of calls) {
      const job = this.#jobOf(link, call)
      const why = `${job.name} was not taken: too many calls wait at this actor. Call again when earlier ones have ended.`
      this.#io.runner.refuse(job, failed('actor.pending-calls-limit', why, { taskId: job.taskId }))
    }
  }

  #activeCalls(): number {
    let active = 0
    for (const lane of this.#lanes.values()) active += lane.active
    return active
  }
  #waitingCalls(): number {
    let waiting = 0
    for (const lane of this.#lanes.values()) waiting += lane.waiting
    return waiting
  }

  #noteEnded(): void {
    if (this.#phase === 'exiting') this.#exitNow()
  }

  #noteRest(): void {
    if (this.#holdsCpu) this.#tellBlocked()
    if (this.#phase !== 'draining' || this.#activeCalls() > 0 || this.#waitingCalls() > 0) return
    this.#phase = 'gone'
    for (const resolve of this.#drained.splice(0)) resolve()
    const { runner } = this.#io
    const terminations = this.#terminations.splice(0)
    if (terminations.length === 0) return
    void Promise.all(terminations.map((job) => runner.run(job))).then(() => this.#io.leaveNow('exit-actor'))
  }

  #exitNow(): void {
    this.#phase = 'gone'
    const waiting = this.take(() => true)
    for (const job of [...waiting, ...this.#terminations.splice(0)]) this.#io.runner.refuse(job, this.#died())
    for (const job of this.listRunning()) this.#io.runner.endEarly(job, this.#died())
    this.#io.leaveNow('exit-actor')
  }

  #died(): TaskOutcome {
    const { className, actorId } = this.#message.spec
    const why = this.#phase === 'failed' ? 'its constructor failed' : 'it ended itself by exitActor()'
    return failed('actor.died', `actor ${className} (${actorId}) is dead: ${why}`, { actorId })
  }

  /** The actor as a whole waits when each of its running calls does. */
  #tellBlocked(): void {
    if (!this.#holdsCpu) return
    const isBlocked = this.#blockedCalls > 0 && this.#blockedCalls >= this.#activeCalls()
    if (isBlocked === this.#isBlocked) return
    this.#isBlocked = isBlocked
    this.#io.agent.send({ type: isBlocked ? 'worker.blocked' : 'worker.unblocked' })
  }
}

/** Answers calls for an actor that does not live in this process. */
export function refuseCalls(io: HostIo, link: OwnerLink, { actorId, calls }: Pick<ActorCalls, 'actorId' | 'calls'>): void {
  const outcome = failed('actor.unavailable', `actor ${actorId} does not live in this worker; ask where it is now`, { actorId })
  for (const { taskId, attempt } of calls) io.sender.ended(link, { taskId, attempt, outcome, borrowed: [], runMs: 0 })
}

function constructedFrom(outcome: TaskOutcome): ActorConstructed {
  return outcome.kind === 'done' ? { kind: 'ready' } : outcome
}
