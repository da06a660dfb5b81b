import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { type ClusterClient, openClusterClient } from '#src-main/cluster/cluster-client.ts'
import { LogFollow, type LogStreamEvent } from '#src-main/contract/logs.ts'
import type { GivenInput } from '#src-main/contract/panel.ts'
import { topics } from '#src-main/contract/topics.ts'
import { LogStreams } from '#src-main/services/log-streams.ts'
import { TopicHub } from '#src-main/topics/topic-hub.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { type TestPanel, until } from '#test/support/panel.ts'
import { directTunnel, portOf } from '../cluster/direct.ts'
import { listen, openPanelOver } from './panel-over-cluster.ts'

let cluster: TestCluster
let panel: TestPanel
const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)

beforeAll(async () => {
  cluster = await startCluster({ nodes: [{ cpus: 2 }], api: true })
  panel = (await openPanelOver(cluster)).panel
})
afterAll(async () => {
  await panel?.dispose()
  await cluster?.stop()
})

const submit = async (entrypoint: string) => (await call('jobs.submit', { cluster: 'lab', entrypoint })).submissionId
const ended = (job: string) =>
  until(`${job} has ended`, async () => {
    const { body } = await call('api.read', { cluster: 'lab', route: 'getJob', params: { id: job } })
    const { status } = body as { status: string } // as runtime/api has it
    return status === 'SUCCEEDED' || undefined
  })

async function follow(wanted: Omit<GivenInput<'logs.follow'>, 'cluster'>) {
  const { streamId } = await call('logs.follow', { cluster: 'lab', ...wanted })
  const listening = listen<LogStreamEvent>(panel, `log-stream/${streamId}`)
  const { events } = listening
  const of = <Type extends LogStreamEvent['type']>(type: Type) =>
    events.filter((event): event is Extract<LogStreamEvent, { type: Type }> => event.type === type)
  const texts = () => of('lines').flatMap((event) => event.texts)
  return { ...listening, streamId, of, texts, stop: () => call('logs.stopFollowing', { streamId }) }
}

