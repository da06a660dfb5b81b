import { ClusterError } from '../../base/errors.ts'
import { newActorId, objectIdOf } from '../../base/ids.ts'
import { ActorChanged, ActorCreated, type ActorDeath, ActorListing, ActorNamesReply, type ActorSpec } from '../../protocol/actors.ts'
import * as z from 'zod'
import type { ActorDefinition, ActorIdentity, MethodCall } from '../backend.ts'
import { actorIdentity, handleFor, isHandle } from '../actor.ts'
import { errorFromFailure } from '../errors.ts'
import { type ActorOptions, resourcesFor, shapeFrom } from '../options.ts'
import type { OwnedTask, TaskKind } from '../owner/core/state.ts'
import { randomHex } from '../random-hex.ts'
import { noteCallSite } from './call-sites.ts'
import type { Client } from './client.ts'
import type { HostKind } from './codec.ts'
import { HandleCount } from './handle-count.ts'
import { readRefFields, refFields } from './host-kinds.ts'
import { inheritedStrategy } from './inherited-strategy.ts'
import type { PendingTask } from './pending-task.ts'
import type { RefState } from './ref-state.ts'
import { makePending, packArguments } from './submit.ts'

/** The object that stands for the handles of an actor. */
const handlesOf = (actorId: string): string => objectIdOf('f'.repeat(16) + actorId, 1)

/** What a handle of the bundled runtime holds. `counted` keeps the actor alive; a handle found by name does not. */
export type ShoalActor = ActorIdentity & {
  /** Under which its calls are queued here: the id it was asked for with, even when the name turned out to be taken by another. */
  readonly queueId: string
  readonly listing: ActorListing
  readonly counted: RefState | null
}

/** Actors of this process' program: made, found, called, and let go. */
export class Actors {
  readonly #client: Client
  readonly #kinds = new Map<string, TaskKind>()
  /** Actors that the head does not know yet: nothing is asked of it about them. */
  readonly #registering = new Map<string, Promise<void>>()
  /** Actors that never came to be: what every call of them is told. */
  readonly #failed = new Map<string, ActorDeath>()
  /** Asked for with `getIfExists`, and the one that has the name. */
  readonly #aliases = new Map<string, ActorListing>()
  /** By the queue of their calls. */
  readonly #handles = new HandleCount((queueId) => this.#lastHandleGone(queueId))
  /** Without a handle, and perhaps with calls under way. */
  readonly #unused = new Set<string>()
  /** Actors made here that live as long as their handles do. */
  readonly #owned = new Set<string>()
  readonly hostKind: HostKind
  constructor(client: Client) {
    this.#client = client
    this.hostKind = this.#makeHostKind()
  }

  /** Actors that end with this process. */
  get ownedCount(): number {
    return this.#owned.size
  }

