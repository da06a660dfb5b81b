import type { Duplex } from 'node:stream'
import type { ControlAnswer } from '../../runtime/api/control.ts'
import { EventFrame, eventsPath } from '../../runtime/api/events.ts'
import type { JobDetails, ShoalJobSubmitRequest } from '../../runtime/api/jobs.ts'
import { JobTailFrame, logGoneCode, type LogStreamMessage } from '../../runtime/api/logs.ts'
import { packagePath } from '../../runtime/api/packages.ts'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { ApiClient, type ApiSend } from '../../runtime/client/api-client.ts'
import { notAHead } from '../../runtime/client/api-errors.ts'
import type { AnswerOf, PageId } from './answers.ts'
import {
  type CallInput,
  type ClusterCalls,
  type EventsQuestion,
  type ListPage,
  type ListQuestion,
  listQuery,
  type LogPiece,
  type LogPieceQuestion,
  type LogQuestion,
  type LogStreamQuestion,
  type PackageFile,
} from './cluster-calls.ts'
import { readLogPiece, streamLogs } from './log-calls.ts'
import { answerSchemaOf, checkBody, methodOf, pathOf, routeOf } from './routes.ts'

export type ClusterClientOptions = {
  /** Opens a connection to the head's HTTP API. */
  readonly tunnel: () => Promise<Duplex>
  readonly token: string
  /** Of the HTTP API as the head's machine sees it, for the Host header and for messages. @default 127.0.0.1:8265 */
  readonly address?: string
}

const logGone = (id: string) =>
  new ClusterError('not-found', `the rest of the log of job ${id} is gone: its node was lost before the head had a copy, or has removed it`)

const uploadTimeoutMs = 600_000
const listMargins = { timeoutMs: 40_000 }

/** Speaks with a running head. Nothing is sent before the first call. */
export const openClusterClient = ({ tunnel, token, address = '127.0.0.1:8265' }: ClusterClientOptions): ClusterClient =>
  new ClusterClient(new ApiClient({ url: `http://${address}`, token, connect: tunnel }))

export class ClusterClient implements ClusterCalls {
  readonly source = 'live'
  readonly recordedAtMs = null
  readonly #api: ApiClient

  constructor(api: ApiClient) {
    this.#api = api
  }

  async call<Id extends string>(routeId: Id, input: CallInput = {}): Promise<AnswerOf<Id>> {
    const row = routeOf(routeId)
    if (row.isSocket) throw new ClusterError('bad-argument', `${routeId} is a stream: it is not called, it is followed`)
    checkBody(row, input.json)
    const { params, ...rest } = input
    const send: ApiSend = { ...rest, method: methodOf(row.method), path: pathOf(row, params) }
    const schema = answerSchemaOf(row)
    const answer = schema ? await this.#api.sendJson(send, schema) : (await this.#api.send(send)).toString('utf8')
    return answer as AnswerOf<Id> // parsed by the schema of this id, or the text that such a route answers
  }

  page(id: PageId, question: ListQuestion = {}): Promise<ListPage> {
    const { signal } = question
    return this.call(id, { ...listMargins, query: listQuery(question), ...(signal ? { signal } : {}) })
  }

  drainNode(nodeId: string, options: { dryRun: boolean; reason?: string; withinMs?: number }): Promise<ControlAnswer> {
    const { dryRun, reason, withinMs } = options
    const json = { ...(reason === undefined ? {} : { reason }), ...(withinMs === undefined ? {} : { withinMs }) }
    return this.call('drainNode', { params: { id: nodeId }, query: { dry_run: dryRun }, json })
  }

  submitJob(job: ShoalJobSubmitRequest): Promise<AnswerOf<'submitShoalJob'>> {
    return this.call('submitShoalJob', { json: job })
  }

  getJob(id: string): Promise<JobDetails> {
    return this.call('getJob', { params: { id } })
  }

  async *tailJobLog(id: string, { offset = 0, signal }: LogQuestion = {}): AsyncGenerator<JobTailFrame> {
    const path = pathOf(routeOf('tailJobLogs'), { id })
    const socket = await this.#api.openSocket(path, { query: { format: 'json', offset }, ...(signal ? { signal } : {}) })
    const frameOf = new TailReader(offset)
    try {
      for await (const message of socket) {
        const frame = frameOf.read(message)
        if (frame) yield frame
      }
    } catch (error) {
      throw error instanceof ClusterError && error.details['closeCode'] === logGoneCode ? logGone(id) : error
    } finally {
      socket.close()
    }
  }

  streamLogs(question: LogStreamQuestion): AsyncGenerator<LogStreamMessage> {
    return streamLogs(this.#api, question)
  }

  readLog(question: LogPieceQuestion): Promise<LogPiece> {
    return readLogPiece(this.#api, question)
  }

  async uploadPackage({ name, open, sizeBytes, signal }: PackageFile): Promise<string> {
    const path = packagePath(name)
    const more = signal ? { signal } : {}
    const isThere = await this.#api.send({ method: 'GET', path, ...more }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ClusterError && error.code === 'not-found') return false
        throw error
      },
    )
    if (isThere) return `gcs://${name}`
    const body = open()
    try {
      await this.#api.send({ method: 'PUT', path, body, bodyBytes: sizeBytes, timeoutMs: uploadTimeoutMs, ...more })
    } finally {
      body.destroy()
    }
    return `gcs://${name}`
  }

  async *events({ signal, kinds, job, node, since }: EventsQuestion = {}): AsyncGenerator<EventFrame> {
    const query = { kinds: kinds?.join(','), job, node, since }
    const socket = await this.#api.openSocket(eventsPath, { query, ...(signal ? { signal } : {}) })
    try {
      for await (const message of socket) yield this.#parse(EventFrame, eventsPath, message)
    } catch (error) {
      if (!signal?.aborted) throw error
      return
    } finally {
      socket.close()
    }
    if (!signal?.aborted) throw new ClusterError('link.closed', 'the head ended the event stream; ask again to go on')
  }

  close(): void {
    this.#api.close()
  }

  #parse<Value>(schema: { parse(value: unknown): Value }, path: string, message: string): Value {
    try {
      return schema.parse(JSON.parse(message))
    } catch (error) {
      throw notAHead(this.#api.url, `${path}: ${toError(error).message}`)
    }
  }
}

/** Our heads say where a piece of a log stands. A Ray head sends bare text from the first byte on: what is here already is passed over. */
class TailReader {
  readonly #from: number
  #isText: boolean | undefined
  #end = 0

  constructor(from: number) {
    this.#from = from
  }

  read(message: string): JobTailFrame | undefined {
    if (this.#isText !== true) {
      const frame = frameFrom(message)
      this.#isText ??= frame === undefined
      if (frame) return frame
      if (!this.#isText) throw new ClusterError('protocol.violation', 'a piece of the log came without its place; ask again to go on')
    }
    const bytes = Buffer.from(message)
    const start = this.#end
    this.#end += bytes.byteLength
    const offset = Math.max(start, this.#from)
    return offset >= this.#end ? undefined : { offset, next: this.#end, text: bytes.subarray(offset - start).toString('utf8') }
  }
}

function frameFrom(message: string): JobTailFrame | undefined {
  try {
    return JobTailFrame.parse(JSON.parse(message))
  } catch {
    return undefined // bare text
  }
}
