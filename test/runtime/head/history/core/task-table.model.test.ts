import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Filter, operators } from '#runtime/head/history/core/predicates.ts'
import { type TaskColumnName, taskColumnNames } from '#runtime/head/history/core/task-columns.ts'
import type { Cursor } from '#runtime/head/history/core/task-query.ts'
import { TaskHistory } from '#runtime/head/history/task-history.ts'
import { taskStates, type TaskState } from '#runtime/base/task-states.ts'
import { aBatch, actorOf, callOf, taskOf, type Told } from '../batches.ts'

/** The columns against lists of plain objects: the same reports go into both, and both must answer alike. */

const ids = [
  taskOf(1),
  taskOf(2),
  taskOf(0x1_0000_0001),
  taskOf(3, 2),
  callOf(4, actorOf(1)),
  callOf(5, actorOf(2, 2)),
  `${'f'.repeat(16)}${actorOf(1)}`,
]
const told = fc.record(
  {
    taskId: fc.constantFrom(...ids),
    state: fc.constantFrom<TaskState>('PENDING_ARGS_AVAIL', 'SUBMITTED_TO_WORKER', 'RUNNING', 'FINISHED', 'FAILED'),
    attempt: fc.integer({ min: 0, max: 2 }),
    name: fc.constantFrom('train', 'Test', 'load'),
    createdMs: fc.integer({ min: 1, max: 50 }),
    startedMs: fc.integer({ min: 50, max: 100 }),
    endedMs: fc.integer({ min: 100, max: 150 }),
    parentId: fc.constantFrom(...ids),
    error: fc.tuple(fc.constant('WORKER_DIED' as const), fc.constantFrom('boom', 'a longer boom', 'other')),
  },
  { requiredKeys: ['taskId', 'state', 'name'] },
)
const batch = fc.record({ told: fc.array(told, { minLength: 1, maxLength: 6 }), worker: fc.integer({ min: 1, max: 3 }) })

type Row = Record<string, unknown>

/** Merges one row at a time, as the words of the rule say it. */
function modelOf(batches: readonly { told: readonly Told[]; worker: number }[]): Row[] {
  const rows = new Map<string, Row>()
  for (const { told: reports, worker } of batches) {
    for (const { taskId, attempt = 0, state, name, createdMs, startedMs, endedMs, parentId, error } of reports) {
      const key = `${taskId} ${attempt}`
      const row = rows.get(key) ?? {
        task_id: taskId,
        attempt_number: attempt,
        state: 'NIL',
        name,
        parent: undefined,
        error: undefined,
        sequence: rows.size,
      }
      rows.set(key, row)
      if (taskStates.indexOf(state) > taskStates.indexOf(row['state'] as TaskState)) row['state'] = state
      if (createdMs && (row['created'] === undefined || createdMs < Number(row['created']))) row['created'] = createdMs
      if (startedMs) row['started'] = startedMs
      if (endedMs) row['ended'] = endedMs
      if (parentId) row['parent'] = parentId
      if (error) row['error'] = row['error'] === undefined || error[1].length > String(row['error']).length ? error[1] : row['error']
      row['worker'] = worker
    }
  }
  return [...rows.values()].map((row) => shown(row))
}

const orNull = (value: unknown) => value ?? null

function shown(row: Row): Row {
  const taskId = String(row['task_id'])
  const isNil = taskId.startsWith('f'.repeat(16))
  const tail = taskId.slice(16)
  const actorId = tail.startsWith('f'.repeat(24)) ? null : tail
  const { started, ended, created } = row as Record<string, number | undefined>
  return {
    ...{ task_id: taskId, attempt_number: row['attempt_number'], name: row['name'], func_or_class_name: row['name'], state: row['state'] },
    job_id: taskId.slice(40),
    actor_id: actorId,
    type: actorId === null ? (isNil ? 'DRIVER_TASK' : 'NORMAL_TASK') : isNil ? 'ACTOR_CREATION_TASK' : 'ACTOR_TASK',
    parent_task_id: row['parent'] ?? 'f'.repeat(40) + taskId.slice(40),
    worker_pid: Number(row['worker']) + 1_000,
    error_message: orNull(row['error']),
    error_type: row['error'] === undefined ? null : 'WORKER_DIED',
    ...{ creation_time_ms: orNull(created), start_time_ms: orNull(started), end_time_ms: orNull(ended) },
    duration_ms: started !== undefined && ended !== undefined ? ended - started : null,
    sequence: row['sequence'],
  }
}

