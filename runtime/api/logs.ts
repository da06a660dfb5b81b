import * as z from 'zod'

/** Names of Ray's query parameters for logs (Ray: dashboard/modules/state/state_head.py); unknown ones are ignored, as Ray does. */
const hex = (length: number, what: string) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${length}}$`), `must be ${what}: ${length} hexadecimal letters`)
    .transform((id) => id.toLowerCase())
const count = (text: string, most: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, text)
    .transform(Number)
    .refine((number) => number <= most, text)
const seconds = z.string().regex(/^\d{1,6}(\.\d{1,6})?$/, 'must be a number of seconds')
const flag = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0', '']))
  .transform((text) => text === 'true' || text === '1')

const nodeId = hex(56, 'the id of a node')
const nodeIp = z.string().min(1).max(64)
const fileName = z.string().min(1).max(512)

/** GET /api/v0/logs */
export const LogsQuery = z.object({
  node_id: nodeId.optional(),
  node_ip: nodeIp.optional(),
  glob: z.string().min(1).max(512).default('*'),
  timeout: seconds.optional(),
})
export const LogsListing = z.object({ result: z.record(z.string(), z.array(z.string())) })

/** GET /api/v0/logs/file and /api/v0/logs/stream */
export const LogFileQuery = z.object({
  node_id: nodeId.optional(),
  node_ip: nodeIp.optional(),
  filename: fileName.optional(),
  actor_id: hex(32, 'the id of an actor').optional(),
  task_id: hex(48, 'the id of a task').optional(),
  attempt_number: count('must be a whole number', 1_000_000).default(0),
  pid: count('must be the number of a process', 4_294_967_295).optional(),
  submission_id: z.string().min(1).max(256).optional(),
  suffix: z.enum(['out', 'err'], 'must be out or err').default('out'),
  lines: z
    .string()
    .regex(/^(-1|\d{1,8})$/, 'must be a number of lines, or -1 for all')
    .transform(Number)
    .default(1_000),
  interval: seconds.optional(),
  timeout: seconds.optional(),
  download_filename: z.string().min(1).max(255).default('file.txt'),
  filter_ansi_code: flag.default(false),
  /** Ours, of `file` alone: bytes from here on, and no lines. */
  offset: count('must be a number of bytes', Number.MAX_SAFE_INTEGER).optional(),
  /** With `offset`. @default all */
  max_bytes: count('must be a number of bytes', Number.MAX_SAFE_INTEGER).optional(),
})
export type LogFileQuery = z.infer<typeof LogFileQuery>

/** Set on answers that come from the head's own copy of the end of a file, as its node is gone or away. */
export const logSourceHeader = 'x-shoal-log-source'
/** Offset of the oldest byte that there is. */
export const firstOffsetHeader = 'x-shoal-log-first-offset'
/** Offset of the first byte of the body. */
export const offsetHeader = 'x-shoal-log-offset'
/** Offset behind the last byte that there is. */
export const endHeader = 'x-shoal-log-end'

/** GET /api/jobs/{id}/logs/tail; both parameters are ours. */
export const JobTailQuery = z.object({
  /** Bytes of the file that the client has. */
  offset: count('must be a number of bytes', Number.MAX_SAFE_INTEGER).default(0),
  /** `json`: each message is a `JobTailFrame`, whose offsets are exact. @default text, as Ray sends it */
  format: z.enum(['text', 'json']).default('text'),
})
export const JobTailFrame = z.object({ offset: z.int().min(0), next: z.int().min(0), text: z.string() })
export type JobTailFrame = z.infer<typeof JobTailFrame>
/** Close code of a tail in the format `json` when the job has ended, and the rest of its log is nowhere any more. */
export const logGoneCode = 4404

export const ApiLogLevel = z.enum(['debug', 'info', 'warn', 'error'])

const lineFilter = {
  /** Plain text that a line holds, or with `regex` a JavaScript regular expression. */
  text: z.string().min(1).max(1_024).optional(),
  regex: z.string().min(1).max(1_024).optional(),
  level: ApiLogLevel.optional(),
}

/** GET /api/shoal/v1/logs/search */
export const LogSearchQuery = z.object({
  ...lineFilter,
  ignore_case: flag.default(false),
  /** Milliseconds since 1970, or an ISO time. */
  since: z.string().max(40).optional(),
  until: z.string().max(40).optional(),
  node_id: nodeId.optional(),
  glob: z.string().min(1).max(512).default('**'),
  limit: count('must be a number from 1 to 1000', 1_000).default(200),
  cursor: z.string().max(2_048).optional(),
})

export const LogSearchLine = z.object({
  node_id: z.string(),
  file: z.string(),
  /** Of the first byte of the line. */
  offset: z.int().min(0),
  text: z.string(),
  time_ms: z.number().nullable(),
  level: ApiLogLevel.nullable(),
})
export const LogSearchPage = z.object({
  lines: z.array(LogSearchLine),
  /** `cursor` of the next page; null: all was searched. A page may hold fewer lines than asked for, or none, and still have a next one. */
  next_cursor: z.string().nullable(),
  scanned_bytes: z.int().min(0),
  /** Nodes that could not be searched, with the reason; copies of their logs were searched where the head has them. */
  warnings: z.array(z.string()),
})
export type LogSearchPage = z.infer<typeof LogSearchPage>

/** Which files a stream follows: those that fit all that is given in one selector. A task's lines stand between those of others. */
export const LogSelector = z.strictObject({
  node_id: nodeId.optional(),
  submission_id: z.string().min(1).max(256).optional(),
  job_id: hex(8, 'the id of a job').optional(),
  actor_id: hex(32, 'the id of an actor').optional(),
  worker_id: hex(56, 'the id of a worker').optional(),
  pid: z.int().min(0).max(4_294_967_295).optional(),
  /** A glob. */
  file: fileName.optional(),
  stream: z.enum(['out', 'err']).optional(),
})
export type LogSelector = z.infer<typeof LogSelector>

/** client → server, the first message of WS /api/shoal/v1/logs/stream. */
export const LogStreamOpen = z.strictObject({
  type: z.literal('open'),
  selectors: z.array(LogSelector).min(1).max(64),
  ...lineFilter,
  ignore_case: z.boolean().default(false),
  since_ms: z.number().min(0).optional(),
  until_ms: z.number().min(0).optional(),
  /** How many lines of each file come first; -1: all that there is. Files that appear later come whole. */
  tail: z.int().min(-1).max(100_000).default(100),
  /** By `key` of the source: where to go on. */
  resume: z.record(z.string().max(640), z.int().min(0)).default({}),
})
export type LogStreamOpen = z.infer<typeof LogStreamOpen>

const sourceNumber = z.int().min(1)
/** server → client. A file that is followed; said again when it is called something else from now on. */
export const LogStreamSource = z.object({
  type: z.literal('source'),
  source: sourceNumber,
  /** For `resume`. */
  key: z.string(),
  node_id: z.string(),
  file: z.string(),
  worker_id: z.string().nullable(),
  job_id: z.string().nullable(),
  submission_id: z.string().nullable(),
  pid: z.int().nullable(),
  stream: z.enum(['out', 'err']).nullable(),
  /** Where reading begins. */
  offset: z.int().min(0),
})
/** server → client. Lines of one source, in their order, as columns. */
export const LogStreamLines = z.object({
  type: z.literal('lines'),
  source: sourceNumber,
  offsets: z.array(z.int().min(0)),
  /** From the line itself or one before it, else when it was read. */
  times: z.array(z.number()),
  levels: z.array(ApiLogLevel.nullable()),
  texts: z.array(z.string()),
  /** Indexes of lines that go on in the next one of this source: pieces of very long lines, and lines that had not ended yet. */
  pieces: z.array(z.int().min(0)),
  /** Offset behind all that was looked at, lines that the filter left out included: what to resume from. */
  next: z.int().min(0),
})
/** server → client, at most each second. What of the file was written and not sent yet; 0: it is up to date again. */
export const LogStreamLag = z.object({ type: z.literal('lag'), source: sourceNumber, behind_bytes: z.int().min(0) })
/** server → client. These bytes went, by the cap of the file, before they were read; or they are not in the head's copy. */
export const LogStreamGap = z.object({ type: z.literal('gap'), source: sourceNumber, from: z.int().min(0), to: z.int().min(0) })
/** server → client. From here on the lines are from the head's copy: the node is gone. */
export const LogStreamCopy = z.object({ type: z.literal('copy'), source: sourceNumber })
/** server → client. Nothing more comes of this file. */
export const LogStreamEnd = z.object({ type: z.literal('end'), source: sourceNumber, reason: z.string() })
/** server → client, once. All that was there at the start was sent. */
export const LogStreamLive = z.object({ type: z.literal('live') })
/** server → client. What was wrong; the socket closes. */
export const LogStreamFailed = z.object({ type: z.literal('failed'), code: z.string(), message: z.string() })
/** server → client. Files that were left out, as a stream follows so many at most. */
export const LogStreamSkipped = z.object({ type: z.literal('skipped'), files: z.int().min(1), limit: z.int().min(1) })

export const LogStreamMessage = z.discriminatedUnion('type', [
  LogStreamSource,
  LogStreamLines,
  LogStreamLag,
  LogStreamGap,
  LogStreamCopy,
  LogStreamEnd,
  LogStreamLive,
  LogStreamFailed,
  LogStreamSkipped,
])
export type LogStreamMessage = z.infer<typeof LogStreamMessage>
