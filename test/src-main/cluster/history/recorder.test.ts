import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { ClusterEvent } from '#runtime/api/events.ts'
import { createLogger } from '#runtime/base/logger.ts'
import type { ClusterRecord } from '#src-main/cluster/history/cluster-record.ts'
import { createRecordedClient } from '#src-main/cluster/history/recorded-client.ts'
import type { Live } from '#src-main/cluster/history/live.ts'
import { Recorder } from '#src-main/cluster/history/recorder.ts'
import { aHistory, clusterId } from './a-history.ts'

const nodes = ['1', '2', '3', '4'].map((digit) => digit.repeat(56))
const states = ['PENDING_ARGS_AVAIL', 'RUNNING', 'FINISHED'] as const

/** Three changes of each task, and a change of an actor now and then. */
function eventOf(seq: number): ClusterEvent {
  const task = Math.floor((seq - 1) / 3)
  if (seq % 50 === 0) {
    const id = (seq % 10_000).toString(16).padStart(32, 'a')
    return {
      seq,
      kind: 'actor',
      id,
      type: 'alive',
      atMs: 1_700_000_000_000 + seq,
      row: { actor_id: id, class_name: 'Actor', state: 'ALIVE', job_id: '01000000', num_restarts: 0 },
    }
  }
  const state = states[(seq - 1) % 3] ?? 'RUNNING'
  const id = task.toString(16).padStart(16, '0') + 'f'.repeat(24) + '01000000'
  const place =
    state === 'PENDING_ARGS_AVAIL'
      ? { node_id: null, worker_id: null }
      : { node_id: nodes[task % 4], worker_id: (task % 64).toString(16).padStart(56, '0') }
  const row = {
    task_id: id,
    attempt_number: 0,
    name: `step_${task % 20}`,
    state,
    type: 'NORMAL_TASK',
    job_id: '01000000',
    actor_id: null,
    error_type: null,
    ...place,
  }
  return { seq, kind: 'task', id, type: state.toLowerCase(), atMs: 1_700_000_000_000 + seq, row }
}

const batchOf = (from: number, count: number) => ({
  type: 'events' as const,
  to: from + count - 1,
  events: Array.from({ length: count }, (_, index) => eventOf(from + index)),
})

function aRecorder(record: ClusterRecord, logged: string[] = [], live: () => Live | undefined = () => undefined): Recorder {
  const recorder = new Recorder({ record, live, logger: createLogger('recorder', (line) => void logged.push(line)) })
  recorder.start()
  onTestFinished(() => recorder.stop())
  return recorder
}

/** The most CPU time, in ms, that this process took for a turn of its loop: what others in it wait for, however busy the machine is. */
function watchTurns(): { stop(): number } {
  let longestMs = 0
  let last = process.cpuUsage()
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, cpuMsOf(process.cpuUsage(last)))
    last = process.cpuUsage()
  }, 1)
  return {
    stop() {
      clearInterval(timer)
      return longestMs
    },
  }
}

const cpuMsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000

const seconds = Number(process.env['SHOAL_RECORD_SECONDS'] ?? 3)

test('10,000 events a second are recorded without loss, and the loop stays free', async () => {
  const { history } = aHistory()
  const record = history.record(clusterId)
  const recorder = aRecorder(record)
  const ticks = seconds * 20
  const batches = Array.from({ length: ticks }, (_, tick) => batchOf(1 + tick * 500, 500))
  const cpu = process.cpuUsage()
  const watch = watchTurns()
  const startMs = performance.now()
  for (const [tick, batch] of batches.entries()) {
    await recorder.take(batch)
    await delay(Math.max(0, startMs + (tick + 1) * 50 - performance.now()))
  }
  await recorder.flush()
  const wallMs = performance.now() - startMs
  const cpuMs = cpuMsOf(process.cpuUsage(cpu))
  const longestTurnMs = Math.round(watch.stop())
  const events = ticks * 500
  const client = createRecordedClient(history, clusterId, 'lab')
  const { total, matched } = await client.page('pageTasks', { filter: ['state:eq:FINISHED'], limit: 1 })
  const expected = new Map<string, string>()
  for (let seq = 1; seq <= events; seq += 1) {
    const { kind, id, row } = eventOf(seq)
    if (kind === 'task') expected.set(id, String(row['state']))
  }
  expect(total).toBe(expected.size)
  expect(matched).toBe([...expected.values()].filter((state) => state === 'FINISHED').length)
  expect((await client.page('pageActors', { limit: 1 })).total).toBe(200)
  expect(record.lastSeq).toBe(events)
  record.database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const figures = {
    eventsPerS: Math.round((events / wallMs) * 1_000),
    cpuMsPerSecond: Math.round(cpuMs / seconds),
    longestTurnMs,
    bytesPerTask: Math.round(history.sizeBytes / total),
  }
  if (process.env['SHOAL_RECORD_SECONDS']) process.stderr.write(`${JSON.stringify(figures)}\n`)
  expect(figures.bytesPerTask).toBeLessThan(400)
  // of CPU time rather than by the clock: the machine may be busy with other tests
  expect(figures.cpuMsPerSecond).toBeLessThan(600)
  expect(longestTurnMs).toBeLessThan(250)
})

