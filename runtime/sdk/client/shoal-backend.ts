import { ClusterError } from '../../base/errors.ts'
import { ClusterNodesReply } from '../../protocol/clients.ts'
import { shapeKey } from '../../protocol/placement/shapes.ts'
import type {
  ActorDefinition,
  ActorIdentity,
  Awaitable,
  Backend,
  CallResult,
  MethodCall,
  TaskDefinition,
  TraceEvent,
  WaitReply,
  WaitRequest,
} from '../backend.ts'
import type { ClusterNode, GroupInfo, PlacementGroupOptions, RuntimeContext } from '../cluster-types.ts'
import { publicError } from '../errors.ts'
import type { ObjectRef } from '../object-ref.ts'
import { type SchedulingStrategy, shapeFrom, type TaskOptions } from '../options.ts'
import type { TaskKind } from '../owner/core/state.ts'
import type { ShoalActor } from './actors.ts'
import type { Client } from './client.ts'
import { retryNames } from './definitions.ts'
import { inheritedStrategy } from './inherited-strategy.ts'
import type { PendingTask } from './pending-task.ts'
import { contextOfTask, taskScope, type WaitLimits } from './read.ts'
import { type RefState, stateOf } from './ref-state.ts'
import { createStream, RefStream } from './stream.ts'
import { makePending, packArguments, type TaskPlan } from './submit.ts'
import { readTimeline } from './timeline.ts'

/** The bundled engine behind the public functions. */
export class ShoalBackend implements Backend {
  readonly client: Client
  readonly #onShutdown: () => Promise<void>
  /** Set in workers: ends the actor of this process. */
  onExitActor: (() => never) | undefined
  readonly #kinds = new WeakMap<TaskDefinition, TaskKind>()

  constructor(client: Client, onShutdown: () => Promise<void>) {
    this.client = client
    this.#onShutdown = onShutdown
  }

  runTask(definition: TaskDefinition, args: readonly unknown[]): CallResult {
    const kind = this.#kinds.get(definition)
    // Inside a task, children may inherit its placement group: such kinds are made for each parent.
    const inherited = inheritedStrategy(definition.options)
    if (kind && !inherited) return this.#submit(definition, kind, args)
    const functionId = this.client.definitions.functionId(definition)
    if (typeof functionId === 'string') {
      const made = this.#makeKind(definition, functionId, inherited)
      if (!inherited) this.#kinds.set(definition, made)
      return this.#submit(definition, made, args)
    }
    return this.#submitLater(definition, functionId, args)
  }

