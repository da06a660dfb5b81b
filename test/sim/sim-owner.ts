import { createTaskIds, objectIdOf } from '#runtime/base/ids.ts'
import type { CoreRequest } from '#runtime/head/core/events.ts'
import { ActorChanged, type ActorSpec } from '#runtime/protocol/actors.ts'
import type { ProcessAddress } from '#runtime/protocol/addresses.ts'
import { GroupChanged } from '#runtime/protocol/groups.ts'
import { shapeKey } from '#runtime/protocol/placement/shapes.ts'
import { checkInvariants } from '#runtime/sdk/owner/core/invariants.ts'
import {
  type AgentTarget,
  createOwnerState,
  type OwnedTask,
  type OwnerCommand,
  ownerDefaults,
  type OwnerEvent,
  type OwnerState,
  type TaskEnd,
  type TaskKind,
} from '#runtime/sdk/owner/core/state.ts'
import { step } from '#runtime/sdk/owner/core/step.ts'
import type { AgentToClient, AgentToOwner, Answer, ClientToAgent, Job, OwnerToWorker, WorkerToOwner } from './messages.ts'
import type { Port } from './network.ts'
import type { CallPlan, TaskPlan } from './plans.ts'
import type { Host, SimTask } from './sim-task.ts'
import type { World } from './world.ts'

type EventBody = OwnerEvent extends infer E ? (E extends OwnerEvent ? Omit<E, 'nowMs'> : never) : never

const tickMs = 100

/** An owner's core with the shell's part around it: links, objects, requests to the head. Drivers and workers have one. */
export class SimOwner {
  readonly #world: World
  readonly #host: Host
  readonly state: OwnerState
  readonly tasks = new Map<string, SimTask>()
  readonly kinds = new Map<string, TaskKind>()
  readonly #agents = new Map<string, Port>()
  /** Agents that cannot be reached, until that is told. */
  readonly #dialing = new Set<string>()
  readonly #peers = new Map<string, Port>()
  readonly #leaseOf = new Map<string, string>()
  readonly #actorOf = new Map<string, { actorId: string; restarts: number }>()
  readonly #answers = new Map<number, (answer: Answer) => void>()
  readonly #newTaskId: (actorId?: string) => string
  readonly jobId: string
  clockOffsetMs = 0
  steps = 0
  #nextKey = 0
  #isFlushQueued = false

  constructor(world: World, host: Host, jobId: string) {
    this.#world = world
    this.#host = host
    this.jobId = jobId
    const { workerId, nodeId } = host.address
    this.state = createOwnerState({ ...ownerDefaults, ...world.settings.owner, ownerId: workerId, nodeId })
    this.#newTaskId = createTaskIds(world.newHex, jobId)
    this.#tick()
  }

  // --- what a program does

  submit(plan: TaskPlan | CallPlan, args: readonly SimTask[] = [], actor: ActorSpec | null = null): SimTask {
    const taskId = this.#newTaskId(actor?.actorId)
    const maxRetries = plan.kind === 'task' ? plan.maxRetries : (actor?.maxTaskRetries ?? 0)
    const call = actor && { actorId: actor.actorId, method: 'm', concurrencyGroup: '', returnCount: 1, generatorBackpressure: 0 }
    const task: OwnedTask = {
      ...{ taskId, kind: this.#kindOf(plan), call, args: new Uint8Array() },
      refArgs: args.map(({ objectId }, index) => ({ index, objectId })),
      ...{ maxRetries, retriesLeft: maxRetries, retryErrors: plan.kind === 'task' && plan.retryErrors },
      ...{ attempt: 0, phase: 'waiting', waitingFor: 0, yielded: 0, alone: false, cancelled: false, leaseId: null },
      ...{ recoveries: 0, notBeforeMs: 0 },
    }
    const made: SimTask = {
      ...{ task, plan, args, objectId: objectIdOf(taskId, 1), status: 'pending', result: null, end: null, ends: 0 },
      ...{ items: [], isCancelled: false, waiters: [] },
    }
    this.tasks.set(taskId, made)
    this.#submit(made, 'task.submit')
    return made
  }

  cancel(made: SimTask, force: boolean): void {
    made.isCancelled = true
    this.raise({ type: 'task.cancel', taskId: made.task.taskId, force, recursive: true })
  }

  ask(request: CoreRequest, done: (answer: Answer) => void = () => {}): void {
    this.#nextKey += 1
    this.#answers.set(this.#nextKey, done)
    this.#tellAgent({ kind: 'ask', key: this.#nextKey, request })
  }

  whenSettled(made: SimTask, done: () => void): void {
    if (made.status === 'pending') made.waiters.push(done)
    else done()
  }

  #kindOf(plan: TaskPlan | CallPlan): TaskKind {
    const shape =
      plan.kind === 'task' ? plan.shape : { resources: {}, labels: [], fallbackLabels: [], strategy: { kind: 'default' as const } }
    const key = plan.kind === 'task' ? shapeKey(shape) : 'call'
    const known = this.kinds.get(`${plan.name} ${key}`)
    if (known) return known
    const kind: TaskKind = {
      template: {
        ...{ functionId: '0'.repeat(64), name: plan.name, jobId: this.jobId, namespace: 'sim', returnCount: 1 },
        ...{ generatorBackpressure: 0, maxCalls: 0, atMostOnce: false, strategy: shape.strategy },
      },
      ...{ shape, shapeKey: key, meanRunMs: undefined },
    }
    this.kinds.set(`${plan.name} ${key}`, kind)
    return kind
  }

