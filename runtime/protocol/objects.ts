import * as z from 'zod'
import { HostPort } from './addresses.ts'
import { Failure } from './failures.ts'
import { NodeId, ObjectId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'
import { Bytes, NestedRef, ObjectPlace, UserError } from './tasks.ts'

/** borrower → owner, a request. Answered when the object is ready or has failed. */
export const ObjectLocate = lazyObject(() => ({ type: z.literal('object.locate'), objectId: ObjectId }))
export const ObjectLocated = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('ready'), place: ObjectPlace, nested: z.array(NestedRef).max(100_000) }),
    z.object({ kind: z.literal('threw'), error: UserError }),
    z.object({ kind: z.literal('failed'), failure: Failure }),
  ]),
)
export type ObjectLocated = z.infer<typeof ObjectLocated>

/** borrower → owner, a request. Keep these for me until I return them or my process ends. */
export const ObjectsBorrow = lazyObject(() => ({
  type: z.literal('objects.borrow'),
  borrower: WorkerId,
  objectIds: z.array(ObjectId).max(100_000),
}))
export const ObjectsBorrowed = lazyObject(() => ({ unknown: z.array(ObjectId).max(100_000) }))
/** borrower → owner. */
export const ObjectsReturned = lazyObject(() => ({
  type: z.literal('objects.returned'),
  borrower: WorkerId,
  objectIds: z.array(ObjectId).max(100_000),
}))
/** borrower → owner, a request answered like `object.locate`: the copies named could not be read; make or find another. */
export const ObjectMissing = lazyObject(() => ({ type: z.literal('object.missing'), objectId: ObjectId, nodeIds: z.array(NodeId).max(64) }))
/** borrower → owner. A copy now lies on this node too. */
export const ObjectCopied = lazyObject(() => ({
  type: z.literal('object.copied'),
  objectId: ObjectId,
  nodeId: NodeId,
  agentAddress: HostPort,
}))

export const toOwnerFromBorrower = {
  'object.locate': ObjectLocate,
  'objects.borrow': ObjectsBorrow,
  'objects.returned': ObjectsReturned,
  'object.missing': ObjectMissing,
  'object.copied': ObjectCopied,
} as const

/** client → own agent, a request. Bring a copy into this node's store; answered when it is sealed here, or with `object.lost`. */
export const ObjectPull = lazyObject(() => ({
  type: z.literal('object.pull'),
  objectId: ObjectId,
  sizeBytes: z.int().min(0),
  copies: z
    .array(z.object({ nodeId: NodeId, agentAddress: HostPort }))
    .min(1)
    .max(64),
}))
/** owner → own agent, passed on to the agents that hold copies. Nobody refers to these any more. */
export const ObjectsFree = lazyObject(() => ({
  type: z.literal('objects.free'),
  objects: z
    .array(z.object({ objectId: ObjectId, copies: z.array(z.object({ nodeId: NodeId, agentAddress: HostPort })).max(64) }))
    .max(10_000),
}))

/** agent → agent, a request. One chunk of a sealed object, `object.lost` when it is not here. */
export const ObjectRead = lazyObject(() => ({
  type: z.literal('object.read'),
  objectId: ObjectId,
  offset: z.int().min(0),
  length: z.int().min(1).max(16_777_216),
}))
export const ObjectChunk = lazyObject(() => ({ sizeBytes: z.int().min(0), bytes: Bytes }))

/** agent → agent. Drop your copies of these. */
export const CopiesFree = lazyObject(() => ({ type: z.literal('copies.free'), objectIds: z.array(ObjectId).max(10_000) }))
