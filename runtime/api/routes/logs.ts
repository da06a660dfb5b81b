import * as z from 'zod'
import { envelopeOf } from '../envelope.ts'
import { JobPath } from '../jobs.ts'
import {
  JobTailQuery,
  LogFileQuery,
  LogSearchPage,
  LogSearchQuery,
  LogsListing,
  LogsQuery,
  LogStreamMessage,
  LogStreamOpen,
} from '../logs.ts'
import type { RouteAnswer, RouteRow } from './route-row.ts'

const logs = { method: 'get', tag: 'logs' } as const
const bytes: RouteAnswer = { description: 'The bytes of the log.', schema: z.string(), contentType: 'text/plain' }
const noLog: RouteAnswer = { description: 'No such node, process or file.' }

/** Logs of nodes, workers and jobs. */
export const logRows: readonly RouteRow[] = [
  {
    ...logs,
    path: '/api/v0/logs',
    id: 'listLogs',
    summary: 'The log files of a node, by kind.',
    query: LogsQuery,
    answers: { 200: { description: 'Names by kind.', schema: envelopeOf(LogsListing) }, 404: noLog },
  },
  {
    ...logs,
    path: '/api/v0/logs/file',
    id: 'getLog',
    summary: 'The last lines of a log; or with `offset` and `max_bytes`, which are ours, some of its bytes.',
    query: LogFileQuery,
    answers: { 200: bytes, 404: noLog },
  },
  {
    ...logs,
    path: '/api/v0/logs/stream',
    id: 'followLog',
    summary: 'The last lines of a log, and then what is written, without end.',
    query: LogFileQuery,
    answers: { 200: bytes, 404: noLog },
  },
  {
    ...logs,
    path: '/api/jobs/{id}/logs/tail',
    id: 'tailJobLogs',
    summary: 'The log of a job from its beginning, until the job has ended.',
    description:
      'Text messages of whole lines, at most 256 KiB each. It closes with 1000 when the job has ended and all was sent; a broken connection is a failure. `offset` resumes; with `format=json` each message says where in the log it stands.',
    params: JobPath,
    query: JobTailQuery,
    isSocket: true,
    answers: { 101: { description: 'The log.', schema: z.string() }, 404: { description: 'No such job.' } },
  },
  {
    ...logs,
    path: '/api/shoal/v1/logs/search',
    id: 'searchLogs',
    summary: 'Lines that fit, of all nodes or one.',
    query: LogSearchQuery,
    answers: { 200: { description: 'One page.', schema: LogSearchPage } },
  },
  {
    ...logs,
    path: '/api/shoal/v1/logs/stream',
    id: 'streamLogs',
    summary: 'One stream of many log files.',
    description:
      'The first message of the client is the body below. Messages of the server come in batches of 50 ms. A client that reads slowly is not given less: files are read later, and `lag` says how far behind it is.',
    body: { schema: LogStreamOpen },
    isSocket: true,
    answers: { 101: { description: 'Sources and their lines.', schema: LogStreamMessage } },
  },
]
