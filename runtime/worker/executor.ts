import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import { unreachable } from '../base/invariant.ts'
import type { Logger } from '../base/logger.ts'
import type { ActorConstructed } from '../protocol/actors.ts'
import type { ExecutionServices } from '../sdk/execution.ts'
import { ActorHost, refuseCalls } from './actor-host.ts'
import { createDeviceEnv } from './devices.ts'
import type { Invocation } from './invocation.ts'
import type { HostIo, JobHost } from './job-host.ts'
import type { ActorConstruct, AgentPort, OwnerLink, ToWorker, WorkerAssign, WorkerLeave } from './messages.ts'
import { cancelled } from './outcomes.ts'
import type { OutputCounter } from './output-counter.ts'
import { ResultSender } from './result-sender.ts'
import { TaskRunner } from './run-task.ts'
import { TaskHost } from './task-host.ts'
import { TaskRecorder } from './task-recorder.ts'

export type ExecutorIo = {
  readonly services: ExecutionServices
  readonly agent: AgentPort
  readonly clock: Clock
  readonly logger: Logger
  /** Ends the process when what was sent has reached the sockets. */
  readonly exit: (code: number) => void
  /** The environment that user code sees; devices of a lease are written into it. */
  readonly env: NodeJS.ProcessEnv
  /** @default nothing is known of the output */
  readonly output?: OutputCounter
}

/** The part of a worker that runs user code. Everything it says goes through the links, the agent's port and `exit`. */
export type Executor = {
  /** Takes what an owner or caller sent. User code may run before it returns. */
  onOwnerMessage(link: OwnerLink, message: ToWorker): void
  /** Its waiting work is dropped, its running tasks are asked to stop. */
  onOwnerGone(link: OwnerLink): void
  /** What this worker is for until the next lease. Tasks that came before wait for it. */
  assign(message: WorkerAssign): void
  /** Builds the actor of this worker; settles with the outcome of its constructor and does not reject. */
  construct(message: ActorConstruct): Promise<ActorConstructed>
  /**
   * Graceful: what has begun, and an actor's waiting calls, finish first. A worker that is to leave as idle, or after its last
   * run, stays while it owns what others use: its agent ends it when that may not be. Settles when `exit` was called.
   */
  leave(message: Pick<WorkerLeave, 'graceful' | 'reason'>): Promise<void>
  /**
   * Ends the actor from inside one of its methods. Does not return.
   * @throws ActorExit to unwind the method.
   * @throws ClusterError `bad-argument` outside an actor and in its constructor.
   */
  exitActor(): never
  /** Hands results that wait for company to the sockets, which take them at once where they have room. For the moment before the process ends. */
  flush(): void
}

export function createExecutor(io: ExecutorIo): Executor {
  return new WorkerExecutor(io)
}

/** Nobody needs the worker for tasks; for other reasons, such as the end of its job, nothing it owns counts. */
const lastingReasons: ReadonlySet<string> = new Set(['idle', 'max-calls'])

class WorkerExecutor implements Executor {
  readonly #io: ExecutorIo
  readonly #sender: ResultSender
  readonly #recorder: TaskRecorder
  readonly #runner: TaskRunner
  readonly #hostIo: HostIo
  readonly #tasks: TaskHost
  readonly #showDevices: ReturnType<typeof createDeviceEnv>
  /** Cancels of tasks that do not run, looked up in the lines once a turn: there may be thousands of both. */
  readonly #cancelAsked = new Set<string>()
  #actor: ActorHost | undefined
  #isDropScheduled = false
  #hasLeft = false

