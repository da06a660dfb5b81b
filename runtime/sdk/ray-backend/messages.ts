import * as z from 'zod'
import { Failure } from '../../protocol/failures.ts'
import { Devices, Strategy } from '../../protocol/scheduling.ts'

/** Python → Node. How an object or an order failed; what user code threw is the frame's buffer. */
export const FailureRecord = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('threw'), classNames: z.array(z.string()), origin: z.string() }),
  z.object({ kind: z.literal('failed'), failure: Failure }),
])
export type FailureRecord = z.infer<typeof FailureRecord>

/** Python → Node, first of all: where this process is in the cluster. */
const context = {
  jobId: z.string(),
  nodeId: z.string(),
  workerId: z.string(),
  namespace: z.string(),
  rayVersion: z.string(),
  /** How workers start their Node process. */
  command: z.array(z.string()),
  /** Python's process, and the memory where this node's objects lie, where it may be read. */
  pid: z.int(),
  arena: z.object({ path: z.string(), device: z.int(), inode: z.int() }).nullable(),
} as const

/** Python → Node. The answer to a request, with the fields of that request. */
export const Reply = z.discriminatedUnion('status', [
  z.looseObject({ type: z.literal('reply'), request: z.int(), status: z.literal('ready') }),
  z.object({ type: z.literal('reply'), request: z.int(), status: z.literal('failed'), record: FailureRecord }),
])

const call = {
  taskId: z.string(),
  attempt: z.int(),
  devices: Devices.default({}),
  /** Places of the arguments that Ray put values in: the buffers behind the first. */
  positions: z.array(z.int()).default([]),
  /** Keys of the things inside each buffer. */
  attach: z.array(z.array(z.string())).default([]),
} as const

/** What the runs of a function with its options have in common, told once; runs name it by `spec`. */
const TaskSpec = z.object({
  type: z.literal('task.spec'),
  spec: z.int(),
  functionId: z.string(),
  name: z.string(),
  namespace: z.string(),
  returnCount: z.int(),
  backpressure: z.int(),
  strategy: Strategy,
})
const TaskRun = z.object({ type: z.literal('task.run'), spec: z.int(), ...call })
const ActorConstruct = z.object({
  type: z.literal('actor.construct'),
  ...call,
  actorId: z.string(),
  restarts: z.int(),
  functionId: z.string(),
  name: z.string(),
  namespace: z.string(),
  strategy: Strategy,
  maxConcurrency: z.int(),
  concurrencyGroups: z.record(z.string(), z.int()),
  methodGroups: z.record(z.string(), z.string()),
})
/** The same of a method. */
const MethodSpec = z.object({
  type: z.literal('method.spec'),
  spec: z.int(),
  method: z.string(),
  returnCount: z.int(),
  backpressure: z.int(),
  group: z.string(),
})
const ActorRun = z.object({ type: z.literal('actor.run'), spec: z.int(), ...call })
export type TaskSpec = z.infer<typeof TaskSpec>
export type MethodSpec = z.infer<typeof MethodSpec>
export type TaskRun = z.infer<typeof TaskRun>
export type ActorConstruct = z.infer<typeof ActorConstruct>
export type ActorRun = z.infer<typeof ActorRun>

/** Everything that Python says without being asked. The second half only to workers. */
export const FromBridge = z.discriminatedUnion('type', [
  z.object({ type: z.literal('welcome'), ...context }),
  z.object({ type: z.literal('refused'), record: FailureRecord }),
  /** The last message: why the cluster is out of reach. */
  z.object({ type: z.literal('lost'), why: z.string() }),
  z.object({ type: z.literal('actor.made'), key: z.string(), actorId: z.string() }),
  z.object({ type: z.literal('worker.start'), ...context }),
  TaskSpec,
  TaskRun,
  ActorConstruct,
  MethodSpec,
  ActorRun,
  z.object({ type: z.literal('task.cancel'), taskId: z.string(), recursive: z.boolean() }),
  z.object({ type: z.literal('task.consumed'), taskId: z.string(), count: z.int() }),
])
export type FromBridge = z.infer<typeof FromBridge>
export type Context = Omit<Extract<FromBridge, { type: 'welcome' }>, 'type'>
