import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LogStreamMessage } from '#runtime/api/logs.ts'
import type { SeenFile } from '#src-main/cluster/history/record-files.ts'
import { taskOfList } from '#src-main/cluster/history/core/task-row.ts'
import { createRecordedClient } from '#src-main/cluster/history/recorded-client.ts'
import { aHistory, clusterId } from './a-history.ts'

const nodeId = 'ab'.repeat(28)
const workerId = 'cd'.repeat(28)
const about: SeenFile = {
  ...{ node_id: nodeId, file: `worker-${workerId}-01000000-77.out`, worker_id: workerId, job_id: '01000000', submission_id: null },
  ...{ pid: 77, stream: 'out' },
}

function aRecord() {
  const { history, folder } = aHistory()
  const record = history.record(clusterId)
  const { files } = record
  return {
    ...{ files, record, history, file: join(folder, `${clusterId}.sqlite`), client: createRecordedClient(history, clusterId) },
    put: (offset: number, text: string, atMs = 1) => files.append(about, { offset, next: offset + Buffer.byteLength(text), text }, atMs),
    text: () => [...files.read(nodeId, about.file)].map((piece) => piece.text).join(''),
  }
}

test('what was followed twice is kept once, and goes on where it ended', () => {
  const { put, text } = aRecord()
  put(0, 'one\n')
  put(4, 'two\n')
  put(0, 'one\ntwo\nthree\n')
  put(8, 'three\nfour\n')
  expect(text()).toBe('one\ntwo\nthree\nfour\n')
})

test('a file that begins with something else is another one, and takes the place of the first', () => {
  const { put, text } = aRecord()
  put(0, 'one\ntwo\n')
  put(0, 'other\n')
  expect(text()).toBe('other\n')
})

test('the last lines of a file are put where they overlap with what is known, also among lines that are alike', () => {
  const { files, put } = aRecord()
  put(0, 'tick\ntick\ntock\ntick\n')
  expect(files.placeOf(about, 'tock\ntick\nnew\n')).toBe(10)
  expect(files.placeOf(about, 'tick\nnew\n')).toBe(15)
  expect(files.placeOf(about, 'something else\n')).toBe(0)
})

test('of a long file the end is kept', () => {
  const { put, files } = aRecord()
  const piece = `${'x'.repeat(1024 * 1024 - 1)}\n`
  for (let at = 0; at < 20; at += 1) put(at * piece.length, piece)
  const pieces = [...files.read(nodeId, about.file)]
  expect(pieces).toHaveLength(8)
  expect(pieces[0]?.offset).toBe(12 * piece.length)
})

test('it is told as a copy, by its worker, its node and its name, and read in pieces', async () => {
  const { put, client } = aRecord()
  put(0, 'one\ntwo\n')
  const told = async (selector: object) => {
    const messages: LogStreamMessage[] = []
    for await (const message of client.streamLogs({ selectors: [selector], tail: -1, resume: {}, ignore_case: false }))
      messages.push(message)
    return messages
  }
  for (const selector of [{ worker_id: workerId }, { node_id: nodeId, file: 'worker-*' }, { pid: 77 }]) {
    const messages = await told(selector)
    expect(messages.map(({ type }) => type)).toEqual(['source', 'copy', 'lines', 'end', 'live'])
    expect(messages).toContainEqual(expect.objectContaining({ type: 'lines', texts: ['one', 'two'] }))
  }
  await expect(told({ worker_id: 'ef'.repeat(28) })).rejects.toMatchObject({ code: 'head.unavailable' })
  const { bytes, isEnd } = await client.readLog({ nodeId, file: about.file, offset: 4, maxBytes: 100 })
  expect([Buffer.from(bytes).toString('utf8'), isEnd]).toEqual(['two\n', true])
  await expect(client.readLog({ nodeId, file: 'raylet.out', offset: 0, maxBytes: 100 })).rejects.toMatchObject({ code: 'head.unavailable' })
})

test('it is forgotten with its age, and its file with it', async () => {
  const { history, files, put } = aRecord()
  put(0, 'one\n', 1)
  await history.trim()
  expect(files.list()).toEqual([])
})

test('a record from before such files were kept is opened, and gets them', async () => {
  const { history, file } = aRecord()
  await history.close()
  const database = new DatabaseSync(file)
  database.exec('DROP TABLE seen_files; DROP TABLE seen_chunks')
  database.prepare("INSERT INTO facts (name, value) VALUES ('last-seq', '7')").run()
  database.close()
  const again = aHistory({ folder: join(file, '..') }).history.record(clusterId)
  expect(again.lastSeq).toBe(7)
  expect(again.files.list()).toEqual([])
})

test('tasks are summed up by function and state, of all and of one job', async () => {
  const { record, client } = aRecord()
  const task = (n: number, state: string, job: string) =>
    ({ task_id: String(n).padStart(48, '0'), attempt_number: 0, name: 'double', type: 'NORMAL_TASK', job_id: job, state }) as const
  record.together(() => {
    for (const row of [task(1, 'FINISHED', '01000000'), task(2, 'FINISHED', '02000000'), task(3, 'FAILED', '02000000')])
      record.putTask({ ...taskOfList(row) }, 1)
  })
  const of = async (query: Record<string, string>) => JSON.stringify(await client.call('summarizeTasks', { query }))
  expect(await of({})).toContain('"state_counts":{"FINISHED":2,"FAILED":1}')
  expect(await of({ filter_keys: 'job_id', filter_predicates: '=', filter_values: '01000000' })).toContain('"state_counts":{"FINISHED":1}')
  await expect(of({ filter_keys: 'name', filter_predicates: '=', filter_values: 'double' })).rejects.toMatchObject({ code: 'bad-argument' })
})
