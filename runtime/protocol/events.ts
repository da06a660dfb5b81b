import * as z from 'zod'
import { NodeId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'
import { Bytes } from './tasks.ts'

/** One span of a task attempt inside a worker, as a tuple to keep a million of them small. */
export const TaskSpan = z.tuple([
  /** task id */ z.string().length(48),
  /** function or Class.method */ z.string().max(512),
  /** attempt */ z.int().min(0),
  /** started, ms since 1970 with fractions */ z.number(),
  /** ended, the same */ z.number(),
  /** did it succeed */ z.boolean(),
])
export type TaskSpan = z.infer<typeof TaskSpan>

/** worker → agent → head, a few times a second. The agent does not open `packed` (msgpack of TaskSpan[]); `dropped` counts what a full buffer lost. */
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
export const EventsReadReply = lazyObject(() => ({
  batches: z.array(EventBatch).max(100_000),
  nextBeforeId: z.int().min(0),
  droppedBefore: z.int().min(0),
}))
