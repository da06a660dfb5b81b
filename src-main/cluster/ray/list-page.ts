import { ClusterError } from '../../../runtime/base/errors.ts'
import { filterWords } from '../../../runtime/api/state/shoal-lists.ts'
import type { ListPage } from '../cluster-calls.ts'

export type Row = Readonly<Record<string, unknown>>
type Operator = keyof typeof filterWords
export type RowFilter = { readonly column: string; readonly operator: Operator; readonly values: readonly string[] }

export type PageQuestion = {
  readonly filters: readonly RowFilter[]
  /** `-` before the column: the other way round. */
  readonly sort: string | undefined
  readonly limit: number
  readonly cursor: string | undefined
  readonly columns: readonly string[] | undefined
}

const spelled = /^([a-z_]{1,64}):([a-z]{2,8}):([\s\S]*)$/
const short = /^([a-z_]{1,64})(!=|<=|>=|=|<|>)([\s\S]*)$/
const signs: Readonly<Record<string, Operator>> = { '=': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' }
const isOperator = (word: string): word is Operator => Object.hasOwn(filterWords, word)

/** Of the language of `runtime/api/state/shoal-lists.ts`. @throws ClusterError `bad-argument` */
export function parseRowFilter(text: string): RowFilter {
  const [, column = '', word = '', value = ''] = spelled.exec(text) ?? []
  if (isOperator(word))
    return { column, operator: word, values: word === 'in' || word === 'nin' ? value.split(',').slice(0, 1_000) : [value] }
  const signed = short.exec(text)
  const operator = signs[signed?.[2] ?? '']
  if (signed && operator) return { column: signed[1] ?? '', operator, values: [signed[3] ?? ''] }
  throw new ClusterError(
    'bad-argument',
    `filter must be column:operator:value such as state:eq:FAILED, with one of ${Object.keys(filterWords).join(', ')}; got ${JSON.stringify(text.slice(0, 200))}`,
    { details: { field: 'filter' } },
  )
}

type Value = string | number | null

/** One page of rows that are all here. `keyOf` tells rows apart, and orders those that are equal. @throws ClusterError `bad-argument` */
export function pageRows(rows: readonly Row[], question: PageQuestion, keyOf: (row: Row) => string): Omit<ListPage, 'total'> {
  const tests = question.filters.map(testOf)
  const column = question.sort?.replace(/^-/, '')
  const isDescending = question.sort?.startsWith('-') ?? false
  const matched = rows.filter((row) => tests.every((test) => test(row)))
  const placed = matched.map((row) => ({ row, value: column === undefined ? null : valueOf(row[column]), key: keyOf(row) }))
  placed.sort((one, other) => comparePlaces(one, other, isDescending))
  const start = question.cursor === undefined ? 0 : firstBehind(placed, openCursor(question.cursor), isDescending)
  const shown = placed.slice(start, start + question.limit)
  const last = shown.at(-1)
  const hasMore = start + shown.length < placed.length
  return {
    matched: matched.length,
    rows: shown.map(({ row }) => onlyColumns(row, question.columns)),
    next: hasMore && last ? sealCursor(last) : null,
    warnings: unknownColumns(rows, [...question.filters.map((filter) => filter.column), ...(column === undefined ? [] : [column])]),
    failures: [],
  }
}

function testOf({ operator, column, values }: RowFilter): (row: Row) => boolean {
  const wanted = values.map((value) => value.toLowerCase())
  const [first = ''] = wanted
  const isOneOf = (value: Value) =>
    typeof value === 'number' ? wanted.some((each) => each.trim() !== '' && Number(each) === value) : wanted.includes(value ?? '')
  const on = (test: (value: Value) => boolean) => (row: Row) => test(valueOf(row[column]))
  switch (operator) {
    case 'eq':
    case 'in':
      return on((value) => value !== null && isOneOf(value))
    case 'ne':
    case 'nin':
      return on((value) => value === null || !isOneOf(value))
    case 'contains':
      return on((value) => typeof value === 'string' && value.includes(first))
    case 'prefix':
      return on((value) => typeof value === 'string' && value.startsWith(first))
    case 'regex': {
      const pattern = patternOf(values[0] ?? '')
      return on((value) => typeof value === 'string' && pattern.test(value))
    }
    case 'lt':
      return on((value) => value !== null && compareValues(value, likeValue(value, first)) < 0)
    case 'le':
      return on((value) => value !== null && compareValues(value, likeValue(value, first)) <= 0)
    case 'gt':
      return on((value) => value !== null && compareValues(value, likeValue(value, first)) > 0)
    case 'ge':
      return on((value) => value !== null && compareValues(value, likeValue(value, first)) >= 0)
  }
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text.slice(0, 1_024), 'i')
  } catch {
    throw new ClusterError('bad-argument', `${JSON.stringify(text.slice(0, 200))} is no regular expression`, {
      details: { field: 'filter' },
    })
  }
}

/** Texts without regard to case; what has parts has no value to compare. */
function valueOf(value: unknown): Value {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'string') return value.toLowerCase()
  return typeof value === 'boolean' ? String(value) : null
}

/** What a number is compared with is a number; one that is none is neither less nor greater. */
const likeValue = (value: Value, text: string): Value =>
  typeof value === 'number' ? (text.trim() === '' ? Number.NaN : Number(text)) : text

function compareValues(one: Value, other: Value): number {
  if (typeof one === 'number' && typeof other === 'number') return one === other ? 0 : one < other ? -1 : one > other ? 1 : Number.NaN
  const [left, right] = [String(one), String(other)]
  return left === right ? 0 : left < right ? -1 : 1
}

type Place = { readonly value: Value; readonly key: string }

/** Rows without a value come last, whichever way round. */
function comparePlaces(one: Place, other: Place, isDescending: boolean): number {
  if ((one.value === null) !== (other.value === null)) return one.value === null ? 1 : -1
  const order = one.value === null ? 0 : compareValues(one.value, other.value)
  if (order !== 0) return isDescending ? -order : order
  return one.key === other.key ? 0 : one.key < other.key ? -1 : 1
}

function firstBehind(placed: readonly Place[], place: Place, isDescending: boolean): number {
  const at = placed.findIndex((each) => comparePlaces(each, place, isDescending) > 0)
  return at < 0 ? placed.length : at
}

/** Whether a cursor is one of such pages. */
export function isRowCursor(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
  } catch {
    return false
  }
}

const sealCursor = ({ value, key }: Place): string => Buffer.from(JSON.stringify([value, key])).toString('base64url')

function openCursor(text: string): Place {
  try {
    const [value, key] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as [Value, string] // checked below
    if (typeof key === 'string' && (value === null || typeof value === 'string' || typeof value === 'number')) return { value, key }
  } catch {
    // said below
  }
  throw new ClusterError('bad-argument', 'that is no cursor of this list; begin it anew', { details: { field: 'cursor' } })
}

const onlyColumns = (row: Row, columns: readonly string[] | undefined): Row =>
  columns === undefined
    ? row
    : Object.fromEntries(columns.filter((column) => Object.hasOwn(row, column)).map((column) => [column, row[column]]))

/** A column that no row has may be one that this version of Ray does not tell of. */
function unknownColumns(rows: readonly Row[], columns: readonly string[]): string[] {
  if (rows.length === 0) return []
  const unknown = [...new Set(columns)].filter((column) => !rows.some((row) => Object.hasOwn(row, column)))
  return unknown.map((column) => `this Ray head tells no ${column}; nothing could be found or put in order by it`)
}
