import { expect, onTestFinished, test } from 'vitest'
import { EventBatch, TaskReports } from '#runtime/protocol/events.ts'
import { openReports } from '#runtime/protocol/task-reports.ts'
import { taskErrorTypes, taskStates } from '#runtime/base/task-states.ts'
import { TaskReporter } from '#runtime/sdk/client/task-reporter.ts'
import { createOwnerState, type OwnedTask, ownerDefaults } from '#runtime/sdk/owner/core/state.ts'
import { unpackPlain } from '#runtime/transport/packed.ts'
import { exitOf, idOf, jobId, kindOf, workerOf } from '../owner/core/owner-harness.ts'

const self = { workerId: idOf('d'), nodeId: idOf('a'), socketPath: '/s/d.sock', agentAddress: '' }
const kind = kindOf()

const aTask = (number: number, more: Partial<OwnedTask> = {}): OwnedTask => ({
  ...{ taskId: number.toString(16).padStart(16, '0') + 'f'.repeat(24) + jobId, kind, call: null, args: new Uint8Array(), refArgs: [] },
  ...{
    maxRetries: 3,
    retryErrors: false,
    retriesLeft: 3,
    attempt: 0,
    phase: 'ready',
    waitingFor: 0,
    yielded: 0,
    alone: false,
    cancelled: false,
  },
  ...{ leaseId: null, recoveries: 0, notBeforeMs: 0, createdMs: 0 },
  ...more,
})

/** A reporter whose clock stands still until the test moves it. */
function aReporter() {
  const state = createOwnerState({ ...ownerDefaults, ownerId: self.workerId })
  const sent: EventBatch[] = []
  const clock = { nowMs: 0 }
  const reporter = new TaskReporter({
    self: () => self,
    state,
    send: (batch) => sent.push(EventBatch.parse(batch)),
    monotonicMs: () => clock.nowMs,
  })
  onTestFinished(() => reporter.stop())
  const report = () => {
    sent.length = 0
    reporter.report()
    return sent.flatMap(rowsOf)
  }
  return { state, reporter, clock, report, sent }
}

function rowsOf({ packed }: EventBatch) {
  const reports = openReports(TaskReports.parse(unpackPlain(packed)))
  return Array.from({ length: reports.count }, (_, row) => ({
    number: Number.parseInt(Buffer.from(reports.taskIds.subarray(row * 24, row * 24 + 8)).toString('hex'), 16),
    attempt: reports.attempt[row],
    state: taskStates[reports.state[row]!],
    worker: reports.places?.[reports.place[row]! - 1]?.workerId ?? null,
    error: reports.errors.flatMap(([at, type, message]) => (at === row ? [`${taskErrorTypes[type]}: ${message}`] : []))[0] ?? null,
    resources: reports.kinds[reports.kind[row]!]?.resources,
  }))
}

test('a task that ends within a quarter of a second is never mentioned; one that still waits then is, once for each state', () => {
  const { state, clock, report } = aReporter()
  const task = aTask(1, { phase: 'waiting', waitingFor: 1 })
  state.tasks.set(task.taskId, task)
  clock.nowMs = 200
  expect(report()).toEqual([])
  clock.nowMs = 300
  expect(report()).toMatchObject([{ number: 1, state: 'PENDING_ARGS_AVAIL', worker: null, resources: { CPU: 1 } }])
  expect(report()).toEqual([])
  Object.assign(task, { phase: 'ready', waitingFor: 0 })
  expect(report()).toMatchObject([{ state: 'PENDING_NODE_ASSIGNMENT' }])
  state.leases.set('l', { worker: workerOf('b') } as never) // only its worker is looked at
  Object.assign(task, { phase: 'pushed', leaseId: 'l' })
  expect(report()).toMatchObject([{ state: 'SUBMITTED_TO_WORKER', worker: workerOf('b').workerId }])
  Object.assign(task, { phase: 'ready', leaseId: null, attempt: 1 })
  expect(report()).toMatchObject([{ attempt: 1, state: 'PENDING_NODE_ASSIGNMENT' }])
})

test('of very many unfinished tasks so many are looked at in one report, and the next goes on with the others', () => {
  const { state, clock, report } = aReporter()
  for (let number = 0; number < 12_000; number += 1) state.tasks.set(aTask(number).taskId, aTask(number))
  clock.nowMs = 1_000
  expect([report().length, report().length, report().length, report().length]).toEqual([5_000, 5_000, 2_000, 0])
  const late = aTask(20_000)
  state.tasks.set(late.taskId, late)
  const found = Array.from({ length: 4 }, () => report()).flat()
  expect(found.map(({ number }) => number)).toEqual([20_000])
})

test('every way to fail has Ray’s name for it', () => {
  const { reporter, report } = aReporter()
  const failure = (code: 'task.cancelled' | 'worker.out-of-memory' | 'group.removed') => ({
    kind: 'failed' as const,
    failure: { code, message: 'why', details: {} },
  })
  const end = { kind: 'failed', failure: failure('task.cancelled').failure } as const
  reporter.failed(aTask(1), end, failure('task.cancelled'))
  reporter.failed(aTask(2), end, failure('worker.out-of-memory'))
  reporter.failed(aTask(3), end, failure('group.removed'))
  reporter.failed(
    aTask(4),
    { kind: 'as-object', objectId: 'x' },
    { kind: 'threw', origin: 'f (worker 1)', error: { bytes: new Uint8Array(), classNames: ['TypeError'] } },
  )
  reporter.failed(
    aTask(5),
    { kind: 'outcome', outcome: { kind: 'threw', error: { bytes: new Uint8Array(), classNames: ['RangeError'] } }, worker: workerOf('b') },
    { kind: 'threw', origin: 'f', error: { bytes: new Uint8Array(), classNames: ['RangeError', 'Error'] } },
  )
  expect(report().map(({ state, error, worker }) => [state, error, worker])).toEqual([
    ['FAILED', 'TASK_CANCELLED: why', null],
    ['FAILED', 'OUT_OF_MEMORY: why', null],
    ['FAILED', 'TASK_PLACEMENT_GROUP_REMOVED: why', null],
    ['FAILED', 'DEPENDENCY_RESOLUTION_FAILED: an argument failed: f (worker 1) threw TypeError', null],
    ['FAILED', 'TASK_EXECUTION_EXCEPTION: RangeError', workerOf('b').workerId],
  ])
})

test('an attempt whose worker died is told with how it died', () => {
  const { state, report } = aReporter()
  state.lostAttempts.push({
    task: aTask(1),
    attempt: 2,
    why: 'worker-died',
    worker: workerOf('b'),
    exit: { ...exitOf(), exitCode: null, signal: 'SIGKILL' },
  })
  state.lostUncounted = 5
  expect(report()).toMatchObject([
    { number: 1, attempt: 2, state: 'FAILED', worker: workerOf('b').workerId, error: expect.stringMatching(/^WORKER_DIED: .*SIGKILL/) },
  ])
  expect(state.lostAttempts).toEqual([])
})
