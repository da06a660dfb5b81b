import { ClusterError } from '../../base/errors.ts'
import { createTaskIds, newActorId, newGroupId, objectIdOf } from '../../base/ids.ts'
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
import { checkPending } from '../client/actors.ts'
import { inheritedStrategy } from '../client/inherited-strategy.ts'
import { contextOfTask, taskScope, type WaitLimits } from '../client/read.ts'
import type { ClusterNode, GroupInfo, PlacementGroupOptions, RuntimeContext } from '../cluster-types.ts'
import { publicError } from '../errors.ts'
import { ObjectRef } from '../object-ref.ts'
import { randomHex } from '../random-hex.ts'
import { packArguments, type Packing } from './packed-arguments.ts'
import { ActorMeta, identityFor, type RayActor } from './ray-actor.ts'
import type { RayClient } from './ray-client.ts'
import { actorFields, metaOf, taskFields } from './ray-options.ts'
import { RayReader, type Waitable } from './ray-reader.ts'
import { cancelKeyOf, RayStream } from './ray-stream.ts'
import { type Thing, thingOf } from './things.ts'

/** A definition as Python knows it, and the things that its code holds. */
type Template = { readonly number: number; readonly captured: readonly Thing[] }

/** Ray behind the public functions: everything is asked of the Python process beside this one. */
export class RayBackend implements Backend {
  readonly client: RayClient
  readonly #reader: RayReader
  readonly #onShutdown: () => Promise<void>
  /** Set in workers: ends the actor of this process. */
  onExitActor: (() => never) | undefined
  readonly #templates = new WeakMap<TaskDefinition | ActorDefinition, Template>()
  #templateCount = 0
  /** Python forgets templates when nobody here can name them any more. */
  readonly #unused = new FinalizationRegistry<number>((template) => this.client.link.send({ type: 'template.drop', template }))
  readonly #newTaskId: () => string
  /** What tasks here have started, by the id of the task. */
  readonly #children = new Map<string, WeakRef<Thing>[]>()

  constructor(client: RayClient, onShutdown: () => Promise<void>) {
    this.client = client
    this.#reader = new RayReader(client)
    this.#onShutdown = onShutdown
    this.#newTaskId = createTaskIds(randomHex, client.context.jobId)
  }

  runTask(definition: TaskDefinition, args: readonly unknown[]): CallResult {
    const template = this.#templateOf('task', definition)
    const packed = packArguments(args, definition.name, this.#packing(template.captured))
    const { numReturns = 1 } = definition.options
    const made = this.#results(numReturns === 'streaming' ? -1 : numReturns, null)
    this.client.link.send({ type: 'task.submit', template: template.number, ...made.fields, ...packed.fields }, [packed.bytes])
    return made.result
  }

  #packing(captured: readonly Thing[]): Packing {
    return { codec: this.client.codec, large: this.client.link.large, captured }
  }

  #templateOf(kind: 'task' | 'actor', definition: TaskDefinition | ActorDefinition): Template {
    const known = this.#templates.get(definition)
    // Inside a task, children may inherit its placement group: such templates are made for each call.
    const isInherited = inheritedStrategy(definition.options) !== undefined
    if (known && !isInherited) return known
    const { things, ...code } = this.client.codeOf(definition)
    const template = { number: this.#templateCount, captured: things }
    this.#templateCount += 1
    const { namespace } = this.client.context
    const fields = 'fn' in definition ? taskFields(definition, namespace) : actorFields(definition, namespace)
    this.client.link.send({ type: `${kind}.define`, template: template.number, ...code, ...fields })
    this.#unused.register(isInherited ? template : definition, template.number)
    if (!isInherited) this.#templates.set(definition, template)
    return template
  }