  constructor(io: ExecutorIo) {
    this.#io = io
    const { services, agent, clock, logger } = io
    this.#sender = new ResultSender(clock)
    this.#recorder = new TaskRecorder({
      identity: { nodeId: services.nodeId, workerId: services.workerId, pid: process.pid },
      agent,
      clock,
      output: io.output ?? { stdoutBytes: 0, stderrBytes: 0 },
      listRunning: () => this.#hosts().flatMap((host) => host.listRunning()),
    })
    this.#runner = new TaskRunner({ services, sender: this.#sender, recorder: this.#recorder, clock, logger })
    this.#hostIo = {
      services,
      agent,
      clock,
      logger,
      runner: this.#runner,
      sender: this.#sender,
      isCancelAsked: (taskId) => this.#cancelAsked.size > 0 && this.#cancelAsked.has(taskId),
      leaveNow: (reason) => this.#leaveNow(reason),
      leaveWhenUnowned: (reason) => this.#leaveWhenUnowned(reason),
    }
    this.#tasks = new TaskHost(this.#hostIo)
    this.#showDevices = createDeviceEnv(io.env)
  }

  onOwnerMessage(link: OwnerLink, message: ToWorker): void {
    switch (message.type) {
      case 'task.push':
        return this.#tasks.push(link, message)
      case 'actor.calls':
        return this.#actor === undefined ? refuseCalls(this.#hostIo, link, message) : this.#actor.calls(link, message)
      case 'task.define':
        return this.#tasks.define(link, message.templateId, message.template)
      case 'task.cancel':
        return this.#cancel(message.taskId, message.recursive)
      case 'task.consumed':
        return this.#findRunning(message.taskId)?.consumed(message.count)
      case 'results.held':
        this.#sender.held(link, message.taskIds)
        return this.#io.services.releaseResults(message.taskIds)
      default:
        return unreachable(message, 'message of an owner')
    }
  }

  onOwnerGone(link: OwnerLink): void {
    for (const host of this.#hosts()) {
      for (const job of host.take((waiting) => waiting.link === link)) {
        job.end()
        this.#runner.discard(job)
      }
      for (const job of host.listRunning()) {
        if (job.link !== link) continue
        job.isOrphan = true
        job.cancel()
        this.#io.services.cancelChildren(job.taskId)
      }
    }
    this.#tasks.forget(link)
    const notTakenOver = this.#sender.drop(link)
    if (notTakenOver.length > 0) this.#io.services.releaseResults(notTakenOver)
  }

  assign(message: WorkerAssign): void {
    this.#showDevices(message.devices)
    this.#tasks.assign(message)
    if (this.#cancelAsked.size > 0) this.#dropCancelledSoon()
  }

  construct(message: ActorConstruct): Promise<ActorConstructed> {
    if (this.#actor === undefined) {
      this.#showDevices(message.devices)
      this.#actor = new ActorHost(message, this.#hostIo)
    } else if (!this.#actor.isSame(message)) {
      const { actorId } = message.spec
      const why = `this worker holds another actor already and cannot build ${actorId}`
      return Promise.resolve({ kind: 'failed', failure: { code: 'internal', message: why, details: { actorId } } })
    }
    return this.#actor.construct()
  }

  async leave({ graceful, reason }: Pick<WorkerLeave, 'graceful' | 'reason'>): Promise<void> {
    this.#io.logger.info('worker.leave', { graceful, reason })
    if (graceful) await Promise.all(this.#hosts().map((host) => host.drain()))
    if (this.#actor === undefined && lastingReasons.has(reason)) {
      void this.#tasks.drain()
      await this.#io.services.whenNothingOwned()
    }
    this.#exit()
  }

  exitActor(): never {
    if (this.#actor === undefined) {
      throw new ClusterError('bad-argument', 'exitActor() was called outside an actor. Call it in a method of a class made by actor().')
    }
    return this.#actor.exitActor()
  }

  flush(): void {
    this.#sender.flush()
    this.#recorder.flush()
    this.#io.agent.flush()
  }

  #hosts(): JobHost[] {
    return this.#actor === undefined ? [this.#tasks] : [this.#tasks, this.#actor]
  }

  #findRunning(taskId: string): Invocation | undefined {
    return this.#tasks.findRunning(taskId) ?? this.#actor?.findRunning(taskId)
  }

  #cancel(taskId: string, recursive: boolean): void {
    const running = this.#findRunning(taskId)
    if (running === undefined) {
      this.#cancelAsked.add(taskId)
      this.#dropCancelledSoon()
      return
    }
    running.cancel()
    if (!running.hasBegun)
      this.#runner.endEarly(running, cancelled(running)) // its arguments may take long to come
    else if (recursive) this.#io.services.cancelChildren(taskId)
  }

  #dropCancelledSoon(): void {
    if (this.#isDropScheduled) return
    this.#isDropScheduled = true
    setImmediate(() => this.#dropCancelled())
  }

  #dropCancelled(): void {
    this.#isDropScheduled = false
    for (const host of this.#hosts()) {
      for (const job of host.take((waiting) => this.#cancelAsked.has(waiting.taskId))) this.#runner.refuse(job, cancelled(job))
    }
    if (!this.#tasks.hasEarly) this.#cancelAsked.clear() // the rest had ended already
  }

  /** What it owns would end with it: until that is done it stays, and takes nothing more. */
  #leaveWhenUnowned(reason: string): boolean {
    const nothingOwned = this.#io.services.whenNothingOwned()
    if (!nothingOwned) this.#leaveNow(reason)
    else void nothingOwned.then(() => this.#leaveNow(reason))
    return nothingOwned === undefined
  }

  #leaveNow(reason: string): void {
    if (this.#hasLeft) return
    this.#sender.flush()
    this.#io.agent.send({ type: 'worker.leaving', reason })
    this.#exit()
  }

  #exit(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#sender.flush()
    this.#recorder.flush()
    this.#io.exit(0)
  }
}
