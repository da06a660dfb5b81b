import { expect, test } from 'vitest'
import { findNearMisses, nearMissHint } from '#runtime/cli/near-miss.ts'

const known = ['start', 'stop', 'status', 'token', 'timeline']

test.each([
  ['strat', ['start']], // two letters swapped
  ['stpo', ['stop']],
  ['tokens', ['token']],
  ['time', ['timeline']], // the beginning of a word
  ['STOP', ['stop']],
  ['xyz', []],
])('%s may have meant %j', (typed, expected) => expect(findNearMisses(typed, known)).toEqual(expected))

test('the nearest comes first, and three at most', () => {
  expect(findNearMisses('st', known)).toEqual(['start', 'status', 'stop'])
  expect(findNearMisses('a', ['ab', 'ac', 'ad', 'ae'])).toHaveLength(3)
})

test('the hint is empty when nothing is near', () => {
  expect(nearMissHint('grce', ['grace', 'all'], '--')).toBe('; did you mean --grace?')
  expect(nearMissHint('frobnicate', known)).toBe('')
})
