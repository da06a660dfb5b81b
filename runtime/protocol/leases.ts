import * as z from 'zod'
import { HostPort, ProcessAddress } from './addresses.ts'
import { Failure, WorkerExit } from './failures.ts'
import { JobId, LeaseId, NodeId, RequestId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'
import { Devices, Shape } from './scheduling.ts'

/** owner → agent. Lend me a worker of this shape. Sent again with the same id until answered; answered the same way each time. */
export const LeaseRequest = lazyObject(() => ({
  type: z.literal('lease.request'),
  requestId: RequestId,
  ownerId: WorkerId,
  jobId: JobId,
  shape: Shape,
  /** How often this request was sent on to another node. An agent queues a request that came to it by spilling, or refuses it with `lease.spilled` to nowhere better. */
  spills: z.int().min(0).max(16),
  /** Tasks of this shape that wait at the owner, for the demand figures. */
  backlog: z.int().min(0),
  /** What it would run may run again: when memory runs short, such workers are ended first. */
  retriable: z.boolean(),
}))
export type LeaseRequest = z.infer<typeof LeaseRequest>

/** owner → agent. The request is not needed any more; a grant that crossed this is returned by the owner. */
export const LeaseCancel = lazyObject(() => ({ type: z.literal('lease.cancel'), requestId: RequestId, ownerId: WorkerId }))
/** owner → agent. The worker is free again. `workerLeaving`: it ended by itself (max calls) or must not be used again. */
export const LeaseReturn = lazyObject(() => ({
  type: z.literal('lease.return'),
  leaseId: LeaseId,
  ownerId: WorkerId,
  workerLeaving: z.boolean(),
}))
/** owner → agent, every few seconds: the leases and requests it knows of. What is not listed and older than a round is taken back. */
export const LeasesHeld = lazyObject(() => ({
  type: z.literal('leases.held'),
  ownerId: WorkerId,
  leaseIds: z.array(LeaseId).max(100_000),
  requestIds: z.array(RequestId).max(100_000),
}))
/** owner → agent. End the worker of this lease now (forced cancel). */
export const LeaseKill = lazyObject(() => ({
  type: z.literal('lease.kill'),
  leaseId: LeaseId,
  ownerId: WorkerId,
  reason: z.string().max(64),
}))

/** agent → owner. */
export const LeaseGranted = lazyObject(() => ({
  type: z.literal('lease.granted'),
  requestId: RequestId,
  leaseId: LeaseId,
  worker: ProcessAddress,
  devices: Devices,
}))
/** agent → owner. Ask that node instead. */
export const LeaseSpilled = lazyObject(() => ({
  type: z.literal('lease.spilled'),
  requestId: RequestId,
  nodeId: NodeId,
  agentAddress: HostPort,
}))
/** agent → owner. It can never be granted: hard affinity to a dead node, a removed group, infeasible for too long. */
export const LeaseRefused = lazyObject(() => ({ type: z.literal('lease.refused'), requestId: RequestId, failure: Failure }))
/** agent → owner. Still waiting, and why, in words for the user; sent once when a request turns out infeasible for now. */
export const LeaseWaiting = lazyObject(() => ({ type: z.literal('lease.waiting'), requestId: RequestId, why: z.string().max(4_096) }))
/** agent → owner. Others wait for resources: give back what idles, and finish soon with what is held longest. */
export const LeaseWanted = lazyObject(() => ({ type: z.literal('lease.wanted') }))
/** agent → owner. The worker of this lease is gone. */
export const LeaseLost = lazyObject(() => ({ type: z.literal('lease.lost'), leaseId: LeaseId, exit: WorkerExit }))

/** worker → agent. The running task waits in get or wait: its CPU may serve others. */
export const WorkerBlocked = lazyObject(() => ({ type: z.literal('worker.blocked') }))
/** worker → agent. It goes on and takes its CPU back, at once, even where that overbooks the node for a while (Ray does the same). */
export const WorkerUnblocked = lazyObject(() => ({ type: z.literal('worker.unblocked') }))

export const toAgentFromOwner = {
  'lease.request': LeaseRequest,
  'lease.cancel': LeaseCancel,
  'lease.return': LeaseReturn,
  'leases.held': LeasesHeld,
  'lease.kill': LeaseKill,
} as const
export const toOwnerFromAgent = {
  'lease.granted': LeaseGranted,
  'lease.spilled': LeaseSpilled,
  'lease.refused': LeaseRefused,
  'lease.waiting': LeaseWaiting,
  'lease.wanted': LeaseWanted,
  'lease.lost': LeaseLost,
} as const
