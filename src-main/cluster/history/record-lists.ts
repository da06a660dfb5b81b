import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ListPage } from '../cluster-calls.ts'
import { behind, type Filter, type Order, orderOf, parseFilter, type Place, type Sql, whereOf } from './core/list-sql.ts'
import { type Row, thingLists, type ThingKind } from './core/rows.ts'
import { plainTaskColumns, rowOfTask, type TaskRecord } from './core/task-row.ts'
import { openCursor, questionMark, sealCursor } from './cursors.ts'

export type RecordQuestion = {
  readonly filters: readonly Filter[]
  /** `-` before the column: the other way round. */
  readonly sort: string | undefined
  readonly limit: number
  readonly cursor: string | undefined
  readonly columns: readonly string[] | undefined
  readonly isDetailed: boolean
  readonly excludeDriver: boolean
}

export const filtersOf = (texts: readonly string[]): Filter[] => texts.map(parseFilter)

type Source = {
  readonly name: string
  readonly table: string
  /** Which rows of the table are those of the list. */
  readonly base: Sql
  readonly narrowing: Sql
  readonly key: string
  readonly select: string
  readonly sort: string | null
  readonly expressionOf: (column: string) => string
  readonly rowOf: (row: Record<string, unknown>) => Row
  readonly plain: readonly string[]
}

const everything: Sql = { text: '1', values: [] }
const columnForm = /^[a-z_]{1,64}$/

/** One page of nodes, jobs, actors, placement groups or told events. @throws ClusterError `bad-argument` */
export function pageThings(database: DatabaseSync, kind: ThingKind, question: RecordQuestion): ListPage {
  const known = database.prepare('SELECT row FROM things WHERE kind = ? LIMIT 1').get(kind)
  const columns = known === undefined ? undefined : Object.keys(JSON.parse(String(known['row'])) as Row) // rows are objects
  const { plain, sort } = thingLists[kind]
  return page(database, question, {
    name: kind,
    table: 'things',
    base: { text: 'kind = ?', values: [kind] },
    narrowing: everything,
    key: 'id',
    select: 'row',
    sort,
    plain,
    expressionOf: (column) => {
      if (!columnForm.test(column) || (columns && !columns.includes(column))) throw noColumn(kind, column, columns ?? [])
      const path = `'$.${column}'`
      return `(CASE json_type(row, ${path}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE row ->> ${path} END)`
    },
    rowOf: (row) => JSON.parse(String(row['row'])) as Row, // written by the record alone
  })
}

const wordOf = (column: string): string => `(SELECT text FROM words WHERE number = tasks.${column})`
const moreOf = (column: string): string => `(more ->> '$.${column}')`
const taskExpressions: Readonly<Record<string, string>> = {
  task_id: 'lower(hex(task_id))',
  attempt_number: 'attempt',
  state: '(SELECT name FROM states WHERE code = tasks.state)',
  name: wordOf('name'),
  func_or_class_name: wordOf('name'),
  type: wordOf('type'),
  job_id: wordOf('job'),
  actor_id: wordOf('actor'),
  node_id: wordOf('node'),
  worker_id: wordOf('worker'),
  error_type: wordOf('error'),
  creation_time_ms: 'created_ms',
  start_time_ms: 'started_ms',
  end_time_ms: 'ended_ms',
  duration_ms: `coalesce(${moreOf('duration_ms')}, max(0, ended_ms - started_ms))`,
  queued_ms: `coalesce(${moreOf('queued_ms')}, max(0, started_ms - created_ms))`,
  parent_task_id: moreOf('parent_task_id'),
  worker_pid: moreOf('worker_pid'),
  owner_worker_id: moreOf('owner_worker_id'),
  error_message: moreOf('error_message'),
  placement_group_id: moreOf('placement_group_id'),
}
/** What is read of a row, as words. */
const taskSelect = ['number', 'task_id', 'attempt', 'state', 'created_ms', 'started_ms', 'ended_ms', 'more']
  .concat(['name', 'type', 'job', 'actor', 'node', 'worker', 'error'].map((column) => `${wordOf(column)} AS ${column}_text`))
  .join(', ')

