import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { History } from '#runtime/head/history/history.ts'
import type { HistoryLimits, TaskChange } from '#runtime/head/history/messages.ts'
import { aBatch, jobOf, taskOf, workerOf } from './batches.ts'

function aPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-history-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'history.sqlite')
}

function aHistory(path = aPath(), limits: Partial<HistoryLimits> = {}): History {
  const history = new History({ path, logger: silentLogger, limits })
  onTestFinished(() => history.close())
  return history
}

const all = {
  filters: [],
  sort: { column: 'task_id', isDescending: false },
  limit: 100,
  after: null,
  excludeDriver: true,
  isDetailed: true,
} as const

test('what was taken is answered at once, and again after a restart with the ends of processes in their place', async () => {
  const path = aPath()
  const history = aHistory(path)
  history.append(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 5 }], { worker: 3 }))
  history.append(aBatch([{ taskId: taskOf(2), state: 'FINISHED', startedMs: 5, endedMs: 6 }], { worker: 4 }))
  history.ended({ workerIds: [workerOf(3)], atMs: 8 })
  const before = await history.query(all)
  expect(before.rows.map((row) => row['state'])).toEqual(['FAILED', 'FINISHED'])
  await history.close()
  const again = aHistory(path)
  expect(await again.query(all)).toEqual(before)
  expect(await again.findAttempts(taskOf(1))).toEqual([before.rows[0]])
  const { batches } = await again.readBatches({ maxBytes: 1_000_000, beforeId: 0 })
  expect(batches.map(({ workerId }) => workerId)).toEqual([workerOf(4), workerOf(3)])
})

test('when the database cannot be used, everybody is told, and the end waits for nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-history-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const history = aHistory(folder) // a folder is no database
  const outOfOrder = { code: 'internal', message: expect.stringContaining('out of order') }
  await expect(history.query(all)).rejects.toMatchObject(outOfOrder)
  await expect(history.query(all)).rejects.toMatchObject(outOfOrder)
  await expect(history.store(aBatch([{ taskId: taskOf(1), state: 'RUNNING' }]))).rejects.toMatchObject(outOfOrder)
  await history.close()
})

test('a batch counts as stored when it would be there after a crash', async () => {
  const path = aPath()
  const history = aHistory(path)
  await history.store(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 5 }]))
  const again = aHistory(path) // the first one still runs, and has closed nothing
  expect((await again.query(all)).rows).toHaveLength(1)
  const large = Array.from({ length: 20_000 }, (_, at) => ({ taskId: taskOf(at), state: 'RUNNING' as const, startedMs: 1 }))
  await Promise.all([
    history.store(aBatch(large)),
    history.store(aBatch(large)),
    history.store(aBatch([{ taskId: taskOf(1), state: 'RUNNING' }])),
  ])
  await history.close()
  await expect(history.store(aBatch([{ taskId: taskOf(1), state: 'RUNNING' }]))).rejects.toMatchObject({ code: 'head.unavailable' })
})

test('a batch that is none is counted, and nothing else is lost for it', async () => {
  const history = aHistory()
  history.append({ ...aBatch([{ taskId: taskOf(1), state: 'RUNNING' }]), count: 7, packed: new Uint8Array([1, 2, 3]) })
  history.append(aBatch([{ taskId: taskOf(2), state: 'RUNNING', startedMs: 1 }]))
  const page = await history.query(all)
  expect(page.rows.map((row) => row['task_id'])).toEqual([taskOf(2)])
  expect(page.warnings).toEqual([expect.stringContaining('7 reports')])
})

test('a question that makes no sense is refused by name, and the next one is answered', async () => {
  const history = aHistory()
  await expect(history.query({ ...all, filters: [{ column: 'colour', operator: '=', values: ['red'] }] })).rejects.toMatchObject({
    code: 'bad-argument',
  })
  expect(await history.query(all)).toMatchObject({ total: 0, matched: 0, rows: [], next: null })
})

test('changes come in order, each attempt once as it is by then, and what is too much is counted', async () => {
  const history = aHistory()
  const seen: TaskChange[] = []
  let skipped = 0
  const enough = Promise.withResolvers<void>()
  history.onChanges((changes, more) => {
    seen.push(...changes)
    skipped += more
    if (seen.length + skipped >= 100) enough.resolve()
  }, 40)
  history.append(
    aBatch(Array.from({ length: 100 }, (_, at) => ({ taskId: taskOf(at), state: 'RUNNING' as const, name: 'busy', startedMs: at + 1 }))),
  )
  await enough.promise
  expect([seen.length, skipped]).toEqual([40, 60])
  expect(seen[0]).toMatchObject({
    taskId: taskOf(0),
    attempt: 0,
    state: 'RUNNING',
    name: 'busy',
    jobId: jobOf(1),
    workerId: workerOf(1),
    atMs: 1,
  })
})

test('summaries, counts and the timeline tell of everything, and of a job where asked', async () => {
  const history = aHistory()
  history.append(
    aBatch([
      { taskId: taskOf(1), state: 'FINISHED', name: 'parent', createdMs: 1, startedMs: 10, endedMs: 20 },
      { taskId: taskOf(2), state: 'FINISHED', name: 'child', createdMs: 2, startedMs: 12, endedMs: 15, parentId: taskOf(1) },
      { taskId: taskOf(3), state: 'FAILED', name: 'child', createdMs: 3, startedMs: 12, endedMs: 16, parentId: taskOf(1) },
      { taskId: taskOf(4, 2), state: 'RUNNING', name: 'other', createdMs: 4, startedMs: 12 },
    ]),
  )
  const narrowing = { filters: [], excludeDriver: true }
  expect(await history.summarizeByFunction(narrowing)).toMatchObject({
    summary: { child: { func_or_class_name: 'child', type: 'NORMAL_TASK', state_counts: { FINISHED: 1, FAILED: 1 } } },
    ...{ total_tasks: 4, total: 4, matched: 4 },
  })
  const { summary } = await history.summarizeByLineage(narrowing, 100)
  expect(summary.map(({ name }) => name)).toEqual(['other', 'parent'])
  expect(summary[1]).toMatchObject({
    type: 'NORMAL_TASK',
    link: { type: 'task', id: taskOf(1) },
    state_counts: { FINISHED: 2, FAILED: 1 },
    children: [{ name: 'child', type: 'GROUP', state_counts: { FINISHED: 1, FAILED: 1 }, link: null }],
  })
  expect(await history.countStates(narrowing)).toEqual({ [jobOf(1)]: { FINISHED: 2, FAILED: 1 }, [jobOf(2)]: { RUNNING: 1 } })
  const ofJob = { filters: [{ column: 'job_id', operator: '=' as const, values: [jobOf(1)] }], excludeDriver: true }
  const events = JSON.parse(await history.timelineText(ofJob, 2)) as { name: string; ts: number; dur: number; ph: string }[]
  expect(events.map(({ name, ts, dur, ph }) => [name, ts, dur, ph])).toEqual([
    ['child', 12_000, 4_000, 'X'],
    ['child', 12_000, 3_000, 'X'],
  ])
})
