import * as z from 'zod'

/** What events are about. `metrics` is only for streams: figures have no sequence numbers, the latest is all that counts. */
export const eventKinds = ['node', 'job', 'task', 'actor', 'placement_group', 'object_store', 'log', 'alert'] as const
export const EventKind = z.enum(eventKinds)
export type EventKind = z.infer<typeof EventKind>

export const eventsPath = '/api/shoal/v1/events'

/** Something happened. `row` is what the thing looked like from then on, by the names of its own list. */
export const ClusterEvent = z.object({
  /** Grows for ever, also over restarts of the head; numbers may be left out. */
  seq: z.int().min(1),
  kind: EventKind,
  /** Of the thing: node, submission or job, task, actor, group, alert. */
  id: z.string().max(256),
  /** What happened, such as `added`, `died`, `state`. */
  type: z.string().max(64),
  atMs: z.number(),
  row: z.record(z.string(), z.unknown()),
})
export type ClusterEvent = z.infer<typeof ClusterEvent>

/** `GET /api/shoal/v1/events`, newest first. `next` is the cursor of the page after this one, null at the end of what is kept. */
export const EventPage = z.object({
  events: z.array(ClusterEvent).max(10_000),
  next: z.string().max(64).nullable(),
  /** The oldest number that is kept of these kinds, and the newest there is. */
  oldest: z.int().min(0),
  newest: z.int().min(0),
})
export type EventPage = z.infer<typeof EventPage>

/** Frames of `WS /api/shoal/v1/events`, none over 256 KiB. Resume with `since` = the last `to`. */
export const EventFrame = z.discriminatedUnion('type', [
  /** Everything that passed the filter with numbers from `from` to `to`; both ends also count those that did not pass. */
  z.object({ type: z.literal('batch'), from: z.int().min(0), to: z.int().min(0), events: z.array(ClusterEvent).max(100_000) }),
  /** The state as it is after `to`: sent first, and instead of what is not kept any more. Many rows come in several frames. */
  z.object({
    type: z.literal('snapshot'),
    to: z.int().min(0),
    /** Why it was sent: the stream asked for none older, or for some that are gone. */
    reason: z.enum(['start', 'too-old']),
    /** 0 for the first frame, which replaces what the client knew. */
    part: z.int().min(0),
    isLast: z.boolean(),
    rows: z.array(z.object({ kind: EventKind, id: z.string().max(256), row: z.record(z.string(), z.unknown()) })).max(100_000),
    /** How many there are of each kind where not all are sent, such as ended actors. */
    totals: z.record(z.string().max(64), z.int().min(0)),
  }),
  /** The latest figures of nodes, only for streams that asked for the kind `metrics`. */
  z.object({ type: z.literal('metrics'), nodes: z.array(z.record(z.string(), z.unknown())).max(10_000) }),
])
export type EventFrame = z.infer<typeof EventFrame>

/** Close codes of the stream; 1013 is the one of a client that reads nothing at all. After each the last `to` is good for `since`. */
export const eventCloseCodes = { tooSlow: 4008, headStops: 4001 } as const

export const Alert = z.object({
  id: z.string().max(256),
  kind: z.string().max(64),
  severity: z.enum(['INFO', 'WARNING', 'ERROR']),
  message: z.string().max(4_096),
  sinceMs: z.number(),
  nodeId: z.string().max(64).nullable(),
})
export type Alert = z.infer<typeof Alert>
export const AlertList = z.object({ alerts: z.array(Alert).max(10_000) })

export const alertsPath = '/api/shoal/v1/alerts'

/** `a,b` or repeated. */
const kindsOf = <Kind extends z.ZodType<string, string>>(kind: Kind) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((value) => (typeof value === 'string' ? value : value.join(',')).split(',').filter((part) => part !== ''))
    .pipe(z.array(kind).max(32))
const narrowing = {
  job: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,128}$/, 'must be a job id')
    .optional(),
  node: z
    .string()
    .regex(/^[0-9a-f]{56}$/, 'must be a node id')
    .optional(),
}

export const EventsQuery = z.object({
  kinds: kindsOf(EventKind).optional(),
  ...narrowing,
  /** `next` of the page before. */
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
})
export const EventStreamQuery = z.object({
  kinds: kindsOf(z.enum([...eventKinds, 'metrics'])).optional(),
  ...narrowing,
  /** The last `to`; `latest`: no snapshot, only what comes. @default a snapshot, then what comes */
  since: z.union([z.literal('latest'), z.coerce.number().int().min(0)]).optional(),
})