/** One page of task attempts. @throws ClusterError `bad-argument` */
export function pageTasks(database: DatabaseSync, question: RecordQuestion): ListPage {
  return page(database, question, {
    name: 'tasks',
    table: 'tasks',
    base: everything,
    narrowing: question.excludeDriver ? { text: `${wordOf('type')} <> 'DRIVER_TASK'`, values: [] } : everything,
    key: 'number',
    select: taskSelect,
    sort: '-creation_time_ms',
    plain: plainTaskColumns,
    expressionOf: (column) => {
      const expression = Object.hasOwn(taskExpressions, column) ? taskExpressions[column] : undefined
      if (expression === undefined) throw noColumn('tasks', column, Object.keys(taskExpressions))
      return expression
    },
    rowOf: (row) => rowOfTask(taskFrom(row)),
  })
}

function taskFrom(row: Record<string, unknown>): TaskRecord {
  const text = (name: string) => (typeof row[name] === 'string' ? row[name] : null)
  const time = (name: string) => (typeof row[name] === 'number' ? row[name] : null)
  return {
    taskId: Buffer.from(row['task_id'] as Uint8Array).toString('hex'), // the column's type
    attempt: Number(row['attempt']),
    state: Number(row['state']),
    ...{ name: text('name_text') ?? '', type: text('type_text') ?? '', jobId: text('job_text') ?? '', actorId: text('actor_text') },
    ...{ nodeId: text('node_text'), workerId: text('worker_text'), errorType: text('error_text') },
    ...{ createdMs: time('created_ms'), startedMs: time('started_ms'), endedMs: time('ended_ms') },
    more: typeof row['more'] === 'string' ? (JSON.parse(row['more']) as Row) : null, // written by the record alone
  }
}

function page(database: DatabaseSync, question: RecordQuestion, source: Source): ListPage {
  const { table, base, narrowing, key, name, expressionOf } = source
  const sort = question.sort ?? source.sort
  const sortColumn = sort?.replace(/^-/, '')
  const order: Order = {
    value: sortColumn === undefined ? 'NULL' : expressionOf(sortColumn),
    key,
    isDescending: sort?.startsWith('-') ?? false,
  }
  const mark = questionMark(name, question.filters, sort ?? '')
  const place = question.cursor === undefined ? null : openCursor(question.cursor, mark)
  const filters = whereOf(question.filters, expressionOf)
  const count = (text: string, values: Sql['values']) =>
    Number(database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${text}`).get(...(values as SQLInputValue[]))?.['n'] ?? 0) // texts, numbers and nulls
  const total = count(base.text, base.values)
  const isNarrow = question.filters.length > 0 || narrowing !== everything
  const all = `(${base.text}) AND (${narrowing.text}) AND (${filters.text})`
  const values = [...base.values, ...narrowing.values, ...filters.values]
  const matched = isNarrow ? count(all, values) : total
  const onwards = behind(order, place)
  const rows = database
    .prepare(
      `SELECT ${source.select}, ${key} AS page_key, ${order.value} AS page_value FROM ${table} WHERE ${all} AND (${onwards.text}) ORDER BY ${orderOf(order)} LIMIT ?`,
    )
    .all(...([...values, ...onwards.values] as SQLInputValue[]), question.limit + 1) // as above
  const shown = rows.slice(0, question.limit)
  const last = shown.at(-1)
  const next: Place | null =
    rows.length > shown.length && last ? { value: last['page_value'] as Place['value'], key: last['page_key'] as Place['key'] } : null // what the two expressions can be
  return {
    total,
    matched,
    rows: shown.map((row) => shownRow(source.rowOf(row), question, source.plain)),
    next: next && sealCursor(next, mark),
    warnings: [],
    failures: [],
  }
}

function shownRow(row: Row, { columns, isDetailed }: RecordQuestion, plain: readonly string[]): Row {
  if (isDetailed && columns === undefined) return row
  return Object.fromEntries((columns ?? plain).filter((column) => Object.hasOwn(row, column)).map((column) => [column, row[column]]))
}

const noColumn = (list: string, column: string, known: readonly string[]): ClusterError =>
  new ClusterError(
    'bad-argument',
    `${list} have no column ${JSON.stringify(column.slice(0, 100))} in this record; there are ${known.join(', ')}`,
    {
      details: { field: column.slice(0, 100) },
    },
  )
