import * as z from 'zod'
import { ProcessAddress } from './addresses.ts'
import { Failure } from './failures.ts'
import { ActorId, FunctionId, JobId, LeaseId, NodeId, ObjectId, TaskId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'
import { Devices, Resources, Strategy } from './scheduling.ts'

/** Raw value bytes of our codec (sdk/values). */
export const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'not bytes')

/** Values up to this many bytes travel inside messages; larger ones go to the store (Ray: max_direct_call_object_size). */
export const inlineLimitBytes = 100 * 1024

/** Where the bytes of a finished object are. */
export const ObjectPlace = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('inline'), bytes: Bytes }),
  z.object({
    kind: z.literal('stored'),
    /** Nodes known to hold a copy, the primary first, with each agent's address. */
    copies: z.array(z.object({ nodeId: NodeId, agentAddress: z.string().max(261) })).max(64),
    sizeBytes: z.int().min(0),
  }),
])
export type ObjectPlace = z.infer<typeof ObjectPlace>

/** In place of an index: the object is the array of all arguments, which together were too large for a message. */
export const allArguments = -1

/** An argument that was a ref at the top level: the worker puts the value in place of it. */
export const RefArgument = z.object({
  index: z.int().min(allArguments).max(1_000_000),
  objectId: ObjectId,
  owner: ProcessAddress,
  place: ObjectPlace,
})
export type RefArgument = z.infer<typeof RefArgument>

/** What many tasks of one link have in common, sent once and then named by number. */
export const TaskTemplate = lazyObject(() => ({
  functionId: FunctionId,
  name: z.string().max(512),
  jobId: JobId,
  /** Where the job's named actors are looked up. */
  namespace: z.string().max(256),
  /** Count of returns; -1 streams refs as they are produced. */
  returnCount: z.int().min(-1).max(100_000),
  /** Streaming: items that may be produced and not yet consumed. 0 means no limit. */
  generatorBackpressure: z.int().min(0).max(1_000_000),
  /** The worker leaves after this many runs of this function. 0 means never. */
  maxCalls: z.int().min(0),
  /** The task may run at most once: earlier results are flushed before it starts, so that a crash shows exactly what had begun. */
  atMostOnce: z.boolean(),
  strategy: Strategy,
  /** What it was asked to be run with, for the lists. */
  resources: Resources.optional(),
}))
export type TaskTemplate = z.infer<typeof TaskTemplate>

/** owner → worker. Must arrive before a push that names `templateId`; both travel on one link in order. */
export const TaskDefine = lazyObject(() => ({
  type: z.literal('task.define'),
  templateId: z.int().min(0).max(100_000),
  template: TaskTemplate,
  /** The function itself when it is small; else the worker asks the head for `function:<id>`. */
  code: Bytes.nullable(),
}))

/** What only the lists of tasks want to know. */
const fromOwner = {
  /** From its submission to the moment it was sent, ms. */
  waitedMs: z.int().min(0).optional(),
  /** The task that made it; absent when a driver did. */
  parentId: TaskId.optional(),
} as const

export const PushedTask = z.object({
  taskId: TaskId,
  /** 0 for the first run; a worker echoes it, and the owner drops results of any other attempt than the current one. */
  attempt: z.int().min(0),
  templateId: z.int().min(0),
  /** An encoded array; places of top-level refs hold undefined. */
  args: Bytes,
  refArgs: z.array(RefArgument).max(100_000),
  ...fromOwner,
})
export type PushedTask = z.infer<typeof PushedTask>

/** owner → worker. Run these in order, one at a time. */
export const TaskPush = lazyObject(() => ({ type: z.literal('task.push'), leaseId: LeaseId, tasks: z.array(PushedTask).max(10_000) }))

/** owner → worker. A task that has not begun is dropped and reported cancelled; a running one sees its abort signal, and its children are cancelled when `recursive`. */
export const TaskCancel = lazyObject(() => ({ type: z.literal('task.cancel'), taskId: TaskId, recursive: z.boolean() }))

