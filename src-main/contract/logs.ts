import * as z from 'zod'
import {
  LogStreamCopy,
  LogStreamEnd,
  LogStreamFailed,
  LogStreamGap,
  LogStreamLag,
  LogStreamLines,
  LogStreamLive,
  LogStreamOpen,
  LogStreamSkipped,
  LogStreamSource,
} from '../../runtime/api/logs.ts'

const { selectors, text, regex, level, since_ms: sinceMs, until_ms: untilMs, tail, resume } = LogStreamOpen.shape

/** Which lines of which files, in the words of the cluster's own stream (`runtime/api/logs.ts`). */
export const LogFollow = z.strictObject({
  selectors,
  text,
  regex,
  level,
  ignoreCase: z.boolean().default(false),
  sinceMs,
  untilMs,
  tail,
  resume,
})
export type LogFollow = z.infer<typeof LogFollow>

/** Where what follows comes from. `away`: from nowhere for a while; it goes on by itself where it was. */
const LogLink = z.object({
  type: z.literal('link'),
  state: z.enum(['live', 'record', 'away']),
  /** Of `record`: when the cluster was last heard of. */
  recordedAtMs: z.number().nullable(),
  message: z.string().nullable(),
})
/** The last event: nothing more comes, and why. What went wrong is told as `failed` before it. */
const LogClosed = z.object({ type: z.literal('closed'), message: z.string() })

/** On `log-stream/:id`. A source keeps its number over broken links; `live` and each `source` come once, and again only for what changed. */
export const LogStreamEvent = z.discriminatedUnion('type', [
  LogStreamSource,
  LogStreamLines,
  LogStreamLag,
  LogStreamGap,
  LogStreamCopy,
  LogStreamEnd,
  LogStreamLive,
  LogStreamFailed,
  LogStreamSkipped,
  LogLink,
  LogClosed,
])
export type LogStreamEvent = z.infer<typeof LogStreamEvent>

export const maxLogPieceBytes = 4 * 1024 * 1024

const piece = {
  offset: z.int().min(0).default(0),
  maxBytes: z
    .int()
    .min(1)
    .max(maxLogPieceBytes)
    .default(1024 * 1024),
}
/** The log of a job, or a file as the list of a node's logs names it. */
export const LogPlace = z.union([
  z.strictObject({ cluster: z.string().min(1).max(64), job: z.string().min(1).max(128), ...piece }),
  z.strictObject({
    cluster: z.string().min(1).max(64),
    nodeId: z.string().regex(/^[0-9a-f]{56}$/, 'a node id of 56 hex digits'),
    file: z.string().min(1).max(512),
    ...piece,
  }),
])
/** Bytes of a log as base64: a letter may be cut in two at either end. */
export const LogPiece = z.object({
  /** Later than was asked for where what stood before is gone. */
  offset: z.int().min(0),
  data: z.base64(),
  /** What to ask for next. */
  next: z.int().min(0),
  /** This was all that there is now. */
  isEnd: z.boolean(),
})