describe('a stream of logs', () => {
  test('brings the last lines of the files that are wanted, then what is written, and says when it is up to date', async () => {
    const one = await submit('for i in 1 2 3 4 5; do echo "one $i"; done')
    await ended(one)
    const stream = await follow({ selectors: [{ submission_id: one }, { submission_id: 'later-1' }], tail: 2 })
    await until('it is up to date', () => stream.of('live').length || undefined)
    expect(stream.texts()).toEqual(['one 4', 'one 5'])
    await call('jobs.submit', { cluster: 'lab', entrypoint: 'echo two 1; echo "ERROR two 2"', submissionId: 'later-1' })
    await until('the other has come', () => stream.texts().includes('ERROR two 2') || undefined)
    expect(stream.of('source').map(({ source, submission_id: job }) => [source, job])).toEqual([
      [1, one],
      [2, 'later-1'],
    ])
    expect(stream.of('lines').at(-1)?.levels.at(-1)).toBe('error')
    expect(stream.events[0]).toEqual({ type: 'link', state: 'live', recordedAtMs: null, message: null })
    await stream.stop()
    await until('it is closed', () => stream.of('closed').length || undefined)
  })

  test('holds back what does not fit, at the head', async () => {
    const job = await submit('for i in 1 2 3 4 5 6; do echo "INFO step $i"; echo "WARN step $i"; done')
    await ended(job)
    const byLevel = await follow({ selectors: [{ submission_id: job }], tail: -1, level: 'warn', text: 'STEP', ignoreCase: true })
    const byPattern = await follow({ selectors: [{ submission_id: job }], tail: -1, regex: 'INFO step [56]$' })
    await until('both are up to date', () => (byLevel.of('live').length > 0 && byPattern.of('live').length > 0) || undefined)
    expect(byLevel.texts()).toEqual([1, 2, 3, 4, 5, 6].map((step) => `WARN step ${step}`))
    expect(byPattern.texts()).toEqual(['INFO step 5', 'INFO step 6'])
    const wrong = await follow({ selectors: [{ submission_id: job }], regex: '(' })
    await until('it is refused', () => wrong.of('closed').length || undefined)
    expect(wrong.of('failed')).toEqual([
      { type: 'failed', code: 'bad-argument', message: expect.stringContaining('no regular expression') },
    ])
    await byLevel.stop()
    await byPattern.stop()
  })

  test('goes on where it was when the head was killed and started again: each line once, under the same number', async () => {
    const count = 400
    const job = await submit(`for i in $(seq ${count}); do echo "line $i"; sleep 0.02; done; sleep 1`)
    const stream = await follow({ selectors: [{ submission_id: job }], tail: -1 })
    const { streamId: plainId } = await call('logs.followJob', { cluster: 'lab', job })
    const plain = listen<{ text: string; isEnd: boolean; failure: string | null }>(panel, `job-log/${plainId}`)
    await until('it runs', () => stream.texts().includes('line 20') || undefined)
    await cluster.killHead()
    await until('it says that it is away', () => stream.of('link').some(({ state }) => state === 'away') || undefined)
    await cluster.restartHead()
    await call('clusters.connect', { cluster: 'lab' })
    await until('all has come', () => stream.texts().includes(`line ${count}`) || undefined)
    const expected = Array.from({ length: count }, (_, at) => `line ${at + 1}`)
    expect(stream.texts().filter((text) => text.startsWith('line'))).toEqual(expected)
    expect(stream.of('source')).toHaveLength(1)
    expect(stream.of('live')).toHaveLength(1)
    expect(new Set(stream.of('lines').map(({ source }) => source))).toEqual(new Set([1]))
    expect(stream.of('link').map(({ state }) => state)).toEqual(expect.arrayContaining(['live', 'away', 'live']))
    await until('the log of the job has ended', () => plain.events.at(-1)?.isEnd || undefined)
    const text = plain.events.map((event) => event.text).join('')
    expect(text.split('\n').filter((line) => line.startsWith('line'))).toEqual(expected)
    expect(plain.events.filter(({ failure, isEnd }) => failure !== null || isEnd)).toHaveLength(1)
    await stream.stop()
  })

  test('loses nothing for a listener that does not keep up: the head is held back', async () => {
    const count = 200_000
    const job = await submit(`seq -f "a line that is not so short, number %.0f" ${count}`)
    await ended(job)
    const stream = await follow({ selectors: [{ submission_id: job }], tail: -1 })
    await until('it has begun', () => stream.texts().length || undefined)
    stream.subscription.pause()
    await delay(1_500)
    stream.subscription.resume()
    await until('all has come', () => stream.of('live').length || undefined)
    const numbers = stream.texts().flatMap((text) => /number (\d+)$/.exec(text)?.[1] ?? [])
    expect(numbers.length).toBe(count)
    expect(numbers.every((number, at) => Number(number) === at + 1)).toBe(true)
    expect(stream.gaps).toEqual([])
    await stream.stop()
  }, 120_000)

  test('goes on from where a page that is opened again says that it was', async () => {
    const job = await submit('for i in 1 2 3; do echo "line $i"; done; sleep 0.5; echo "line 4"')
    const first = await follow({ selectors: [{ submission_id: job }], tail: -1 })
    await until('three are there', () => first.texts().includes('line 3') || undefined)
    await first.stop()
    const [source] = first.of('source')
    const resume = { [source?.key ?? '']: first.of('lines').at(-1)?.next ?? 0 }
    const second = await follow({ selectors: [{ submission_id: job }], tail: -1, resume })
    await until('the fourth has come', () => second.texts().includes('line 4') || undefined)
    expect(second.texts()).toEqual(['line 4'])
    await second.stop()
  })
})

describe('what is followed', () => {
  let client: ClusterClient
  let hub: TopicHub<typeof topics>
  let streams: LogStreams
  let ids = 0
  const connect = () => openClusterClient({ tunnel: () => directTunnel(portOf(cluster.apiUrl)), token: cluster.token() })
  beforeAll(() => {
    client = connect()
    hub = new TopicHub(topics, { logger: silentLogger, checkEvents: true })
    streams = new LogStreams({ callsOf: () => Promise.resolve(client), hub, randomHex: () => String((ids += 1)), unheardMs: 300 })
  })
  afterAll(() => {
    streams.stopAll()
    hub.close()
    client.close()
  })
  const all = LogFollow.parse({ selectors: [{ file: '*' }] })

  test('ends when nobody listens any more, and not while somebody does', async () => {
    const types: string[] = []
    const id = streams.follow('c-1', all)
    const subscription = hub.subscribe(`log-stream/${id}`, {}, ({ events }) => {
      for (const event of events) types.push((JSON.parse(event) as LogStreamEvent).type) // held to the contract by this hub
    })
    await delay(700)
    expect(types).toContain('live')
    expect(types).not.toContain('closed')
    subscription.close()
    await delay(700)
    hub.subscribe(`log-stream/${id}`, { since: 0 }, ({ events }) => {
      for (const event of events) types.push((JSON.parse(event) as LogStreamEvent).type) // the same
    })
    await until('it is closed', () => types.includes('closed') || undefined)
  })

  test('is as many as a head serves at most; those that nobody came for end by themselves', async () => {
    for (let each = 0; each < 64; each += 1) streams.follow('c-1', all)
    expect(() => streams.follow('c-1', all)).toThrow('64 streams of logs are open')
    await until('there is room', () => {
      try {
        streams.stop(streams.follow('c-1', all))
        return true
      } catch {
        return undefined
      }
    })
  })
})

