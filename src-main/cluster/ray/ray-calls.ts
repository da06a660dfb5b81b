import * as z from 'zod'
import type { ControlAnswer } from '../../../runtime/api/control.ts'
import type { AlertList, EventFrame } from '../../../runtime/api/events.ts'
import { isTerminalStatus, type JobDetails, type ShoalJobSubmitRequest } from '../../../runtime/api/jobs.ts'
import type { JobTailFrame, LogStreamMessage } from '../../../runtime/api/logs.ts'
import type { MetricHistory } from '../../../runtime/api/metrics.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiClient, ApiQuery, ApiSend } from '../../../runtime/client/api-client.ts'
import { type AnswerOf, type PageId, pageIds } from '../answers.ts'
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
} from '../cluster-calls.ts'
import { ClusterClient } from '../cluster-client.ts'
import { answerSchemaOf, checkBody, methodOf, pathOf, routeOf } from '../routes.ts'
import type { Row } from './list-page.ts'
import { isDryRun, refusalOf, stopRayJob } from './ray-control.ts'
import { figureNames, RayFigures, recordOf } from './ray-figures.ts'
import { RayLists } from './ray-lists.ts'
import type { ReadRayLog } from './ray-log-bytes.ts'
import type { SeenLogs } from '../history/seen-logs.ts'
import { RayLogPieces } from './ray-log-pieces.ts'
import { streamRayLogs } from './ray-log-stream.ts'
import { RayPages, textsOf } from './ray-pages.ts'
import { countsOfSummary, withTotal } from './ray-summary.ts'
import { RayPoll } from './ray-poll.ts'
import { RayProcesses, withProcesses } from './ray-processes.ts'
import { rayResources } from './ray-rows.ts'
import { RayWhy } from './ray-why.ts'
import { withoutTraceback } from './ray-words.ts'

export type RayCallsOptions = {
  readonly api: ApiClient
  /** What was recorded of this cluster: it fills in what Ray forgets. */
  readonly record: ClusterCalls
  readonly readLog: ReadRayLog
  /** Logs of nodes that were followed, for the time when they are gone. */
  readonly seen: SeenLogs
}

const pieceBytes = 256 * 1024
const isPage = (id: string): id is PageId => pageIds.some((each) => each === id)

/** A Ray head under the calls of our own: what it has no call for is made out of what it tells, or refused with the reason. */
export class RayCalls implements ClusterCalls {
  readonly source = 'live'
  readonly recordedAtMs = null
  readonly #api: ApiClient
  readonly #plain: ClusterClient
  readonly #record: ClusterCalls
  readonly #lists: RayLists
  readonly #figures: RayFigures
  readonly #processes: RayProcesses
  readonly #pages: RayPages
  readonly #poll: RayPoll
  readonly #why: RayWhy
  readonly #readLog: ReadRayLog
  readonly #pieces: RayLogPieces
  readonly #seen: SeenLogs

