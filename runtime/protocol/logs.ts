import * as z from 'zod'
import { NodeId } from './ids.ts'
import { isLogName, longestLogName } from './log-names.ts'
import { Bytes } from './tasks.ts'
import { lazyObject } from './lazy-object.ts'

/** Most bytes of one answer. */
export const maxReadBytes = 1_048_576
/** Most bytes of one push. */
export const maxPushBytes = 262_144
/** Longest that an agent holds a request for growth. Short, as nobody takes a request back: one that is given up lives on so long. */
export const longestWaitMs = 5_000

const Offset = z.int().min(0)
const FileName = z.string().min(1).max(longestLogName).refine(isLogName, 'not the name of a log file')

export const LogFile = lazyObject(() => ({
  name: FileName,
  /** Offset behind its last byte. It only grows, unless the file system cannot drop the oldest part and the file was begun anew. */
  sizeBytes: Offset,
  /** Offset of the oldest byte that is kept: what stood before went when the file reached its cap. */
  firstOffset: Offset,
  modifiedMs: z.number().min(0),
}))
export type LogFile = z.infer<typeof LogFile>

/** head → agent, a request. Names in order, from behind `after` on. */
export const LogsList = lazyObject(() => ({
  type: z.literal('logs.list'),
  /** `*`, `?`, `[abc]` and `**`, as a path below the log folder. */
  glob: z.string().min(1).max(longestLogName),
  after: z.string().max(longestLogName),
  maxFiles: z.int().min(1).max(2_000),
}))
export type LogsList = z.infer<typeof LogsList>
export const LogsListReply = lazyObject(() => ({
  files: z.array(LogFile).max(2_000),
  /** Folders that the glob fits; only with the first page. */
  folders: z.array(z.string().max(longestLogName)).max(1_000),
  /** `after` of the next page; null: that was all. */
  next: z.string().nullable(),
}))
export type LogsListReply = z.infer<typeof LogsListReply>

/** head → agent, a request. Bytes from `offset` on. */
export const LogsRead = lazyObject(() => ({
  type: z.literal('logs.read'),
  file: FileName,
  offset: Offset,
  maxBytes: z.int().min(0).max(maxReadBytes),
  /** At the end of the file: how long to wait for more before answering with nothing. */
  waitMs: z.int().min(0).max(longestWaitMs),
}))
export type LogsRead = z.infer<typeof LogsRead>
export const LogChunk = lazyObject(() => ({
  /** Where `bytes` begin: the offset asked for, or further where that part is gone, or less where the file was begun anew. */
  offset: Offset,
  bytes: Bytes,
  sizeBytes: Offset,
  firstOffset: Offset,
  modifiedMs: z.number().min(0),
}))
export type LogChunk = z.infer<typeof LogChunk>

/** head → agent, a request. Where the last `lines` lines before `before` begin; null: before the end. */
export const LogsLastLines = lazyObject(() => ({
  type: z.literal('logs.last-lines'),
  file: FileName,
  lines: z.int().min(0).max(10_000_000),
  before: Offset.nullable(),
}))
export type LogsLastLines = z.infer<typeof LogsLastLines>
export const LastLines = lazyObject(() => ({
  offset: Offset,
  /** `before`, or the size of the file. */
  end: Offset,
  firstOffset: Offset,
}))
export type LastLines = z.infer<typeof LastLines>

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export const LinePattern = lazyObject(() => ({
  /** `text` is looked for as it is; `regex` is a JavaScript one, stopped when it takes too long. */
  kind: z.enum(['text', 'regex']),
  pattern: z.string().min(1).max(1_024),
  ignoreCase: z.boolean(),
}))
export type LinePattern = z.infer<typeof LinePattern>

/** Which lines are wanted. Null: any. */
export const LineFilter = lazyObject(() => ({
  pattern: LinePattern.nullable(),
  /** This or worse. A line without a level counts as `info`. */
  level: z.enum(logLevels).nullable(),
  /** Of the line's own time stamp; lines without one have the time of the last line before them that has one. */
  sinceMs: z.number().min(0).nullable(),
  untilMs: z.number().min(0).nullable(),
}))
export type LineFilter = z.infer<typeof LineFilter>

/** head → agent, a request. One page of a search: files in order of name, lines in order of place, from the cursor on. */
export const LogsSearch = lazyObject(() => ({
  type: z.literal('logs.search'),
  glob: z.string().min(1).max(longestLogName),
  filter: LineFilter,
  after: z.object({ file: z.string().max(longestLogName), offset: Offset }).nullable(),
  maxLines: z.int().min(1).max(1_000),
  /** After so long it answers with what it has, and a cursor. */
  budgetMs: z.int().min(10).max(10_000),
}))
export type LogsSearch = z.infer<typeof LogsSearch>
export const FoundLine = lazyObject(() => ({
  file: z.string().max(longestLogName),
  offset: Offset,
  /** Cut to 4,096 letters. */
  text: z.string().max(4_096),
  timeMs: z.number().nullable(),
  level: z.enum(logLevels).nullable(),
}))
export type FoundLine = z.infer<typeof FoundLine>
export const SearchPage = lazyObject(() => ({
  lines: z.array(FoundLine).max(1_000),
  /** Where to go on; null: all was searched. */
  next: z.object({ file: z.string().max(longestLogName), offset: Offset }).nullable(),
  scannedBytes: z.int().min(0),
  scannedFiles: z.int().min(0),
}))
export type SearchPage = z.infer<typeof SearchPage>

/** head → agent, requests about log files of a node. */
export const logAsks = {
  'logs.list': LogsList,
  'logs.read': LogsRead,
  'logs.last-lines': LogsLastLines,
  'logs.search': LogsSearch,
} as const

/**
 * agent → head, a request. The newest part of a file, so that it can be read when this node is gone. The answer is the acknowledgement:
 * an agent has one of these under way, and skips ahead where the head takes less than is written.
 */
export const LogsPush = lazyObject(() => ({
  type: z.literal('logs.push'),
  nodeId: NodeId,
  file: FileName,
  /** What the file was called when it was last pushed. */
  renamedFrom: FileName.nullable(),
  /** What the head has under this name is of another file, and goes. */
  isAnew: z.boolean(),
  offset: Offset,
  /** Empty: only asks what the head has. */
  bytes: Bytes.refine((bytes) => bytes.byteLength <= maxPushBytes, `more than ${maxPushBytes} bytes`),
}))
export type LogsPush = z.infer<typeof LogsPush>
export const LogsPushed = lazyObject(() => ({
  /** Offset behind the last byte that the head has of this file; 0: nothing. */
  endOffset: Offset,
  /** Wait so long before the next. */
  pauseMs: z.int().min(0).max(60_000),
}))
export type LogsPushed = z.infer<typeof LogsPushed>
