import type { Readable } from 'node:stream'
import type { ControlAnswer } from '../../runtime/api/control.ts'
import type { EventFrame, EventKind } from '../../runtime/api/events.ts'
import type { JobDetails, ShoalJobSubmitRequest } from '../../runtime/api/jobs.ts'
import type { JobTailFrame, LogStreamMessage, LogStreamOpen } from '../../runtime/api/logs.ts'
import type { ApiQuery } from '../../runtime/client/api-client.ts'
import type { AnswerOf, PageId } from './answers.ts'

export type CallInput = {
  /** By the names in the braces of the path. */
  readonly params?: Readonly<Record<string, string>>
  readonly query?: ApiQuery
  /** Checked against the route's schema before it is sent. */
  readonly json?: unknown
  /** In place of `json`. With a stream, `bodyBytes` says how long it is, where that is known. */
  readonly body?: Uint8Array | Readable
  readonly bodyBytes?: number
  readonly signal?: AbortSignal
  /** Until the answer begins. @default 60 s */
  readonly timeoutMs?: number
}

/** `filter` as in `state:eq:FAILED`, all hold; `sort` a column, `-` before it for the other way round. */
export type ListQuestion = {
  readonly filter?: readonly string[]
  readonly sort?: string
  readonly limit?: number
  readonly cursor?: string
  readonly columns?: readonly string[]
  readonly detail?: boolean
  readonly signal?: AbortSignal
}

/** What any list answers: exact counts, one page of rows, and where the next page begins. */
export type ListPage = {
  readonly total: number
  readonly matched: number
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly next: string | null
  readonly warnings: readonly string[]
  readonly failures: readonly string[]
}

export type EventsQuestion = {
  readonly kinds?: readonly (EventKind | 'metrics')[]
  readonly job?: string
  readonly node?: string
  /** The last number that was seen; `latest`: only what comes. @default a snapshot, then what comes */
  readonly since?: number | 'latest'
  readonly signal?: AbortSignal
}

export type LogQuestion = {
  /** Bytes of the log that are here already. @default 0 */
  readonly offset?: number
  readonly signal?: AbortSignal
}

/** Lines of many files; `resume` by the key of each says where to go on. */
export type LogStreamQuestion = Omit<LogStreamOpen, 'type'> & { readonly signal?: AbortSignal }

/** The log of a submitted job, or a file of a node. */
export type LogFilePlace = { readonly job: string } | { readonly nodeId: string; readonly file: string }
export type LogPieceQuestion = LogFilePlace & { readonly offset: number; readonly maxBytes: number; readonly signal?: AbortSignal }
export type LogPiece = {
  /** Later than was asked for where what stood before is gone; earlier where the file does not go that far. */
  readonly offset: number
  readonly bytes: Uint8Array
  /** Offset behind them. */
  readonly next: number
  /** Nothing stands behind these now. */
  readonly isEnd: boolean
}

export type PackageFile = {
  /** Content addressed: `_ray_pkg_<hash>.zip`. One that is there is not sent again. */
  readonly name: string
  readonly open: () => Readable
  readonly sizeBytes: number
  readonly signal?: AbortSignal
}

/**
 * Everything that can be asked of a cluster, by the ids of the table of routes: of its head, or of what was recorded of it. All throw
 * ClusterError; of a record, `head.unavailable` for what only a head can answer or do.
 */
export type ClusterCalls = {
  readonly source: 'live' | 'record'
  /** Of a record: when the cluster was last heard of. */
  readonly recordedAtMs: number | null
  call<Id extends string>(routeId: Id, input?: CallInput): Promise<AnswerOf<Id>>
  /** One page of a list. */
  page(id: PageId, question?: ListQuestion): Promise<ListPage>
  drainNode(
    nodeId: string,
    options: { readonly dryRun: boolean; readonly reason?: string; readonly withinMs?: number },
  ): Promise<ControlAnswer>
  submitJob(job: ShoalJobSubmitRequest): Promise<AnswerOf<'submitShoalJob'>>
  getJob(id: string): Promise<JobDetails>
  /** The log from `offset` on as it grows; it ends when the job has ended and all was read, and throws `link.closed` when it broke off, `not-found` when the rest is gone. */
  tailJobLog(id: string, question?: LogQuestion): AsyncIterable<JobTailFrame>
  /** Goes on until `signal` fires, of a record until all was told; any other end throws, and what was seen is good for `resume`. */
  streamLogs(question: LogStreamQuestion): AsyncIterable<LogStreamMessage>
  /** @throws `not-supported` where the head can only give whole logs */
  readLog(question: LogPieceQuestion): Promise<LogPiece>
  /** Resolves with the `gcs://` address. */
  uploadPackage(file: PackageFile): Promise<string>
  /** Frames of the event stream. It ends only when `signal` fires; any other end throws, and the last `to` is good for `since`. */
  events(question?: EventsQuestion): AsyncIterable<EventFrame>
  close(): void
}

/** Question as the parameters of a list's path. */
export function listQuery({ filter, sort, limit, cursor, columns, detail }: ListQuestion): ApiQuery {
  return { filter, sort, limit, cursor, columns: columns?.join(','), detail }
}
