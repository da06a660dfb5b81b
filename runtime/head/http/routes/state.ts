import { StateListQuery } from '../../../api/state/query.ts'
import { openCursor, queryMark, rayFilters, sealCursor } from '../../listings/filters.ts'
import { listResource } from '../../listings/list-resource.ts'
import { checkColumn, listRows, type Row } from '../../listings/list-rows.ts'
import { type ResourceName, resources } from '../../listings/resources.ts'
import type { Filter } from '../../history/core/predicates.ts'
import type { HeadApp, HeadContext, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'

const listed = ['nodes', 'actors', 'objects', 'workers', 'jobs', 'placement_groups', 'runtime_envs', 'cluster_events'] as const

/** Ray's State API. Filters come before any limit, so nothing is ever cut off that a filter would have kept. */
export function stateRoutes(app: HeadApp, parts: HttpParts): void {
  app.get('/api/v0/tasks', (context) => answerTasks(context, parts))
  for (const name of listed) app.get(`/api/v0/${name}`, (context) => answerList(context, name, parts))
}

/** What Ray's servers leave of the client's time for the work. */
export const workShare = 0.8

export function checkedFilters(query: StateListQuery, name: ResourceName): Filter[] {
  const filters = rayFilters(query)
  for (const { column } of filters) checkColumn(column, resources[name].filterable, name)
  return filters
}

async function answerTasks(context: HeadContext, { history }: HttpParts): Promise<Response> {
  const query = queryValues(context, StateListQuery)
  const filters = checkedFilters(query, 'tasks')
  const mark = queryMark(filters, 'task_id')
  const cursor = query.cursor === undefined ? null : openCursor(query.cursor, mark)
  const page = await history.queryText({
    filters,
    sort: { column: 'task_id', isDescending: false },
    limit: query.limit,
    after: cursor && { value: cursor.value, sequence: Number(cursor.key) },
    excludeDriver: query.exclude_driver,
    isDetailed: query.detail,
  })
  const next = page.next && sealCursor({ value: page.next.value, key: page.next.sequence }, mark)
  return listAnswer(context, { ...page, next, failures: [] })
}

async function answerList(context: HeadContext, name: (typeof listed)[number], parts: HttpParts): Promise<Response> {
  const query = queryValues(context, StateListQuery)
  const filters = checkedFilters(query, name)
  const { key, plain } = resources[name]
  const mark = queryMark(filters, '')
  const cursor = query.cursor === undefined ? null : openCursor(query.cursor, mark)
  const { rows, failures, warnings } = await listResource(name, parts, query.timeout * 1_000 * workShare)
  const page = listRows(rows, key, { filters, sort: null, limit: query.limit, after: cursor && { value: null, key: String(cursor.key) } })
  const shown = query.detail ? page.rows : page.rows.map((row) => only(row, plain))
  const next = page.next && sealCursor({ value: null, key: page.next.key }, mark)
  return listAnswer(context, { total: page.total, matched: page.matched, rowsJson: JSON.stringify(shown), next, failures, warnings })
}

export const only = (row: Row, columns: readonly string[]): Row =>
  Object.fromEntries(columns.filter((column) => Object.hasOwn(row, column)).map((column) => [column, row[column]]))

type ListAnswer = {
  readonly total: number
  readonly matched: number
  readonly rowsJson: string
  readonly next: string | null
  readonly warnings: readonly string[]
  readonly failures: readonly string[]
}

/** Ray's envelope around rows that are JSON already. */
function listAnswer(context: HeadContext, { total, matched, rowsJson, next, warnings, failures }: ListAnswer): Response {
  const rest = JSON.stringify({
    total,
    num_after_truncation: total,
    num_filtered: matched,
    partial_failure_warning: failures.join('\n'),
    warnings: warnings.length === 0 ? null : warnings,
    next,
  })
  const body = `{"result":true,"msg":"","data":{"result":{"result":${rowsJson},${rest.slice(1)}}}`
  return context.body(body, 200, { 'content-type': 'application/json; charset=utf-8' })
}
