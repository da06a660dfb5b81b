import { expect, test } from 'vitest'
import { inLimitedTime } from '#runtime/head/history/limited-time.ts'
import { TaskHistory } from '#runtime/head/history/task-history.ts'
import { listRows } from '#runtime/head/listings/list-rows.ts'
import { aBatch, taskOf } from './batches.ts'

const long = `${'a'.repeat(400)}!`
/** One that doubles with each letter, and one that grows with a high power of them. */
const endless = ['^(a+)+$', 'a*a*a*a*a*b']

test.each(endless)(
  'a search of tasks by %s is broken off, and the next one is answered',
  (pattern) => {
    const history = new TaskHistory(10)
    history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', name: long, startedMs: 1 }]))
    const search = (value: string) => ({
      filters: [{ column: 'name', operator: 'regex' as const, values: [value] }],
      sort: { column: 'name', isDescending: false },
      ...{ limit: 1, after: null, excludeDriver: true, isDetailed: false },
    })
    expect(() => history.page(search(pattern))).toThrow(/the pattern for name takes too long.*as in \(a\+\)\+/)
    expect(() => history.counts(search(pattern))).toThrow(/takes too long/)
    expect(history.page(search('^A+!$')).matched).toBe(1)
  },
  60_000,
)

test.each(endless)('so is a search of a list by %s', (pattern) => {
  const query = { sort: null, limit: 1, after: null }
  const filter = { column: 'name', operator: 'regex' as const, values: [pattern] }
  expect(() => listRows([{ name: long }], ['name'], { ...query, filters: [filter] })).toThrow(/takes too long/)
})

test('what the work throws is what comes out', () => {
  const filter = { column: 'name', operator: 'regex' as const, values: ['a'] }
  const fails = () => {
    throw new RangeError('as it is')
  }
  expect(() => inLimitedTime([filter], 1_000, fails)).toThrow(new RangeError('as it is'))
})
