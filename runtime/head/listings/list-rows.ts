import { ClusterError } from '../../base/errors.ts'
import { type Filter, numberTest, textTest } from '../history/core/predicates.ts'
import { inLimitedTime } from '../history/limited-time.ts'

export type Row = Readonly<Record<string, unknown>>

export type ListQuery = {
  readonly filters: readonly Filter[]
  /** Null: by key. */
  readonly sort: { readonly column: string; readonly isDescending: boolean } | null
  readonly limit: number
  /** The row that the page before ended with. */
  readonly after: ListCursor | null
}

/** Where a page ended: the sort column's value there, and the row's key. */
export type ListCursor = { readonly value: string | number | null; readonly key: string }

export type ListPage = { readonly total: number; readonly matched: number; readonly rows: readonly Row[]; readonly next: ListCursor | null }

/** For a search by a pattern: the head does nothing else meanwhile. */
const searchMs = 250

/**
 * One page of a list that is in memory whole: filters, then order, then limit. For lists of some ten thousands.
 * @throws ClusterError `bad-argument` for a value that does not fit its column, or a pattern that takes too long.
 */
export function listRows(rows: readonly Row[], keyColumns: readonly string[], query: ListQuery): ListPage {
  const tests = query.filters.map(rowTest)
  const matching = inLimitedTime(query.filters, searchMs, () => rows.filter((row) => tests.every((test) => test(row))))
  const keyed = matching.map((row) => ({ row, key: keyOf(row, keyColumns), value: query.sort ? comparable(row[query.sort.column]) : null }))
  const sign = query.sort?.isDescending ? -1 : 1
  const { after } = query
  keyed.sort((one, other) => compare(one, other, sign))
  const from = after ? keyed.findIndex((entry) => compare(entry, after, sign) > 0) : 0
  const page = from < 0 ? [] : keyed.slice(from, from + query.limit)
  const last = page.at(-1)
  const isMore = last !== undefined && keyed.at(-1) !== last
  return {
    total: rows.length,
    matched: matching.length,
    rows: page.map(({ row }) => row),
    next: isMore ? { value: last.value, key: last.key } : null,
  }
}

/** No value comes last either way. */
function compare(one: ListCursor, other: ListCursor, sign: number): number {
  if (one.value !== other.value) {
    if (one.value === null) return 1
    if (other.value === null) return -1
    return one.value < other.value ? -sign : sign
  }
  return one.key < other.key ? -1 : one.key > other.key ? 1 : 0
}

const keyOf = (row: Row, columns: readonly string[]): string => columns.map((column) => textOf(row[column]) ?? '').join('\n')

function comparable(value: unknown): string | number | null {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  return textOf(value)
}

/** Null for no value. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value)
}

/** A row whose value is a number is compared as numbers are, one with a text as texts are. */
function rowTest(filter: Filter): (row: Row) => boolean {
  const asText = textTest(isBoolean(filter) ? { ...filter, values: filter.values.map(booleanText) } : filter)
  let asNumber: ((value: number) => boolean) | undefined
  return (row) => {
    const value = row[filter.column]
    if (typeof value !== 'number') return asText(textOf(value))
    asNumber ??= numberTest(filter)
    return asNumber(value)
  }
}

const isBoolean = ({ values }: Filter): boolean => values.every((value) => /^(true|false)$/i.test(value))
const booleanText = (value: string): string => value.toLowerCase()

/** @throws ClusterError `bad-argument` naming the column and those that there are. */
export function checkColumn(column: string, known: readonly string[], resource: string): void {
  if (known.includes(column)) return
  throw new ClusterError(
    'bad-argument',
    `${resource} cannot be filtered by ${JSON.stringify(column.slice(0, 100))}; columns that can be: ${known.join(', ')}`,
    { details: { field: column.slice(0, 100) } },
  )
}