  #submit(made: SimTask, type: 'task.submit' | 'task.resubmit'): void {
    const failed = made.args.find(({ status }) => status === 'failed')
    if (failed) return this.#end(made, { kind: 'as-object', objectId: failed.objectId })
    const unready = made.args.filter(({ status }) => status === 'pending')
    for (const argument of unready) this.#tellWhenSettled(argument)
    this.raise({ type, task: made.task, unready: unready.map(({ objectId }) => objectId) })
    this.#flushSoon()
  }

  #tellWhenSettled(argument: SimTask): void {
    if (this.state.dependents.has(argument.objectId)) return
    argument.waiters.push(() => this.#tellSettled(argument))
  }

  #tellSettled({ status, objectId }: SimTask): void {
    this.raise({ type: status === 'ready' ? 'object.ready' : 'object.failed', objectId })
    this.#flushSoon()
  }

  // --- the core

  raise(event: EventBody): void {
    if (!this.#host.isAlive) return
    this.steps += 1
    const commands = step(this.state, { ...event, nowMs: this.#world.nowMs + this.clockOffsetMs })
    if (event.type !== 'tick' || commands.length > 0)
      this.#world.check(() => checkInvariants(this.state), `owner ${this.#host.address.workerId.slice(0, 8)} after ${event.type}`)
    for (const command of commands) this.#perform(command)
  }

  #flushSoon(): void {
    if (this.#isFlushQueued) return
    this.#isFlushQueued = true
    this.#world.scheduler.after(0, () => {
      this.#isFlushQueued = false
      this.raise({ type: 'flush' })
    })
  }

  #tick(): void {
    this.#world.scheduler.after(tickMs, () => {
      if (!this.#host.isAlive) return
      this.raise({ type: 'tick' })
      this.#tick()
    })
  }

  #perform(command: OwnerCommand): void {
    switch (command.do) {
      case 'send-agent': {
        const message: ClientToAgent = { kind: 'lease', message: command.message }
        return command.agent === null ? this.#tellAgent(message) : this.#toAgent(command.agent)?.send(message)
      }
      case 'push': {
        const { lease, tasks } = command
        lease.opened = true
        this.#leaseOf.set(lease.worker.workerId, lease.leaseId)
        return this.#toWorker(lease.worker)?.send({
          kind: 'push',
          leaseId: lease.leaseId,
          jobs: this.#jobsOf(tasks),
        } satisfies OwnerToWorker)
      }
      case 'call': {
        const { actorId, address, restarts, tasks } = command
        this.#actorOf.set(address.workerId, { actorId, restarts })
        return this.#toWorker(address)?.send({ kind: 'call', actorId, jobs: this.#jobsOf(tasks) } satisfies OwnerToWorker)
      }
      case 'cancel':
        return this.#peers.get(command.worker.workerId)?.send({ kind: 'cancel', taskId: command.taskId } satisfies OwnerToWorker)
      case 'close-worker': {
        const { worker, leaseId, lost } = command.lease
        if (this.#leaseOf.get(worker.workerId) === leaseId) this.#leaseOf.delete(worker.workerId)
        if (lost) this.#closePeer(worker.workerId)
        return
      }
      case 'end': {
        const made = this.tasks.get(command.task.taskId)
        return made && this.#end(made, command.end)
      }
      case 'yield':
        return void this.tasks.get(command.task.taskId)?.items.push(command.index)
      case 'recover':
        return this.#recover(command.objectId)
      case 'warn':
        return
      case 'watch-actor':
        return this.#watchActor(command.actorId)
      case 'watch-group':
        return this.#watchGroup(command.groupId)
    }
  }

  #end(made: SimTask, end: TaskEnd): void {
    made.ends += 1
    made.end = end
    const isDone = end.kind === 'outcome' && end.outcome.kind === 'done'
    made.status = isDone ? 'ready' : 'failed'
    made.result = (end.kind === 'outcome' && end.outcome.kind === 'done' && end.outcome.results[0]) || null
    for (const waiter of made.waiters.splice(0)) waiter()
    this.#world.checks.ended(made)
  }

  /** As the SDK does: a stored result that has no copy left is made again by its task, where that may run again. */
  #recover(objectId: string): void {
    const argument = this.tasks.get(objectId.slice(0, 48))
    if (!argument) return this.raise({ type: 'object.failed', objectId })
    if (argument.status === 'ready') this.#makeAgain(argument) // else it is being made already, or cannot be
    this.whenSettled(argument, () => this.#tellSettled(argument))
  }

  #makeAgain(argument: SimTask): void {
    const { task } = argument
    if (task.call || task.retriesLeft === 0) {
      argument.status = 'failed'
      argument.end = { kind: 'failed', failure: { code: 'object.not-reconstructable', message: '', details: {} } }
      return
    }
    if (task.retriesLeft > 0) task.retriesLeft -= 1
    task.attempt += 1
    argument.status = 'pending'
    argument.result = null
    argument.ends = 0
    this.#submit(argument, 'task.resubmit')
  }

  #watchActor(actorId: string): void {
    this.ask({ type: 'actor.watch', actorId }, (answer) => {
      if (answer.code === null) return this.#onAgent({ kind: 'actor', changed: ActorChanged.parse(answer.value) })
      const status = { kind: 'dead', death: { cause: 'constructor-failed', message: answer.message, error: null, exit: null } } as const
      this.raise({ type: 'actor.changed', actorId, version: Number.MAX_SAFE_INTEGER, status })
    })
  }

  #watchGroup(groupId: string): void {
    this.ask({ type: 'group.watch', groupId }, (answer) => {
      if (answer.code === null) return this.#onAgent({ kind: 'group', changed: GroupChanged.parse(answer.value) })
      const failure = { code: 'group.removed', message: answer.message, details: {} } as const
      this.raise({ type: 'group.changed', groupId, version: Number.MAX_SAFE_INTEGER, status: { kind: 'removed', failure } })
    })
  }

  // --- links

  onAgentMessage(message: AgentToClient): void {
    if (this.#host.isAlive) this.#onAgent(message)
  }

  #onAgent(message: AgentToClient): void {
    switch (message.kind) {
      case 'lease':
        return this.#onLease(null, message)
      case 'answer': {
        const done = this.#answers.get(message.key)
        this.#answers.delete(message.key)
        return done?.(message)
      }
      case 'actor': {
        const { actorId, version, status } = message.changed
        return this.raise({ type: 'actor.changed', actorId, version, status })
      }
      case 'group': {
        const { groupId, version, status } = message.changed
        return this.raise({ type: 'group.changed', groupId, version, status })
      }
      case 'gone': {
        const { workerIds, nodeIds } = message.gone
        return this.raise({ type: 'processes.gone', workerIds, nodeIds })
      }
      case 'order':
        return
    }
  }

  #onLease(from: AgentTarget, { message }: AgentToOwner): void {
    if (message.type === 'lease.granted') {
      const { requestId, leaseId, worker } = message
      return this.raise({ type: 'lease.granted', requestId, leaseId, worker, from })
    }
    if (message.type === 'lease.wanted') return this.raise({ type: 'lease.wanted', from })
    this.raise(message)
  }

  #tellAgent(message: ClientToAgent): void {
    this.#host.agent.send(message)
  }

  #toAgent(agent: NonNullable<AgentTarget>): Port | undefined {
    const known = this.#agents.get(agent.nodeId)
    if (known?.isOpen) return known
    const { workerId, nodeId } = this.#host.address
    const port = this.#world.dialAgent(this.#host.place, agent.nodeId, { ownerId: workerId, nodeId })
    const closed = () => {
      if (port && this.#agents.get(agent.nodeId) === port) this.#agents.delete(agent.nodeId)
      this.raise({ type: 'agent.link-closed', agent })
    }
    if (!port) {
      if (this.#dialing.has(agent.nodeId)) return undefined
      this.#dialing.add(agent.nodeId)
      this.#world.scheduler.after(50, () => {
        this.#dialing.delete(agent.nodeId)
        closed()
      })
      return undefined
    }
    this.#agents.set(agent.nodeId, port)
    port.onMessage = (message: AgentToOwner) => this.#host.isAlive && this.#onLease(agent, message)
    port.onClosed = closed
    return port
  }

  #toWorker(address: ProcessAddress): Port | undefined {
    const known = this.#peers.get(address.workerId)
    if (known?.isOpen) return known
    const port = this.#world.dialWorker(this.#host.place, address.workerId)
    if (!port) {
      this.#world.scheduler.after(50, () => this.#onPeerClosed(address.workerId))
      return undefined
    }
    this.#peers.set(address.workerId, port)
    port.onMessage = (message: WorkerToOwner) => this.#host.isAlive && this.#onWorker(address.workerId, message)
    port.onClosed = () => this.#peers.get(address.workerId) === port && this.#onPeerClosed(address.workerId)
    return port
  }

  #closePeer(workerId: string): void {
    const port = this.#peers.get(workerId)
    if (!port?.isOpen) return
    port.close()
    this.#world.scheduler.after(0, () => this.#peers.get(workerId) === port && this.#onPeerClosed(workerId))
  }

  #onPeerClosed(workerId: string): void {
    this.#peers.delete(workerId)
    const leaseId = this.#leaseOf.get(workerId)
    if (leaseId !== undefined) this.raise({ type: 'worker.link-closed', leaseId })
    const actor = this.#actorOf.get(workerId)
    this.#actorOf.delete(workerId)
    if (actor) this.raise({ type: 'actor.link-closed', ...actor })
  }

  #onWorker(workerId: string, message: WorkerToOwner): void {
    switch (message.kind) {
      case 'ended':
        this.raise({ type: 'task.ended', ...message })
        return this.raise({ type: 'flush' })
      case 'yielded':
        return this.raise({ type: 'task.yielded', ...message })
      case 'returned': {
        const leaseId = this.#leaseOf.get(workerId)
        if (leaseId !== undefined) this.raise({ type: 'tasks.returned', leaseId, taskIds: message.taskIds, leaving: message.leaving })
      }
    }
  }

  /** A task that runs again may find an argument gone that was there for its first run: it is as if its worker had found that out. */
  #jobsOf(tasks: readonly OwnedTask[]): Job[] {
    return tasks.flatMap(({ taskId, attempt }) => {
      const made = this.tasks.get(taskId)
      if (!made) return []
      const missing = made.args.find(({ result }) => result === null)
      if (missing) {
        const failure = { code: 'object.lost', message: 'lost', details: { objectId: missing.objectId } } as const
        this.raise({ type: 'task.ended', taskId, attempt, outcome: { kind: 'failed', failure }, runMs: 0 })
        return []
      }
      const args = made.args.flatMap(({ objectId, result }) => (result ? [{ objectId, result }] : []))
      return [{ taskId, attempt, plan: made.plan, args }]
    })
  }

  closeAll(): void {
    for (const port of [...this.#agents.values(), ...this.#peers.values()]) port.close()
  }
}