  /** Returns at once; what goes wrong shows in the first call. */
  create(definition: ActorDefinition, args: readonly unknown[]): ShoalActor {
    const client = this.#client
    const packed = packArguments(args, definition.name, {
      codec: client.codec,
      references: client.references,
      putEncoded: (encoded) => client.values.putSoon(encoded),
    })
    const actorId = newActorId(randomHex, client.jobId)
    const counted = client.references.owned(handlesOf(actorId))
    noteCallSite(counted)
    counted.settle('ready')
    client.references.countHandles(counted, actorId)
    const listing = this.#listing(actorId, definition)
    if (!listing.detached) this.#owned.add(actorId)
    const schedulingStrategy = inheritedStrategy(definition.options)
    const placed = schedulingStrategy ? { ...definition, options: { ...definition.options, schedulingStrategy } } : definition
    const registered = this.#register(placed, { listing, packed, counted })
      .catch((error: unknown) => this.#failCalls(actorId, error))
      .finally(() => this.#registering.delete(actorId))
    this.#registering.set(actorId, registered)
    return this.#identity(listing, counted)
  }

  #identity(listing: ActorListing, counted: RefState | null): ShoalActor {
    const { actorId, name, className, methodNames } = listing
    const resolve = () => this.actorIdOf(actorId)
    const identity = {
      get actorId() {
        return resolve()
      },
      ...{ queueId: actorId, name, className, methodNames, listing, counted },
    }
    this.#handles.add(actorId, identity)
    return identity
  }

  #lastHandleGone(queueId: string): void {
    this.#unused.add(queueId)
    this.#client.owner.raise({ type: 'actor.unused', actorId: queueId, nowMs: performance.now() })
    for (const unused of this.#unused) this.#forget(unused)
  }

  /** Nobody here can name it any more, and no call of it is under way. */
  #forget(queueId: string): void {
    if (this.#client.owner.state.actors.has(queueId) || this.#registering.has(queueId)) return
    this.#unused.delete(queueId)
    if (this.#handles.has(queueId)) return
    this.#failed.delete(queueId)
    this.#aliases.delete(queueId)
  }

  /** The actor behind a queue of calls: another when the name it was asked for with was taken. */
  actorIdOf(queueId: string): string {
    return this.#aliases.get(queueId)?.actorId ?? queueId
  }

  /** Settles when the head knows the actors whose handles are among `states`: before, nobody else can call them. Undefined: it does. */
  registeringOf(states: readonly RefState[]): Promise<unknown> | undefined {
    if (this.#registering.size === 0) return undefined
    const waits = states.flatMap((state) => this.#registering.get(state.tail?.actorId ?? '') ?? [])
    return waits.length === 0 ? undefined : Promise.all(waits)
  }

  #listing(actorId: string, { name, options, shape }: ActorDefinition): ActorListing {
    const { jobId, address, namespace } = this.#client
    return {
      actorId,
      jobId,
      owner: address,
      className: name.slice(0, 256),
      name: options.name ?? null,
      namespace: options.namespace ?? namespace,
      detached: options.lifetime === 'detached',
      maxTaskRetries: options.maxTaskRetries ?? 0,
      maxPendingCalls: options.maxPendingCalls ?? -1,
      concurrent: concurrencyOf(options, shape.isAsync) > 1 || Object.keys(options.concurrencyGroups ?? {}).length > 0,
      methodReturns: methodReturns(options, shape.streams),
      methodNames: [...shape.methodNames],
    }
  }

  async #register(
    definition: ActorDefinition,
    made: { listing: ActorListing; packed: ReturnType<typeof packArguments>; counted: RefState },
  ): Promise<void> {
    const client = this.#client
    const { options, shape } = definition
    const classId = await client.definitions.functionId(definition)
    if (definition.actorClass) await client.functions.store(client.definitions.portable(definition))
    await Promise.allSettled(client.functions.uploads) // what the arguments hold
    for (const state of made.packed.refArgs) client.reader.locate(state)
    await Promise.all(made.packed.refArgs.map((state) => new Promise<void>((resolve) => state.whenSettled(resolve))))
    await this.registeringOf(made.packed.nested)
    const failed = made.packed.refArgs.find((state) => state.status !== 'ready')
    if (failed) return this.#failWithArgument(definition.name, made.listing.actorId, failed)
    made.counted.nested = [...made.packed.refArgs, ...made.packed.nested] // a restart needs the arguments again
    const { listing } = made
    const spec: ActorSpec = {
      actorId: listing.actorId,
      jobId: listing.jobId,
      owner: listing.owner,
      classId,
      className: listing.className,
      name: listing.name,
      namespace: listing.namespace,
      detached: listing.detached,
      args: made.packed.args,
      refArgs: made.packed.refArgs.flatMap((state, at) =>
        state.place
          ? [{ index: made.packed.positions[at] ?? 0, objectId: state.objectId, owner: state.owner ?? client.address, place: state.place }]
          : [],
      ),
      shape: shapeFrom(options, 1),
      heldResources: resourcesFor(options, 0),
      maxRestarts: options.maxRestarts ?? 0,
      maxTaskRetries: listing.maxTaskRetries,
      maxConcurrency: concurrencyOf(options, shape.isAsync),
      concurrencyGroups: { ...options.concurrencyGroups },
      methodGroups: Object.fromEntries(
        Object.entries(options.methods ?? {}).flatMap(([method, { concurrencyGroup }]) =>
          concurrencyGroup ? [[method, concurrencyGroup]] : [],
        ),
      ),
      maxPendingCalls: listing.maxPendingCalls,
      methodReturns: listing.methodReturns,
      methodNames: listing.methodNames,
    }
    const created = await client.request({ type: 'actor.create', spec, getIfExists: options.getIfExists ?? false }, ActorCreated)
    if (created.existing) {
      this.#aliases.set(listing.actorId, created.existing)
      this.#owned.delete(listing.actorId)
    }
  }

  #failWithArgument(className: string, actorId: string, { failure }: RefState): void {
    const error = failure?.kind === 'threw' ? failure.error : (failure?.cause ?? null)
    const reason = failure?.kind === 'failed' ? failure.failure.message : 'it threw'
    this.#bury(actorId, {
      cause: 'constructor-failed',
      message: `an argument of the constructor of ${className} failed: ${reason}`,
      error,
      exit: null,
    })
  }

  /** Calls of an actor that could not be registered fail with the reason. */
  #failCalls(actorId: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    const cause =
      error instanceof ClusterError && error.code === 'actor.name-taken' ? ('name-taken' as const) : ('constructor-failed' as const)
    this.#bury(actorId, { cause, message, error: null, exit: null })
  }

  #bury(actorId: string, death: ActorDeath): void {
    this.#failed.set(actorId, death)
    this.#owned.delete(actorId)
    this.#tellFailed(actorId, death)
  }

  #tellFailed(actorId: string, death: ActorDeath): void {
    const status = { kind: 'dead' as const, death }
    this.#client.owner.raise({ type: 'actor.changed', actorId, version: Number.MAX_SAFE_INTEGER, status, nowMs: performance.now() })
  }

  async find(name: string, namespace: string | undefined): Promise<ShoalActor> {
    const listing = await this.#client.request({ type: 'actor.find', name, namespace: namespace ?? this.#client.namespace }, ActorListing)
    return this.#identity(listing, null)
  }

  names(allNamespaces: boolean): Promise<{ name: string; namespace: string }[]> {
    return this.#client.request({ type: 'actor.names', namespace: allNamespaces ? null : this.#client.namespace }, ActorNamesReply)
  }

  async kill({ queueId }: ShoalActor, noRestart: boolean): Promise<void> {
    await this.#registering.get(queueId)
    await this.#client.request({ type: 'actor.kill', actorId: this.actorIdOf(queueId), noRestart }, z.unknown())
  }

  call(actor: ShoalActor, call: MethodCall, args: readonly unknown[]): PendingTask {
    const client = this.#client
    const { listing } = actor
    const name = `${listing.className}.${call.method}`
    const queue = client.owner.state.actors.get(actor.queueId)
    if (queue && listing.maxPendingCalls >= 0)
      checkPending(queue.waiting.length + queue.held.size + queue.inFlight.size, listing.maxPendingCalls, name)
    const packed = packArguments(args, name, {
      codec: client.codec,
      references: client.references,
      putEncoded: (encoded) => client.values.putSoon(encoded),
    })
    const returnCount = call.numReturns ?? listing.methodReturns[call.method] ?? 1
    const ownedCall: OwnedTask['call'] = {
      actorId: actor.queueId,
      method: call.method,
      concurrencyGroup: call.concurrencyGroup ?? '',
      returnCount,
      generatorBackpressure: call.generatorBackpressure ?? 0,
      ...(listing.concurrent ? { anyOrder: true } : {}),
    }
    const plan = { kind: this.#kindOf(name, listing), call: ownedCall, maxRetries: listing.maxTaskRetries, retryErrors: false }
    // The handle's reference is held as long as the call: the actor outlives its last handle until then.
    const held = actor.counted ? { ...packed, nested: [...packed.nested, actor.counted] } : packed
    return makePending({ taskId: client.newTaskId(actor.queueId), plan, packed: held }, client.references)
  }

  #kindOf(name: string, listing: ActorListing): TaskKind {
    const known = this.#kinds.get(name)
    if (known) return known
    const kind: TaskKind = {
      template: {
        functionId: '0'.repeat(64),
        name,
        jobId: listing.jobId,
        namespace: listing.namespace,
        returnCount: 1,
        generatorBackpressure: 0,
        maxCalls: 0,
        atMostOnce: listing.maxTaskRetries === 0,
        strategy: { kind: 'default' },
      },
      shape: { resources: {}, labels: [], fallbackLabels: [], strategy: { kind: 'default' } },
      shapeKey: `actor ${name}`,
      meanRunMs: undefined,
    }
    this.#kinds.set(name, kind)
    return kind
  }

  /** Learns what becomes of an actor: now, and at every change. Asked again while the head is away. */
  watch(queueId: string): void {
    const registering = this.#registering.get(queueId)
    const failed = this.#failed.get(queueId)
    if (registering) void registering.then(() => this.watch(queueId))
    else if (failed) this.#tellFailed(queueId, failed)
    else this.#ask(queueId)
  }

  #ask(queueId: string): void {
    this.#client.request({ type: 'actor.watch', actorId: this.actorIdOf(queueId) }, ActorChanged).then(
      (changed) => this.onChanged(changed),
      (error: unknown) => {
        if (error instanceof ClusterError && error.retryable) setTimeout(() => this.#ask(queueId), 500).unref()
        else this.#failCalls(queueId, error)
      },
    )
  }

  onChanged({ actorId, version, status }: ActorChanged): void {
    const nowMs = performance.now()
    if (status.kind === 'dead') this.#owned.delete(actorId)
    const counted = status.kind === 'dead' ? this.#client.references.find(handlesOf(actorId)) : undefined
    if (counted) counted.nested = [] // no restart needs its arguments any more
    this.#client.owner.raise({ type: 'actor.changed', actorId, version, status, nowMs })
    for (const [alias, existing] of this.#aliases) {
      if (existing.actorId === actorId) this.#client.owner.raise({ type: 'actor.changed', actorId: alias, version, status, nowMs })
    }
  }

  async outOfScope(actorId: string): Promise<void> {
    this.#owned.delete(actorId)
    await this.#registering.get(actorId)
    // Calls under way hold the handle's reference, so none is left when this is said.
    await this.#client.request({ type: 'actor.out-of-scope', actorId }, z.unknown()).catch(() => {}) // the actor ends with its owner at the latest
  }

  #makeHostKind(): HostKind {
    const client = this.#client
    return {
      kind: 'actor',
      encode: (value) => {
        if (!isHandle(value)) return undefined
        const actor = value[actorIdentity] as ShoalActor // handles of this process are made by this class
        const existing = this.#aliases.get(actor.queueId)
        if (existing) return { kind: 'actor', listing: JSON.stringify(existing) }
        const listing = JSON.stringify(actor.listing)
        return actor.counted ? { kind: 'actor', listing, ...refFields(actor.counted, client.address) } : { kind: 'actor', listing }
      },
      decode: (record) => {
        const listing = ActorListing.parse(JSON.parse(String(record['listing'])))
        const counted = record['objectId'] === undefined ? null : client.references.borrowed(readRefFields(record))
        return handleFor(this.#identity(listing, counted))
      },
    }
  }
}

/** @throws PendingCallsLimitError */
export function checkPending(waiting: number, limit: number, name: string): void {
  if (waiting < limit) return
  const message = `${name}: ${waiting} calls wait already, and maxPendingCalls is ${limit}; wait for some, or raise the limit`
  throw errorFromFailure({ code: 'actor.pending-calls-limit', message, details: { waiting, limit } })
}

const asyncConcurrency = 1_000
export const concurrencyOf = (options: ActorOptions, isAsync: boolean): number => options.maxConcurrency ?? (isAsync ? asyncConcurrency : 1)

export function methodReturns(options: ActorOptions, streams: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(streams.map((method) => [method, -1]))
  for (const [method, { numReturns }] of Object.entries(options.methods ?? {})) {
    if (numReturns !== undefined) counts[method] = numReturns === 'streaming' ? -1 : numReturns
  }
  return counts
}
