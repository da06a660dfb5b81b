import { type Column, type Filter, type FilterKind, type OneOfValue, type Operator, operators, type TableState } from './table-types.ts'

/** A column as far as filters go. */
export type FilterColumn = Pick<Column<unknown>, 'id' | 'title' | 'filter'>

/** Why a filter cannot be. */
export type FilterProblem =
  | { readonly kind: 'no-column'; readonly name: string; readonly near: string | undefined }
  | { readonly kind: 'no-filter'; readonly title: string }
  | { readonly kind: 'no-operator'; readonly title: string; readonly operator: Operator; readonly allowed: readonly Operator[] }
  | { readonly kind: 'no-value'; readonly title: string }
  | { readonly kind: 'not-a-number'; readonly title: string; readonly value: string }
  | { readonly kind: 'not-one-of'; readonly title: string; readonly value: string; readonly values: readonly string[] }
  | { readonly kind: 'bad-pattern'; readonly value: string }
  | { readonly kind: 'too-long'; readonly limit: number }

export type Checked = { readonly filter: Filter } | { readonly problem: FilterProblem }
/** What somebody typed: a filter, what would be one, or plain words. */
export type Typed = Checked | { readonly words: string }

const longestFilter = 4_000
const longestPattern = 200

/** The operators that say something about a kind of column, the most useful first. */
export const operatorsOf: Readonly<Record<FilterKind['kind'], readonly Operator[]>> = {
  text: ['contains', 'eq', 'ne', 'prefix', 'regex', 'in', 'nin'],
  number: ['gt', 'ge', 'lt', 'le', 'eq', 'ne', 'in', 'nin'],
  'one-of': ['eq', 'ne', 'in', 'nin'],
  id: ['eq', 'prefix', 'contains', 'ne', 'in', 'nin'],
}

/** As it stands in addresses and in what a head is asked: `column:operator:value`. */
export const formatFilter = ({ column, operator, value }: Filter): string => `${column}:${operator}:${value}`

const wireForm = /^([A-Za-z_][\w.-]{0,63}):([a-z]{2,8}):([\s\S]*)$/

/** The filter of a `column:operator:value`; undefined for anything else. */
export function parseFilter(text: string): Filter | undefined {
  const [, column, word, value] = wireForm.exec(text) ?? []
  const operator = operators.find((each) => each === word)
  return column === undefined || operator === undefined || value === undefined ? undefined : { column, operator, value }
}

export const isSeveral = (operator: Operator): boolean => operator === 'in' || operator === 'nin'

/** The values a filter asks for: several of `in` and `nin`, else one. */
export const valuesOf = ({ operator, value }: Pick<Filter, 'operator' | 'value'>): readonly string[] =>
  isSeveral(operator)
    ? value
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '')
    : [value]

const signs: Readonly<Record<string, Operator>> = {
  '=': 'eq',
  '!=': 'ne',
  '~': 'contains',
  '^=': 'prefix',
  '=~': 'regex',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
}
const shortForm = /^([^<>=!~^:]+?)\s*(!=|<=|>=|=~|\^=|[=<>~])\s*([\s\S]*)$/

/** Reads `state=FAILED`, `duration_ms>250`, `name~train` and `column:operator:value`; columns go by their id or title. */
export function readTyped(text: string, columns: readonly FilterColumn[]): Typed {
  const whole = parseFilter(text.trimStart())
  if (whole) return onColumn(whole, columns)
  const [, name, sign, value] = shortForm.exec(text.trim()) ?? []
  const operator = sign === undefined ? undefined : signs[sign]
  if (name === undefined || operator === undefined || value === undefined) return { words: text.trim() }
  return onColumn({ column: name, operator: severalOf(operator, value, findColumn(name, columns)), value }, columns)
}

function onColumn(filter: Filter, columns: readonly FilterColumn[]): Checked {
  const column = findColumn(filter.column, columns)
  if (!column) return { problem: { kind: 'no-column', name: filter.column, near: nearestOf(filter.column, columns) } }
  return checkFilter(column, filter)
}

/** A list of values means any of them, but in a text a comma is a comma. */
function severalOf(operator: Operator, value: string, column: FilterColumn | undefined): Operator {
  if (!value.includes(',') || column?.filter === undefined || column.filter.kind === 'text') return operator
  return operator === 'eq' ? 'in' : operator === 'ne' ? 'nin' : operator
}

