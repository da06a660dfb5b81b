import { ClusterError } from '../../base/errors.ts'
import type { Executor } from '../executor.ts'
import type { ActorConstruct, OwnerLink, ToOwner } from '../messages.ts'
import type { ActorConstructed } from '../../protocol/actors.ts'
import type { TaskEnded, TaskOutcome, TaskTemplate } from '../../protocol/tasks.ts'
import type { RayBackend } from '../../sdk/ray-backend/ray-backend.ts'
import type {
  ActorConstruct as ConstructOrder,
  ActorRun,
  FromBridge,
  MethodSpec,
  TaskRun,
  TaskSpec,
} from '../../sdk/ray-backend/messages.ts'
import type { RayServices } from './ray-services.ts'

type Buffers = readonly Uint8Array[]
/** Ray's calls in the words of the executor, and its answers in the words of the bridge. */
export class RayCalls {
  readonly #backend: RayBackend
  readonly #services: RayServices
  readonly #executor: Executor
  readonly #link: OwnerLink
  /** As Python numbers them. */
  readonly #tasks = new Map<number, TaskSpec>()
  readonly #methods = new Map<number, MethodSpec>()
  #actorId = ''
  #name = ''

  constructor(backend: RayBackend, services: RayServices, executor: Executor) {
    this.#backend = backend
    this.#services = services
    this.#executor = executor
    this.#link = { id: backend.client.context.workerId, send: (message) => this.#answer(message), flush: () => {} }
  }

  take(message: FromBridge, buffers: Buffers): void {
    switch (message.type) {
      case 'task.spec':
        return this.#define(message)
      case 'method.spec':
        return void this.#methods.set(message.spec, message)
      case 'task.run':
        return this.#runTask(message, buffers)
      case 'actor.construct':
        return void this.#construct(message, buffers)
      case 'actor.run':
        return this.#runCall(message, buffers)
      case 'task.cancel':
      case 'task.consumed':
        return this.#executor.onOwnerMessage(this.#link, message)
      default:
        return
    }
  }

