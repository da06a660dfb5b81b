import { expect, test } from 'vitest'
import { checkText } from '#src-main/cli/machine/check.ts'
import { groupText } from '#src-main/cli/machine/exec.ts'
import { machineTable } from '#src-main/cli/machine/list.ts'
import { fitText, gpuText, placeText } from '#src-main/cli/machine/machine-words.ts'
import { reachText } from '#src-main/cli/machine/reach.ts'
import { isSamePlace } from '#src-main/cli/machine/same-machine.ts'
import { machineText } from '#src-main/cli/machine/show.ts'
import type { ReachCell } from '#src-main/contract/machines.ts'
import type { Output } from '#src-main/contract/panel.ts'
import { aFinding, aMachine, idOf, someFacts } from '../builders.ts'

type Group = Output<'machines.exec'>[number]
const blocker = aFinding('blocker', { title: 'Disk is full', detail: '3 MiB free of 40 GiB', remedy: 'free 200 MiB in /home' })

test('the list has a line for each machine, and leaves out columns in which nothing stands', () => {
  const machines = [
    aMachine('a', { facts: someFacts, findings: [blocker, aFinding('warning')], user: 'me', port: 2222, clusterId: 'c-1' }),
    aMachine('b', { reach: { state: 'unreachable', sinceMs: 0, code: 'ssh.unreachable', message: 'no answer' } }),
  ]
  const clusters = [{ id: 'c-1', name: 'lab' }]
  expect(machineTable(machines, { clusters, nowMs: 65_000, isLong: false })).toBe(
    [
      'NAME  WHERE          STATE                      FIT        CPUS  MEMORY  GPUS             CLUSTER',
      'a     me@a.lab:2222  reachable                  1 blocker  8     16 GiB  2 × A100 80 GiB  lab',
      'b     b.lab          unreachable for 1 min 5 s',
    ].join('\n'),
  )
})

test('a check counts the findings of each machine, and below says what is wrong and what to do, blockers first', () => {
  const checked = [
    { machine: aMachine('good'), findings: [aFinding('ok')] },
    { machine: aMachine('bad'), findings: [aFinding('warning', { title: 'Clock is off' }), blocker, aFinding('ok')] },
    { machine: aMachine('odd'), findings: [aFinding('warning', { title: 'Clock is off' })] },
  ]
  expect(checkText(checked, false)).toBe(
    [
      'NAME  OK  WARNINGS  BLOCKERS',
      'good  1   0         0',
      'bad   1   1         1',
      'odd   0   1         0',
      '',
      '  blocker  Disk is full: 3 MiB free of 40 GiB',
      '           on bad',
      '           → free 200 MiB in /home',
      '  warning  Clock is off',
      '           on bad, odd',
      '',
      '1 of 3 machines not fit.',
    ].join('\n'),
  )
  expect(checkText(checked, true)).toContain('  ok       a ok')
})

test('orders in what a machine said of itself are shown, not carried out', () => {
  const evil = aMachine('a', { facts: { ...someFacts, os: 'Deb\u001b[2Jian\nx' } })
  for (const text of [checkText([{ machine: evil, findings: [] }], false), machineText(evil, { nowMs: 0, withAll: false })]) {
    expect(text).toContain(String.raw`Deb\u001b[2Jian x`)
    expect(text).not.toContain('\u001b')
  }
})

test('who reaches whom is a matrix, and ways that are not open are told with the reason, the same one once', () => {
  const machines = ['a', 'b', 'c'].map((name) => aMachine(name))
  const cell = (from: string, to: string, verdict: ReachCell['verdict'], detail = ''): ReachCell => ({
    from: idOf(from),
    to: idOf(to),
    port: 6_380,
    address: '10.0.0.1',
    verdict,
    roundTripMs: null,
    detail,
  })
  const cells = [
    cell('a', 'b', 'open'),
    cell('a', 'c', 'blocked', 'no answer in 3 s'),
    cell('b', 'a', 'open'),
    cell('b', 'c', 'blocked', 'no answer in 3 s'),
    cell('c', 'a', 'refused', 'nothing listens'),
  ]
  expect(reachText(cells, machines)).toBe(
    [
      'FROM \\ TO  a        b     c',
      'a          -        open  BLOCKED',
      'b          open     -     BLOCKED',
      'c          refused  ?     -',
      '',
      'a → c, b → c: blocked on port 6380: no answer in 3 s',
      'c → a: refused on port 6380: nothing listens',
      '2 ways are blocked.',
    ].join('\n'),
  )
})

test('machines that answer alike stand together, and the others say how they differ', () => {
  const group = (names: string[], more: Partial<Group>): Group => ({
    machines: names.map((name, index) => ({ machineId: idOf(name), name, durationMs: 200 * (index + 1) })),
    code: 0,
    signal: null,
    stdout: '',
    stderr: '',
    isTruncated: false,
    failure: null,
    difference: [],
    ...more,
  })
  expect(groupText(group(['a', 'b'], { stdout: 'one\ntwo\n', stderr: 'hm\n' }), false)).toBe(
    '2 machines: a, b (exit 0, 0.4 s)\n  one\n  two\n  on its standard error:\n  hm',
  )
  const odd = group(['c'], { code: 3, stdout: 'one\nthree\n', difference: ['- two', '+ three'] })
  expect(groupText(odd, false)).toBe('1 machine: c (exit 3, 0.2 s)\n  unlike the first:\n  - two\n  + three')
  expect(groupText(odd, true)).toContain('  one\n  three')
  const failed = group(['d'], { code: null, failure: { code: 'ssh.unreachable', message: 'd does not answer' } })
  expect(groupText(failed, false)).toBe('1 machine: d (d does not answer, 0.2 s)')
  expect(groupText(group(['e'], { code: null, signal: 'KILL', isTruncated: true }), false)).toContain(
    'ended by signal KILL, its output is cut off',
  )
  expect(groupText(group(['f'], { stdout: '\u001b[31mred\u001b[0m\u001b[2J' }), false)).toContain(
    String.raw`red` + '\u001b[0m' + String.raw`\u001b[2J`,
  )
})

test('a place is told as far as it was said, and compared as ssh would', () => {
  expect(placeText(aMachine('a', { user: 'me', host: 'fe80::1', port: 22 }))).toBe('me@[fe80::1]:22')
  expect(isSamePlace({ host: 'A.lab', port: 22 }, { host: 'a.lab', user: 'me' })).toBe(true)
  expect(isSamePlace({ host: 'a.lab', user: 'you' }, { host: 'a.lab', user: 'me' })).toBe(false)
  expect(isSamePlace({ host: 'a.lab', port: 2222 }, { host: 'a.lab' })).toBe(false)
})

test('a machine that was never looked at is not called fit', () => {
  expect([fitText(aMachine('a')), fitText(aMachine('a', { findings: [aFinding('ok')] }))]).toEqual(['', 'fit'])
  expect(gpuText({ gpus: [] })).toBe('')
})
