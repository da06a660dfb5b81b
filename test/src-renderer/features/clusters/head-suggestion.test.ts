import { expect, test } from 'vitest'
import { suggestHead } from '#src-renderer/features/clusters/head-suggestion.ts'
import { checkedMachine, machineOf, waysBetween } from './builders.ts'

const suggested = (...given: Parameters<typeof suggestHead>) => {
  const found = suggestHead(...given)
  return [given[0].find(({ id }) => id === found?.machineId)?.name, found?.reasons]
}

test('of machines that are alike the first is the head', () => {
  const machines = ['a', 'b', 'c'].map((name) => checkedMachine(name))
  expect(suggested(machines, waysBetween(machines))).toEqual(['a', ['fit', 'reached', 'first']])
  expect(suggested([machineOf('a'), machineOf('b')], [])).toEqual(['a', ['first']])
})

test('one that stands in the way is no head while another is fit', () => {
  expect(suggested([checkedMachine('a', { isBlocked: true }), checkedMachine('b')], [])).toEqual(['b', ['fit']])
})

test('the machine that most others reach comes before one that lies behind a firewall', () => {
  const machines = ['a', 'b', 'c'].map((name) => checkedMachine(name))
  expect(suggested(machines, waysBetween(machines, { 'b a': 'blocked', 'c a': 'not-tested' }))).toEqual(['b', ['fit', 'reached']])
})

test('GPUs are left to the work, where some machine has none', () => {
  const mixed = [checkedMachine('gpu', { gpus: 8 }), checkedMachine('plain')]
  expect(suggested(mixed, waysBetween(mixed))).toEqual(['plain', ['fit', 'reached', 'no-gpu']])
  const all = [checkedMachine('a', { gpus: 4 }), checkedMachine('b', { gpus: 4 })]
  expect(suggested(all, waysBetween(all))).toEqual(['a', ['fit', 'reached', 'first']])
})

test('a machine that is not fit need not reach the head for it to be reached by all others', () => {
  const machines = [checkedMachine('a'), checkedMachine('b'), checkedMachine('c', { isBlocked: true })]
  expect(suggested(machines, waysBetween(machines.slice(0, 2)))).toEqual(['a', ['fit', 'reached', 'first']])
})

test('one alone is the head, and of none there is none', () => {
  expect(suggested([machineOf('a')], [])).toEqual(['a', ['only-one']])
  expect(suggestHead([], [])).toBeUndefined()
})
