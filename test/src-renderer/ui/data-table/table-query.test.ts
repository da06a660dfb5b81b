import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeQuery, encodeQuery } from '#src-renderer/navigation/query.ts'
import { formatSort, plainState, stateOfQuery, tableQuery } from '#src-renderer/ui/data-table/table-query.ts'
import { operators, type TableState } from '#src-renderer/ui/data-table/table-types.ts'

const name = fc.stringMatching(/^[a-z_]{1,20}$/)
const anyState: fc.Arbitrary<TableState> = fc
  .record({
    filters: fc.array(fc.record({ column: name, operator: fc.constantFrom(...operators), value: fc.string({ unit: 'grapheme' }) }), {
      maxLength: 4,
    }),
    sort: fc.option(fc.record({ column: name, isDescending: fc.boolean() })),
    columns: fc.option(fc.array(name, { minLength: 1, maxLength: 5 })),
    search: fc.string({ unit: 'grapheme' }),
  })
  .map(({ search, ...state }) => ({ ...state, ...(search !== '' && { search }) }))

test('a state comes back from the address it makes, whatever the address means without it', () => {
  fc.assert(
    fc.property(anyState, anyState, (state, usual) => {
      const address = encodeQuery({ ...tableQuery(state, usual) })
      const again = stateOfQuery(decodeQuery(address.slice(1)), usual)
      expect({ search: '', ...again }).toEqual({ search: '', ...state })
    }),
  )
})

test('what is usual is not said', () => {
  const usual: TableState = { ...plainState, sort: { column: 'started_ms', isDescending: true } }
  expect(tableQuery(usual, usual)).toEqual({ filter: undefined, sort: undefined, columns: undefined, search: undefined })
  expect(encodeQuery({ ...tableQuery({ ...usual, sort: null }, usual) })).toBe('?sort=')
})

test('an address of somebody else keeps what can be read of it', () => {
  const state = stateOfQuery({ filter: ['nonsense', 'state:eq:FAILED', 'a:b'], sort: ['-name', 'other'], columns: '', other: 'x' })
  expect(state).toEqual({
    filters: [{ column: 'state', operator: 'eq', value: 'FAILED' }],
    sort: { column: 'name', isDescending: true },
    columns: null,
  })
})

test('the order is written as a head reads it', () => {
  expect(formatSort({ column: 'name', isDescending: false })).toBe('name')
  expect(formatSort({ column: 'name', isDescending: true })).toBe('-name')
})
