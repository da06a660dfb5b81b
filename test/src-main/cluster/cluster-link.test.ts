import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '#runtime/base/logger.ts'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import { ClusterLink, type ClusterLinkOptions } from '#src-main/cluster/cluster-link.ts'
import { type LinkEvents, type ShoalHead, shoalHeadAt } from '#src-main/cluster/link-session.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { portOf } from './direct.ts'
import { LocalHost } from './local-host.ts'
import { until } from './until.ts'

let cluster: TestCluster
const logged: string[] = []
const logger = createLogger('test', (line) => void logged.push(line))

beforeAll(async () => {
  cluster = await startCluster({ nodes: [{ cpus: 2 }], api: true })
})
afterAll(() => cluster.stop())

type Watched = {
  readonly link: ClusterLink
  readonly seqs: number[]
  readonly gaps: LinkEvents[]
  readonly states: string[]
  host: () => LocalHost
}

function aLink(more: Partial<ClusterLinkOptions> = {}, head: Partial<ShoalHead> = {}): Watched {
  let host = new LocalHost()
  const link = new ClusterLink({
    connect: () => {
      host = new LocalHost()
      const tokenPath = tokenFileOf({ headDir: join(cluster.tempDir, 'head') }, 'full')
      return Promise.resolve(shoalHeadAt(host, { tokenPath, apiPort: portOf(cluster.apiUrl), clusterId: null, ...head }))
    },
    lastSeq: undefined,
    logger,
    ...more,
  })
  const watched = { link, seqs: [] as number[], gaps: [] as LinkEvents[], states: [] as string[], host: () => host }
  link.onEvents((events) => {
    if (events.type === 'events') watched.seqs.push(...events.events.map(({ seq }) => seq))
    if (events.type === 'gap') watched.gaps.push(events)
  })
  link.onState(({ state }) => void (watched.states.at(-1) === state || watched.states.push(state)))
  onTestFinished(() => link.stop())
  return watched
}

/** Every number after `since` that the head has, as its own pages tell. */
async function numbersAfter(link: ClusterLink, since: number): Promise<number[]> {
  const seqs: number[] = []
  for (let before: number | undefined; ; ) {
    const page = await link.client?.call('listEvents', { query: { limit: 1_000, before } })
    for (const { seq } of page?.events ?? []) if (seq > since) seqs.push(seq)
    before = page?.next ? Number(page.next) : undefined
    if (before === undefined || before <= since) return seqs.reverse()
  }
}

const submit = (link: ClusterLink, entrypoint = 'true') => link.client?.submitJob({ entrypoint })

test('a cut link and a head that is killed and started again lose no event and repeat none', async () => {
  const { link, seqs, gaps, states, host } = aLink()
  link.start()
  await until(() => link.view.state === 'connected' && link.lastSeq !== undefined)
  const since = link.lastSeq ?? 0
  for (let round = 0; round < 3; round += 1) await submit(link)
  await delay(300)
  host().cut()
  await until(() => link.view.state === 'reconnecting')
  await until(() => link.view.state === 'connected')
  for (let round = 0; round < 3; round += 1) await submit(link)
  await cluster.killHead()
  await until(() => link.view.state === 'reconnecting')
  expect(link.view.message).toMatch(/\S/)
  await cluster.restartHead()
  link.retry()
  await until(() => link.view.state === 'connected')
  await submit(link)
  await until(async () => (await link.client?.call('listJobs'))?.every(({ status }) => status === 'SUCCEEDED') === true)
  await delay(500)
  const all = await numbersAfter(link, since)
  expect(all.length).toBeGreaterThan(14)
  await until(() => seqs.length >= all.length)
  expect(seqs).toEqual(all)
  expect(gaps).toEqual([])
  expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected', 'reconnecting', 'connected'])
})

test('a panel that is started again goes on behind the last number that it kept', async () => {
  const first = aLink()
  first.link.start()
  await until(() => first.link.view.state === 'connected' && first.link.lastSeq !== undefined)
  await submit(first.link)
  await until(() => first.seqs.length > 2)
  const lastSeq = first.link.lastSeq ?? 0
  const reader = first.link
  await first.link.stop()
  const other = aLink()
  other.link.start()
  await until(() => other.link.view.state === 'connected')
  await submit(other.link)
  await delay(500)
  const second = aLink({ lastSeq })
  second.link.start()
  await until(() => second.link.view.state === 'connected')
  await until(async () => second.seqs.length > 0 && second.seqs.length === (await numbersAfter(second.link, lastSeq)).length)
  expect(second.seqs).toEqual(await numbersAfter(second.link, lastSeq))
  expect(second.gaps).toEqual([])
  expect(reader.view.state).toBe('off')
})

test('numbers that the head does not have are a gap that is said', async () => {
  const { link, gaps } = aLink({ lastSeq: 900_000_000_000 })
  link.start()
  await until(() => gaps.length > 0)
  expect(gaps[0]).toMatchObject({ type: 'gap', gap: { reason: 'began-anew', fromSeq: 1 } })
})

test('another cluster on that port is not taken for this one, and it is not asked again', async () => {
  const { link } = aLink({}, { clusterId: 'f'.repeat(56) })
  link.start()
  await until(() => link.view.state === 'record')
  expect(link.view).toMatchObject({ code: 'wrong-state', message: expect.stringContaining('is another cluster'), retryAtMs: null })
})

test('a token file that is missing, empty or refused says so, and a token is never shown or logged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-token-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const missing = aLink({}, { tokenPath: join(folder, 'none') })
  missing.link.start()
  await until(() => missing.link.view.code === 'head.unavailable')
  expect(missing.link.view.message).toContain('start the cluster')
  const secret = 'planted secret with spaces'
  writeFileSync(join(folder, 'odd'), secret)
  const odd = aLink({}, { tokenPath: join(folder, 'odd') })
  odd.link.start()
  await until(() => odd.link.view.state === 'record')
  writeFileSync(join(folder, 'wrong'), 'planted-wrong-token')
  chmodSync(join(folder, 'wrong'), 0o600)
  const wrong = aLink({}, { tokenPath: join(folder, 'wrong') })
  wrong.link.start()
  await until(() => wrong.link.view.state === 'record')
  expect(wrong.link.view.code).toMatch(/^auth\./)
  const told = JSON.stringify([odd.link.view, wrong.link.view, logged])
  expect(told).not.toContain('planted')
  expect(told).not.toContain(cluster.token())
  expect(logged.length).toBeGreaterThan(3)
})

test('stopping leaves no connection and no timer, also in the middle of connecting', async () => {
  const { link, host } = aLink()
  link.start()
  await until(() => link.view.state === 'connected')
  expect(host().openStreams).toBeGreaterThan(0)
  await link.stop()
  await until(() => host().openStreams === 0)
  expect(link.view.state).toBe('off')
  const stuck = aLink({ connect: () => new Promise(() => {}) })
  stuck.link.start()
  await delay(50)
  await stuck.link.stop()
  expect(stuck.link.view.state).toBe('off')
})
