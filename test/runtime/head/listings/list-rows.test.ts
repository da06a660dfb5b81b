import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openCursor, queryMark, rayFilters, sealCursor, shoalFilter } from '#runtime/head/listings/filters.ts'
import { type ListCursor, listRows, type Row } from '#runtime/head/listings/list-rows.ts'

const query = { filters: [], sort: null, limit: 10, after: null } as const
const rows: readonly Row[] = [
  { id: 'b', size: 2, name: 'Two', isDone: true, more: { a: 1 } },
  { id: 'a', size: 10, name: null, isDone: false, more: {} },
  { id: 'c', size: 2, name: 'three', isDone: true, more: {} },
]
const idsOf = (page: { rows: readonly Row[] }) => page.rows.map((row) => row['id'])

test('rows come by their key, and numbers are put in order as numbers are, no value last either way', () => {
  expect(idsOf(listRows(rows, ['id'], query))).toEqual(['a', 'b', 'c'])
  expect(idsOf(listRows(rows, ['id'], { ...query, sort: { column: 'size', isDescending: true } }))).toEqual(['a', 'b', 'c'])
  expect(idsOf(listRows(rows, ['id'], { ...query, sort: { column: 'size', isDescending: false } }))).toEqual(['b', 'c', 'a'])
  for (const isDescending of [true, false]) {
    expect(idsOf(listRows(rows, ['id'], { ...query, sort: { column: 'name', isDescending } })).at(-1)).toBe('a')
  }
})

test('filters take texts without regard to case, numbers, and yes or no in any spelling', () => {
  const found = (column: string, operator: '=' | '!=' | '<' | 'contains', value: string) =>
    idsOf(listRows(rows, ['id'], { ...query, filters: [{ column, operator, values: [value] }] }))
  expect(found('name', '=', 'TWO')).toEqual(['b'])
  expect(found('name', '!=', 'two')).toEqual(['a', 'c'])
  expect(found('size', '<', '9')).toEqual(['b', 'c'])
  expect(found('isDone', '=', 'True')).toEqual(['b', 'c'])
  expect(found('more', 'contains', '"a"')).toEqual(['b'])
  expect(() => found('size', '=', 'many')).toThrow(/size holds numbers/)
})

test('the limit comes last: counts are of all, and pages follow one another without a gap', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 0, max: 3 })), { maxLength: 30 }),
      fc.integer({ min: 1, max: 7 }),
      fc.boolean(),
      (values, limit, isDescending) => {
        const many = values.map((value, at) => ({ id: String(at).padStart(3, '0'), value }))
        const sort = { column: 'value', isDescending }
        const all = listRows(many, ['id'], { ...query, sort, limit: 1_000 })
        expect(all).toMatchObject({ total: many.length, matched: many.length, next: null })
        const paged: unknown[] = []
        let after: ListCursor | null = null
        do {
          const page: ReturnType<typeof listRows> = listRows(many, ['id'], { ...query, sort, limit, after })
          expect(page.matched).toBe(many.length)
          paged.push(...idsOf(page))
          after = page.next
        } while (after !== null && paged.length <= many.length)
        expect(paged).toEqual(idsOf(all))
      },
    ),
  )
})

test('filters of our own are read in both spellings, and refused with how they are written', () => {
  expect(shoalFilter('state:in:A,B')).toEqual({ column: 'state', operator: 'in', values: ['A', 'B'] })
  expect(shoalFilter('name:contains:a:b=c')).toEqual({ column: 'name', operator: 'contains', values: ['a:b=c'] })
  expect(shoalFilter('size>=3')).toEqual({ column: 'size', operator: '>=', values: ['3'] })
  expect(shoalFilter('name!=')).toEqual({ column: 'name', operator: '!=', values: [''] })
  expect(shoalFilter('name=a:eq:b')).toEqual({ column: 'name', operator: '=', values: ['a:eq:b'] })
  for (const wrong of ['', 'name', 'name:like:a', '=a', 'NAME=a']) expect(() => shoalFilter(wrong)).toThrow(/column:operator:value/)
})

test('Ray’s three parameters belong together, and keys come in any case', () => {
  const base = { limit: 1, timeout: 1, detail: false, exclude_driver: true }
  const asked = { ...base, filter_keys: ['STATE'], filter_predicates: ['!='], filter_values: ['x'] }
  expect(rayFilters(asked)).toEqual([{ column: 'state', operator: '!=', values: ['x'] }])
  expect(() => rayFilters({ ...asked, filter_values: [] })).toThrow(/came 1, 1 and 0 times/)
  expect(() => rayFilters({ ...asked, filter_predicates: ['>'] })).toThrow(/must be = or !=/)
})

test('a cursor goes on only with the question it came from', () => {
  const mark = queryMark([{ column: 'a', operator: '=', values: ['1'] }], '-b')
  const cursor = sealCursor({ value: 'x', key: 7 }, mark)
  expect(openCursor(cursor, mark)).toEqual({ value: 'x', key: 7 })
  expect(() => openCursor(cursor, queryMark([], '-b'))).toThrow(/other filters/)
  for (const wrong of ['', 'abc', Buffer.from('{"v":{}}').toString('base64url')]) expect(() => openCursor(wrong, mark)).toThrow(/cursor/)
})