  #expect(message: TaskRun | ConstructOrder | ActorRun, buffers: Buffers): Uint8Array {
    const { positions, devices, attach } = message
    return this.#services.expect({ positions, buffers, devices, things: this.#backend.client.things.received(attach.flat()) })
  }

  #runTask(message: TaskRun, buffers: Buffers): void {
    const { taskId, attempt, devices, spec } = message
    const args = this.#expect(message, buffers)
    const { jobId, workerId } = this.#backend.client.context
    const leaseId = `${taskId}${attempt.toString(16).padStart(8, '0')}`
    this.#name = this.#tasks.get(spec)?.name ?? ''
    this.#executor.assign({ type: 'worker.assign', leaseId, jobId, ownerId: workerId, devices })
    const task = { taskId, attempt, templateId: spec, args, refArgs: [] }
    this.#executor.onOwnerMessage(this.#link, { type: 'task.push', leaseId, tasks: [task] })
  }

  #define(spec: TaskSpec): void {
    const { functionId, name, namespace, returnCount, backpressure, strategy } = spec
    const template: TaskTemplate = {
      ...{ functionId, name, namespace, returnCount, strategy },
      jobId: this.#backend.client.context.jobId,
      generatorBackpressure: aheadOf(backpressure),
      maxCalls: 0, // Python counts
      atMostOnce: false,
    }
    this.#tasks.set(spec.spec, spec)
    this.#executor.onOwnerMessage(this.#link, { type: 'task.define', templateId: spec.spec, template, code: null })
  }

  async #construct(message: ConstructOrder, buffers: Buffers): Promise<void> {
    this.#actorId = message.actorId
    this.#name = message.name
    const args = this.#expect(message, buffers)
    const answer = await this.#executor.construct(this.#constructOrder(message, args))
    this.#tellConstructed(answer)
  }

  #constructOrder(message: ConstructOrder, args: Uint8Array): ActorConstruct {
    const { jobId, workerId, nodeId } = this.#backend.client.context
    const spec = {
      actorId: message.actorId,
      jobId,
      owner: { workerId, nodeId, socketPath: '', agentAddress: '' },
      classId: message.functionId,
      className: message.name,
      name: null,
      namespace: message.namespace,
      detached: false,
      args,
      refArgs: [],
      shape: { resources: {}, labels: [], fallbackLabels: [], strategy: message.strategy },
      heldResources: {},
      maxRestarts: 0,
      maxTaskRetries: 0,
      maxConcurrency: message.maxConcurrency,
      concurrencyGroups: message.concurrencyGroups,
      methodGroups: message.methodGroups,
      maxPendingCalls: -1,
      methodReturns: {},
      methodNames: [],
    }
    return { type: 'actor.construct', spec, restarts: message.restarts, devices: message.devices }
  }

  #tellConstructed(answer: ActorConstructed): void {
    const { link } = this.#backend.client
    if (answer.kind === 'ready') link.send({ type: 'actor.constructed', kind: 'ready' })
    else link.send({ type: 'actor.constructed', ...this.#failureFields(answer, `${this.#name}.constructor`) }, buffersOf(answer))
  }

  #runCall(message: ActorRun, buffers: Buffers): void {
    const { taskId, attempt, spec } = message
    const known = this.#methods.get(spec)
    if (!known) throw new ClusterError('protocol.violation', `the bridge to Ray runs method ${spec}, of which it has told nothing`)
    const { method, returnCount, backpressure, group } = known
    const args = this.#expect(message, buffers)
    const call = {
      ...{ taskId, attempt, method, args, returnCount },
      refArgs: [],
      generatorBackpressure: aheadOf(backpressure),
      concurrencyGroup: group,
    }
    this.#executor.onOwnerMessage(this.#link, { type: 'actor.calls', actorId: this.#actorId, calls: [call] })
  }

  #answer(message: ToOwner): void {
    if (message.type === 'tasks.ended') for (const task of message.tasks) this.#tellEnded(task)
    else if (message.type === 'task.yielded' && message.result.place.kind === 'inline') {
      const { bytes } = message.result.place
      const header = { type: 'task.yielded', taskId: message.taskId, attach: [this.#keysIn(bytes)] }
      this.#backend.client.link.send(header, [bytes])
    }
  }

  #tellEnded({ taskId, outcome }: TaskEnded): void {
    this.#backend.taskEnded(taskId)
    const { link } = this.#backend.client
    if (outcome.kind === 'done') {
      const results = outcome.results.flatMap(({ place }) => (place.kind === 'inline' ? [place.bytes] : []))
      link.send({ type: 'task.ended', taskId, kind: 'done', attach: results.map((bytes) => this.#keysIn(bytes)) }, results)
    } else link.send({ type: 'task.ended', taskId, ...this.#failureFields(outcome, this.#name) }, buffersOf(outcome))
  }

  #keysIn(bytes: Uint8Array): string[] {
    return this.#services.thingsIn(bytes).map((thing) => thing.objectId)
  }

  #failureFields(outcome: Exclude<TaskOutcome, { kind: 'done' }>, name: string): object {
    if (outcome.kind === 'failed') return { kind: 'failed', failure: outcome.failure }
    const { workerId, nodeId } = this.#backend.client.context
    const origin = `${name} (worker ${workerId.slice(0, 8)}, node ${nodeId.slice(0, 8)})`
    return { kind: 'threw', classNames: outcome.error.classNames, text: this.#services.textOf(outcome.error), origin }
  }
}

const buffersOf = (outcome: Exclude<TaskOutcome, { kind: 'done' }>): Uint8Array[] => (outcome.kind === 'threw' ? [outcome.error.bytes] : [])

/** Ray counts what is ahead of the consumer: Node is one item ahead of Ray. */
const aheadOf = (backpressure: number): number => (backpressure > 0 ? 1 : 0)
