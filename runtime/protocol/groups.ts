import * as z from 'zod'
import { HostPort } from './addresses.ts'
import { Failure } from './failures.ts'
import { GroupId, JobId, NodeId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'
import { LabelSelector, Resources } from './scheduling.ts'

export const GroupStrategy = z.enum(['PACK', 'SPREAD', 'STRICT_PACK', 'STRICT_SPREAD'])
export type GroupStrategy = z.infer<typeof GroupStrategy>

export const GroupSpec = lazyObject(() => ({
  groupId: GroupId,
  jobId: JobId,
  creatorId: WorkerId,
  name: z.string().max(256).nullable(),
  strategy: GroupStrategy,
  bundles: z
    .array(z.object({ resources: Resources, labels: LabelSelector }))
    .min(1)
    .max(10_000),
  detached: z.boolean(),
}))
export type GroupSpec = z.infer<typeof GroupSpec>

export const BundlePlace = lazyObject(() => ({ index: z.int().min(0), nodeId: NodeId, agentAddress: HostPort }))
export type BundlePlace = z.infer<typeof BundlePlace>

export const GroupStatus = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('pending'), why: z.string().max(4_096) }),
    z.object({ kind: z.literal('created'), bundles: z.array(BundlePlace).max(10_000) }),
    /** A node with bundles died; those left stand here. */
    z.object({ kind: z.literal('rescheduling'), bundles: z.array(BundlePlace).max(10_000) }),
    z.object({ kind: z.literal('removed'), failure: Failure }),
  ]),
)
export type GroupStatus = z.infer<typeof GroupStatus>

/** head → agent → every client that watches. An older version is dropped. */
export const GroupChanged = lazyObject(() => ({
  type: z.literal('group.changed'),
  groupId: GroupId,
  version: z.int().min(0),
  status: GroupStatus,
}))
export type GroupChanged = z.infer<typeof GroupChanged>

/** client → head, a request; repeating is harmless. */
export const GroupCreate = lazyObject(() => ({ type: z.literal('group.create'), spec: GroupSpec }))
/** client → head, a request. */
export const GroupRemove = lazyObject(() => ({ type: z.literal('group.remove'), groupId: GroupId }))
/** client → head through its agent, a request answered by the present GroupChanged; later changes follow as messages. */
export const GroupWatch = lazyObject(() => ({ type: z.literal('group.watch'), groupId: GroupId }))
/** client → head, a request answered with all groups. */
export const GroupTable = lazyObject(() => ({ type: z.literal('group.table') }))
export const GroupTableReply = z.array(z.object({ spec: GroupSpec, status: GroupStatus })).max(10_000)

/** head → agent. First phase: set these aside, answer `bundles.prepared` or `bundles.refused`. `round` numbers attempts; older ones are dropped. */
export const BundlesPrepare = lazyObject(() => ({
  type: z.literal('bundles.prepare'),
  groupId: GroupId,
  round: z.int().min(0),
  bundles: z.array(z.object({ index: z.int().min(0), resources: Resources })).max(10_000),
}))
/** head → agent. Second phase. Answered by `bundles.committed`. */
export const BundlesCommit = lazyObject(() => ({ type: z.literal('bundles.commit'), groupId: GroupId, round: z.int().min(0) }))
/** head → agent. Give them back, prepared or committed; ends what runs in them when `endUsers`. Answered by `bundles.returned`. */
export const BundlesReturn = lazyObject(() => ({
  type: z.literal('bundles.return'),
  groupId: GroupId,
  round: z.int().min(0),
  indexes: z.array(z.int().min(0)).max(10_000),
  endUsers: z.boolean(),
}))

/** agent → head. */
export const BundlesPrepared = lazyObject(() => ({ type: z.literal('bundles.prepared'), groupId: GroupId, round: z.int().min(0) }))
export const BundlesRefused = lazyObject(() => ({ type: z.literal('bundles.refused'), groupId: GroupId, round: z.int().min(0) }))
export const BundlesCommitted = lazyObject(() => ({ type: z.literal('bundles.committed'), groupId: GroupId, round: z.int().min(0) }))
export const BundlesReturned = lazyObject(() => ({ type: z.literal('bundles.returned'), groupId: GroupId, round: z.int().min(0) }))
