import type { JobStatus } from '../../../api/jobs.ts'
import { ShoalListQuery, shoalListPath } from '../../../api/state/shoal-lists.ts'
import { taskColumnNames } from '../../history/core/task-columns.ts'
import { openCursor, queryMark, sealCursor, shoalFilter } from '../../listings/filters.ts'
import { type Listing, listResource } from '../../listings/list-resource.ts'
import { listRows, type Row } from '../../listings/list-rows.ts'
import { resources } from '../../listings/resources.ts'
import { ClusterError } from '../../../base/errors.ts'
import type { HeadApp, HeadContext, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'
import { only } from './state.ts'

const listed = ['nodes', 'actors', 'objects', 'workers', 'placement_groups', 'runtime_envs', 'cluster_events'] as const

/** Lists with pages that do not slip, any order, richer filters and exact counts; the language stands in runtime/api/state/shoal-lists.ts. */
export function shoalListRoutes(app: HeadApp, parts: HttpParts): void {
  app.get(shoalListPath('tasks'), (context) => answerTasks(context, parts))
  for (const name of listed) {
    const list = (timeoutMs: number) => listResource(name, parts, timeoutMs)
    app.get(shoalListPath(name), (context) => answerList(context, { name, list, sort: null, ...resources[name] }))
  }
  app.get(shoalListPath('jobs'), (context) => answerList(context, jobSource(parts)))
}

type Sort = { readonly column: string; readonly isDescending: boolean }

/** A list that `answerList` can serve. */
type ListSource = {
  readonly name: string
  readonly list: (timeoutMs: number) => Promise<Listing>
  readonly key: readonly string[]
  readonly plain: readonly string[]
  /** Where none is asked for; null: by key. */
  readonly sort: Sort | null
  /** Further keys of the answer. */
  readonly sum?: (rows: readonly Row[]) => object
}

/** Beside the columns of Ray's list: what a queue is looked at for. */
const jobSource = ({ jobs }: HttpParts): ListSource => ({
  name: 'jobs',
  list: async () => ({ rows: jobs.listDetailed(), failures: [], warnings: [] }),
  key: ['id'],
  plain: ['id', ...resources.jobs.plain, 'priority', 'queue_position', 'reason', 'start_time', 'end_time'],
  sort: { column: 'start_time', isDescending: true },
  sum: (rows) => ({ counts: countStatuses(rows) }),
})

function countStatuses(rows: readonly Row[]): Record<JobStatus, number> {
  const counts: Record<JobStatus, number> = { PENDING: 0, RUNNING: 0, STOPPED: 0, SUCCEEDED: 0, FAILED: 0 }
  for (const { status } of rows) counts[status as JobStatus] += 1 // rows of jobs
  return counts
}

function sortOf({ sort }: ShoalListQuery): Sort | null {
  if (sort === undefined) return null
  return { column: sort.replace(/^-/, ''), isDescending: sort.startsWith('-') }
}

async function answerTasks(context: HeadContext, { history }: HttpParts): Promise<Response> {
  const query = queryValues(context, ShoalListQuery)
  const filters = query.filter.map(shoalFilter)
  const mark = queryMark(filters, query.sort ?? '')
  const cursor = query.cursor === undefined ? null : openCursor(query.cursor, mark)
  const columns = query.columns?.split(',')
  for (const column of columns ?? []) checkTaskColumn(column)
  const page = await history.queryText({
    filters,
    sort: sortOf(query) ?? { column: 'creation_time_ms', isDescending: true },
    limit: query.limit,
    after: cursor && { value: cursor.value, sequence: Number(cursor.key) },
    excludeDriver: query.exclude_driver,
    isDetailed: query.detail,
    columns,
  })
  const { total, matched, warnings, rowsJson } = page
  const next = page.next && sealCursor({ value: page.next.value, key: page.next.sequence }, mark)
  return answer(context, { total, matched, next, warnings, failures: [] }, rowsJson)
}

/** Beside those that can be filtered and sorted by. */
const moreTaskColumns = [
  'required_resources',
  'events',
  'profiling_data',
  'task_log_info',
  'runtime_env_info',
  'call_site',
  'label_selector',
]

function checkTaskColumn(column: string): void {
  if ([...taskColumnNames, ...moreTaskColumns].includes(column)) return
  throw new ClusterError(
    'bad-argument',
    `columns: tasks have no ${JSON.stringify(column)}; there are ${[...taskColumnNames, ...moreTaskColumns].join(', ')}`,
  )
}

async function answerList(context: HeadContext, source: ListSource): Promise<Response> {
  const query = queryValues(context, ShoalListQuery)
  const filters = query.filter.map(shoalFilter)
  const sort = sortOf(query) ?? source.sort
  const mark = queryMark(filters, query.sort ?? '')
  const cursor = query.cursor === undefined ? null : openCursor(query.cursor, mark)
  const { name, key, plain } = source
  const { rows, failures, warnings } = await source.list(query.timeout_ms)
  const columns = query.columns?.split(',')
  checkColumns(name, rows, [...filters.map(({ column }) => column), ...(sort ? [sort.column] : []), ...(columns ?? [])])
  const page = listRows(rows, key, { filters, sort, limit: query.limit, after: cursor && { value: cursor.value, key: String(cursor.key) } })
  const shown = columns ? page.rows.map((row) => only(row, columns)) : query.detail ? page.rows : page.rows.map((row) => only(row, plain))
  const next = page.next && sealCursor(page.next, mark)
  const facts = { total: page.total, matched: page.matched, next, ...source.sum?.(rows), warnings, failures }
  return answer(context, facts, JSON.stringify(shown))
}

/** Rows of one list all have the same columns; without any there is nothing to be wrong about. */
function checkColumns(name: string, rows: readonly Row[], columns: readonly string[]): void {
  const [first] = rows
  if (first === undefined) return
  for (const column of columns) {
    if (Object.hasOwn(first, column)) continue
    throw new ClusterError('bad-argument', `${name} have no column ${JSON.stringify(column)}; there are ${Object.keys(first).join(', ')}`, {
      details: { field: column },
    })
  }
}

function answer(context: HeadContext, facts: object, rowsJson: string): Response {
  return context.body(`${JSON.stringify(facts).slice(0, -1)},"rows":${rowsJson}}`, 200, {
    'content-type': 'application/json; charset=utf-8',
  })
}
