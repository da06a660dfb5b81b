import type { Devices } from '../protocol/scheduling.ts'
import type { PushedTask, TaskTemplate } from '../protocol/tasks.ts'
import { Invocation, type ReturnShape, type Target } from './invocation.ts'
import { InvocationLane } from './invocation-lane.ts'
import { type HostIo, type JobHost, laneIo } from './job-host.ts'
import type { OwnerLink, TaskPush, WorkerAssign } from './messages.ts'
import { cancelled, failed } from './outcomes.ts'

type KnownTemplate = { readonly target: Target; readonly shape: ReturnShape }

/** Tasks that came before the word of their lease; more are handed back. */
const earlyLimit = 100_000
/** Leases remembered as over, to hand back what comes late. */
const pastLimit = 64

/** Runs plain tasks, one at a time, in the order they were pushed. */
export class TaskHost implements JobHost {
  readonly #io: HostIo
  readonly #lane: InvocationLane
  readonly #templates = new Map<OwnerLink, (KnownTemplate | undefined)[]>()
  /** Runs of functions that have a limit of runs. */
  readonly #runs = new Map<string, number>()
  readonly #pastLeases = new Set<string>()
  #early: { link: OwnerLink; push: TaskPush }[] = []
  readonly #lease: { id: string | undefined; devices: Devices } = { id: undefined, devices: {} }
  #isBlocked = false
  #isLeaving = false
  #drained: (() => void)[] = []

