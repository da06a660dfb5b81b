import * as z from 'zod'
import { GroupId, NodeId, TaskId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'
import { Resources } from './scheduling.ts'
import { Bytes } from './tasks.ts'

/** What many attempts have in common. */
const taskKindReport = () =>
  z.object({
    /** Function, `Class.method`, or class of a constructor. */
    name: z.string().max(512),
    resources: Resources.optional(),
    groupId: GroupId.optional(),
  })
export type TaskKindReport = z.infer<ReturnType<typeof taskKindReport>>

/** Rows of one batch. */
export const reportLimit = 100_000
const row = z.int().min(0).max(reportLimit)

/**
 * What a process knows of some task attempts, in columns so that a million of them stay small and quick to read: numbers are little
 * end first, times are ms since 1970 as float64, 0 for not known. Written and read by task-reports.ts.
 */
export const TaskReports = lazyObject(() => ({
  version: z.literal(2),
  count: row,
  kinds: z.array(taskKindReport()).max(65_535),
  /** 24 bytes each. */
  taskIds: Bytes,
  /** Places in `kinds`, uint16. */
  kind: Bytes,
  /** uint32. */
  attempt: Bytes,
  /** Places in `taskStates`, uint8. */
  state: Bytes,
  /** When it was submitted, was handed to a worker, entered user code, ended. */
  createdMs: Bytes,
  submittedMs: Bytes,
  startedMs: Bytes,
  endedMs: Bytes,
  /** Row and parent, of those that a task made; a driver made the others. */
  parents: z.array(z.tuple([row, TaskId])).max(reportLimit),
  /** Null: each ran, or runs, in the sender. */
  placed: z
    .object({
      places: z.array(z.object({ nodeId: NodeId, workerId: WorkerId, pid: z.int().min(0) })).max(65_535),
      /** For each row its place in `places` plus one, 0 for nowhere yet, uint16. */
      place: Bytes,
    })
    .nullable(),
  /** Row, place in `taskErrorTypes`, and message. */
  errors: z.array(z.tuple([row, z.int().min(0).max(255), z.string().max(1_024)])).max(reportLimit),
  /** Row, and where its output begins and ends in the worker's stdout and stderr, in bytes. */
  logs: z.array(z.tuple([row, z.number(), z.number(), z.number(), z.number()])).max(reportLimit),
}))
export type TaskReports = z.infer<typeof TaskReports>

/** worker or owner → agent → head, a few times a second. The agent does not open `packed` (msgpack of TaskReports); `dropped` counts what a full buffer lost. */
export const EventBatch = lazyObject(() => ({
  type: z.literal('events.batch'),
  nodeId: NodeId,
  workerId: WorkerId,
  pid: z.int().min(0),
  count: z.int().min(0),
  dropped: z.int().min(0),
  firstMs: z.number(),
  lastMs: z.number(),
  packed: Bytes,
}))
export type EventBatch = z.infer<typeof EventBatch>

/** client → head, a request: the batches kept, newest first, until `maxBytes`. */
export const EventsRead = lazyObject(() => ({
  type: z.literal('events.read'),
  maxBytes: z.int().min(1).max(67_108_864),
  beforeId: z.int().min(0),
}))
export type EventsRead = z.infer<typeof EventsRead>
export const EventsReadReply = lazyObject(() => ({
  batches: z.array(EventBatch).max(100_000),
  nextBeforeId: z.int().min(0),
  droppedBefore: z.int().min(0),
}))
export type EventsReadReply = z.infer<typeof EventsReadReply>