test('more than it can hold holds the stream back, and nothing is lost', async () => {
  const { history } = aHistory()
  const record = history.record(clusterId)
  const recorder = aRecorder(record)
  const held: Promise<void>[] = []
  for (let from = 1; from < 60_000; from += 3_000) {
    const room = recorder.take(batchOf(from, 3_000))
    if (room) held.push(room)
  }
  expect(held.length).toBeGreaterThan(10)
  await Promise.all(held)
  await recorder.flush()
  expect(record.lastSeq).toBe(60_000)
})

test('what is stopped in the middle is in the record up to the number that it says', async () => {
  const { history } = aHistory()
  const record = history.record(clusterId)
  const recorder = aRecorder(record)
  void recorder.take(batchOf(1, 5_000))
  await recorder.stop()
  expect(record.lastSeq).toBe(5_000)
  expect(recorder.take(batchOf(5_001, 10))).toBeUndefined()
  expect(record.lastSeq).toBe(5_000)
})

test('while the disk takes nothing, the numbers stand still, and go on without loss when it does again', async () => {
  const { history } = aHistory()
  const record = history.record(clusterId)
  const logged: string[] = []
  const recorder = aRecorder(record, logged)
  const pages = Number(record.database.prepare('PRAGMA page_count').get()?.['page_count'])
  record.database.exec(`PRAGMA max_page_count = ${pages + 8}`)
  void recorder.take(batchOf(1, 6_000))
  await delay(800)
  expect(record.lastSeq).toBeUndefined()
  expect(logged.filter((line) => line.includes('history.not-written'))).toHaveLength(1)
  record.database.exec('PRAGMA max_page_count = 1000000')
  await expect.poll(() => record.lastSeq).toBe(6_000)
  expect((await createRecordedClient(history, clusterId, 'lab').page('pageTasks', { limit: 1 })).total).toBeGreaterThanOrEqual(1_990)
})

test('gaps are written down and said with every list', async () => {
  const { history } = aHistory()
  const record = history.record(clusterId)
  const recorder = aRecorder(record)
  void recorder.take({ type: 'gap', gap: { fromSeq: 5, toSeq: 9, reason: 'too-old' } })
  await recorder.flush()
  expect((await createRecordedClient(history, clusterId, 'lab').page('pageNodes')).warnings[0]).toMatch(/^1 times some events were missed/)
})

test('a head that comes back is asked for its lists: it may have told nobody of what happened before it was killed', async () => {
  const [known, record] = [aHistory().history, aHistory().history.record(clusterId)]
  const capabilities = { engine: 'shoal', rayVersion: '2', shoalVersion: '0', session: 's', clusterId, missing: {} } as const
  const aHead = (): Live => ({ client: createRecordedClient(known, clusterId, 'lab'), capabilities })
  const job = (status: string) => known.record(clusterId).putThing('jobs', { id: 'one', status, start_time: 1 }, Date.now())
  job('RUNNING')
  let head = aHead()
  aRecorder(record, [], () => head)
  await expect.poll(() => record.thing('jobs', 'one')?.['status']).toBe('RUNNING')
  job('SUCCEEDED')
  head = aHead()
  await expect.poll(() => record.thing('jobs', 'one')?.['status']).toBe('SUCCEEDED')
})
