import { expect, test } from 'vitest'
import { type FaultStory, mayHaveEnded } from './faults.ts'
import { NumberedLines } from './numbered-lines.ts'
import { readOptions } from './options.ts'
import { faultKinds, planFaults, planJobs } from './plan.ts'

const take = <T>(list: Iterator<T>, count: number): T[] => Array.from({ length: count }, () => list.next().value as T) // they are endless

test('a seed names the faults and the jobs, and another seed others', () => {
  expect(take(planFaults(7, 4), 40)).toEqual(take(planFaults(7, 4), 40))
  expect(take(planFaults(7, 4), 40)).not.toEqual(take(planFaults(8, 4), 40))
  expect(take(planJobs(7), 40)).toEqual(take(planJobs(7), 40))
})

test('each round has every kind once, the ends of the head in turn, also where one cannot be had, which moves none of the others', () => {
  const kinds = Object.keys(faultKinds).filter((kind) => kind !== 'kill-head' && kind !== 'restart-head')
  const [length, all] = [kinds.length + 1, take(planFaults(3, 3), 2 * kinds.length + 2)]
  expect(
    all
      .slice(0, length)
      .map(({ kind }) => kind)
      .toSorted(),
  ).toEqual([...kinds, 'kill-head'].toSorted())
  expect(
    all
      .slice(length)
      .map(({ kind }) => kind)
      .toSorted(),
  ).toEqual([...kinds, 'restart-head'].toSorted())
  expect(take(planFaults(3, 3, ['link-slow']), 2 * length - 2)).toEqual(all.filter(({ kind }) => kind !== 'link-slow'))
})

test('what ends the head happens to its host, and what ends an agent or its link for long to the others', () => {
  const hostsOf = (...kinds: readonly string[]) =>
    [...new Set(take(planFaults(11, 4), 200).flatMap(({ kind, host }) => (kinds.includes(kind) ? [host] : [])))].toSorted()
  expect(hostsOf('kill-head', 'restart-head')).toEqual([0])
  expect(hostsOf('kill-agent', 'link-long', 'link-flaps', 'freeze')).toEqual([1, 2, 3])
  expect(hostsOf('cut-ssh', 'full-disk', 'full-memory', 'link-short')).toEqual([0, 1, 2, 3])
})

test('a job may have ended with its node only while something happened there that ends jobs', () => {
  const stories: FaultStory[] = [
    { kind: 'link-long', host: 'n2', atMs: 100, undoneAtMs: 200, recoveredMs: 50 },
    { kind: 'cut-ssh', host: 'n3', atMs: 100, undoneAtMs: 200, recoveredMs: 50 },
    { kind: 'kill-agent', host: 'n4', atMs: 900 },
  ]
  expect(mayHaveEnded(stories, 'n2', { fromMs: 240, toMs: 300 })).toBe(true)
  expect(mayHaveEnded(stories, 'n2', { fromMs: 260, toMs: 300 })).toBe(false)
  expect(mayHaveEnded(stories, 'n3', { fromMs: 100, toMs: 200 })).toBe(false)
  expect(mayHaveEnded(stories, 'n4', { fromMs: 5_000, toMs: 6_000 })).toBe(true)
})

test('lines are counted in whatever pieces they come; one that is missing, or comes twice, is named', () => {
  const whole = new NumberedLines('a')
  for (const piece of ['a 1\nof others\na', ' 2\na 3', '\n']) whole.take(piece)
  expect(whole).toMatchObject({ count: 3, problem: undefined })
  const gap = new NumberedLines('a')
  gap.take('a 1\na 3\n')
  expect(gap.problem).toBe('behind line 1 comes "a 3"')
  const twice = new NumberedLines('a')
  twice.take('a 1\na 1\n')
  expect(twice.problem).toBe('behind line 1 comes "a 1"')
})

test('options that make no sense are refused by name', () => {
  expect(readOptions(['--help'])).toBe('help')
  expect(readOptions(['--minutes', '10', '--seed', '5', '--hosts', '3'])).toMatchObject({ minutes: 10, seed: 5, hosts: 3 })
  expect(() => readOptions(['--minutes', 'ten'])).toThrow('--minutes ten')
  expect(() => readOptions(['--seed', '-1'])).toThrow(/--seed/)
  expect(() => readOptions(['--hosts', '9'])).toThrow('--hosts 9')
})
