import type { Callable } from './execution.ts'
import type { ObjectRef, ObjectRefGenerator } from './object-ref.ts'
import type { ActorOptions, TaskOptions } from './options.ts'
import type { ClusterNode, GroupInfo, PlacementGroupOptions, RuntimeContext } from './cluster-types.ts'

/**
 * What the public functions need from an engine. The bundled runtime is one (client/shoal-backend.ts); a bridge to Ray can be another.
 * Nothing of how an engine works shows here: values, refs, options in the terms of the user.
 */
export type Backend = {
  readonly runtimeContext: () => RuntimeContext

  runTask(task: TaskDefinition, args: readonly unknown[]): CallResult
  cancel(ref: ObjectRef<unknown>, options: { force: boolean; recursive: boolean }): void

  createActor(actor: ActorDefinition, args: readonly unknown[]): ActorIdentity
  callActor(actor: ActorIdentity, call: MethodCall, args: readonly unknown[]): CallResult
  findActor(name: string, namespace: string | undefined): Promise<ActorIdentity>
  listNamedActors(allNamespaces: boolean): Promise<{ name: string; namespace: string }[]>
  killActor(actor: ActorIdentity, options: { noRestart: boolean }): Promise<void>
  /** Ends the actor that calls it, after this call. Never returns. */
  exitActor(): never

  /** `timeoutMs`: how long to wait for room; undefined as long as the cluster is set to. */
  put(value: unknown, options: { timeoutMs: number | undefined }): Promise<ObjectRef<unknown>>
  get(refs: readonly ObjectRef<unknown>[], limits: { timeoutMs: number; signal: AbortSignal | undefined }): Promise<unknown[]>
  wait(items: readonly Awaitable[], options: WaitRequest): Promise<WaitReply>
  free(refs: readonly ObjectRef<unknown>[]): void

  createPlacementGroup(options: PlacementGroupOptions): { groupId: string; bundleCount: number }
  placementGroupReady(groupId: string): Promise<void>
  removePlacementGroup(groupId: string): Promise<void>
  placementGroups(): Promise<GroupInfo[]>

  nodes(): Promise<ClusterNode[]>
  /** Spans of finished tasks in the form of Chrome's trace events. */
  timeline(): Promise<TraceEvent[]>
  shutdown(): Promise<void>
}

/** A remote function with its options, as the user gave them. The same object stands for the same function. */
export type TaskDefinition = {
  readonly fn: Callable | null
  readonly name: string
  readonly options: TaskOptions /** Set when it came from another process: its id there. */
  readonly remoteKey: string | null
}

export type ActorDefinition = {
  readonly actorClass: Callable | null
  readonly name: string
  readonly options: ActorOptions
  readonly remoteKey: string | null
  readonly shape: ActorShape
}

/** What a class says of its methods. */
export type ActorShape = {
  readonly methodNames: readonly string[] /** It has an async method, so calls may overlap. */
  readonly isAsync: boolean /** Methods that are generators. */
  readonly streams: readonly string[]
}

/** What a handle holds; made and understood by the backend. */
export type ActorIdentity = {
  readonly actorId: string
  readonly name: string | null
  readonly className: string
  readonly methodNames: readonly string[]
}

export type MethodCall = {
  readonly method: string
  readonly numReturns: number | undefined
  readonly concurrencyGroup: string | undefined
  readonly generatorBackpressure: number | undefined
}

/** One ref for each return, or a stream of them. */
export type CallResult = { readonly refs: readonly ObjectRef<unknown>[]; readonly stream: ObjectRefGenerator<unknown> | null }

/** A generator is ready when its next item is, or when it has ended. */
export type Awaitable = ObjectRef<unknown> | ObjectRefGenerator<unknown>
/** The same objects, split. */
export type WaitReply = { readonly ready: Awaitable[]; readonly pending: Awaitable[] }

export type WaitRequest = {
  readonly count: number
  readonly timeoutMs: number
  readonly fetch: boolean
  readonly signal: AbortSignal | undefined
}

/** Chrome's trace event format, complete events (`ph: 'X'`); times in µs. */
export type TraceEvent = {
  readonly name: string
  readonly cat: string
  readonly ph: 'X'
  readonly ts: number
  readonly dur: number
  readonly pid: string
  readonly tid: string
  readonly args: Record<string, unknown>
}
