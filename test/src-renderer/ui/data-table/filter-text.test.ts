import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkFilter,
  type FilterColumn,
  filtersOf,
  formatFilter,
  formatTyped,
  operatorsOf,
  parseFilter,
  readTyped,
  withFilter,
} from '#src-renderer/ui/data-table/filter-text.ts'
import { type Filter, operators } from '#src-renderer/ui/data-table/table-types.ts'

const states = ['RUNNING', 'FAILED', 'PENDING_NODE_ASSIGNMENT']
const columns: readonly FilterColumn[] = [
  { id: 'task_id', title: 'Task', filter: { kind: 'id' } },
  { id: 'name', title: 'Name', filter: { kind: 'text' } },
  { id: 'state', title: 'State', filter: { kind: 'one-of', values: states.map((value) => ({ value, label: value.toLowerCase() })) } },
  { id: 'duration_ms', title: 'Run time', filter: { kind: 'number' } },
  { id: 'label', title: 'Label' },
]

const anyFilter = fc.record({
  column: fc.stringMatching(/^[A-Za-z_][\w.-]{0,63}$/),
  operator: fc.constantFrom(...operators),
  value: fc.string({ unit: 'grapheme' }),
})

/** Filters that the columns above take. */
const goodFilter: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    column: fc.constant('name'),
    operator: fc.constantFrom(...operatorsOf.text.filter((operator) => operator !== 'regex' && operator !== 'in' && operator !== 'nin')),
    value: fc.string({ minLength: 1, unit: 'grapheme' }),
  }),
  fc.record({ column: fc.constant('name'), operator: fc.constant('regex' as const), value: fc.constantFrom('^train', 'a|b', '=~x', '~') }),
  fc.record({
    column: fc.constant('duration_ms'),
    operator: fc.constantFrom(...operatorsOf.number.filter((operator) => operator !== 'in' && operator !== 'nin')),
    value: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map(String),
  }),
  fc
    .record({ operator: fc.constantFrom('in' as const, 'nin' as const), values: fc.subarray(states, { minLength: 1 }) })
    .map(({ operator, values }) => ({ column: 'state', operator, value: values.join(',') })),
  fc.record({ column: fc.constant('state'), operator: fc.constantFrom('eq' as const, 'ne' as const), value: fc.constantFrom(...states) }),
)

const read = (text: string) => readTyped(text, columns)
const filterOf = (text: string) => {
  const typed = read(text)
  return 'filter' in typed ? formatFilter(typed.filter) : typed
}
const problemOf = (text: string) => {
  const typed = read(text)
  return 'problem' in typed ? typed.problem : typed
}

describe('the form of addresses', () => {
  test('every filter comes back from its text, whatever its value holds', () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(parseFilter(formatFilter(filter))).toEqual(filter)
      }),
    )
  })

  test('no text makes the parser throw, and what it reads is written as it was', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.string(), fc.string(), fc.string()).map((parts) => parts.join(':')),
        ),
        (text) => {
          const filter = parseFilter(text)
          expect(filter === undefined || formatFilter(filter) === text).toBe(true)
        },
      ),
    )
  })

  test('a value may hold colons and be empty; an operator of no head is no filter', () => {
    expect(parseFilter('name:eq:a:b')).toEqual({ column: 'name', operator: 'eq', value: 'a:b' })
    expect(parseFilter('name:eq:')).toEqual({ column: 'name', operator: 'eq', value: '' })
    expect(parseFilter('name:like:a')).toBeUndefined()
    expect(parseFilter('constructor')).toBeUndefined()
  })
})