describe('logs.readChunk', () => {
  test('gives a log byte for byte, piece by piece, of a job or of any file of a node', async () => {
    const job = await submit('seq 400000; printf "\\303\\244\\377 no line break"')
    await ended(job)
    const nodeId = cluster.nodes[0]?.nodeId ?? ''
    const file = `job-driver-${job}.log`
    const whole = readFileSync(join(cluster.tempDir, 'logs', file))
    for (const place of [{ job }, { nodeId, file }]) {
      const pieces: Buffer[] = []
      for (let offset = 0, isEnd = false; !isEnd; ) {
        const piece = await call('logs.readChunk', { cluster: 'lab', ...place, offset, maxBytes: 1_000_003 })
        expect(piece.offset).toBe(offset)
        pieces.push(Buffer.from(piece.data, 'base64'))
        ;({ next: offset, isEnd } = piece)
      }
      expect(pieces.length).toBe(Math.ceil(whole.length / 1_000_003))
      expect(Buffer.concat(pieces).equals(whole)).toBe(true)
    }
    await expect(call('logs.readChunk', { cluster: 'lab', nodeId, file: 'nothing.log' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(call('logs.readChunk', { cluster: 'lab', nodeId, file: '../head/api-token' })).rejects.toMatchObject({
      code: 'bad-argument',
    })
  })
})

describe('when the head is gone', () => {
  /** The record of this panel's one cluster has the whole log. */
  const recorded = (job: string) =>
    until(`the log of ${job} is in the record`, () => {
      const history = join(panel.folder, 'data', 'history')
      const [file = ''] = readdirSync(history).filter((name) => name.endsWith('.sqlite'))
      const database = new DatabaseSync(join(history, file), { readOnly: true })
      try {
        return database.prepare('SELECT job FROM logs WHERE job = ? AND is_whole = 1').get(job)
      } finally {
        database.close()
      }
    })

  test('what was recorded is told in the same way, filtered too, and ends; other logs are refused with words', async () => {
    const job = await submit('for i in $(seq 30); do echo "INFO line $i"; done; echo "ERROR last"; printf "no end"')
    await ended(job)
    await recorded(job)
    const whole = readFileSync(join(cluster.tempDir, 'logs', `job-driver-${job}.log`))
    await call('clusters.disconnect', { cluster: 'lab' })
    const stream = await follow({ selectors: [{ submission_id: job }], tail: 3 })
    await until('it is closed', () => stream.of('closed').length || undefined)
    expect(stream.texts()).toEqual(['INFO line 30', 'ERROR last', 'no end'])
    expect(stream.of('link')).toEqual([{ type: 'link', state: 'record', recordedAtMs: expect.any(Number), message: null }])
    expect(stream.of('end')).toEqual([{ type: 'end', source: 1, reason: 'the log ends here' }])
    const errors = await follow({ selectors: [{ submission_id: job }], tail: -1, level: 'error' })
    await until('it is closed', () => errors.of('closed').length || undefined)
    expect(errors.texts()).toEqual(['ERROR last'])
    const [at] = stream.of('lines').at(-1)?.offsets.slice(-1) ?? []
    const rest = await follow({ selectors: [{ submission_id: job }], resume: { [stream.of('source')[0]?.key ?? '']: at ?? 0 } })
    await until('it is closed', () => rest.of('closed').length || undefined)
    expect(rest.texts()).toEqual(['no end'])
    const workers = await follow({ selectors: [{ job_id: '00000001' }] })
    await until('it is closed', () => workers.of('closed').length || undefined)
    expect(workers.of('failed')).toEqual([
      { type: 'failed', code: 'head.unavailable', message: expect.stringContaining('it holds those of submitted jobs') },
    ])
    const piece = await call('logs.readChunk', { cluster: 'lab', job, offset: 0, maxBytes: 4 * 1024 * 1024 })
    expect(piece).toEqual({ offset: 0, data: whole.toString('base64'), next: whole.length, isEnd: true })
    const middle = await call('logs.readChunk', { cluster: 'lab', job, offset: 10, maxBytes: 20 })
    expect(middle).toEqual({ offset: 10, data: whole.subarray(10, 30).toString('base64'), next: 30, isEnd: false })
  })
})
