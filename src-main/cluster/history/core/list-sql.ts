import { ClusterError } from '../../../../runtime/base/errors.ts'

/** One condition on one column, in the words of the lists' language. */
export type Filter = { readonly column: string; readonly operator: Operator; readonly values: readonly string[] }

const operators = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'nin', 'contains', 'prefix'] as const
type Operator = (typeof operators)[number]
const signs: Readonly<Record<string, Operator>> = { '=': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' }

const spelled = /^([a-z_]{1,64}):([a-z]{2,8}):([\s\S]*)$/
const short = /^([a-z_]{1,64})(!=|<=|>=|=|<|>)([\s\S]*)$/

/** @throws ClusterError `bad-argument`, or `not-supported` for what only a head can search by */
export function parseFilter(text: string): Filter {
  const long = spelled.exec(text)
  const operator = operators.find((each) => each === long?.[2])
  if (long && operator) {
    const value = long[3] ?? ''
    return { column: long[1] ?? '', operator, values: operator === 'in' || operator === 'nin' ? value.split(',').slice(0, 1_000) : [value] }
  }
  if (long?.[2] === 'regex') {
    throw new ClusterError(
      'not-supported',
      'what was recorded cannot be searched by patterns; use contains or prefix, or connect to the cluster',
    )
  }
  const signed = short.exec(text)
  const sign = signs[signed?.[2] ?? '']
  if (signed && sign) return { column: signed[1] ?? '', operator: sign, values: [signed[3] ?? ''] }
  throw new ClusterError(
    'bad-argument',
    `filter must be column:operator:value such as state:eq:FAILED, with one of ${operators.join(', ')}; got ${JSON.stringify(text.slice(0, 200))}`,
    { details: { field: 'filter' } },
  )
}

export type SqlValue = string | number | null
export type Sql = { readonly text: string; readonly values: readonly SqlValue[] }

const joined = (parts: readonly Sql[], word: string): Sql => ({
  text: parts.map(({ text }) => `(${text})`).join(` ${word} `),
  values: parts.flatMap(({ values }) => values),
})
const isText = (x: string): string => `typeof(${x}) = 'text'`
const isNumber = (x: string): string => `typeof(${x}) IN ('integer', 'real')`

/** All filters hold. `expressionOf` is the SQL of a column; columns were checked before. */
export function whereOf(filters: readonly Filter[], expressionOf: (column: string) => string): Sql {
  return filters.length === 0
    ? { text: '1', values: [] }
    : joined(
        filters.map((filter) => testOf(filter, expressionOf(filter.column))),
        'AND',
      )
}

/** Texts are compared without regard to case (of ASCII letters), numbers as numbers. No value passes `ne` and `nin` only. */
function testOf({ operator, values }: Filter, x: string): Sql {
  const [first = ''] = values.map((value) => value.toLowerCase())
  switch (operator) {
    case 'eq':
    case 'in':
      return isOneOf(x, values)
    case 'ne':
    case 'nin': {
      const { text, values: bound } = isOneOf(x, values)
      return { text: `${x} IS NULL OR NOT (${text})`, values: bound }
    }
    case 'contains':
      return { text: `${isText(x)} AND instr(lower(${x}), ?) > 0`, values: [first] }
    case 'prefix':
      return { text: `${isText(x)} AND substr(lower(${x}), 1, length(?)) = ?`, values: [first, first] }
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge': {
      const sign = { lt: '<', le: '<=', gt: '>', ge: '>=' }[operator]
      return joined(
        [
          { text: `${isText(x)} AND lower(${x}) ${sign} ?`, values: [first] },
          { text: `${isNumber(x)} AND ${x} ${sign} ?`, values: [numberOf(first)] },
        ],
        'OR',
      )
    }
  }
}

function isOneOf(x: string, values: readonly string[]): Sql {
  const marks = values.map(() => '?').join(', ')
  return joined(
    [
      { text: `${isText(x)} AND lower(${x}) IN (${marks})`, values: values.map((value) => value.toLowerCase()) },
      { text: `${isNumber(x)} AND ${x} IN (${marks})`, values: values.map(numberOf) },
    ],
    'OR',
  )
}

/** Null, which nothing equals, for what is no number. */
const numberOf = (text: string): number | null => (text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text))

export type Order = { readonly value: string; readonly key: string; readonly isDescending: boolean }
/** Where a page ended. */
export type Place = { readonly value: SqlValue; readonly key: string | number }

/** Rows without a value come last either way, equal ones by key. */
export const orderOf = ({ value, key, isDescending }: Order): string =>
  `${value} IS NULL, ${value} ${isDescending ? 'DESC' : 'ASC'}, ${key} ASC`

/** Everything behind the place where a page ended, whatever came or went in between. */
export function behind({ value, key, isDescending }: Order, place: Place | null): Sql {
  if (place === null) return { text: '1', values: [] }
  if (place.value === null) return { text: `${value} IS NULL AND ${key} > ?`, values: [place.key] }
  const sign = isDescending ? '<' : '>'
  return { text: `${value} IS NULL OR ${value} ${sign} ? OR (${value} = ? AND ${key} > ?)`, values: [place.value, place.value, place.key] }
}
