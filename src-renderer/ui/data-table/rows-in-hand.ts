import { filtersOf, valuesOf } from './filter-text.ts'
import type { Column, Filter, TableState } from './table-types.ts'

export type RowsInHand<Row> = { readonly rows: readonly Row[]; readonly counts: { readonly matched: number; readonly total: number } }

/** For lists that are here as a whole: what a head would answer, by the same rules. */
export function rowsInHand<Row>(
  all: readonly Row[],
  columns: readonly Column<Row>[],
  asked: { state: TableState; searchColumn?: string },
): RowsInHand<Row> {
  const tests = filtersOf(asked.state, asked.searchColumn).flatMap((filter) => {
    const column = columns.find(({ id }) => id === filter.column)
    return column ? [testOf(filter, column)] : []
  })
  const rows = tests.length === 0 ? all : all.filter((row) => tests.every((test) => test(row)))
  const { sort } = asked.state
  const by = sort && columns.find(({ id }) => id === sort.column)
  const sorted = by ? inOrder(rows, readerOf(by), sort.isDescending) : rows
  return { rows: sorted, counts: { matched: rows.length, total: all.length } }
}

type Value = string | number | null
const readerOf = <Row>({ value, text }: Column<Row>): ((row: Row) => Value) => value ?? text

function inOrder<Row>(rows: readonly Row[], read: (row: Row) => Value, isDescending: boolean): readonly Row[] {
  const order = new Intl.Collator(undefined, { numeric: true })
  const direction = isDescending ? -1 : 1
  const keyed = rows.map((row) => ({ row, value: read(row) }))
  keyed.sort(({ value: one }, { value: other }) => {
    if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1 // what has no value comes last either way
    if (typeof one === 'number' && typeof other === 'number') return (one - other) * direction
    return order.compare(String(one), String(other)) * direction
  })
  return keyed.map(({ row }) => row)
}

/** Texts are compared without regard to case. A row without a value passes `ne` and `nin` only. */
function testOf<Row>(filter: Filter, column: Column<Row>): (row: Row) => boolean {
  const read = readerOf(column)
  const passes = column.filter?.kind === 'number' ? numberTest(filter) : textTest(filter)
  const passesNothing = filter.operator === 'ne' || filter.operator === 'nin'
  return (row) => {
    const value = read(row)
    return value === null || value === '' ? passesNothing : passes(value)
  }
}

function numberTest(filter: Filter): (value: string | number) => boolean {
  const wanted = valuesOf(filter).map(Number)
  const [first = Number.NaN] = wanted
  switch (filter.operator) {
    case 'lt':
      return (value) => Number(value) < first
    case 'le':
      return (value) => Number(value) <= first
    case 'gt':
      return (value) => Number(value) > first
    case 'ge':
      return (value) => Number(value) >= first
    case 'eq':
    case 'in':
      return (value) => wanted.includes(Number(value))
    case 'ne':
    case 'nin':
      return (value) => !wanted.includes(Number(value))
    case 'contains':
    case 'prefix':
    case 'regex':
      return () => false
  }
}

function textTest(filter: Filter): (value: string | number) => boolean {
  const wanted = valuesOf(filter).map((value) => value.toLowerCase())
  const [first = ''] = wanted
  const low = (value: string | number) => String(value).toLowerCase()
  switch (filter.operator) {
    case 'eq':
    case 'in':
      return (value) => wanted.includes(low(value))
    case 'ne':
    case 'nin':
      return (value) => !wanted.includes(low(value))
    case 'contains':
      return (value) => low(value).includes(first)
    case 'prefix':
      return (value) => low(value).startsWith(first)
    case 'regex':
      return patternTest(filter.value)
    case 'lt':
      return (value) => low(value) < first
    case 'le':
      return (value) => low(value) <= first
    case 'gt':
      return (value) => low(value) > first
    case 'ge':
      return (value) => low(value) >= first
  }
}

function patternTest(source: string): (value: string | number) => boolean {
  try {
    const pattern = new RegExp(source, 'iu')
    return (value) => pattern.test(String(value).slice(0, 4_096))
  } catch {
    return () => false // an address may hold anything; nothing matches what is no pattern
  }
}
