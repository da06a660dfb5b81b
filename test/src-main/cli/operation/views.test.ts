import { expect, test } from 'vitest'
import { operationLines } from '#src-main/cli/operation/live-view.ts'
import { exitCodeOf, resultText } from '#src-main/cli/operation/operation-result.ts'
import { endedLines } from '#src-main/cli/operation/plain-view.ts'
import { aRun, aStep, anOperation } from '../builders.ts'

const done = (id: string) => aStep(id, { state: 'done', startedAtMs: 1_000, endedAtMs: 1_400 })
const uploading = aStep('Upload', {
  state: 'running',
  startedAtMs: 2_000,
  progress: { done: 14 * 2 ** 20, total: 28 * 2 ** 20, unit: 'bytes' },
})
const failure = { code: 'store.disk-full', message: 'the disk of b is full; free 200 MiB', isRetryable: true }

test('each machine has a line with its role, steps, what it does, how far, and how long', () => {
  const operation = anOperation({
    machines: [
      aRun('a', { role: 'head', state: 'done', steps: [done('Connect'), done('Start')] }),
      aRun('b', { state: 'running', steps: [done('Connect'), uploading] }),
      aRun('c', { state: 'failed', steps: [aStep('Connect', { state: 'failed', startedAtMs: 1_000, endedAtMs: 3_000 })], failure }),
      aRun('d', { steps: [aStep('Connect')] }),
    ],
  })
  expect(operationLines(operation, { nowMs: 5_000, rows: 24 })).toEqual([
    'Create lab: 1 done, 1 failed, 1 running, 1 waiting  4.0 s',
    '  a  head      2/2  done                        0.4 s',
    '  b  worker    1/2  Upload                    [########........] 14 MiB of 28 MiB  4.0 s',
    '  c  worker    0/1  Connect failed              2.0 s',
    '  d  worker    0/1  waiting',
  ])
})

test('with 50 machines those at work and those that failed have the room, and the rest is counted', () => {
  const machines = Array.from({ length: 50 }, (_, index) => {
    const name = `m${String(index).padStart(2, '0')}`
    return index < 30 ? aRun(name, { state: 'done', steps: [done('Start')] }) : aRun(name)
  })
  machines[40] = aRun('m40', { state: 'running', steps: [uploading] })
  machines[10] = aRun('m10', { state: 'failed', steps: [aStep('Start', { state: 'failed' })], failure })
  const lines = operationLines(anOperation({ machines }), { nowMs: 5_000, rows: 10 })
  expect(lines).toHaveLength(9)
  expect(lines.slice(1, -1).map((line) => line.split(/ +/)[1])).toEqual(['m10', 'm30', 'm31', 'm32', 'm33', 'm34', 'm40'])
  expect(lines.at(-1)).toBe('  … and 43 more: 29 done, 14 waiting')
})

test('without a terminal each step that ends is one line, and said once', () => {
  const before = anOperation({ machines: [aRun('a', { state: 'running', steps: [done('Connect'), uploading] })] })
  const ended = aStep('Upload', {
    state: 'skipped',
    startedAtMs: 2_000,
    endedAtMs: 2_100,
    note: 'payload is there',
    command: 'cat > x',
    log: 'l1\nl2\n',
  })
  const now = anOperation({ machines: [aRun('a', { state: 'failed', steps: [done('Connect'), ended], failure })] })
  expect(endedLines(undefined, before, false)).toEqual(['a: Connect: done in 0.4 s'])
  expect(endedLines(before, now, false)).toEqual([
    'a: Upload: skipped in 0.1 s, payload is there',
    'a: failed: the disk of b is full; free 200 MiB',
  ])
  expect(endedLines(before, now, true)).toContain('    | l1\n    | l2')
  expect(endedLines(before, now, true)).toContain('    $ cat > x')
  expect(endedLines(now, now, true)).toEqual([])
})

test('a step that was tried again is said again', () => {
  const first = anOperation({ machines: [aRun('a', { state: 'failed', steps: [aStep('Start', { state: 'failed', endedAtMs: 5 })] })] })
  const second = anOperation({ machines: [aRun('a', { state: 'failed', steps: [aStep('Start', { state: 'failed', endedAtMs: 9 })] })] })
  expect(endedLines(first, second, false)).toEqual(['a: Start: failed'])
})

test('the end names who failed at what, the same reason once, and how to try again', () => {
  const bad = (name: string) => aRun(name, { state: 'failed', steps: [aStep('Unpack', { state: 'failed' })], failure })
  const text = resultText(
    anOperation({ state: 'partly-done', endedAtMs: 13_000, failure, machines: [bad('b'), aRun('a', { state: 'done' }), bad('c')] }),
  )
  expect(text).toBe(
    [
      'b, c: Unpack: the disk of b is full; free 200 MiB',
      'Create lab: partly-done in 12 s (1 done, 2 failed).',
      'To try again what is not done: shoal cluster retry op-0123456789abcdef',
    ].join('\n'),
  )
  expect(resultText(anOperation({ state: 'done', endedAtMs: 2_000 }))).not.toContain('retry')
})

test('the exit code tells done, not done, and cancelled by us', () => {
  expect(exitCodeOf({ state: 'done' }, false)).toBe(0)
  expect(exitCodeOf({ state: 'partly-done' }, false)).toBe(1)
  expect(exitCodeOf({ state: 'interrupted' }, false)).toBe(1)
  expect([exitCodeOf({ state: 'cancelled' }, true), exitCodeOf({ state: 'cancelled' }, false)]).toEqual([130, 1])
})