/** owner → worker. The consumer has taken this many items of a stream. */
export const TaskConsumed = lazyObject(() => ({ type: z.literal('task.consumed'), taskId: TaskId, count: z.int().min(0) }))

/** caller → worker. The caller holds its own references on the refs inside these results now. */
export const ResultsHeld = lazyObject(() => ({ type: z.literal('results.held'), taskIds: z.array(TaskId).max(10_000) }))

/** A ref that travels inside a value. */
export const NestedRef = z.object({ objectId: ObjectId, owner: ProcessAddress })
export type NestedRef = z.infer<typeof NestedRef>

export const TaskResult = z.object({ place: ObjectPlace, nested: z.array(NestedRef).max(100_000) })
export type TaskResult = z.infer<typeof TaskResult>

/** An encoded error of user code (sdk/values/error-record), opaque here. */
export const UserError = z.object({
  bytes: Bytes,
  /** Constructor names, its own first, for `retryExceptions`. */
  classNames: z.array(z.string().max(256)).max(16),
})
export type UserError = z.infer<typeof UserError>

export const TaskOutcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), results: z.array(TaskResult).max(100_000) }),
  /** User code threw. */
  z.object({ kind: z.literal('threw'), error: UserError }),
  /** The runtime could not run it: an argument is lost, a function is missing, it was cancelled. */
  z.object({ kind: z.literal('failed'), failure: Failure }),
])
export type TaskOutcome = z.infer<typeof TaskOutcome>

/** worker → owner. May arrive for an attempt that is no longer current. */
export const TaskEnded = z.object({
  taskId: TaskId,
  attempt: z.int().min(0),
  outcome: TaskOutcome,
  /** Refs from the arguments that this worker keeps: the caller notes it as a borrower before it lets them go. */
  borrowed: z.array(ObjectId).max(100_000),
  /** Inside user code, ms. */
  runMs: z.number().min(0),
})
export type TaskEnded = z.infer<typeof TaskEnded>
export const TasksEnded = lazyObject(() => ({ type: z.literal('tasks.ended'), tasks: z.array(TaskEnded).max(10_000) }))

/** worker → owner. One item of a stream. */
export const TaskYielded = lazyObject(() => ({
  type: z.literal('task.yielded'),
  taskId: TaskId,
  attempt: z.int().min(0),
  index: z.int().min(0),
  result: TaskResult,
}))

/** worker → owner. These had not begun, and this worker is blocked or leaving: give them to another. */
export const TasksReturned = lazyObject(() => ({
  type: z.literal('tasks.returned'),
  taskIds: z.array(TaskId).max(10_000),
  leaving: z.boolean(),
}))

/** How one method of an actor is called. */
export const ActorCall = z.object({
  taskId: TaskId,
  attempt: z.int().min(0),
  method: z.string().min(1).max(256),
  args: Bytes,
  refArgs: z.array(RefArgument).max(100_000),
  returnCount: z.int().min(-1).max(100_000),
  generatorBackpressure: z.int().min(0).max(1_000_000),
  /** Empty: the method's own group, else the default one. */
  concurrencyGroup: z.string().max(256),
  ...fromOwner,
})
export type ActorCall = z.infer<typeof ActorCall>

/** caller → actor's worker. In the order the caller made them; answered by `tasks.ended`. */
export const ActorCalls = lazyObject(() => ({ type: z.literal('actor.calls'), actorId: ActorId, calls: z.array(ActorCall).max(10_000) }))

/** agent → worker. What this worker now is for, until the lease ends. */
export const WorkerAssign = lazyObject(() => ({
  type: z.literal('worker.assign'),
  leaseId: LeaseId,
  jobId: JobId,
  ownerId: WorkerId,
  devices: Devices,
}))

export const toWorkerFromOwner = {
  'task.define': TaskDefine,
  'task.push': TaskPush,
  'task.cancel': TaskCancel,
  'task.consumed': TaskConsumed,
  'results.held': ResultsHeld,
  'actor.calls': ActorCalls,
} as const
export const toOwnerFromWorker = { 'tasks.ended': TasksEnded, 'task.yielded': TaskYielded, 'tasks.returned': TasksReturned } as const