  constructor({ api, record, readLog, seen }: RayCallsOptions) {
    this.#seen = seen
    this.#api = api
    this.#plain = new ClusterClient(api)
    this.#record = record
    this.#lists = new RayLists(api)
    this.#figures = new RayFigures(api)
    this.#processes = new RayProcesses(api)
    this.#pages = new RayPages({
      lists: this.#lists,
      record,
      withProcesses: async (rows) => withProcesses(rows, await this.#processesOf(await this.#figures.latest())),
    })
    this.#poll = new RayPoll(this.#lists, this.#figures)
    this.#why = new RayWhy(this.#lists, this.#figures)
    this.#readLog = readLog
    this.#pieces = new RayLogPieces(readLog)
  }

  async call<Id extends string>(routeId: Id, input: CallInput = {}): Promise<AnswerOf<Id>> {
    return (await this.#answer(routeId, input)) as AnswerOf<Id> // as the route of this id answers, but for words that newer versions may have
  }

  async page(id: PageId, question: ListQuestion = {}): Promise<ListPage> {
    return this.#pages.live(id, listQuery(question))
  }

  drainNode(..._args: Parameters<ClusterCalls['drainNode']>): Promise<ControlAnswer> {
    return this.#refuse('drainNode')
  }

  async submitJob({ priority, ...job }: ShoalJobSubmitRequest): Promise<AnswerOf<'submitShoalJob'>> {
    if (priority !== undefined && priority !== 0)
      throw new ClusterError('not-supported', 'a Ray head has no priorities of jobs; leave it out', { details: { field: 'priority' } })
    return this.call('submitJob', { json: job })
  }

  async getJob(id: string): Promise<JobDetails> {
    return (await this.#job(id)) as JobDetails // with all its columns, by `jobRow`
  }

  /** What Ray has no more, the record may have. Ray ends a log as if all were told also where it failed: whether that is so is looked at. */
  async *tailJobLog(id: string, question: LogQuestion = {}): AsyncGenerator<JobTailFrame> {
    let isTold = false
    const tell = async function* (frames: AsyncIterable<JobTailFrame>) {
      for await (const frame of frames) {
        isTold = true
        yield frame
      }
    }
    try {
      yield* tell(this.#plain.tailJobLog(id, question))
    } catch (error) {
      if (isTold || !isGone(error)) throw error
      yield* tell(this.#record.tailJobLog(id, question))
      if (!isTold) throw error
      return
    }
    if (question.signal?.aborted) return
    this.#lists.forget()
    const { status } = await this.getJob(id)
    if (!isTerminalStatus(status)) throw new ClusterError('link.closed', 'Ray ended the log before the job has ended; ask again to go on')
    if (!isTold) yield* this.#wholeLog(id, question) // a line of more than 4 MiB, and Ray tells nothing at all
  }

  async *#wholeLog(id: string, { offset = 0, signal }: LogQuestion): AsyncGenerator<JobTailFrame> {
    const decoder = new TextDecoder()
    for (let at = offset, told = offset, isEnd = false; !isEnd; ) {
      const piece = await this.readLog({ job: id, offset: at, maxBytes: pieceBytes, ...(signal ? { signal } : {}) })
      const text = decoder.decode(piece.bytes, { stream: !piece.isEnd })
      at = piece.next
      isEnd = piece.isEnd || signal?.aborted === true
      if (text === '') continue
      const next = isEnd ? at : told + Buffer.byteLength(text)
      yield { offset: told, next, text }
      told = next
    }
  }

  streamLogs(question: LogStreamQuestion): AsyncGenerator<LogStreamMessage> {
    const tailJobLog: ClusterCalls['tailJobLog'] = (id, more) => this.tailJobLog(id, more)
    return streamRayLogs({ api: this.#api, lists: this.#lists, readLog: this.#readLog, tailJobLog, seen: this.#seen }, question)
  }

  async readLog(question: LogPieceQuestion): Promise<LogPiece> {
    const { offset, maxBytes, signal } = question
    const more = { offset, maxBytes, ...(signal ? { signal } : {}) }
    if (!('job' in question)) {
      return this.#pieces.read({ nodeId: question.nodeId, file: question.file, ...more }).catch(async (error: unknown) => {
        if (!isGone(error)) throw error
        this.#seen.flush()
        return this.#record.readLog(question).catch(() => Promise.reject(error))
      })
    }
    const { driver_node_id: nodeId, submission_id: id } = await this.getJob(question.job)
    if (nodeId === null || id === null) return { offset, bytes: new Uint8Array(), next: offset, isEnd: true }
    return this.#pieces
      .read({ nodeId, file: `job-driver-${id}.log`, ...more })
      .catch((error: unknown) => (isGone(error) ? this.#record.readLog(question) : Promise.reject(error)))
  }

  async uploadPackage(file: PackageFile): Promise<string> {
    return this.#plain.uploadPackage(file)
  }

  events(question: EventsQuestion = {}): AsyncIterable<EventFrame> {
    return this.#poll.events(question)
  }

  close(): void {
    this.#pieces.close()
    this.#seen.flush()
    this.#api.close()
  }

  async #answer(routeId: string, input: CallInput): Promise<unknown> {
    const { params = {}, query = {}, signal } = input
    if (isPage(routeId)) return this.#pages.whole(routeId, query)
    switch (routeId) {
      case 'getJob':
      case 'getShoalJob':
        return this.#job(params['id'] ?? '')
      case 'listJobs':
        return (await this.#lists.jobs()).rows
      case 'submitShoalJob':
        return this.submitJob(input.json as ShoalJobSubmitRequest) // checked where it is sent
      case 'stopAnyJob':
        return this.#changed(
          stopRayJob({ api: this.#api, lists: this.#lists }, { id: params['id'] ?? '', isDryRun: isDryRun(input), signal }),
        )
      case 'submitJob':
      case 'stopJob':
      case 'deleteJob':
        return this.#changed(this.#send(routeId, input))
      case 'listNodeSummaries':
        return query['view'] === 'summary' ? this.#summaries(signal) : this.#send(routeId, input)
      case 'getLatestMetrics':
        return { nodes: await this.#latest(listOf(query['nodes'])) }
      case 'listMetricNames':
        return figureNames
      case 'getMetricHistory':
        return this.#history(query)
      case 'getWhy':
        return this.#why.ask(query)
      case 'listAlerts':
        return this.#alerts()
      case 'summarizeTasks':
        return this.#summary(input)
      case 'listEvents':
        return this.#record.call('listEvents', input)
      default:
        return refusalOf(routeId) === undefined ? this.#send(routeId, input) : this.#refuse(routeId)
    }
  }

  async #job(id: string): Promise<Row> {
    const { rows } = await this.#lists.jobs()
    const job = rows.find((row) => row['id'] === id) ?? rows.findLast((row) => row['job_id'] === id)
    if (job) return job
    throw new ClusterError('not-found', `Ray knows no job ${JSON.stringify(id.slice(0, 128))}; it was deleted, or never there`)
  }

  /** Ray spells the names of resources anew there, as if they were fields: those of its list of nodes take their place. */
  async #summaries(signal: AbortSignal | undefined): Promise<unknown> {
    const [data, { rows }] = await Promise.all([this.#figures.summaries(signal), this.#lists.read(rayResources.pageNodes)])
    const totals = new Map(rows.map((row) => [row['node_id'], row['resources_total']]))
    const summary = data.summary.map((node) => {
      const raylet = recordOf(node['raylet'])
      return { ...node, raylet: { ...raylet, resourcesTotal: totals.get(raylet['nodeId']) ?? raylet['resourcesTotal'] } }
    })
    return { result: true, msg: '', data: { ...data, summary } }
  }

  /** Ray sums up only as many tasks as it lists; the record those that were seen. */
  async #summary(input: CallInput): Promise<unknown> {
    const answer = await this.#send('summarizeTasks', input)
    const { total, counted } = countsOfSummary(answer)
    if (counted >= total) return answer
    const seen = await this.#record.call('summarizeTasks', input).catch(() => undefined) // then what Ray says is all there is
    const known = countsOfSummary(seen)
    if (known.counted <= counted) return answer
    return withTotal(seen, Math.max(total, known.total))
  }

  /** With their processes where nodes are named: each of them is a call of its own. */
  async #latest(nodes: readonly string[]): Promise<Row[]> {
    const latest = await this.#figures.latest()
    if (nodes.length === 0) return latest
    const named = latest.filter((row) => nodes.includes(String(row['nodeId'])))
    const processes = await this.#processesOf(named)
    return named.map((row) => ({ ...row, processes: processes.get(String(row['nodeId'])) ?? [] }))
  }

  #processesOf(latest: readonly Row[]): ReturnType<RayProcesses['of']> {
    return this.#processes.of(new Map(latest.map((row) => [String(row['nodeId']), Number(row['atMs'])])))
  }

  /** The last hour as it was seen here, and before that what was recorded. */
  async #history(query: ApiQuery): Promise<MetricHistory> {
    const toMs = Number(query['to'] ?? Date.now())
    const fromMs = Number(query['from'] ?? toMs - 3_600_000)
    const points = Number(query['points'] ?? 200)
    const recent = this.#figures.history({ names: listOf(query['names']), nodes: listOf(query['nodes']), fromMs, toMs, points })
    const { sinceMs } = this.#figures
    if (fromMs >= sinceMs) return recent
    const before = await this.#record.call('getMetricHistory', { query: { ...query, from: fromMs, to: Math.min(toMs, sinceMs) } })
    return { ...recent, series: joined(before.series, recent.series) }
  }

  /** What a person should know of at once: nodes that were lost. */
  async #alerts(): Promise<z.infer<typeof AlertList>> {
    const { rows } = await this.#lists.read(rayResources.pageNodes)
    const lost = rows.filter((row) => row['state'] === 'DEAD' && /unexpected/i.test(String(row['state_message'] ?? '')))
    return {
      alerts: lost.slice(-1_000).map((row) => ({
        ...{ id: `node-died/${String(row['node_id'])}`, kind: 'node-died', severity: 'WARNING', nodeId: String(row['node_id']) },
        message: `node ${String(row['node_name'])} died: ${String(row['state_message'])}`.slice(0, 4_096),
        sinceMs: Number(row['end_time_ms'] ?? 0),
      })),
    }
  }

  async #changed<Answer>(change: Promise<Answer>): Promise<Answer> {
    const answer = await change
    this.#poll.nudge()
    return answer
  }

  /** As it stands in the table of routes, answered as Ray does: other versions tell more or less than the schemas know. */
  async #send(routeId: string, input: CallInput): Promise<unknown> {
    const row = routeOf(routeId)
    if (row.path.startsWith('/api/shoal/'))
      throw new ClusterError('not-supported', `a Ray head has no ${routeId}`, { details: { route: routeId } })
    checkBody(row, input.json)
    const { params, ...rest } = input
    const send: ApiSend = { ...rest, method: methodOf(row.method), path: pathOf(row, params) }
    const isText = row.answers[200] !== undefined && answerSchemaOf(row) === undefined // what only Ray answers is JSON
    try {
      return await (isText ? this.#api.send(send).then(String) : this.#api.sendJson(send, z.unknown()))
    } catch (error) {
      throw withoutTraceback(error)
    }
  }

  #refuse(routeId: string): Promise<never> {
    return Promise.reject(new ClusterError('not-supported', refusalOf(routeId) ?? `a Ray head has no ${routeId}`))
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof ClusterError && (error.code === 'not-found' || error.code === 'internal' || error.code === 'node.died')
const listOf = (value: ApiQuery[string]): string[] =>
  textsOf(value)
    .flatMap((text) => text.split(','))
    .filter((text) => text !== '')

function joined(before: MetricHistory['series'], after: MetricHistory['series']): MetricHistory['series'] {
  const keyOf = ({ name, nodeId, labels }: MetricHistory['series'][number]) => `${nodeId} ${name} ${labels['gpu'] ?? ''}`
  const series = new Map(before.map((line) => [keyOf(line), line]))
  for (const line of after) {
    const known = series.get(keyOf(line))
    series.set(keyOf(line), known ? { ...line, points: [...known.points, ...line.points] } : line)
  }
  return [...series.values()]
}
