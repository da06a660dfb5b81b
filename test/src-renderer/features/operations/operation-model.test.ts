import { expect, test } from 'vitest'
import type { MachineRun, Operation, Step, StepState } from '#src-main/contract/operations.ts'
import {
  mergeOperations,
  presentStep,
  progressOf,
  retryable,
  shownMachines,
  spanOf,
  stepColumns,
  withLogs,
} from '#src-renderer/features/operations/operation-model.ts'

const step = (id: string, state: StepState, more: Partial<Step> = {}): Step => ({
  id,
  title: id,
  state,
  startedAtMs: null,
  endedAtMs: null,
  progress: null,
  command: null,
  log: '',
  note: null,
  ...more,
})
const run = (name: string, state: StepState, steps: Step[] = []): MachineRun => ({
  machineId: name,
  name,
  role: 'worker',
  state,
  steps,
  failure: null,
})
const operation = (id: string, state: Operation['state'], startedAtMs: number, machines: MachineRun[] = []): Operation => ({
  ...{ id, kind: 'create', title: id, clusterId: null, state, startedAtMs, endedAtMs: null, machines, failure: null },
})

test('what is told live stands over what was kept, those that run come first, then the newest', () => {
  const kept = [operation('a', 'done', 1), operation('b', 'running', 2), operation('c', 'failed', 3)]
  const merged = mergeOperations(kept, [operation('b', 'done', 2), operation('d', 'running', 0)])
  expect(merged.map(({ id, state }) => `${id} ${state}`)).toEqual(['d running', 'c failed', 'b done', 'a done'])
})

test('steps that only some machines have find their place among the others', () => {
  const head = run(
    'head',
    'running',
    ['connect', 'upload', 'start', 'samples'].map((id) => step(id, 'waiting')),
  )
  const worker = run(
    'worker',
    'running',
    ['connect', 'upload', 'network', 'start', 'service'].map((id) => step(id, 'waiting')),
  )
  expect(stepColumns([head, worker])).toEqual(['connect', 'upload', 'network', 'start', 'service', 'samples'])
  expect(stepColumns([worker, head])).toEqual(['connect', 'upload', 'network', 'start', 'samples', 'service'])
  expect(stepColumns([run('none', 'done')])).toEqual([])
})

test('progress counts steps, a transfer by its bytes, and what stands still apart', () => {
  const half = step('upload', 'running', { progress: { done: 5, total: 10, unit: 'bytes' } })
  const machines = [
    run('a', 'done', [step('connect', 'done'), step('upload', 'skipped')]),
    run('b', 'running', [step('connect', 'done'), half]),
    run('c', 'failed', [step('connect', 'done'), step('upload', 'failed')]),
    run('d', 'cancelled', [step('connect', 'cancelled'), step('upload', 'cancelled')]),
  ]
  expect(progressOf(machines)).toEqual({ done: (1 + 0.75 + 0.5) / 4, failed: 0.5 / 4, cancelled: 1 / 4 })
  expect(progressOf([])).toEqual({ done: 0, failed: 0, cancelled: 0 })
})

test('machines keep their places while anything moves; once it is over, those that need somebody come first', () => {
  const machines = [run('a', 'done'), run('b', 'failed'), run('c', 'cancelled'), run('d', 'done')]
  const names = (state: Operation['state'], shown: Parameters<typeof shownMachines>[1]) =>
    shownMachines(operation('o', state, 1, machines), shown).map(({ name }) => name)
  expect(names('running', 'all')).toEqual(['a', 'b', 'c', 'd'])
  expect(names('partly-done', 'all')).toEqual(['b', 'c', 'a', 'd'])
  expect(names('partly-done', 'failed')).toEqual(['b', 'c'])
  expect(names('running', 'done')).toEqual(['a', 'd'])
  expect(retryable(operation('o', 'partly-done', 1, machines))).toBe(2)
})

test('the step that counts is the one that runs or failed, and time is from the first step to the last', () => {
  const steps = [
    step('connect', 'done', { startedAtMs: 10, endedAtMs: 20 }),
    step('upload', 'running', { startedAtMs: 20 }),
    step('start', 'waiting'),
  ]
  expect(presentStep(run('a', 'running', steps))?.id).toBe('upload')
  expect(spanOf(run('a', 'running', steps))).toEqual({ fromMs: 10, toMs: null })
  const failed = [steps[0] ?? step('', 'done'), step('upload', 'failed', { startedAtMs: 20, endedAtMs: 50 }), step('start', 'waiting')]
  expect(presentStep(run('a', 'failed', failed))?.id).toBe('upload')
  expect(spanOf(run('a', 'failed', failed))).toEqual({ fromMs: 10, toMs: 50 })
  expect(spanOf(run('a', 'waiting', [step('connect', 'waiting')]))).toEqual({ fromMs: null, toMs: null })
})

test('commands and logs come from what was read whole, everything else from what is told live', () => {
  const live = run('a', 'running', [step('connect', 'done'), step('upload', 'running')])
  const whole = run('a', 'running', [step('connect', 'running', { log: 'hello', command: 'ssh' })])
  expect(withLogs(live, whole).steps.map(({ id, state, log, command }) => [id, state, log, command])).toEqual([
    ['connect', 'done', 'hello', 'ssh'],
    ['upload', 'running', '', null],
  ])
  expect(withLogs(live, undefined)).toBe(live)
})
