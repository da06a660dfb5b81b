import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LogStreamMessage } from '#runtime/api/logs.ts'
import { type ClusterClient, openClusterClient } from '#src-main/cluster/cluster-client.ts'
import type { LogStreamQuestion } from '#src-main/cluster/cluster-calls.ts'
import { streamPlainLog } from '#src-main/cluster/plain-log-stream.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { directTunnel, portOf } from './direct.ts'
import { until } from './until.ts'

let cluster: TestCluster
let client: ClusterClient
let nodeId: string
const asked = { ignore_case: false, tail: 2, resume: {} } as const

beforeAll(async () => {
  cluster = await startCluster({ nodes: [{ cpus: 1 }], api: true })
  client = openClusterClient({ tunnel: () => directTunnel(portOf(cluster.apiUrl)), token: cluster.token() })
  nodeId = cluster.nodes[0]?.nodeId ?? ''
})
afterAll(async () => {
  client.close()
  await cluster.stop()
})

function follow(question: Partial<LogStreamQuestion> & Pick<LogStreamQuestion, 'selectors'>) {
  const messages: LogStreamMessage[] = []
  const stop = new AbortController()
  const ended = (async () => {
    for await (const message of streamPlainLog(client, { ...asked, ...question, signal: stop.signal })) messages.push(message)
  })()
  const texts = () => messages.flatMap((message) => (message.type === 'lines' ? message.texts : []))
  return { messages, texts, ended, stop: () => stop.abort() }
}

test('one file of a head without a stream of many: its last lines, then what is written, letters whole', async () => {
  const file = join(cluster.tempDir, 'logs', 'mine.log')
  writeFileSync(file, 'one\ntwo\nthree\n')
  const log = follow({ selectors: [{ node_id: nodeId, file: 'mine.log' }] })
  await until(() => log.texts().length === 2)
  const more = Buffer.from('ERROR four \u{1f600}\nfive\n')
  appendFileSync(file, more.subarray(0, 13)) // in the middle of a letter
  appendFileSync(file, more.subarray(13))
  await until(() => log.texts().length === 4)
  expect(log.texts()).toEqual(['two', 'three', 'ERROR four \u{1f600}', 'five'])
  expect(log.messages[0]).toMatchObject({ type: 'source', source: 1, node_id: nodeId, file: 'mine.log', offset: 0 })
  log.stop()
  await log.ended
})

test('what is not wanted is left out here', async () => {
  writeFileSync(join(cluster.tempDir, 'logs', 'levels.log'), 'INFO one\nERROR two\nINFO three\n')
  const log = follow({ selectors: [{ node_id: nodeId, file: 'levels.log' }], tail: -1, level: 'error' })
  await until(() => log.texts().length > 0)
  expect(log.texts()).toEqual(['ERROR two'])
  log.stop()
  await log.ended
})

test.each([
  ['several logs', { selectors: [{ file: 'a.log' }, { file: 'b.log' }] }],
  ['a pattern', { selectors: [{ node_id: 'x', file: '*.log' }] }],
  ['workers of a job', { selectors: [{ job_id: '00000001' }] }],
  ['a log from where it was', { selectors: [{ submission_id: 'x' }], resume: { x: 1 } }],
])('%s is refused with words', async (_what, question) => {
  await expect(follow(question).ended).rejects.toMatchObject({ code: 'not-supported', message: expect.stringContaining('this head') })
})