/** The shortest form that `readTyped` reads as the same filter. */
export function formatTyped(filter: Filter, columns: readonly FilterColumn[]): string {
  const plain = filter.operator === 'in' ? 'eq' : filter.operator === 'nin' ? 'ne' : filter.operator
  const sign = Object.keys(signs).find((each) => signs[each] === plain) ?? ''
  const short = `${filter.column}${sign}${filter.value}`
  const read = readTyped(short, columns)
  return 'filter' in read && formatFilter(read.filter) === formatFilter(filter) ? short : formatFilter(filter)
}

function findColumn(name: string, columns: readonly FilterColumn[]): FilterColumn | undefined {
  const plain = name.toLowerCase()
  return (
    columns.find(({ id }) => id === name) ??
    columns.find(
      ({ id, title }) => id.toLowerCase() === plain || title.toLowerCase() === plain || id.toLowerCase() === plain.replaceAll(' ', '_'),
    )
  )
}

/** The filter as a head takes it, or why it cannot be. Values of a list are written as the list has them. */
export function checkFilter(column: FilterColumn, { operator, value }: Pick<Filter, 'operator' | 'value'>): Checked {
  const { id, title, filter: kind } = column
  if (kind === undefined) return { problem: { kind: 'no-filter', title } }
  const allowed = operatorsOf[kind.kind]
  if (!allowed.includes(operator)) return { problem: { kind: 'no-operator', title, operator, allowed } }
  if (value.length > longestFilter) return { problem: { kind: 'too-long', limit: longestFilter } }
  const values = valuesOf({ operator, value })
  if (values.every((each) => each === '')) return { problem: { kind: 'no-value', title } }
  const made = (text: string): Checked => ({ filter: { column: id, operator, value: text } })
  if (kind.kind === 'number') {
    const wrong = values.find((each) => each.trim() === '' || !Number.isFinite(Number(each)))
    return wrong === undefined
      ? made(values.map((each) => each.trim()).join(','))
      : { problem: { kind: 'not-a-number', title, value: wrong } }
  }
  if (kind.kind === 'one-of') {
    const result = knownValues(kind.values, values)
    return 'found' in result
      ? made(result.found)
      : { problem: { kind: 'not-one-of', title, value: result.unknown, values: kind.values.map((each) => each.value) } }
  }
  if (operator === 'regex' && !isPattern(value)) return { problem: { kind: 'bad-pattern', value } }
  return made(isSeveral(operator) ? values.join(',') : value)
}

function isPattern(source: string): boolean {
  try {
    return source.length <= longestPattern && new RegExp(source, 'iu') instanceof RegExp
  } catch {
    return false
  }
}

/** The values as the column writes them, or the first one that it does not have. */
function knownValues(known: readonly OneOfValue[], asked: readonly string[]): { readonly found: string } | { readonly unknown: string } {
  const found: string[] = []
  for (const each of asked) {
    const plain = each.trim().toLowerCase()
    const match = known.find(({ value }) => value.toLowerCase() === plain) ?? known.find(({ label }) => label.toLowerCase() === plain)
    if (!match) return { unknown: each }
    found.push(match.value)
  }
  return { found: found.join(',') }
}

/** With one more. What a column is asked to be replaces what it was asked to be before, since it cannot be both. */
export function withFilter(filters: readonly Filter[], added: Filter): readonly Filter[] {
  const asks = ({ operator }: Filter) => operator === 'eq' || operator === 'in'
  const rest = filters.filter(
    (each) => formatFilter(each) !== formatFilter(added) && !(each.column === added.column && asks(each) && asks(added)),
  )
  return [...rest, added]
}

/** Everything a head is to filter by: the conditions, and the words of the search box. */
export function filtersOf({ filters, search = '' }: TableState, searchColumn: string | undefined): readonly Filter[] {
  return searchColumn === undefined || search === '' ? filters : [...filters, { column: searchColumn, operator: 'contains', value: search }]
}

/** The column that was probably meant. */
function nearestOf(name: string, columns: readonly FilterColumn[]): string | undefined {
  const plain = name.toLowerCase()
  const usable = columns.filter(({ filter }) => filter !== undefined)
  const [nearest] = usable
    .map(({ id }) => ({ id, distance: id.toLowerCase().startsWith(plain) ? 1 : editsBetween(plain.slice(0, 64), id.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance)
  return nearest && nearest.distance <= 2 ? nearest.id : undefined
}

/** How many letters must be put in, taken out or changed. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at]
    for (let to = 1; to <= other.length; to += 1) {
      const change = (row[to - 1] ?? 0) + (one[at - 1] === other[to - 1] ? 0 : 1)
      next.push(Math.min(change, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
