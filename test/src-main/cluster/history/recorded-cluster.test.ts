import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import type { PageId } from '#src-main/cluster/answers.ts'
import type { ClusterCalls } from '#src-main/cluster/cluster-calls.ts'
import { ClusterLink } from '#src-main/cluster/cluster-link.ts'
import { shoalHeadAt } from '#src-main/cluster/link-session.ts'
import type { History } from '#src-main/cluster/history/history.ts'
import { createRecordedClient } from '#src-main/cluster/history/recorded-client.ts'
import { Recorder } from '#src-main/cluster/history/recorder.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { portOf } from '../direct.ts'
import { LocalHost } from '../local-host.ts'
import { until } from '../until.ts'
import { aHistory, clusterId } from './a-history.ts'

/** A panel's half: a link and what writes down. Ends with the test. */
function watch(cluster: TestCluster, history: History) {
  const record = history.record(clusterId)
  const tokenPath = tokenFileOf({ headDir: join(cluster.tempDir, 'head') }, 'full')
  const head = { tokenPath, apiPort: portOf(cluster.apiUrl), clusterId: null }
  const link = new ClusterLink({
    connect: () => Promise.resolve(shoalHeadAt(new LocalHost(), head)),
    lastSeq: record.lastSeq,
    logger: silentLogger,
  })
  const live = () => (link.client && link.capabilities ? { client: link.client, capabilities: link.capabilities } : undefined)
  const recorder = new Recorder({ record, live, logger: silentLogger })
  link.onEvents((events) => recorder.take(events))
  recorder.start()
  link.start()
  const stop = async () => {
    await link.stop()
    await recorder.stop()
  }
  onTestFinished(stop)
  return { record, link, recorder, stop, connected: () => until(() => link.view.state === 'connected') }
}

const program = `
import * as shoal from 'shoal'
await shoal.init()
const double = shoal.remote(function double(value: number) { return value * 2 })
console.log((await shoal.get(Array.from({ length: 50 }, (_, index) => double.remote(index)))).length)
const fails = shoal.remote(function fails() { throw new Error('on purpose') }, { maxRetries: 0 })
try { await shoal.get(fails.remote()) } catch { console.log('failed as it should') }
const Counter = shoal.actor(class Counter { #count = 0; add() { return (this.#count += 1) } })
const counter = Counter.remote()
console.log(await shoal.get(counter.add.remote()))
`

async function everyRow(client: ClusterCalls, id: PageId): Promise<Readonly<Record<string, unknown>>[]> {
  const rows: Readonly<Record<string, unknown>>[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await client.page(id, { limit: 7, detail: true, ...(cursor === undefined ? {} : { cursor }) })
    rows.push(...page.rows)
    if (page.next === null) {
      expect(rows).toHaveLength(page.matched)
      return rows
    }
    cursor = page.next
  }
}

