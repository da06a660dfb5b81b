import type * as z from 'zod'
import type { EventFrame } from '../../../runtime/api/events.ts'
import { EventsQuery } from '../../../runtime/api/events.ts'
import { type JobDetails, JobStatus, type ShoalJobDetails } from '../../../runtime/api/jobs.ts'
import type { JobTailFrame, LogStreamMessage } from '../../../runtime/api/logs.ts'
import { StateListQuery } from '../../../runtime/api/state/query.ts'
import { ShoalListQuery } from '../../../runtime/api/state/shoal-lists.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { AnswerOf, PageId } from '../answers.ts'
import {
  type CallInput,
  type ClusterCalls,
  type ListPage,
  type ListQuestion,
  listQuery,
  type LogPiece,
  type LogPieceQuestion,
  type LogQuestion,
  type LogStreamQuestion,
} from '../cluster-calls.ts'
import { answerSchemaOf, routeOf } from '../routes.ts'
import type { ClusterRecord } from './cluster-record.ts'
import type { History } from './history.ts'
import { rayJobColumns, type ThingKind } from './core/rows.ts'
import { metricsFromRecord } from './record-metrics.ts'
import { alertsFromRecord, eventsFromRecord } from './record-events.ts'
import { jobOfLogFile, jobPiece, seenPiece, streamFromRecord } from './record-log-stream.ts'
import { taskSummaryFromRecord } from './record-summary.ts'
import { filtersOf, pageTasks, pageThings, type RecordQuestion } from './record-lists.ts'

const things: Readonly<Record<string, ThingKind>> = {
  pageNodes: 'nodes',
  listNodes: 'nodes',
  pageActors: 'actors',
  listActors: 'actors',
  pagePlacementGroups: 'placement_groups',
  listPlacementGroups: 'placement_groups',
  pageClusterEvents: 'cluster_events',
  listClusterEvents: 'cluster_events',
  listShoalJobs: 'jobs',
  listJobStates: 'jobs',
}

/**
 * What was recorded of a cluster, under the calls of its head: nodes, jobs and their logs, tasks, actors, placement groups, events, alerts and
 * figures. Everything else throws `head.unavailable` and says that the cluster is not connected.
 * `name` is for such messages.
 */
export const createRecordedClient = (history: Pick<History, 'record'>, clusterId: string, name: string = clusterId): RecordedClient =>
  new RecordedClient(history.record(clusterId), name)

export class RecordedClient implements ClusterCalls {
  readonly source = 'record'
  readonly #record: ClusterRecord
  readonly #name: string

  constructor(record: ClusterRecord, name: string) {
    this.#record = record
    this.#name = name
  }

  get recordedAtMs(): number | null {
    return this.#record.heardAtMs
  }

  async call<Id extends string>(routeId: Id, input: CallInput = {}): Promise<AnswerOf<Id>> {
    const answer = this.#answer(routeId, input)
    const schema = answerSchemaOf(routeOf(routeId))
    const parsed = schema?.safeParse(answer)
    if (parsed?.success === false) throw this.#damaged(routeId, parsed.error)
    return (parsed ? parsed.data : answer) as AnswerOf<Id> // parsed by the schema of this id
  }

  page(id: PageId, question: ListQuestion = {}): Promise<ListPage> {
    return this.call(id, { query: listQuery(question) })
  }

  async getJob(id: string): Promise<JobDetails> {
    return this.#job(id)
  }

