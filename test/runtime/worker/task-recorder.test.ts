import { expect, test } from 'vitest'
import { EventBatch, TaskReports } from '#runtime/protocol/events.ts'
import { openReports } from '#runtime/protocol/task-reports.ts'
import { taskErrorTypes, taskStates } from '#runtime/base/task-states.ts'
import { unpackPlain } from '#runtime/transport/packed.ts'
import type { FromExecutorToAgent } from '#runtime/worker/messages.ts'
import { aTask, aWorker, define, endedCount, type Harness, push, taskIdOf } from './harness.ts'

type Seen = {
  readonly taskId: string
  readonly name: string
  readonly state: string
  readonly error: string
  readonly startedMs: number
  readonly endedMs: number
}

const batchesOf = (sent: readonly FromExecutorToAgent[]) =>
  sent.flatMap((message) => (message.type === 'events.batch' ? [EventBatch.parse(message)] : []))

function reportsOf(sent: readonly FromExecutorToAgent[]): Seen[] {
  return batchesOf(sent).flatMap(({ packed }) => {
    const reports = openReports(TaskReports.parse(unpackPlain(packed)))
    return Array.from({ length: reports.count }, (_, row) => ({
      taskId: Buffer.from(reports.taskIds.subarray(row * 24, row * 24 + 24)).toString('hex'),
      name: reports.kinds[reports.kind[row]!]!.name,
      state: taskStates[reports.state[row]!]!,
      error: reports.errors.flatMap(([at, type, message]) => (at === row ? `${taskErrorTypes[type]} ${message}` : [])).join(),
      startedMs: reports.startedMs[row]!,
      endedMs: reports.endedMs[row]!,
    }))
  })
}

const endsOf = (worker: Harness) => reportsOf(worker.reports).filter(({ state }) => state === 'FINISHED' || state === 'FAILED')

test('tasks that ran are reported with begin, end and what they threw; those that never began are left to their owner', async () => {
  const worker = aWorker()
  define(worker, 1, () => 1)
  define(worker, 2, () => {
    throw new TypeError('no')
  })
  const before = Date.now()
  push(worker, [aTask(1, 1), aTask(2, 2), aTask(3, 99)])
  await endedCount(worker, 3)
  await worker.recorder.until(() => endsOf(worker).length === 2)
  const ends = endsOf(worker)
  expect(ends.map(({ taskId, name, state, error }) => [taskId, name, state, error])).toEqual([
    [taskIdOf(1), 'f1', 'FINISHED', ''],
    [taskIdOf(2), 'f2', 'FAILED', 'TASK_EXECUTION_EXCEPTION TypeError: no'],
  ])
  expect(Math.abs(ends[0]!.startedMs - before)).toBeLessThan(5_000)
  expect(ends[0]!.endedMs).toBeGreaterThanOrEqual(ends[0]!.startedMs)
})

test('the first run of a function is told before it starts, as nothing can be told while it holds the event loop', async () => {
  const worker = aWorker()
  let toldBefore: Seen[] = []
  define(worker, 1, () => {
    toldBefore = reportsOf(worker.reports)
  })
  push(worker, [aTask(1, 1)])
  await endedCount(worker, 1)
  expect(toldBefore).toMatchObject([{ taskId: taskIdOf(1), state: 'RUNNING', endedMs: 0 }])
})

test('what still runs is reported as running, once', async () => {
  const worker = aWorker()
  const { promise, resolve } = Promise.withResolvers<number>()
  define(worker, 1, () => 0)
  define(worker, 2, () => promise)
  push(worker, [aTask(1, 2)])
  const running = () => reportsOf(worker.reports).filter(({ taskId, state }) => taskId === taskIdOf(1) && state === 'RUNNING')
  await worker.recorder.until(() => running().length > 0)
  resolve(1)
  await worker.recorder.until(() => endsOf(worker).length === 1)
  expect(running()).toHaveLength(1)
})
