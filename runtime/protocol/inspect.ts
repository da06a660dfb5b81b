import * as z from 'zod'
import { WorkerExit } from './failures.ts'
import { ActorId, JobId, NodeId, ObjectId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'

/** Ray's reasons to keep an object (Ray: custom_types.py, REFERENCE_TYPE). */
export const ReferenceKind = z.enum([
  'ACTOR_HANDLE',
  'PINNED_IN_MEMORY',
  'LOCAL_REFERENCE',
  'USED_BY_PENDING_TASK',
  'CAPTURED_IN_OBJECT',
  'UNKNOWN_STATUS',
])
export type ReferenceKind = z.infer<typeof ReferenceKind>

/** One reference that a process holds. Made for each schema that has it: a message may have a hundred thousand. */
const referenceRow = () =>
  z.object({
    objectId: ObjectId,
    /** -1: not known, as it is not there yet or lies elsewhere. */
    sizeBytes: z.number().min(-1),
    kind: ReferenceKind,
    /** Its owner; null when the holder itself is. */
    ownerId: WorkerId.nullable(),
    /** State of the task that makes it, as far as the holder knows; empty for what `put` made. */
    taskStatus: z.string().max(64),
    attempt: z.int().min(0),
    /** The task that made it or, when recorded, the line; empty when not known. */
    callSite: z.string().max(1_024),
    /** Ms since 1970; 0: not known. */
    createdAtMs: z.number().min(0),
    /** Nodes with a copy in their store. */
    nodeIds: z.array(NodeId).max(64),
  })
export type ReferenceRow = z.infer<ReturnType<typeof referenceRow>>

/** The call site of a reference that came from another process, where call sites are recorded. */
export const madeElsewhere = '(another process)'

const rowLimit = 100_000

/** agent → client, a request. */
export const ReferencesList = lazyObject(() => ({ type: z.literal('references.list'), limit: z.int().min(1).max(rowLimit) }))
export const ReferencesListed = lazyObject(() => ({
  rows: z.array(referenceRow()).max(rowLimit),
  /** How many there are; the list may be shorter. */
  total: z.int().min(0),
}))
export type ReferencesListed = z.infer<typeof ReferencesListed>

export const WorkerKind = z.enum(['WORKER', 'DRIVER'])

/** head → agent, a request: what the processes of this node hold. */
export const ObjectsInspect = lazyObject(() => ({
  type: z.literal('inspect.objects'),
  limit: z.int().min(1).max(rowLimit),
  /** For each process that is asked. */
  timeoutMs: z.int().min(1).max(600_000),
}))
export const ObjectsInspected = lazyObject(() => ({
  holders: z
    .array(
      z.object({
        workerId: WorkerId,
        kind: WorkerKind,
        pid: z.int().min(0),
        rows: z.array(referenceRow()).max(rowLimit),
        total: z.int().min(0),
        /** Why it could not be asked; empty when it answered. */
        failure: z.string().max(1_024),
      }),
    )
    .max(100_000),
}))

/** head → agent, a request: the processes of this node. */
export const WorkersInspect = lazyObject(() => ({ type: z.literal('inspect.workers') }))
export const WorkerFacts = lazyObject(() => ({
  workerId: WorkerId,
  kind: WorkerKind,
  pid: z.int().min(0),
  startedAtMs: z.number().min(0),
  /** Ready to work; 0 before. */
  readyAtMs: z.number().min(0),
  phase: z.string().max(32),
  jobId: JobId.nullable(),
  actorId: ActorId.nullable(),
}))
export type WorkerFacts = z.infer<typeof WorkerFacts>
export const WorkersInspected = lazyObject(() => ({ workers: z.array(WorkerFacts).max(100_000) }))

/** head → agent, requests about what a node holds: workers, objects. */
export const inspectAsks = { 'inspect.objects': ObjectsInspect, 'inspect.workers': WorkersInspect } as const

/** agent → head. A process of this node ended. May arrive twice. */
export const WorkerEnded = lazyObject(() => ({
  type: z.literal('worker.ended'),
  worker: WorkerFacts,
  exit: WorkerExit,
  endedAtMs: z.number().min(0),
}))
export type WorkerEnded = z.infer<typeof WorkerEnded>
