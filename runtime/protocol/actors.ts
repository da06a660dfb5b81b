import * as z from 'zod'
import { ProcessAddress } from './addresses.ts'
import { Failure, WorkerExit } from './failures.ts'
import { ActorId, FunctionId, JobId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'
import { Devices, Resources, Shape } from './scheduling.ts'
import { Bytes, RefArgument, UserError } from './tasks.ts'

export const ConcurrencyGroups = z.record(z.string().min(1).max(256), z.int().min(1).max(1_000_000))

/** Everything needed to make an actor, kept by the head so that it can be made again. */
export const ActorSpec = lazyObject(() => ({
  actorId: ActorId,
  jobId: JobId,
  /** The process that asked for it. A non-detached actor dies with it. */
  owner: ProcessAddress,
  classId: FunctionId,
  className: z.string().max(256),
  /** Null: nameless. */
  name: z.string().min(1).max(256).nullable(),
  namespace: z.string().min(1).max(256),
  detached: z.boolean(),
  /** Constructor arguments: an encoded array, as in a task. */
  args: Bytes,
  refArgs: z.array(RefArgument).max(10_000),
  /** What a node must have free to place it. */
  shape: Shape,
  /** What it holds while it lives; by default nothing of the CPU that placed it (Ray: actors need 1 CPU to start, 0 to run). */
  heldResources: Resources,
  /** -1: without end. */
  maxRestarts: z.int().min(-1),
  /** Calls lost with the process are sent again this often; -1 without end. 0: at most once. */
  maxTaskRetries: z.int().min(-1),
  /** Calls that may run at once. */
  maxConcurrency: z.int().min(1).max(1_000_000),
  concurrencyGroups: ConcurrencyGroups,
  /** Group of each method that names one. */
  methodGroups: z.record(z.string().max(256), z.string().max(256)),
  /** Calls one handle may have waiting; -1 no limit. */
  maxPendingCalls: z.int().min(-1),
  /** Return counts of methods that give more than one value, or stream (-1). */
  methodReturns: z.record(z.string().max(256), z.int().min(-1).max(100_000)),
  methodNames: z.array(z.string().max(256)).max(2_000),
}))
export type ActorSpec = z.infer<typeof ActorSpec>

export const ActorDeath = lazyObject(() => ({
  /** What ended it for good. */
  cause: z.enum([
    'constructor-threw',
    'constructor-failed',
    'process-exited',
    'killed',
    'owner-gone',
    'out-of-scope',
    'exit-actor',
    'unschedulable',
    'group-removed',
    'job-ended',
    'name-taken',
  ]),
  message: z.string().max(65_536),
  /** The constructor's error, to be shown by every call. */
  error: UserError.nullable(),
  exit: WorkerExit.nullable(),
}))
export type ActorDeath = z.infer<typeof ActorDeath>

/** What callers need to know of an actor. `restarts` numbers its lives: 0 for the first. */
export const ActorStatus = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('pending'), why: z.string().max(4_096) }),
    z.object({ kind: z.literal('alive'), restarts: z.int().min(0), address: ProcessAddress }),
    z.object({ kind: z.literal('restarting'), restarts: z.int().min(0), lastExit: WorkerExit.nullable() }),
    z.object({ kind: z.literal('dead'), death: ActorDeath }),
  ]),
)
export type ActorStatus = z.infer<typeof ActorStatus>

/** head → agent → every client that watches. `version` grows with each change; an older one is dropped. */
export const ActorChanged = lazyObject(() => ({
  type: z.literal('actor.changed'),
  actorId: ActorId,
  version: z.int().min(0),
  status: ActorStatus,
}))
export type ActorChanged = z.infer<typeof ActorChanged>

/**
 * Numbers the times that the head has placed an actor, over all its lives. A life that found no room at one node is placed again with the
 * next number: what is said of an older one is late, and is dropped.
 */
export const PlacementAttempt = z.int().min(0)

/** head → agent. Repeated until answered by `actor.started` or `actor.start-failed` of the same attempt. */
export const ActorStart = lazyObject(() => ({
  type: z.literal('actor.start'),
  spec: ActorSpec,
  restarts: z.int().min(0),
  attempt: PlacementAttempt,
}))
/** head → agent. Repeated until `actor.exited`. `graceful`: calls that have begun or wait may finish first. */
export const ActorStop = lazyObject(() => ({
  type: z.literal('actor.stop'),
  actorId: ActorId,
  restarts: z.int().min(0),
  /** A younger one is not meant. */
  attempt: PlacementAttempt,
  graceful: z.boolean(),
  reason: z.string().max(64),
}))

