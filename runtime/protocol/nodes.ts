import * as z from 'zod'
import { ActorChanged, ActorExited, ActorStart, ActorStarted, ActorStartFailed, ActorStop, PlacementAttempt } from './actors.ts'
import { HostPort, ProcessAddress } from './addresses.ts'
import { EventBatch } from './events.ts'
import {
  BundlesCommit,
  BundlesCommitted,
  BundlesPrepare,
  BundlesPrepared,
  BundlesRefused,
  BundlesReturn,
  BundlesReturned,
  GroupChanged,
} from './groups.ts'
import { ActorId, GroupId, JobId, NodeId, WorkerId } from './ids.ts'
import { HeldSubmission, submissionsToAgent, submissionsToHead } from './jobs.ts'
import { lazyObject } from './lazy-object.ts'
import { Labels, Resources, Shape } from './scheduling.ts'

/** What stays the same while a node lives. */
export const NodeFacts = lazyObject(() => ({
  nodeId: NodeId,
  agentAddress: HostPort,
  hostname: z.string().max(256),
  pid: z.int().min(0),
  isHead: z.boolean(),
  resources: Resources,
  labels: Labels,
  objectStoreBytes: z.number().min(0),
  startedAtMs: z.number().min(0),
  /** Text the operator gave, for lists; may be empty. */
  nodeName: z.string().max(256),
  version: z.string().max(64),
}))
export type NodeFacts = z.infer<typeof NodeFacts>

/** agent → head, a request: the first message on the link, and again after each reconnect. Says all that the agent holds. */
export const NodeRegister = lazyObject(() => ({
  type: z.literal('node.register'),
  facts: NodeFacts,
  available: Resources,
  actors: z
    .array(z.object({ actorId: ActorId, restarts: z.int().min(0), attempt: PlacementAttempt, address: ProcessAddress }))
    .max(100_000),
  /** Ends of actors that the head may not have heard of, as it was away or the link was about to break. */
  actorsEnded: z.array(ActorExited.omit({ type: true })).max(10_000),
  bundles: z
    .array(z.object({ groupId: GroupId, round: z.int().min(0), indexes: z.array(z.int().min(0)).max(10_000), committed: z.boolean() }))
    .max(100_000),
  /** Clients of this node that are alive, and the jobs of its drivers. */
  clients: z.array(z.object({ workerId: WorkerId, jobId: JobId.nullable() })).max(100_000),
  /** Runs of submitted jobs; absent: none. */
  submissions: z.array(HeldSubmission).max(100_000).optional(),
}))
export type NodeRegister = z.infer<typeof NodeRegister>
/** `fenced`: the head has declared this node dead; the agent must end its workers and start over under a new node id. */
export const NodeRegistered = lazyObject(() => ({
  fenced: z.boolean(),
  clusterId: z.string().max(64),
  heartbeatMs: z.int().min(1),
  deadAfterMs: z.int().min(1),
}))

export type NodeRegistered = z.infer<typeof NodeRegistered>

/** agent → head. On change (batched) and at least every heartbeat. An older `sequence` is dropped. */
export const NodeReported = lazyObject(() => ({
  type: z.literal('node.reported'),
  nodeId: NodeId,
  sequence: z.int().min(0),
  available: Resources,
  /** Lease requests that wait here. */
  demand: z.array(z.object({ shape: Shape, count: z.int().min(0), infeasible: z.boolean() })).max(1_000),
  /** Amounts set aside in bundles by name, such as `CPU_group_0_<id>`: available now. */
  storeUsedBytes: z.number().min(0),
  workers: z.int().min(0),
}))
export type NodeReported = z.infer<typeof NodeReported>

/** agent → head. It goes away on purpose. */
export const NodeLeaving = lazyObject(() => ({ type: z.literal('node.leaving'), nodeId: NodeId }))
/** agent → head. These processes of this node ended: what they own is to be cleaned up everywhere. */
export const ClientsGone = lazyObject(() => ({ type: z.literal('clients.gone'), nodeId: NodeId, workerIds: z.array(WorkerId).max(10_000) }))

export const NodeView = lazyObject(() => ({
  facts: NodeFacts,
  /** Less what is used and promised; of the object store, less what lies in it. */
  available: Resources,
  storeUsedBytes: z.number().min(0),
  state: z.enum(['alive', 'draining', 'dead']),
  /** Why, when dead. */
  deathReason: z.string().max(512),
  diedAtMs: z.number().min(0),
}))
export type NodeView = z.infer<typeof NodeView>

/** head → agent. Nodes that changed since the last view sent on this link; the first holds all. */
export const ClusterChanged = lazyObject(() => ({
  type: z.literal('cluster.changed'),
  version: z.int().min(0),
  nodes: z.array(NodeView).max(10_000),
}))
export type ClusterChanged = z.infer<typeof ClusterChanged>
/** head → agent → its clients. These processes, anywhere, are gone for good. */
export const ProcessesGone = lazyObject(() => ({
  type: z.literal('processes.gone'),
  workerIds: z.array(WorkerId).max(10_000),
  nodeIds: z.array(NodeId).max(1_000),
}))
/** head → agent. End what runs for this job here, detached actors excepted. */
export const JobEnded = lazyObject(() => ({ type: z.literal('job.ended'), jobId: JobId }))
/** agent → agent, a request of one that does not hear the head any more. */
export const HeadAsk = lazyObject(() => ({ type: z.literal('head.ask') }))
export const HeadAskReply = lazyObject(() => ({
  /** The one that answers has an open link to the head. */
  hearsHead: z.boolean(),
  /** And the head has told it that the one that asks is dead. */
  askerIsDead: z.boolean(),
}))
export type HeadAskReply = z.infer<typeof HeadAskReply>

/** head → agent. Take no new work; leave when `deadlineMs` has passed or nothing runs. */
export const NodeDrain = lazyObject(() => ({ type: z.literal('node.drain'), reason: z.string().max(512), deadlineMs: z.number().min(0) }))
/** head → agent. You were declared dead. End your workers and start over as a new node. */
export const NodeFenced = lazyObject(() => ({ type: z.literal('node.fenced') }))

export const toHeadFromAgent = {
  'node.reported': NodeReported,
  'node.leaving': NodeLeaving,
  'clients.gone': ClientsGone,
  'actor.started': ActorStarted,
  'actor.start-failed': ActorStartFailed,
  'actor.exited': ActorExited,
  'bundles.prepared': BundlesPrepared,
  'bundles.refused': BundlesRefused,
  'bundles.committed': BundlesCommitted,
  'bundles.returned': BundlesReturned,
  ...submissionsToHead,
  'events.batch': EventBatch,
} as const
export const toAgentFromHead = {
  'cluster.changed': ClusterChanged,
  'processes.gone': ProcessesGone,
  'job.ended': JobEnded,
  'node.drain': NodeDrain,
  'node.fenced': NodeFenced,
  'actor.start': ActorStart,
  'actor.stop': ActorStop,
  'actor.changed': ActorChanged,
  'group.changed': GroupChanged,
  'bundles.prepare': BundlesPrepare,
  'bundles.commit': BundlesCommit,
  'bundles.return': BundlesReturn,
  ...submissionsToAgent,
} as const

/** Any one-way message from an agent to the head, and the other way. */
export type ToHeadFromAgent = z.infer<(typeof toHeadFromAgent)[keyof typeof toHeadFromAgent]>
export type ToAgentFromHead = z.infer<(typeof toAgentFromHead)[keyof typeof toAgentFromHead]>