/** With the keys of every object in one order. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value
const byText = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row, inOrder)).sort()
const lists = ['pageNodes', 'listShoalJobs', 'pageTasks', 'pageActors', 'pagePlacementGroups', 'pageClusterEvents'] as const

test('a cluster that is gone is opened from its record: the same rows, logs, counts and pages, and plain words for the rest', async () => {
  const cluster = await startCluster({ nodes: [{ cpus: 2 }, { cpus: 1, name: 'other' }], api: true })
  onTestFinished(() => cluster.stop())
  const folder = mkdtempSync(join(tmpdir(), 'shoal-job-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'main.ts'), program)
  const { history } = aHistory()
  const panel = watch(cluster, history)
  await panel.connected()
  const client = panel.link.client
  if (client === undefined) throw new Error('connected')
  const { submission_id: id } = await client.submitJob({ entrypoint: 'node main.ts', runtime_env: { working_dir: folder } })
  const { submission_id: failing } = await client.submitJob({ entrypoint: 'for i in 1 2 3; do echo line $i; done; exit 3' })
  await until(async () => (await client.call('listJobs')).every(({ status }) => status === 'SUCCEEDED' || status === 'FAILED'), 60_000)
  expect((await client.getJob(failing)).status).toBe('FAILED')
  await until(() => panel.record.logs.progress(id).isWhole && panel.record.logs.progress(failing).isWhole)
  const recorded = createRecordedClient(history, clusterId, 'lab')
  const rowsOf = async (calls: ClusterCalls) =>
    new Map(await Promise.all(lists.map(async (list) => [list, await everyRow(calls, list)] as const)))
  const asText = (rows: Awaited<ReturnType<typeof rowsOf>>) => JSON.stringify(lists.map((list) => byText(rows.get(list) ?? [])))
  // workers report their last tasks some time after the job has ended
  await until(async () => {
    await panel.recorder.settle()
    return asText(await rowsOf(client)) === asText(await rowsOf(recorded))
  }).catch(() => {}) // what differs is shown below
  const livingRows = await rowsOf(client)
  const livingLog = await client.call('getJobLogs', { params: { id } })
  const livingJobs = await client.page('listShoalJobs', { filter: ['status:eq:FAILED'], columns: ['id', 'status'] })
  await panel.stop()
  await cluster.stop()

  for (const list of lists) expect([list, byText(await everyRow(recorded, list))]).toEqual([list, byText(livingRows.get(list) ?? [])])
  expect(livingRows.get('pageTasks')?.length).toBeGreaterThan(50)
  expect(livingRows.get('pageActors')).toHaveLength(1)
  expect(await recorded.call('getJobLogs', { params: { id } })).toEqual(livingLog)
  expect(livingLog.logs).toContain('failed as it should')
  expect(await recorded.page('listShoalJobs', { filter: ['status:eq:FAILED'], columns: ['id', 'status'] })).toMatchObject({
    ...{ total: livingJobs.total, matched: 1, rows: livingJobs.rows, next: null },
  })
  let tail = ''
  for await (const frame of recorded.tailJobLog(failing)) tail += frame.text
  expect(tail).toMatch(/line 1\nline 2\nline 3\n$/)
  const failed = await recorded.page('pageTasks', { filter: ['name:eq:FAILS'], detail: true })
  expect(failed.rows[0]).toMatchObject({ state: 'FAILED', error_message: expect.stringContaining('on purpose') })
  const ray = await recorded.call('listTasks', {
    query: { filter_keys: 'state', filter_predicates: '=', filter_values: 'FINISHED', limit: 3 },
  })
  expect(ray.data.result.result).toHaveLength(3)
  expect(ray.data.result.num_filtered).toBeGreaterThan(50)
  expect((await recorded.call('listEvents', { query: { kinds: 'job' } })).events.length).toBeGreaterThan(3)
  const ofJob = { params: { id } }
  for (const [route, input] of [
    ...lists.map((list) => [list, { query: { detail: true } }] as const),
    ...(['listNodes', 'listTasks', 'listActors', 'listPlacementGroups', 'listClusterEvents', 'listJobStates'] as const).map(
      (list) => [list, { query: { detail: 'True' } }] as const,
    ),
    ...(['listJobs', 'listAlerts', 'listMetricNames'] as const).map((each) => [each, {}] as const),
    ...[['getMetricHistory', { query: { names: 'cpu_percent' } }] as const],
    ...[['getJob', ofJob] as const, ['getShoalJob', ofJob] as const],
  ])
    await expect(recorded.call(route, input)).resolves.toBeDefined() // each is held to the schema of its route
  expect([recorded.source, Date.now() - Number(recorded.recordedAtMs) < 120_000]).toEqual(['record', true])
  await expect(recorded.submitJob({ entrypoint: 'true' })).rejects.toMatchObject({
    code: 'head.unavailable',
    message: expect.stringMatching(/^lab is not connected .* a record cannot submit a job; connect/),
  })
  await expect(recorded.drainNode('x', { dryRun: true })).rejects.toMatchObject({ code: 'head.unavailable' })
  await expect(recorded.call('getWhy')).rejects.toMatchObject({ code: 'head.unavailable' })
  await expect(recorded.page('pageTasks', { filter: ['nothing:eq:1'] })).rejects.toMatchObject({ code: 'bad-argument' })
})

test('a head that is killed at once leaves a record of what was running, and a panel started anew catches up by itself', async () => {
  const cluster = await startCluster({ nodes: [{ cpus: 2 }], api: true })
  onTestFinished(() => cluster.stop())
  const { history } = aHistory()
  const first = watch(cluster, history)
  await first.connected()
  const { submission_id: id = '' } = (await first.link.client?.submitJob({ entrypoint: 'while :; do echo on; sleep 0.1; done' })) ?? {}
  await until(() => first.record.thing('jobs', id)?.['status'] === 'RUNNING' && first.record.logs.progress(id).next > 400)
  await cluster.killHead()
  await first.stop()
  const recorded = createRecordedClient(history, clusterId, 'lab')
  expect(await recorded.getJob(id)).toMatchObject({ status: 'RUNNING', submission_id: id })
  expect((await recorded.call('getJobLogs', { params: { id } })).logs).toContain('on\non\n')
  await cluster.restartHead()
  const second = watch(cluster, history)
  await second.connected()
  await second.link.client?.call('stopJob', { params: { id } })
  await until(() => second.record.logs.progress(id).isWhole)
  await second.recorder.settle()
  expect(await recorded.getJob(id)).toMatchObject({ status: 'STOPPED' })
  const live = await second.link.client?.call('getJobLogs', { params: { id } })
  expect(await recorded.call('getJobLogs', { params: { id } })).toEqual(live)
})