  #makeKind({ name, options }: TaskDefinition, functionId: string, inherited: SchedulingStrategy | undefined): TaskKind {
    const placed: TaskOptions = inherited ? { ...options, schedulingStrategy: inherited } : options
    const shape = shapeFrom(placed, 1)
    const returnCount = options.numReturns === 'streaming' ? -1 : (options.numReturns ?? 1)
    const template = {
      functionId,
      name: name.slice(0, 512),
      jobId: this.client.jobId,
      namespace: this.client.namespace,
      returnCount,
      generatorBackpressure: options.generatorBackpressure ?? 0,
      maxCalls: options.maxCalls ?? ((options.numGpus ?? 0) > 0 ? 1 : 0),
      atMostOnce: options.maxRetries === 0,
      strategy: shape.strategy,
      resources: shape.resources,
    }
    return { template, shape, shapeKey: `${this.client.jobId} ${shapeKey(shape)}`, meanRunMs: undefined }
  }

  #submit(definition: TaskDefinition, kind: TaskKind, args: readonly unknown[]): CallResult {
    const pending = this.#pending(definition, kind, args)
    this.client.owner.submit(pending, this.#toBeKnown(pending))
    return this.#resultOf(pending)
  }

  #pending({ name, options }: TaskDefinition, kind: TaskKind, args: readonly unknown[]): PendingTask {
    const { client } = this
    const packed = packArguments(args, name, {
      codec: client.codec,
      references: client.references,
      putEncoded: (encoded) => client.values.putSoon(encoded),
    })
    const plan: TaskPlan = { kind, call: null, maxRetries: options.maxRetries ?? 3, retryErrors: retryNames(options.retryExceptions) }
    const pending = makePending({ taskId: client.newTaskId(), plan, packed }, client.references)
    for (const state of packed.refArgs) client.reader.locate(state)
    this.#noteChild(pending)
    return pending
  }

  /** A function that another process defined: its id is asked for first, once. */
  #submitLater(definition: TaskDefinition, functionId: Promise<string>, args: readonly unknown[]): CallResult {
    const inherited = inheritedStrategy(definition.options)
    const placeholder = this.#makeKind(definition, '0'.repeat(64), inherited)
    const pending = this.#pending(definition, placeholder, args)
    functionId.then(
      (id) => {
        const kind = this.#makeKind(definition, id, inherited)
        if (!inherited) this.#kinds.set(definition, kind)
        pending.task.kind = kind
        this.client.owner.submit(pending, this.#toBeKnown(pending))
      },
      (error: unknown) => this.client.owner.fail(pending, error),
    )
    return this.#resultOf(pending)
  }

  /** What was captured, and actors whose handles are passed on, must be known to the head before a worker asks for them. */
  #toBeKnown({ nested }: PendingTask): Promise<unknown> | undefined {
    const { uploads } = this.client.functions
    const registering = this.client.actors.registeringOf(nested)
    return uploads.size === 0 ? registering : Promise.allSettled([...uploads, registering])
  }

  #resultOf(pending: PendingTask): CallResult {
    const refs = pending.returns.map((state) => this.client.references.toRef(state))
    return { refs, stream: createStream(pending, this.client) }
  }

  readonly #children = new Map<string, Set<string>>()

  #noteChild(pending: PendingTask): void {
    const parent = taskScope.getStore()
    if (!parent) return
    pending.task.parentId = parent.taskId
    const siblings = this.#children.get(parent.taskId) ?? new Set()
    this.#children.set(parent.taskId, siblings.add(pending.task.taskId))
    pending.onEnd = () => {
      siblings.delete(pending.task.taskId)
      if (siblings.size === 0) this.#children.delete(parent.taskId)
    }
  }

  cancelChildren(taskId: string): void {
    const nowMs = performance.now()
    for (const child of this.#children.get(taskId) ?? [])
      this.client.owner.raise({ type: 'task.cancel', taskId: child, force: false, recursive: true, nowMs })
  }

  cancel(ref: ObjectRef<unknown>, { force, recursive }: { force: boolean; recursive: boolean }): void {
    const taskId = ref.id.slice(0, 48)
    const pending = this.client.owner.pendingTask(taskId)
    if (pending?.task.call && force) {
      throw new ClusterError('bad-argument', 'force cannot cancel a call of an actor, as it would end the actor; use kill(handle) for that')
    }
    this.client.owner.raise({ type: 'task.cancel', taskId, force, recursive, nowMs: performance.now() })
  }

  createActor(actor: ActorDefinition, args: readonly unknown[]): ActorIdentity {
    return this.client.actors.create(actor, args)
  }

  callActor(actor: ActorIdentity, call: MethodCall, args: readonly unknown[]): CallResult {
    const pending = this.client.actors.call(actor as ShoalActor, call, args) // handles of this backend are made by `Actors`
    for (const state of pending.refArgs) this.client.reader.locate(state)
    this.#noteChild(pending)
    this.client.owner.submit(pending, this.#toBeKnown(pending))
    return this.#resultOf(pending)
  }

  findActor(name: string, namespace: string | undefined): Promise<ActorIdentity> {
    return this.client.keepAlive.during(() => this.client.actors.find(name, namespace))
  }

  listNamedActors(allNamespaces: boolean): Promise<{ name: string; namespace: string }[]> {
    return this.client.keepAlive.during(() => this.client.actors.names(allNamespaces))
  }

  async killActor(actor: ActorIdentity, { noRestart }: { noRestart: boolean }): Promise<void> {
    await this.client.keepAlive.during(async () => this.client.actors.kill(actor as ShoalActor, noRestart)) // handles of this backend are made by `Actors`
  }

  exitActor(): never {
    if (!this.onExitActor) throw new ClusterError('bad-argument', 'exitActor ends the actor whose method calls it; here runs none')
    return this.onExitActor()
  }

  async put(value: unknown, { timeoutMs }: { timeoutMs: number | undefined }): Promise<ObjectRef<unknown>> {
    try {
      return await this.client.keepAlive.during(async () => this.client.references.toRef(await this.client.values.put(value, timeoutMs)))
    } catch (error) {
      throw publicError(error)
    }
  }

  async get(refs: readonly ObjectRef<unknown>[], limits: WaitLimits): Promise<unknown[]> {
    try {
      return await this.client.keepAlive.during(() => this.client.reader.get(refs.map(stateOf), limits))
    } catch (error) {
      throw publicError(error)
    }
  }

  async wait(items: readonly Awaitable[], { count, timeoutMs, fetch, signal }: WaitRequest): Promise<WaitReply> {
    const states = distinctStates(items)
    const { reader } = this.client
    await this.client.keepAlive.during(() => reader.waitFor(states, count, { timeoutMs, fetch, signal }))
    const ready: Awaitable[] = []
    const passed: Awaitable[] = []
    let index = 0
    for (; index < states.length && ready.length < count; index += 1) {
      const item = items[index] as Awaitable // as many items as states
      if (reader.isThere(states[index] as RefState, fetch)) ready.push(item)
      else passed.push(item)
    }
    const rest = items.slice(index)
    return { ready, pending: passed.length === 0 ? rest : passed.concat(rest) }
  }

  free(refs: readonly ObjectRef<unknown>[]): void {
    for (const ref of refs) this.client.references.release(stateOf(ref))
  }

  createPlacementGroup(options: PlacementGroupOptions): { groupId: string; bundleCount: number } {
    return { groupId: this.client.groups.create(options), bundleCount: options.bundles.length }
  }

  placementGroupReady(groupId: string): Promise<void> {
    return this.client.keepAlive.during(() => this.client.groups.ready(groupId))
  }

  removePlacementGroup(groupId: string): Promise<void> {
    return this.client.keepAlive.during(() => this.client.groups.remove(groupId))
  }

  placementGroups(): Promise<GroupInfo[]> {
    return this.client.keepAlive.during(() => this.client.groups.table())
  }

  async nodes(): Promise<ClusterNode[]> {
    const views = await this.client.keepAlive.during(() => this.client.request({ type: 'cluster.nodes' }, ClusterNodesReply))
    return views.map(({ facts, available, state, deathReason }) => ({
      nodeId: facts.nodeId,
      alive: state !== 'dead',
      state,
      hostname: facts.hostname,
      address: facts.agentAddress,
      isHead: facts.isHead,
      name: facts.nodeName,
      resources: facts.resources,
      available: state === 'dead' ? {} : available,
      labels: facts.labels,
      deathReason,
    }))
  }

  timeline(): Promise<TraceEvent[]> {
    return this.client.keepAlive.during(() => readTimeline(this.client))
  }

  runtimeContext(): RuntimeContext {
    const { jobId, namespace, address } = this.client
    return {
      jobId: taskScope.getStore()?.jobId ?? jobId,
      nodeId: address.nodeId,
      workerId: address.workerId,
      namespace,
      ...contextOfTask(),
    }
  }

  shutdown(): Promise<void> {
    return this.#onShutdown()
  }
}

let stamp = 0

/** One pass and no set: a program that waits for thousands of refs, one at a time, comes here with all of them each time. */
function distinctStates(items: readonly Awaitable[]): RefState[] {
  stamp += 1
  return items.map((item) => {
    const state = item instanceof RefStream ? item.upcoming : stateOf(item as ObjectRef<unknown>) // which refuses what is neither
    if (state.stamp === stamp) throw new ClusterError('bad-argument', `wait got ${String(item)} twice; give each once`)
    state.stamp = stamp
    return state
  })
}