  constructor(io: HostIo) {
    this.#io = io
    this.#lane = new InvocationLane(
      laneIo(io, {
        ended: (job) => {
          if (job.hasBegun) job.target.afterRun?.()
        },
        rested: () => this.#noteRest(),
      }),
      1,
    )
  }

  define(link: OwnerLink, templateId: number, template: TaskTemplate): void {
    const known = this.#templates.get(link) ?? []
    this.#templates.set(link, known)
    known[templateId] = { target: this.#targetOf(template), shape: template }
  }

  push(link: OwnerLink, push: TaskPush): void {
    if (this.#isLeaving || this.#pastLeases.has(push.leaseId)) return this.#handBack(link, push.tasks, true)
    if (push.leaseId !== this.#lease.id) return this.#keepEarly(link, push)
    if (this.#isBlocked) return this.#handBack(link, push.tasks, false)
    const templates = this.#templates.get(link)
    const arrivedMs = this.#io.clock.monotonicMs()
    for (const [index, task] of push.tasks.entries()) {
      const template = templates?.[task.templateId]
      if (template === undefined) {
        this.#refuseUnknown(link, task)
      } else if (!this.#lane.push(new Invocation(link, template.target, { request: task, shape: template.shape, arrivedMs }))) {
        this.#handBack(link, push.tasks.slice(index), false)
        break
      }
    }
    this.#lane.pump()
  }

  /** From now on tasks of this lease are run. What waits of another one is handed back. */
  assign({ leaseId, devices }: WorkerAssign): void {
    if (leaseId === this.#lease.id) return
    if (this.#lease.id !== undefined) this.#pastLeases.add(this.#lease.id)
    for (const oldest of this.#pastLeases) {
      if (this.#pastLeases.size <= pastLimit) break
      this.#pastLeases.delete(oldest)
    }
    this.#returnWaiting(true)
    this.#lease.id = leaseId
    this.#lease.devices = devices
    const early = this.#early
    this.#early = []
    for (const { link, push } of early) {
      if (push.leaseId === leaseId) this.push(link, push)
      else this.#handBack(link, push.tasks, true)
    }
  }

  findRunning(taskId: string): Invocation | undefined {
    return this.#lane.findRunning(taskId)
  }
  listRunning(): readonly Invocation[] {
    return this.#lane.listRunning()
  }
  take(isWanted: (job: Invocation) => boolean): Invocation[] {
    return this.#lane.take(isWanted)
  }
  /** Some tasks wait for the word of their lease, where `take` does not see them. */
  get hasEarly(): boolean {
    return this.#early.length > 0
  }
  forget(link: OwnerLink): void {
    this.#templates.delete(link)
    this.#early = this.#early.filter((kept) => kept.link !== link)
  }

  /** What has not begun goes back to its owner; settles when the running task has ended. */
  drain(): Promise<void> {
    this.#stopTaking()
    if (this.#lane.active === 0) return Promise.resolve()
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  #targetOf(template: TaskTemplate): Target {
    const lease = this.#lease
    const { functionId, maxCalls } = template
    return {
      name: template.name,
      jobId: template.jobId,
      actorId: null,
      restarts: 0,
      strategy: template.strategy,
      resources: template.resources,
      get devices() {
        return lease.devices
      },
      atMostOnce: template.atMostOnce,
      callable: undefined,
      load: () => this.#io.services.loadFunction(functionId),
      averageMs: -1,
      afterRun: maxCalls === 0 ? undefined : () => this.#countRun(functionId, maxCalls),
      onBlocked: (isBlocked) => this.#setBlocked(isBlocked),
    }
  }

  #countRun(functionId: string, maxCalls: number): void {
    const runs = (this.#runs.get(functionId) ?? 0) + 1
    this.#runs.set(functionId, runs)
    if (runs < maxCalls || this.#isLeaving) return
    this.#stopTaking()
    if (this.#io.leaveWhenUnowned('max-calls')) return
    for (const link of this.#templates.keys()) this.#io.sender.leaving(link) // the lease ends, and what it holds goes to others
  }

  /** One of the tasks behind a blocked one may make what it waits for: they go back, to run elsewhere. */
  #setBlocked(isBlocked: boolean): void {
    this.#isBlocked = isBlocked
    this.#io.agent.send({ type: isBlocked ? 'worker.blocked' : 'worker.unblocked' })
    if (isBlocked) this.#returnWaiting(false)
  }

  #stopTaking(): void {
    this.#isLeaving = true
    this.#lane.isPaused = true
    this.#returnWaiting(true)
    for (const { link, push } of this.#early) this.#handBack(link, push.tasks, true)
    this.#early = []
  }

  #returnWaiting(leaving: boolean): void {
    const byLink = new Map<OwnerLink, Invocation[]>()
    for (const job of this.#lane.take(() => true)) {
      if (this.#io.isCancelAsked(job.taskId)) {
        this.#io.runner.refuse(job, cancelled(job))
        continue
      }
      this.#io.runner.discard(job)
      const others = byLink.get(job.link)
      if (others === undefined) byLink.set(job.link, [job])
      else others.push(job)
    }
    for (const [link, ofLink] of byLink) this.#handBack(link, ofLink, leaving)
  }

  #handBack(link: OwnerLink, tasks: readonly { taskId: string }[], leaving: boolean): void {
    const taskIds = tasks.map((task) => task.taskId)
    this.#io.sender.returned(link, taskIds, leaving)
  }

  /** The agent's word of a lease and its owner's first tasks come over two sockets, in any order. */
  #keepEarly(link: OwnerLink, push: TaskPush): void {
    const held = this.#early.reduce((sum, early) => sum + early.push.tasks.length, 0)
    if (held + push.tasks.length > earlyLimit) return this.#handBack(link, push.tasks, false)
    this.#early.push({ link, push })
  }

  #refuseUnknown(link: OwnerLink, task: PushedTask): void {
    const outcome = failed('protocol.violation', `task ${task.taskId} names template ${task.templateId}, which its owner did not define`, {
      taskId: task.taskId,
      templateId: task.templateId,
    })
    this.#io.sender.ended(link, { taskId: task.taskId, attempt: task.attempt, outcome, borrowed: [], runMs: 0 })
  }

  #noteRest(): void {
    if (this.#lane.active > 0) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }
}