  async *tailJobLog(id: string, { offset = 0, signal }: LogQuestion = {}): AsyncGenerator<JobTailFrame> {
    const job = this.#job(id)
    for (const piece of [...this.#record.logs.read(job.id, offset)]) {
      if (signal?.aborted) return
      yield { offset: piece.offset, next: piece.next, text: piece.text }
    }
  }

  async *streamLogs(question: LogStreamQuestion): AsyncGenerator<LogStreamMessage> {
    let isEmpty = true
    for await (const message of streamFromRecord(this.#record, question)) {
      isEmpty &&= message.type === 'live'
      yield message
    }
    if (isEmpty) await this.#refuse('show these logs: it holds those of submitted jobs, and what somebody followed of others')
  }

  async readLog(question: LogPieceQuestion): Promise<LogPiece> {
    const id = 'job' in question ? question.job : jobOfLogFile(question.file)
    if (id !== undefined) return jobPiece(this.#record, this.#job(id).id, question)
    const seen = 'job' in question ? undefined : seenPiece(this.#record, question, question)
    return seen ?? this.#refuse('give this log: it holds those of submitted jobs, and what somebody followed of others')
  }

  drainNode(..._args: Parameters<ClusterCalls['drainNode']>): Promise<never> {
    return this.#refuse('drain a node')
  }

  submitJob(..._args: Parameters<ClusterCalls['submitJob']>): Promise<never> {
    return this.#refuse('submit a job')
  }

  uploadPackage(..._args: Parameters<ClusterCalls['uploadPackage']>): Promise<never> {
    return this.#refuse('upload files')
  }

  // oxlint-disable-next-line require-yield -- it never has any, and says so
  async *events(): AsyncGenerator<EventFrame> {
    await this.#refuse('follow events')
  }

  close(): void {}

  #answer(id: string, { params = {}, query = {} }: CallInput): unknown {
    const kind = Object.hasOwn(things, id) ? things[id] : undefined
    if (kind !== undefined) return id.startsWith('page') || id === 'listShoalJobs' ? this.#page(kind, query) : this.#rayList(kind, query)
    const { database } = this.#record
    switch (id) {
      case 'pageTasks':
        return this.#page('tasks', query)
      case 'listTasks':
        return this.#rayList('tasks', query)
      case 'summarizeTasks':
        return taskSummaryFromRecord(database, query)
      case 'listJobs':
        return this.#jobs().rows
      case 'getJob':
      case 'getShoalJob':
        return this.#job(params['id'] ?? '')
      case 'getJobLogs':
        return { logs: this.#logText(params['id'] ?? '') }
      case 'listEvents':
        return eventsFromRecord(database, parse(EventsQuery, query))
      case 'listAlerts':
        return alertsFromRecord(database)
      case 'getMetricHistory':
      case 'getLatestMetrics':
      case 'listMetricNames':
        return metricsFromRecord(database, id, query)
      default:
        throw this.#gone(`answer ${id}`)
    }
  }

  #page(kind: ThingKind | 'tasks', query: CallInput['query']): unknown {
    const parsed = parse(ShoalListQuery, query)
    const question: RecordQuestion = {
      filters: filtersOf(parsed.filter),
      ...{ sort: parsed.sort, limit: parsed.limit, cursor: parsed.cursor, columns: parsed.columns?.split(',') },
      ...{ isDetailed: parsed.detail, excludeDriver: parsed.exclude_driver },
    }
    const page = this.#pageOf(kind, question)
    return kind === 'jobs' ? { ...page, counts: this.#jobCounts() } : page
  }

  #pageOf(kind: ThingKind | 'tasks', question: RecordQuestion): ListPage {
    const { database } = this.#record
    const page = kind === 'tasks' ? pageTasks(database, question) : pageThings(database, kind, question)
    return { ...page, warnings: this.#warnings(kind) }
  }

  /** What is missing here, in sentences. */
  #warnings(kind: ThingKind | 'tasks'): string[] {
    const leftOut = kind === 'tasks' ? Number(this.#record.fact('tasks-left-out') ?? 0) : 0
    const gaps = Number(this.#record.database.prepare('SELECT count(*) AS n FROM gaps').get()?.['n'] ?? 0)
    return [
      ...(leftOut > 0 ? [`${leftOut} tasks that had ended before this panel first saw the cluster are not in this record.`] : []),
      ...(gaps > 0
        ? [`${gaps} times some events were missed; what lists told afterwards is here, what came and went in between is not.`]
        : []),
    ]
  }

  /** As Ray's State API answers. */
  #rayList(kind: ThingKind | 'tasks', query: CallInput['query']): unknown {
    const parsed = parse(StateListQuery, query)
    const { filter_keys: keys, filter_predicates: predicates, filter_values: values } = parsed
    const filters = keys.map((key, at) => ({
      column: key.toLowerCase(),
      operator: predicates[at] === '!=' ? ('ne' as const) : ('eq' as const),
      values: [values[at] ?? ''],
    }))
    const columns = kind === 'jobs' ? rayJobColumns[parsed.detail ? 'detail' : 'plain'] : undefined
    const { limit, cursor, detail: isDetailed, exclude_driver: excludeDriver } = parsed
    const page = this.#pageOf(kind, { filters, sort: undefined, limit, cursor, columns, isDetailed, excludeDriver })
    const { total, matched, rows, warnings } = page
    const result = { total, num_after_truncation: total, num_filtered: matched, result: rows, partial_failure_warning: '', warnings }
    return { result: true, msg: '', data: { result } }
  }

  #jobs(filters: readonly string[] = []): ListPage {
    const question = { sort: undefined, limit: 10_000, cursor: undefined, columns: undefined, isDetailed: true, excludeDriver: true }
    return pageThings(this.#record.database, 'jobs', { ...question, filters: filtersOf(filters) })
  }

  #job(id: string): ShoalJobDetails {
    const row = this.#record.thing('jobs', id) ?? this.#jobs([`job_id:eq:${id}`]).rows[0]
    if (row === undefined) throw new ClusterError('not-found', `there is no job '${id.slice(0, 128)}' in the record of ${this.#name}`)
    return row as ShoalJobDetails // as the head's list sent it
  }

  #jobCounts(): Record<string, number> {
    const counts: Record<string, number> = Object.fromEntries(JobStatus.options.map((status) => [status, 0]))
    const sql = "SELECT row ->> '$.status' AS status, count(*) AS n FROM things WHERE kind = 'jobs' GROUP BY 1"
    for (const row of this.#record.database.prepare(sql).all()) counts[String(row['status'])] = Number(row['n'])
    return counts
  }

  /** What is not in the record is said where it is missing. */
  #logText(id: string): string {
    let text = ''
    let next = 0
    for (const piece of this.#record.logs.read(this.#job(id).id)) {
      if (piece.offset > next) text += `[${piece.offset - next} bytes are not in this record]\n`
      text += piece.text
      next = piece.next
    }
    return text
  }

  #refuse(what: string): Promise<never> {
    return Promise.reject(this.#gone(what))
  }

  /** Of another version of the panel, or another hand. */
  #damaged(route: string, { issues: [issue] }: z.ZodError): ClusterError {
    const where = `${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? 'is not what it should be'}`
    return new ClusterError(
      'protocol.violation',
      `the record of ${this.#name} holds what ${route} cannot answer: ${where.slice(0, 500)}; connect to the cluster to read it anew`,
    )
  }

  #gone(what: string): ClusterError {
    const at = this.recordedAtMs
    const since = at === null ? 'it was never heard of' : `it was last heard of at ${new Date(at).toISOString()}`
    return new ClusterError(
      'head.unavailable',
      `${this.#name} is not connected (${since}), and a record cannot ${what}; connect to the cluster, or start it again`,
      { details: { recordedAtMs: at ?? 0 } },
    )
  }
}

/** Parameters as they would stand in the address: texts. @throws ClusterError `bad-argument` naming the one that is wrong */
function parse<Schema extends z.ZodType>(schema: Schema, query: CallInput['query'] = {}): z.infer<Schema> {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined)
  const texts = Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : String(value)]))
  const parsed = schema.safeParse(texts)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ClusterError('bad-argument', `${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? 'is wrong'}`)
}
