import { expect, test } from 'vitest'
import { groupOutcomes, type MachineOutcome } from '#src-main/services/exec-groups.ts'

const outcome = (name: string, more: Partial<MachineOutcome> = {}): MachineOutcome => ({
  machineId: `m-${name}`,
  name,
  durationMs: 1,
  code: 0,
  signal: null,
  stdout: '',
  stderr: '',
  isTruncated: false,
  failure: null,
  ...more,
})

test('machines whose command ended alike stand together, the largest group first', () => {
  const groups = groupOutcomes([
    outcome('a', { stdout: 'one\n' }),
    outcome('b', { stdout: 'two\n' }),
    outcome('c', { stdout: 'one\n' }),
    outcome('d', { stdout: 'one\n', code: 1 }),
  ])
  expect(groups.map(({ machines, code }) => [machines.map(({ name }) => name).join(''), code])).toEqual([
    ['ac', 0],
    ['b', 0],
    ['d', 1],
  ])
})

test('each group but the largest shows the lines in which it differs from that', () => {
  const common = Array.from({ length: 100 }, (_, index) => `line ${index}\n`).join('')
  const groups = groupOutcomes([
    outcome('a', { stdout: common }),
    outcome('b', { stdout: common }),
    outcome('c', { stdout: common.replace('line 50\n', 'line fifty\n') }),
  ])
  expect(groups.map(({ difference }) => difference)).toEqual([[], ['- line 50', '+ line fifty']])
})

test('what could not be run comes last, each reason for itself, whatever the numbers', () => {
  const failure = { code: 'ssh.unreachable', message: 'no answer' }
  const groups = groupOutcomes([
    outcome('a', { code: null, failure }),
    outcome('b', { code: null, failure }),
    outcome('c', { code: null, failure: { code: 'timeout', message: 'too long' } }),
    outcome('d'),
  ])
  expect(groups.map(({ machines, failure: why }) => [machines.length, why?.code])).toEqual([
    [1, undefined],
    [2, 'ssh.unreachable'],
    [1, 'timeout'],
  ])
})

test('outputs that differ in very many lines say only that', () => {
  const long = Array.from({ length: 50_000 }, (_, index) => `a${index}\n`).join('')
  const [, other] = groupOutcomes([
    outcome('a', { stdout: long }),
    outcome('b', { stdout: long }),
    outcome('c', { stdout: long.replaceAll('a', 'b') }),
  ])
  expect(other?.difference).toEqual(['more than 300 lines differ'])
})