  /** Refs, or a stream, for what an order is about to make. */
  #results(returnCount: number, actor: RayActor | null): { fields: { ids?: string[]; stream?: string }; result: CallResult } {
    const taskId = this.#newTaskId()
    if (returnCount < 0) {
      const source = this.client.things.made(objectIdOf(taskId, 0))
      this.#noteChild([source])
      return { fields: { stream: source.objectId }, result: { refs: [], stream: new RayStream(this.client, source, taskId) } }
    }
    const things = Array.from({ length: returnCount }, (_, index) => this.client.things.made(objectIdOf(taskId, index + 1)))
    for (const thing of things) thing.isOfActor = actor !== null
    this.#noteChild(things)
    const refs = things.map((thing) => new ObjectRef<unknown>(thing))
    return { fields: { ids: things.map((thing) => thing.objectId) }, result: { refs, stream: null } }
  }

  #noteChild(things: readonly Thing[]): void {
    const parent = taskScope.getStore()
    const [first] = things
    if (!parent || !first) return
    const siblings = this.#children.get(parent.taskId) ?? []
    this.#children.set(parent.taskId, siblings)
    siblings.push(new WeakRef(first))
  }

  cancelChildren(taskId: string): void {
    for (const child of this.#children.get(taskId) ?? []) {
      const thing = child.deref()
      if (thing?.status === 'pending') this.client.link.send({ type: 'task.cancel', id: thing.objectId, force: false, recursive: true })
    }
  }

  taskEnded(taskId: string): void {
    this.#children.delete(taskId)
  }

  cancel(ref: ObjectRef<unknown>, { force, recursive }: { force: boolean; recursive: boolean }): void {
    const thing = thingOf(ref)
    if (thing.isOfActor && force)
      throw new ClusterError('bad-argument', 'force cannot cancel a call of an actor, as it would end the actor; use kill(handle) for that')
    this.client.link.send({ type: 'task.cancel', id: cancelKeyOf(thing), force, recursive })
  }

  createActor(definition: ActorDefinition, args: readonly unknown[]): ActorIdentity {
    const template = this.#templateOf('actor', definition)
    const packed = packArguments(args, definition.name, this.#packing(template.captured))
    const thing = this.client.things.made(newActorId(randomHex, this.client.context.jobId))
    const meta = metaOf(definition)
    const header = { type: 'actor.create', key: thing.objectId, template: template.number, meta, ...packed.fields }
    this.client.link.send(header, [packed.bytes])
    return identityFor(thing, meta)
  }

  callActor(identity: ActorIdentity, call: MethodCall, args: readonly unknown[]): CallResult {
    const actor = identity as RayActor // handles of this backend are made by identityFor
    const { meta, thing } = actor
    const isLimited = meta.maxPendingCalls >= 0
    if (isLimited) checkPending(thing.pendingCalls, meta.maxPendingCalls, `${meta.className}.${call.method}`)
    const packed = packArguments(args, `${meta.className}.${call.method}`, this.#packing([]))
    const returnCount = call.numReturns ?? meta.methodReturns[call.method] ?? 1
    const made = this.#results(returnCount, actor)
    const method = this.#methodOf(actor, call, returnCount)
    this.client.link.send({ type: 'actor.call', key: thing.objectId, method, ...made.fields, ...packed.fields }, [packed.bytes])
    if (isLimited) this.#countPending(thing, made.result.refs[0])
    return made.result
  }

  /** The number by which Python knows a method of this actor with these options. */
  #methodOf({ meta, thing }: RayActor, call: MethodCall, returnCount: number): number {
    const { method, generatorBackpressure: backpressure = 0 } = call
    const group = call.concurrencyGroup ?? meta.methodGroups[method] ?? ''
    const key = `${method}\n${returnCount}\n${backpressure}\n${group}`
    const known = thing.methods?.get(key)
    if (known !== undefined) return known
    thing.methods ??= new Map()
    const number = thing.methods.size
    thing.methods.set(key, number)
    const name = `${meta.className}.${method}`
    const options = { method, name, returnCount, backpressure, group, groups: meta.groups }
    this.client.link.send({ type: 'method.define', key: thing.objectId, number, ...options })
    return number
  }

  #countPending(actor: Thing, ref: ObjectRef<unknown> | undefined): void {
    if (!ref) return
    actor.pendingCalls += 1
    void this.#reader
      .waitable(thingOf(ref), true)
      .watch()
      .finally(() => {
        actor.pendingCalls -= 1
      })
  }

  async findActor(name: string, namespace: string | undefined): Promise<ActorIdentity> {
    const key = newActorId(randomHex, this.client.context.jobId)
    const found = await this.#ask({ type: 'actor.find', name, namespace: namespace ?? null, key })
    const thing = this.client.things.made(key)
    thing.actorId = String((found as { actorId: string }).actorId) // as Python says it
    return identityFor(thing, ActorMeta.parse(found))
  }

  async listNamedActors(allNamespaces: boolean): Promise<{ name: string; namespace: string }[]> {
    return (await this.#ask({ type: 'actor.names', all: allNamespaces })) as { name: string; namespace: string }[] // made by cluster.py
  }

  async killActor(actor: ActorIdentity, { noRestart }: { noRestart: boolean }): Promise<void> {
    await this.#ask({ type: 'actor.kill', key: (actor as RayActor).thing.objectId, noRestart }) // handles of this backend are made by identityFor
  }

  exitActor(): never {
    if (!this.onExitActor) throw new ClusterError('bad-argument', 'exitActor ends the actor whose method calls it; here runs none')
    return this.onExitActor()
  }

  async put(value: unknown): Promise<ObjectRef<unknown>> {
    const { encoded, things } = this.client.codec.encode(value, 'value')
    const thing = this.client.things.made(objectIdOf(this.#newTaskId(), 1))
    const header = { type: 'object.put', key: thing.objectId, attach: things.map((one) => one.objectId) }
    try {
      await this.client.keepAlive.during(() => this.client.link.request(header, [this.client.link.large.pack(encoded)]))
    } catch (error) {
      throw await this.client.errors.toThrow({ failure: this.client.failureOf(error), objectId: thing.objectId })
    }
    thing.status = 'ready'
    return new ObjectRef(thing)
  }

  async get(refs: readonly ObjectRef<unknown>[], limits: WaitLimits): Promise<unknown[]> {
    try {
      return await this.client.keepAlive.during(() => this.#reader.get(refs.map(thingOf), limits))
    } catch (error) {
      throw publicError(error)
    }
  }

  async wait(items: readonly Awaitable[], { count, timeoutMs, fetch, signal }: WaitRequest): Promise<WaitReply> {
    const waitables = this.#distinct(items, fetch)
    await this.client.keepAlive.during(() => this.#reader.waitFor(waitables, count, { timeoutMs, signal }))
    const ready: Awaitable[] = []
    const pending: Awaitable[] = []
    for (const [index, item] of items.entries()) {
      const isReady = ready.length < count && waitables[index]?.isThere === true
      if (isReady) ready.push(item)
      else pending.push(item)
    }
    return { ready, pending }
  }

  #distinct(items: readonly Awaitable[], fetch: boolean): Waitable[] {
    const seen = new Set<unknown>()
    return items.map((item) => {
      const what = item instanceof RayStream ? item : thingOf(item as ObjectRef<unknown>) // which refuses what is neither
      if (seen.has(what)) throw new ClusterError('bad-argument', `wait got ${String(item)} twice; give each once`)
      seen.add(what)
      return what instanceof RayStream ? what : this.#reader.waitable(what, fetch)
    })
  }

  free(refs: readonly ObjectRef<unknown>[]): void {
    for (const ref of refs) thingOf(ref).release()
  }

  createPlacementGroup(options: PlacementGroupOptions): { groupId: string; bundleCount: number } {
    const groupId = newGroupId(randomHex, this.client.context.jobId)
    const { bundles, strategy = 'PACK', name = null, lifetime = null, bundleLabelSelector } = options
    const labels = bundleLabelSelector?.length === 1 ? bundles.map(() => bundleLabelSelector[0]) : (bundleLabelSelector ?? null)
    this.client.link.send({ type: 'group.create', id: groupId, bundles, strategy, name, lifetime, labels })
    return { groupId, bundleCount: bundles.length }
  }

  async placementGroupReady(groupId: string): Promise<void> {
    await this.#ask({ type: 'group.ready', id: groupId })
  }

  async removePlacementGroup(groupId: string): Promise<void> {
    await this.#ask({ type: 'group.remove', id: groupId })
  }

  async placementGroups(): Promise<GroupInfo[]> {
    return (await this.#ask({ type: 'group.list' })) as GroupInfo[] // made by groups.py
  }

  async nodes(): Promise<ClusterNode[]> {
    return (await this.#ask({ type: 'nodes' })) as ClusterNode[] // made by cluster.py
  }

  async timeline(): Promise<TraceEvent[]> {
    return (await this.#ask({ type: 'timeline' })) as TraceEvent[] // made by cluster.py
  }

  #ask(header: { readonly type: string; readonly [field: string]: unknown }): Promise<unknown> {
    return this.client.keepAlive.during(() => this.client.ask(header))
  }

  runtimeContext(): RuntimeContext {
    const { jobId, nodeId, workerId, namespace } = this.client.context
    return { jobId, nodeId, workerId, namespace, ...contextOfTask() }
  }

  shutdown(): Promise<void> {
    return this.#onShutdown()
  }
}
