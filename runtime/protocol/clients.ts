import * as z from 'zod'
import { ActorChanged, ActorConstruct, ActorCreate, ActorFind, ActorKill, ActorNames, ActorOutOfScope, ActorWatch } from './actors.ts'
import { TaskCancelOwned } from './control.ts'
import { EventBatch, EventsRead } from './events.ts'
import { maxFrameBytes } from './frame.ts'
import { GroupChanged, GroupCreate, GroupRemove, GroupTable, GroupWatch } from './groups.ts'
import { JobId, WorkerId } from './ids.ts'
import { ReferencesList } from './inspect.ts'
import { PackageUse, SubmissionId } from './jobs.ts'
import { lazyObject } from './lazy-object.ts'
import {
  LeaseCancel,
  LeaseKill,
  LeaseRequest,
  LeaseReturn,
  LeasesHeld,
  toOwnerFromAgent,
  WorkerBlocked,
  WorkerUnblocked,
} from './leases.ts'
import { ClusterChanged, NodeView, ProcessesGone } from './nodes.ts'
import { ObjectPull, ObjectsFree } from './objects.ts'
import { StoreOffered } from './store.ts'
import { Bytes, WorkerAssign } from './tasks.ts'

/** What one frame can carry, with room for the key and the rest of the message. Larger values belong in the object store. */
export const maxKvValueBytes = maxFrameBytes - 64 * 1_024

/** client → head, a request by a driver. The head numbers jobs. Repeating it for the same driver gives the same number. */
export const JobRegister = lazyObject(() => ({
  type: z.literal('job.register'),
  driverId: WorkerId,
  pid: z.int().min(0),
  entrypoint: z.string().max(4_096),
  /** Null: a namespace of its own. */
  namespace: z.string().min(1).max(256).nullable(),
  /** Of the submitted job that the driver is part of; absent: of none. */
  submissionId: SubmissionId.optional(),
}))
export const JobRegistered = lazyObject(() => ({ jobId: JobId, namespace: z.string().max(256) }))

/** Keys are text such as `function:<hash>`. A value is at most `maxKvValueBytes`. */
export const KvPut = lazyObject(() => ({
  type: z.literal('kv.put'),
  key: z.string().min(1).max(1_024),
  value: Bytes,
  overwrite: z.boolean(),
}))
export const KvPutReply = lazyObject(() => ({ added: z.boolean() }))
export const KvGet = lazyObject(() => ({ type: z.literal('kv.get'), key: z.string().min(1).max(1_024) }))
export const KvGetReply = lazyObject(() => ({ value: Bytes.nullable() }))
export const KvDelete = lazyObject(() => ({ type: z.literal('kv.delete'), key: z.string().min(1).max(1_024) }))
export const KvKeys = lazyObject(() => ({ type: z.literal('kv.keys'), prefix: z.string().max(1_024) }))

/** client → head, a request: all nodes, dead ones too. */
export const ClusterNodes = lazyObject(() => ({ type: z.literal('cluster.nodes') }))
export const ClusterNodesReply = z.array(NodeView).max(10_000)
/** client → head, a request: what waits for resources, for `status`. */
export const ClusterDemand = lazyObject(() => ({ type: z.literal('cluster.demand') }))
export const ClusterDemandReply = lazyObject(() => ({
  leases: z
    .array(z.object({ resources: z.record(z.string().max(256), z.number()), count: z.int().min(0), infeasible: z.boolean() }))
    .max(10_000),
  actors: z.int().min(0),
  groups: z.int().min(0),
}))

/** Requests that an agent passes on to the head as they are. */
export const headRequests = {
  'job.register': JobRegister,
  'actor.create': ActorCreate,
  'actor.find': ActorFind,
  'actor.names': ActorNames,
  'actor.kill': ActorKill,
  'actor.out-of-scope': ActorOutOfScope,
  'actor.watch': ActorWatch,
  'group.create': GroupCreate,
  'group.remove': GroupRemove,
  'group.watch': GroupWatch,
  'group.table': GroupTable,
  'kv.put': KvPut,
  'kv.get': KvGet,
  'kv.delete': KvDelete,
  'kv.keys': KvKeys,
  'cluster.nodes': ClusterNodes,
  'cluster.demand': ClusterDemand,
  'events.read': EventsRead,
} as const
export type HeadRequest = z.infer<(typeof headRequests)[keyof typeof headRequests]>

/** worker or driver → its agent, after the hello: I listen here now. A worker is ready for work from then on. */
export const ClientReady = lazyObject(() => ({
  type: z.literal('client.ready'),
  workerId: WorkerId,
  pid: z.int().min(0),
  socketPath: z.string().min(1).max(108),
}))
/** worker → agent. It will exit by itself as soon as its output is written: max calls, exitActor. */
export const WorkerLeaving = lazyObject(() => ({ type: z.literal('worker.leaving'), reason: z.string().max(64) }))
/** worker → agent. Whether others use objects or actors that it owns, or tasks of its own are under way: then it is not idle, whatever it runs. */
export const WorkerOwns = lazyObject(() => ({ type: z.literal('worker.owns'), owns: z.boolean() }))
/** agent → worker. Leave: finish nothing, or with `graceful` what has begun and waits. */
export const WorkerLeave = lazyObject(() => ({ type: z.literal('worker.leave'), graceful: z.boolean(), reason: z.string().max(64) }))
/** agent → client. The store is under pressure: collect garbage, so that views nobody uses are let go. */
export const GarbageCollect = lazyObject(() => ({ type: z.literal('garbage.collect') }))

/** One-way messages that an agent takes from workers and drivers. Requests (store.*, object.pull, head requests) come beside. */
export const toAgentFromClient = {
  'client.ready': ClientReady,
  'worker.blocked': WorkerBlocked,
  'worker.unblocked': WorkerUnblocked,
  'worker.leaving': WorkerLeaving,
  'worker.owns': WorkerOwns,
  'objects.free': ObjectsFree,
  'events.batch': EventBatch,
  'lease.request': LeaseRequest,
  'lease.cancel': LeaseCancel,
  'lease.return': LeaseReturn,
  'leases.held': LeasesHeld,
  'lease.kill': LeaseKill,
} as const
export const clientRequests = { 'object.pull': ObjectPull, 'package.use': PackageUse, ...headRequests } as const

/** One-way messages that workers and drivers take from their agent. */
export const toClientFromAgent = {
  ...toOwnerFromAgent,
  'worker.assign': WorkerAssign,
  'worker.leave': WorkerLeave,
  'garbage.collect': GarbageCollect,
  'store.offered': StoreOffered,
  'processes.gone': ProcessesGone,
  'cluster.changed': ClusterChanged,
  'actor.changed': ActorChanged,
  'group.changed': GroupChanged,
} as const
/** Requests that a worker takes from its agent. */
export const workerRequests = {
  'actor.construct': ActorConstruct,
  'task.cancel-owned': TaskCancelOwned,
  'references.list': ReferencesList,
} as const
