import type { ErrorCode } from '../../base/errors.ts'
import type { EventBatch, EventsRead, EventsReadReply } from '../../protocol/events.ts'
import type { Cursor, TaskSort } from './core/task-query.ts'
import type { Filter } from './core/predicates.ts'
import type { FunctionSummary } from './core/task-summaries.ts'
import type { LineageNode } from './core/task-lineage.ts'

/** Bounds of what is kept. */
export type HistoryLimits = {
  /** Attempts in memory; those that have not ended stay beyond it. @default 1,000,000 */
  readonly keptRows: number
  /** Packed bytes on disk; the oldest batches go first. @default 256 MiB */
  readonly keptBytes: number
}

export type ThreadData = { readonly path: string; readonly limits: HistoryLimits }

/** A list of attempts as one asks for it; see `RowQuery`. */
export type TaskQuery = {
  readonly filters: readonly Filter[]
  readonly sort: TaskSort
  readonly limit: number
  readonly after: Cursor | null
  readonly excludeDriver: boolean
  readonly isDetailed: boolean
  /** Only these; every column can be asked for. */
  readonly columns?: readonly string[] | undefined
}

/** What a page tells besides its rows. */
export type PageFacts = {
  /** All attempts kept, and those that pass the filters. Exact. */
  readonly total: number
  readonly matched: number
  readonly next: Cursor | null
  /** What is missing here, in sentences. */
  readonly warnings: readonly string[]
}
export type TaskPageText = PageFacts & { /** A JSON array. */ readonly rowsJson: string }

export type Narrowing = { readonly filters: readonly Filter[]; readonly excludeDriver: boolean }

/** What can be asked of the thread, and what it answers. */
export type HistoryQuestions = {
  page: { ask: TaskQuery; answer: TaskPageText }
  functions: { ask: Narrowing; answer: FunctionSummary & { total: number; matched: number; warnings: readonly string[] } }
  lineage: {
    ask: Narrowing & { limit: number }
    answer: Omit<FunctionSummary, 'summary'> & { summary: LineageNode[]; total: number; matched: number; warnings: readonly string[] }
  }
  /** By job and state. */
  counts: { ask: Narrowing; answer: Record<string, Record<string, number>> }
  /** Chrome trace events as JSON. */
  timeline: { ask: Narrowing & { limit: number }; answer: string }
  batches: { ask: Omit<EventsRead, 'type'>; answer: EventsReadReply }
  figures: { ask: Record<string, never>; answer: HistoryFigures }
}
export type QuestionName = keyof HistoryQuestions

export type HistoryFigures = {
  readonly rows: number
  readonly evicted: number
  readonly dropped: number
  /** Of the columns and the index. */
  readonly memoryBytes: number
  /** Of the thread's own heap, as V8 counts it; columns stand outside of it. */
  readonly heapBytes: number
  readonly storedBytes: number
  readonly storedBatches: number
}

/** Processes that are over; ids of those known to have ended, whatever they were. */
export type Ended = {
  readonly workerIds: readonly string[]
  readonly nodeIds: readonly string[]
  readonly jobIds: readonly string[]
  readonly atMs: number
}

export type ToThread =
  | {
      readonly type: 'append'
      readonly batches: readonly EventBatch[]
      readonly bytes: number /** Counts these messages. */
      readonly number: number /** Lost on the way here. */
      readonly lost: number
    }
  | { readonly type: 'ended'; readonly ended: Ended }
  | { readonly type: 'ask'; readonly id: number; readonly name: QuestionName; readonly question: unknown }
  /** How many changes a second may be told; 0: none. */
  | { readonly type: 'watch'; readonly perSecond: number }
  | { readonly type: 'close' }

/** What an attempt looks like now. */
export type TaskChange = {
  readonly taskId: string
  readonly attempt: number
  readonly name: string
  readonly state: string
  readonly type: string
  readonly jobId: string
  readonly actorId: string | null
  readonly nodeId: string | null
  readonly workerId: string | null
  readonly errorType: string | null
  readonly atMs: number
}

export type FromThread =
  | { readonly type: 'appended'; readonly bytes: number }
  /** Everything up to that message is on disk. */
  | { readonly type: 'stored'; readonly upTo: number }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'changes'; readonly changes: readonly TaskChange[]; readonly skipped: number }
  | {
      readonly type: 'note'
      readonly level: 'info' | 'warn' | 'error'
      readonly event: string
      readonly fields: Readonly<Record<string, string | number>>
    }
  | { readonly type: 'closed' }
