import { ClusterError } from '../../../base/errors.ts'
import { idTest } from './id-test.ts'
import { type Filter, numberTest, textTest } from './predicates.ts'
import { type Level, selectTop } from './select-top.ts'
import { isTaskColumn, type TaskColumn, type TaskColumnName, taskColumnNames } from './task-columns.ts'
import { driverType } from './task-merge.ts'
import { flag, type TaskTable } from './task-table.ts'

export type TaskSort = { readonly column: string; readonly isDescending: boolean }

export type RowQuery = {
  readonly filters: readonly Filter[]
  /** Rows that are equal by it stand in the order in which they came. */
  readonly sort: TaskSort
  readonly limit: number
  /** From the answer before: goes on behind its last row, whatever has come or gone meanwhile. Null: from the start. */
  readonly after: Cursor | null
  /** Leaves out the tasks that stand for drivers. */
  readonly excludeDriver: boolean
}

/** Where a page ended: the value of its last row in the sort column, and the row's own number. */
export type Cursor = { readonly value: string | number | null; readonly sequence: number }

export type FoundRows = {
  /** Of this page, in order. */
  readonly rows: Uint32Array
  /** All rows, and all that pass the filters. */
  readonly total: number
  readonly matched: number
  /** Null at the end. */
  readonly next: Cursor | null
}

export type TaskReaders = Readonly<Record<TaskColumnName, TaskColumn>>

/** @throws ClusterError `bad-argument` naming a column that there is not, or a value that does not fit its column. */
export function queryRows(table: TaskTable, readers: TaskReaders, query: RowQuery): FoundRows {
  const { rows: matching, total } = matchingRows(table, readers, query)
  const column = readerOf(readers, query.sort.column)
  const sign = query.sort.isDescending ? -1 : 1
  const { sequence } = table.columns
  const levels: Level[] = [
    ...column.levels.map(
      (level): Level =>
        (row) =>
          level.ofRow(row) * sign,
    ),
    (row) => sequence[row] ?? 0,
  ]
  const rows = query.after ? keep(matching, behind(column, query.after, { sign, levels })) : matching
  const page = selectTop(rows, levels, query.limit)
  const last = page.at(-1)
  const next = last !== undefined && rows.length > page.length ? cursorAt(column, last, sequence[last] ?? 0) : null
  return { rows: page, total, matched: matching.length, next }
}

/** Rows that pass every filter, in no order, and how many there are without them. */
export function matchingRows(
  table: TaskTable,
  readers: TaskReaders,
  { filters, excludeDriver }: Pick<RowQuery, 'filters' | 'excludeDriver'>,
): { rows: Uint32Array; total: number } {
  const everything = allRows(table, excludeDriver)
  let rows = everything
  for (const filter of filters) rows = keep(rows, rowTest(readers, filter))
  return { rows, total: everything.length }
}

function allRows(table: TaskTable, excludeDriver: boolean): Uint32Array {
  const { flags, type } = table.columns
  const rows = new Uint32Array(table.live)
  let count = 0
  for (let row = 0; row < table.end; row += 1) {
    if (((flags[row] ?? 0) & flag.isLive) === 0 || (excludeDriver && type[row] === driverType)) continue
    rows[count] = row
    count += 1
  }
  return rows.subarray(0, count)
}

function keep(rows: Uint32Array, test: (row: number) => boolean): Uint32Array {
  const kept = new Uint32Array(rows.length)
  let count = 0
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? 0
    if (!test(row)) continue
    kept[count] = row
    count += 1
  }
  return kept.subarray(0, count)
}

function rowTest(readers: TaskReaders, filter: Filter): (row: number) => boolean {
  const column = readerOf(readers, filter.column)
  if (column.kind === 'number') {
    const test = numberTest(filter)
    return (row) => test(column.number(row))
  }
  if (column.id) return idTest(column.id, filter)
  const test = textTest(filter)
  const { distinct } = column
  if (distinct === undefined) return (row) => test(column.text(row))
  const passes = new Uint8Array(distinct.end)
  for (let number = 0; number < distinct.end; number += 1) passes[number] = test(distinct.textOf(number)) ? 1 : 0
  const { numberOf } = distinct
  return (row) => passes[numberOf(row)] === 1
}

function readerOf(readers: TaskReaders, name: string): TaskColumn {
  if (isTaskColumn(name)) return readers[name]
  throw new ClusterError(
    'bad-argument',
    `tasks have no column ${JSON.stringify(name.slice(0, 100))}; there are: ${taskColumnNames.join(', ')}`,
  )
}

const cursorAt = (column: TaskColumn, row: number, sequence: number): Cursor => {
  const value = column.kind === 'number' ? column.number(row) : column.text(row)
  return { value: typeof value === 'number' && Number.isNaN(value) ? null : value, sequence }
}

function behind(
  column: TaskColumn,
  { value, sequence }: Cursor,
  { sign, levels }: { sign: number; levels: readonly Level[] },
): (row: number) => boolean {
  const bounds = [...column.levels.map((level) => (value === null ? Number.NaN : level.ofValue(value) * sign)), sequence]
  return (row) => {
    for (let at = 0; at < levels.length; at += 1) {
      const key = levels[at]?.(row) ?? 0
      const bound = bounds[at] ?? 0
      if (key === bound || (Number.isNaN(key) && Number.isNaN(bound))) continue
      return Number.isNaN(key) || key > bound
    }
    return false
  }
}
