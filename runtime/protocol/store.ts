import * as z from 'zod'
import { lazyObject } from './lazy-object.ts'

/** Messages between a worker or driver and the object store in the agent of its node. Bytes never travel here: both sides map the same files. */

const ObjectId = z.string().min(1).max(128)
const SizeBytes = z.int().min(0)
const TimeoutMs = z.number().min(0)

/** client → agent. Asks for room; the answer is `store.created` or `store.exists`. Waits while the store makes room. */
export const StoreCreate = lazyObject(() => ({
  type: z.literal('store.create'),
  objectId: ObjectId,
  sizeBytes: SizeBytes,
  /** A primary copy is kept, if need be on disk, until it is freed; another may be dropped when nobody reads it. */
  primary: z.boolean(),
  /** Whose object a primary copy is: it goes when that process does. @default who holds the lease of the worker that asks, else the client itself */
  ownerId: z.string().min(1).max(128).optional(),
  /** How long to wait for room. @default what the store was started with */
  timeoutMs: TimeoutMs.optional(),
}))

/** client → agent. All bytes are written; from now on nobody changes them. */
export const StoreSeal = lazyObject(() => ({ type: z.literal('store.seal'), objectId: ObjectId }))

/** client → agent. Gives back room that was created and not sealed. */
export const StoreAbort = lazyObject(() => ({ type: z.literal('store.abort'), objectId: ObjectId }))

/** client → agent. Pins the object once for this client and answers `store.found`, or `store.missing` when it has not come within the time. */
export const StoreGet = lazyObject(() => ({ type: z.literal('store.get'), objectId: ObjectId, timeoutMs: TimeoutMs }))

/** client → agent, no answer needed. Takes back `count` pins of this client. */
export const StoreRelease = lazyObject(() => ({ type: z.literal('store.release'), objectId: ObjectId, count: z.int().min(1) }))

/** owner → agent. Nobody will ask for these again: memory and disk come back when their last pin is gone. */
export const StoreFree = lazyObject(() => ({ type: z.literal('store.free'), objectIds: z.array(ObjectId).max(10_000) }))

/** client → agent. Is it here, in memory or on disk, sealed? */
export const StoreContains = lazyObject(() => ({ type: z.literal('store.contains'), objectId: ObjectId }))

export const StoreRequest = z.discriminatedUnion('type', [
  StoreCreate,
  StoreSeal,
  StoreAbort,
  StoreGet,
  StoreRelease,
  StoreFree,
  StoreContains,
])
export type StoreRequest = z.infer<typeof StoreRequest>

/** Where an object lies: `sizeBytes` at `offset` of a file that every process of this user on the node can map. */
export const StoreLocation = lazyObject(() => ({
  segmentPath: z.string().min(1).max(4_096),
  /** What to map of the file when the whole segment is mapped; the end of it may not have pages yet. */
  segmentBytes: SizeBytes,
  offset: SizeBytes,
  sizeBytes: SizeBytes,
}))
export type StoreLocation = z.infer<typeof StoreLocation>

/**
 * agent → the owner of an object that another process of this node has just sealed. The owner has one pin on it already: it may read the
 * bytes at once, and takes the pin back with `store.release` when it does not, or no more.
 */
export const StoreOffered = lazyObject(() => ({ type: z.literal('store.offered'), objectId: ObjectId, location: StoreLocation }))

/** agent → client, one for each request. A failure travels as an error of the link, with the code of its ClusterError. */
export const StoreReply = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('store.created'), location: StoreLocation }),
    /** Nothing to write: a sealed copy is here already. */
    z.object({ type: z.literal('store.exists') }),
    z.object({ type: z.literal('store.found'), location: StoreLocation }),
    /** Memory has no room to bring it back to: read it there, now. Nothing is pinned, and the file may go. */
    z.object({
      type: z.literal('store.lent'),
      path: z.string().min(1).max(4_096),
      offset: SizeBytes,
      sizeBytes: SizeBytes,
      checksum: z.int().min(0),
    }),
    z.object({ type: z.literal('store.missing') }),
    z.object({ type: z.literal('store.contained'), contained: z.boolean() }),
    z.object({ type: z.literal('store.done') }),
  ]),
)
export type StoreReply = z.infer<typeof StoreReply>