/** agent → head. */
export const ActorStarted = lazyObject(() => ({
  type: z.literal('actor.started'),
  actorId: ActorId,
  restarts: z.int().min(0),
  attempt: PlacementAttempt,
  address: ProcessAddress,
  devices: Devices,
}))
/** agent → head. `retry`: this node has no room after all, try another; else the constructor failed and the actor is dead. */
export const ActorStartFailed = lazyObject(() => ({
  type: z.literal('actor.start-failed'),
  actorId: ActorId,
  restarts: z.int().min(0),
  attempt: PlacementAttempt,
  reason: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('no-room') }),
    z.object({ kind: z.literal('threw'), error: UserError }),
    z.object({ kind: z.literal('failed'), failure: Failure }),
    z.object({ kind: z.literal('crashed'), exit: WorkerExit }),
  ]),
}))
/** agent → head. `intended`: exitActor, kill or stop; else the restart rule decides. */
export const ActorExited = z.object({
  type: z.literal('actor.exited'),
  actorId: ActorId,
  restarts: z.int().min(0),
  attempt: PlacementAttempt,
  exit: WorkerExit,
  intended: z.boolean(),
})
export type ActorExited = z.infer<typeof ActorExited>

/** agent → worker, a request. Build the actor; answered when its constructor returned. */
export const ActorConstruct = lazyObject(() => ({
  type: z.literal('actor.construct'),
  spec: ActorSpec,
  restarts: z.int().min(0),
  devices: Devices,
}))
export const ActorConstructed = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('ready') }),
    z.object({ kind: z.literal('threw'), error: UserError }),
    z.object({ kind: z.literal('failed'), failure: Failure }),
  ]),
)
export type ActorConstructed = z.infer<typeof ActorConstructed>

/** client → head, a request. Repeating it with the same actorId is harmless. */
export const ActorCreate = lazyObject(() => ({ type: z.literal('actor.create'), spec: ActorSpec, getIfExists: z.boolean() }))
/** `spec`'s actor, or the one that already had the name. */
export const ActorCreated = lazyObject(() => ({ actorId: ActorId, existing: z.lazy(() => ActorListing).nullable() }))
/** What a handle needs to know to call methods. */
export const ActorListing = lazyObject(() => ({
  actorId: ActorId,
  jobId: JobId,
  owner: ProcessAddress,
  className: z.string().max(256),
  name: z.string().max(256).nullable(),
  namespace: z.string().max(256),
  detached: z.boolean(),
  maxTaskRetries: z.int().min(-1),
  maxPendingCalls: z.int().min(-1),
  /** Calls may start in any order: async, threaded or grouped. */
  concurrent: z.boolean(),
  methodReturns: z.record(z.string().max(256), z.int().min(-1).max(100_000)),
  methodNames: z.array(z.string().max(256)).max(2_000),
}))
export type ActorListing = z.infer<typeof ActorListing>
/** client → head, a request, answered by an ActorListing or `actor.not-found`. */
export const ActorFind = lazyObject(() => ({ type: z.literal('actor.find'), name: z.string().max(256), namespace: z.string().max(256) }))
/** client → head, a request, answered with the names. */
export const ActorNames = lazyObject(() => ({ type: z.literal('actor.names'), namespace: z.string().max(256).nullable() }))
export const ActorNamesReply = z.array(z.object({ name: z.string().max(256), namespace: z.string().max(256) })).max(100_000)
/** client → head, a request. */
export const ActorKill = lazyObject(() => ({ type: z.literal('actor.kill'), actorId: ActorId, noRestart: z.boolean() }))
/** client (the owner) → head. No handle is left anywhere: end it when its calls are done. */
export const ActorOutOfScope = lazyObject(() => ({ type: z.literal('actor.out-of-scope'), actorId: ActorId }))
/** client → head through its agent, a request answered by the present ActorChanged; later changes follow as messages. */
export const ActorWatch = lazyObject(() => ({ type: z.literal('actor.watch'), actorId: ActorId }))
