import { closeSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { RecordLogs } from '#src-main/cluster/history/record-logs.ts'
import type { ClusterRecord } from '#src-main/cluster/history/cluster-record.ts'
import { createRecordedClient } from '#src-main/cluster/history/recorded-client.ts'
import { taskOfEvent } from '#src-main/cluster/history/core/task-row.ts'
import { aHistory, aHistoryFolder, clusterId } from './a-history.ts'

const day = 86_400_000
const taskId = (index: number) => index.toString(16).padStart(48, '0')

function putTasks(record: ClusterRecord, { count, from = 0, atMs }: { count: number; from?: number; atMs: number }): void {
  record.together(() => {
    for (let index = from; index < from + count; index += 1) {
      record.putTask(
        taskOfEvent(
          { task_id: taskId(index), attempt_number: 0, name: `f${index % 7}`, state: 'FINISHED', type: 'NORMAL_TASK', job_id: '01000000' },
          atMs,
        ),
        atMs,
      )
    }
  })
}

const countOf = async (record: ClusterRecord) =>
  (await createRecordedClient({ record: () => record }, clusterId, 'lab').page('pageTasks', { limit: 1 })).total

test('its folder and files are for this user alone, and a name that is no id reaches no file', () => {
  const { history, folder } = aHistory()
  history.record(clusterId)
  expect(statSync(folder).mode & 0o077).toBe(0)
  for (const name of ['../x', 'c-1', 'c-0123456789ab/../../x']) expect(() => history.record(name)).toThrow(/not the id of a cluster/)
  expect(history.list()).toEqual([clusterId])
  history.remove(clusterId)
  expect(readdirSync(folder)).toEqual([])
})

test('what ended longer ago than the limit is forgotten, what has not ended stays', async () => {
  let nowMs = Date.now()
  const { history } = aHistory({ nowMs: () => nowMs })
  const record = history.record(clusterId)
  putTasks(record, { count: 5_000, atMs: nowMs })
  record.together(() => {
    record.putThing('jobs', { id: 'old', status: 'FAILED', type: 'SUBMISSION' }, nowMs)
    record.putThing('jobs', { id: 'runs', status: 'RUNNING', type: 'SUBMISSION' }, nowMs)
    record.logs.append('old', { offset: 0, next: 3, text: 'abc' }, nowMs)
    record.putSample('n', nowMs, { cpu_percent: [1, 2, 3] })
  })
  nowMs += 31 * day
  putTasks(record, { count: 10, from: 5_000, atMs: nowMs })
  await history.trim()
  expect(await countOf(record)).toBe(10)
  expect([record.thing('jobs', 'old'), record.thing('jobs', 'runs')?.['status']]).toEqual([undefined, 'RUNNING'])
  expect([...record.logs.read('old')]).toEqual([])
  expect(
    (await createRecordedClient(history, clusterId, 'lab').call('getMetricHistory', { query: { names: 'cpu_percent', from: 0 } })).series,
  ).toEqual([])
})

test('beyond its size the oldest of all clusters goes first, and the disk gets the room back', async () => {
  const maxBytes = 5 * 1024 * 1024
  const { history } = aHistory({ limits: { maxBytes } })
  const [old, young] = [history.record(clusterId), history.record('c-ffffffffffff')]
  const nowMs = Date.now()
  putTasks(old, { count: 20_000, atMs: nowMs - 2_000 })
  putTasks(young, { count: 20_000, atMs: nowMs - 1_000 })
  putTasks(young, { count: 12_000, from: 20_000, atMs: nowMs })
  expect(history.sizeBytes).toBeGreaterThan(maxBytes)
  await history.trim()
  expect(history.sizeBytes).toBeLessThanOrEqual(maxBytes)
  expect(await countOf(young)).toBe(32_000)
  expect(await countOf(old)).toBeLessThan(20_000)
})

test('of a log the end is kept, and the record says what is missing before it', () => {
  const database = new DatabaseSync(join(aHistoryFolder(), 'x.sqlite'))
  onTestFinished(() => database.close())
  database.exec('CREATE TABLE log_chunks (job TEXT, offset INTEGER, next INTEGER, at_ms REAL, text TEXT, PRIMARY KEY (job, offset))')
  database.exec('CREATE TABLE logs (job TEXT PRIMARY KEY, next INTEGER, kept_bytes INTEGER, is_whole INTEGER)')
  const logs = new RecordLogs(database, 1_000)
  database.exec('BEGIN')
  for (let index = 0; index < 100; index += 1) logs.append('j', { offset: index * 50, next: index * 50 + 50, text: 'x'.repeat(50) }, 1)
  expect(logs.progress('j')).toEqual({ next: 5_000, keptBytes: 1_000, isWhole: false })
  expect([...logs.read('j')].at(0)?.offset).toBe(4_000)
  logs.append('j', { offset: 4_900, next: 4_950, text: 'x'.repeat(50) }, 1) // came before
  expect([...logs.read('j', 4_975)]).toEqual([{ offset: 4_975, next: 5_000, text: 'x'.repeat(25), atMs: 1 }])
  logs.append('j', { offset: 0, next: 4, text: 'anew' }, 1)
  expect([...logs.read('j')].map(({ text }) => text)).toEqual(['anew'])
})

test('a file that is no database, or of another version, is set aside and a new record begun', () => {
  const folder = aHistoryFolder()
  const path = join(folder, `${clusterId}.sqlite`)
  writeFileSync(path, 'this is no database'.repeat(1_000))
  const { history, logged } = aHistory({ folder })
  expect(history.record(clusterId).lastSeq).toBeUndefined()
  expect(readdirSync(folder).filter((name) => name.includes('.damaged-'))).toHaveLength(1)
  expect(logged.join('')).toContain('history.damaged')
})

test('a file that breaks while it is written is set aside, and what is being written is in the new one', async () => {
  const { history, folder } = aHistory()
  const record = history.record(clusterId)
  putTasks(record, { count: 20_000, atMs: Date.now() })
  record.database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  record.database.exec('PRAGMA shrink_memory')
  const file = openSync(record.path, 'r+')
  for (let at = 4_096; at < statSync(record.path).size; at += 4_096) writeSync(file, Buffer.alloc(4_096, 0xa5), 0, 4_096, at)
  closeSync(file)
  record.together(() => record.setFact('last-seq', 7))
  expect(() => putTasks(record, { count: 5_000, from: 50_000, atMs: Date.now() })).not.toThrow()
  expect(record.damaged).toBe(1)
  expect(await countOf(record)).toBe(5_000)
  expect(readdirSync(folder).some((name) => name.includes('.damaged-'))).toBe(true)
})