describe('what people type', () => {
  test.each([
    ['state=FAILED', 'state:eq:FAILED'],
    ['state = failed', 'state:eq:FAILED'],
    ['State!=running', 'state:ne:RUNNING'],
    ['state=FAILED,running', 'state:in:FAILED,RUNNING'],
    ['state!=FAILED, running', 'state:nin:FAILED,RUNNING'],
    ['duration_ms>250', 'duration_ms:gt:250'],
    ['duration_ms >= 1e3', 'duration_ms:ge:1e3'],
    ['run time<=2.5', 'duration_ms:le:2.5'],
    ['duration_ms=1,2', 'duration_ms:in:1,2'],
    ['name~train', 'name:contains:train'],
    ['name^=train', 'name:prefix:train'],
    ['name=~^a.*b$', 'name:regex:^a.*b$'],
    ['name=a,b', 'name:eq:a,b'],
    ['name=a=b<c', 'name:eq:a=b<c'],
    ['name:in:a,b', 'name:in:a,b'],
    ['task_id^=00ff', 'task_id:prefix:00ff'],
  ])('%s is %s', (typed, wire) => {
    expect(filterOf(typed)).toBe(wire)
  })

  test('a filter in its shortest form is read as the same filter', () => {
    fc.assert(
      fc.property(goodFilter, (filter) => {
        expect(read(formatTyped(filter, columns))).toEqual({ filter })
      }),
    )
    expect(formatTyped({ column: 'state', operator: 'in', value: 'FAILED,RUNNING' }, columns)).toBe('state=FAILED,RUNNING')
    expect(formatTyped({ column: 'name', operator: 'eq', value: '~x' }, columns)).toBe('name:eq:~x')
  })

  test('plain words are words, with or without a colon', () => {
    expect(read(' load shard ')).toEqual({ words: 'load shard' })
    expect(read('node:8265')).toEqual({ words: 'node:8265' })
    expect(read('')).toEqual({ words: '' })
    expect(read('=5')).toEqual({ words: '=5' })
  })

  test('nothing that is typed makes it throw', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('', 'state', 'name', 'x'),
        fc.constantFrom('', '=', '=~', '>'),
        (text, name, sign) => {
          expect(Object.keys(read(name + sign + text))).toHaveLength(1)
        },
      ),
    )
  })
})

describe('why a filter cannot be', () => {
  test('an unknown column, with the one that was probably meant', () => {
    expect(problemOf('stat=FAILED')).toEqual({ kind: 'no-column', name: 'stat', near: 'state' })
    expect(problemOf('duration>5')).toEqual({ kind: 'no-column', name: 'duration', near: 'duration_ms' })
    expect(problemOf('weather=5')).toEqual({ kind: 'no-column', name: 'weather', near: undefined })
    expect(problemOf('__proto__=5')).toMatchObject({ kind: 'no-column' })
  })

  test('a column without filters, and an operator that says nothing about its kind', () => {
    expect(problemOf('label=a')).toEqual({ kind: 'no-filter', title: 'Label' })
    expect(problemOf('state>FAILED')).toMatchObject({ kind: 'no-operator', operator: 'gt', allowed: operatorsOf['one-of'] })
    expect(problemOf('duration_ms~5')).toMatchObject({ kind: 'no-operator', operator: 'contains' })
  })

  test('a value that is missing, no number, not in the list, or no pattern', () => {
    expect(problemOf('state=')).toEqual({ kind: 'no-value', title: 'State' })
    expect(problemOf('state:in:, ,')).toEqual({ kind: 'no-value', title: 'State' })
    expect(problemOf('duration_ms>fast')).toEqual({ kind: 'not-a-number', title: 'Run time', value: 'fast' })
    expect(problemOf('duration_ms=1,x')).toMatchObject({ kind: 'not-a-number', value: 'x' })
    expect(problemOf('duration_ms<Infinity')).toMatchObject({ kind: 'not-a-number' })
    expect(problemOf('state=LOST')).toEqual({ kind: 'not-one-of', title: 'State', value: 'LOST', values: states })
    expect(problemOf('name=~(')).toEqual({ kind: 'bad-pattern', value: '(' })
    expect(problemOf(`name=${'x'.repeat(4_001)}`)).toEqual({ kind: 'too-long', limit: 4_000 })
  })

  test('values of lists are written as the list has them', () => {
    const [, , state] = columns
    expect(state && checkFilter(state, { operator: 'in', value: ' failed ,running' })).toEqual({
      filter: { column: 'state', operator: 'in', value: 'FAILED,RUNNING' },
    })
  })
})

describe('filters together', () => {
  const failed: Filter = { column: 'state', operator: 'eq', value: 'FAILED' }
  const long: Filter = { column: 'duration_ms', operator: 'gt', value: '5' }

  test('a column that is asked to be something else is asked for that alone', () => {
    const running: Filter = { column: 'state', operator: 'in', value: 'RUNNING,FAILED' }
    expect(withFilter([failed, long], running)).toEqual([long, running])
  })

  test('bounds of one column stand beside each other, and nothing stands twice', () => {
    const short: Filter = { column: 'duration_ms', operator: 'lt', value: '9' }
    expect(withFilter([long], short)).toEqual([long, short])
    expect(withFilter([long, short], long)).toEqual([short, long])
  })

  test('the words of the search box are one more filter', () => {
    const state = { filters: [failed], sort: null, columns: null, search: 'a:b' }
    expect(filtersOf(state, 'name').map(formatFilter)).toEqual(['state:eq:FAILED', 'name:contains:a:b'])
    expect(filtersOf(state, undefined)).toEqual([failed])
    expect(filtersOf({ ...state, search: '' }, 'name')).toEqual([failed])
  })
})