const compared: readonly TaskColumnName[] = [
  ...(['task_id', 'attempt_number', 'name', 'state', 'job_id', 'actor_id', 'type', 'parent_task_id', 'worker_pid'] as const),
  ...(['error_message', 'error_type', 'creation_time_ms', 'start_time_ms', 'end_time_ms', 'duration_ms'] as const),
]
const numbers: ReadonlySet<string> = new Set([
  'attempt_number',
  'worker_pid',
  'creation_time_ms',
  'start_time_ms',
  'end_time_ms',
  'duration_ms',
])
const taskIds: ReadonlySet<string> = new Set(['task_id', 'parent_task_id'])

const filter: fc.Arbitrary<Filter> = fc
  .record({ column: fc.constantFrom(...compared), operator: fc.constantFrom(...operators) })
  .chain(({ column, operator }) => {
    const texts = [
      'train',
      'TEST',
      'a',
      'RUNNING',
      'FAILED',
      'WORKER_DIED',
      'boom',
      '00000001',
      '0000000200',
      ...ids,
      ids[0]!.slice(0, 20),
      'f'.repeat(20),
    ]
    const value = numbers.has(column) ? fc.integer({ min: 0, max: 160 }).map(String) : fc.constantFrom(...texts)
    const several = operator === 'in' || operator === 'not-in'
    return fc.record({
      column: fc.constant(column),
      operator: fc.constant(operator),
      values: fc.array(value, { minLength: 1, maxLength: several ? 3 : 1 }),
    })
  })
  .filter(({ column, operator }) => {
    if (operator === 'regex') return false
    if (numbers.has(column)) return operator !== 'contains' && operator !== 'prefix'
    return !taskIds.has(column) || !['<', '<=', '>', '>='].includes(operator)
  })

function passes(row: Row, { column, operator, values }: Filter): boolean {
  const value = row[column]
  const isNumber = numbers.has(column)
  const wanted: (string | number)[] = values.map((each) => (isNumber ? Number(each) : each.toLowerCase()))
  const [first = ''] = wanted
  if (value === null || value === undefined) return operator === '!=' || operator === 'not-in'
  const own = isNumber ? Number(value) : String(value).toLowerCase()
  const tests: Record<string, () => boolean> = {
    '=': () => wanted.includes(own),
    in: () => wanted.includes(own),
    '!=': () => !wanted.includes(own),
    'not-in': () => !wanted.includes(own),
    contains: () => String(own).includes(String(first)),
    prefix: () => String(own).startsWith(String(first)),
    '<': () => own < first,
    '<=': () => own <= first,
    '>': () => own > first,
    '>=': () => own >= first,
  }
  return tests[operator]!()
}

/** Messages are ordered by their first letters only. */
const sortable = compared.filter((column) => column !== 'error_message')

function inOrder(rows: readonly Row[], column: string, isDescending: boolean): Row[] {
  const sign = isDescending ? -1 : 1
  return [...rows].sort((one, other) => {
    const [left, right] = [one[column], other[column]] as (string | number | null)[]
    if (left !== right) {
      if (left === null) return 1
      if (right === null) return -1
      return left! < right! ? -sign : sign
    }
    return Number(one['sequence']) - Number(other['sequence'])
  })
}

const keyOf = (row: Row) => `${String(row['task_id'])} ${String(row['attempt_number'])}`

test('filters, counts, order and pages of the columns are those of plain lists', () => {
  const query = fc.record({
    batches: fc.array(batch, { maxLength: 8 }),
    filters: fc.array(filter, { maxLength: 2 }),
    column: fc.constantFrom(...sortable),
    isDescending: fc.boolean(),
    limit: fc.integer({ min: 1, max: 4 }),
  })
  fc.assert(
    fc.property(query, ({ batches, filters, column, isDescending, limit }) => {
      const history = new TaskHistory(1_000)
      for (const { told: rows, worker } of batches) history.take(aBatch(rows, { worker }))
      const model = modelOf(batches)
      const expected = inOrder(
        model.filter((row) => filters.every((each) => passes(row, each))),
        column,
        isDescending,
      )
      const found: Row[] = []
      let after: Cursor | null = null
      do {
        const page = history.page({ filters, sort: { column, isDescending }, limit, after, excludeDriver: false, isDetailed: true })
        expect(page).toMatchObject({ total: model.length, matched: expected.length })
        const rows = JSON.parse(page.rowsJson) as Row[]
        expect(rows.length).toBeLessThanOrEqual(limit)
        found.push(...rows)
        after = page.next
      } while (after !== null && found.length <= model.length)
      expect(found.map(keyOf)).toEqual(expected.map(keyOf))
      for (const [at, row] of found.entries()) for (const name of compared) expect([name, row[name]]).toEqual([name, expected[at]![name]])
    }),
    { numRuns: 400 },
  )
})

test('every column can be filtered and sorted by, and unknown ones are refused by name', () => {
  const history = new TaskHistory(10)
  history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 1 }]))
  const base = { limit: 1, after: null, excludeDriver: true, isDetailed: false } as const
  for (const column of taskColumnNames) {
    const filters = [{ column, operator: '!=' as const, values: ['1'] }]
    expect(history.page({ ...base, filters, sort: { column, isDescending: true } }).total).toBe(1)
  }
  expect(() => history.page({ ...base, filters: [], sort: { column: 'colour', isDescending: false } })).toThrow(/no column "colour"/)
})

test('pages do not slip when rows come and go between them', () => {
  const history = new TaskHistory(1_000)
  const rows = (from: number, to: number): Told[] =>
    Array.from({ length: to - from }, (_, at) => ({
      taskId: taskOf(from + at),
      state: 'FINISHED' as const,
      createdMs: from + at + 1,
      startedMs: 1,
      endedMs: 2,
    }))
  history.take(aBatch(rows(0, 100)))
  const seen: string[] = []
  let after: Cursor | null = null
  for (let round = 0; round < 10; round += 1) {
    const sort = { column: 'creation_time_ms', isDescending: true }
    const page = history.page({ filters: [], sort, limit: 10, after, excludeDriver: true, isDetailed: false })
    seen.push(...(JSON.parse(page.rowsJson) as Row[]).map((row) => String(row['task_id'])))
    after = page.next
    history.take(aBatch(rows(1_000 + round * 10, 1_010 + round * 10)))
  }
  expect(seen).toEqual(
    rows(0, 100)
      .reverse()
      .map(({ taskId }) => taskId),
  )
})

test('beyond the limit the oldest that have ended go, are counted, and what has not ended stays', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 600 }), (hasEnded) => {
      const limit = 100
      const history = new TaskHistory(limit)
      for (let from = 0; from < hasEnded.length; from += 50) {
        const part = hasEnded.slice(from, from + 50)
        history.take(
          aBatch(
            part.map((isOver, at) => ({
              taskId: taskOf(from + at),
              state: isOver ? 'FINISHED' : 'RUNNING',
              startedMs: 1,
              endedMs: isOver ? 2 : 0,
            })),
          ),
        )
      }
      const page = history.page({
        filters: [],
        sort: { column: 'task_id', isDescending: false },
        limit: 10_000,
        after: null,
        excludeDriver: true,
        isDetailed: false,
      })
      const rows = JSON.parse(page.rowsJson) as Row[]
      const running = hasEnded.filter((isOver) => !isOver).length
      expect(rows.filter((row) => row['state'] === 'RUNNING')).toHaveLength(running)
      expect(rows.length + history.table.evicted).toBe(hasEnded.length)
      expect(rows.length).toBeLessThanOrEqual(Math.max(limit + 64 + 50, running))
      const kept = rows.filter((row) => row['state'] === 'FINISHED').map((row) => String(row['task_id']))
      const ended = hasEnded.flatMap((isOver, at) => (isOver ? [taskOf(at)] : []))
      expect(kept).toEqual(ended.slice(ended.length - kept.length)) // the newest of them
      if (history.table.evicted > 0) expect(page.warnings.join()).toContain(`${history.table.evicted} older attempts`)
    }),
    { numRuns: 60 },
  )
})

test('a pattern that is none is refused, with what is wrong about it', () => {
  const history = new TaskHistory(10)
  history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', name: 'train_1', startedMs: 1 }]))
  const match = (pattern: string) =>
    history.page({
      filters: [{ column: 'name', operator: 'regex', values: [pattern] }],
      sort: { column: 'name', isDescending: false },
      ...{ limit: 1, after: null, excludeDriver: true, isDetailed: false },
    }).matched
  expect(match('^Train_\\d+$')).toBe(1)
  for (const pattern of ['(', 'a'.repeat(300)]) expect(() => match(pattern)).toThrow(/pattern for name/)
})
