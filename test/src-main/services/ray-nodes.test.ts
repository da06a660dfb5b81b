import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LogFollow, LogStreamEvent } from '#src-main/contract/logs.ts'
import { openTestPanel, type TestPanel, until } from '#test/support/panel.ts'
import { findRays, noRay, type RayHeadProcess, type RayNodeProcess, startRayHead, startRayNode } from '#test/support/ray.ts'
import { listen } from './panel-over-cluster.ts'

const [newest] = findRays()
const { program, version } = newest ?? noRay
/** As many tasks as this head lists, where others list 10,000. */
const listedTasks = 25
const waves = 12
const tasksOfWave = 5

const source = `
import os, sys, time
import ray

ray.init()

@ray.remote(num_cpus=0, resources={"west": 1})
def speak(stop):
    print("a word from the west", flush=True)
    while not os.path.exists(stop):
        time.sleep(0.2)

@ray.remote(num_cpus=0)
def brief(n):
    return n

held = speak.remote(sys.argv[1])
for wave in range(${waves}):
    ray.get([brief.remote(n) for n in range(${tasksOfWave})])
    print("wave", wave, flush=True)
    time.sleep(4)
try:
    ray.get(held)
except ray.exceptions.RayError as error:
    print(type(error).__name__, flush=True)
`

type Row = Readonly<Record<string, unknown>>
type Page = {
  readonly rows: readonly Row[]
  readonly total: number
  readonly matched: number
  readonly next: string | null
  readonly warnings: string[]
}

/** Three nodes of one machine, at addresses of their own. The tests go on where the one before stopped. */
describe.skipIf(newest === undefined)(`a panel on several nodes, on a real Ray head (${version})`, () => {
  const work = mkdtempSync(join(tmpdir(), 'shoal-ray-nodes-'))
  let head: RayHeadProcess
  let west: RayNodeProcess
  let east: RayNodeProcess
  let panel: TestPanel
  let westId: string
  let speaker: string

  const read = async (route: string, more: { params?: Record<string, string>; query?: Record<string, string | number | boolean> } = {}) => {
    const { body, source: from } = await panel.host.call('api.read', { cluster: 'lab', route, ...more })
    return { ...(body as Row), source: from } as Row // every route that is read here answers an object
  }
  const page = async (route: string, query: Record<string, string | number | boolean> = {}) =>
    (await read(route, { query: { limit: 1_000, detail: true, ...query } })) as unknown as Page // of a route that lists
  const nodeAt = async (ip: string) => (await page('pageNodes', { filter: `node_ip:eq:${ip}` })).rows[0]
  const follow = async (wish: Partial<LogFollow> & Pick<LogFollow, 'selectors'>) => {
    const { streamId } = await panel.host.call('logs.follow', { cluster: 'lab', ...wish })
    const { events } = listen<LogStreamEvent>(panel, `log-stream/${streamId}`)
    const texts = () => events.flatMap((event) => (event.type === 'lines' ? event.texts : []))
    return { events, texts, end: () => panel.host.call('logs.stopFollowing', { streamId }) }
  }

  beforeAll(async () => {
    // It also refuses to be asked for as many rows as others give.
    const env = { RAY_MAX_LIMIT_FROM_DATA_SOURCE: String(listedTasks), RAY_MAX_LIMIT_FROM_API_SERVER: '5000' }
    head = await startRayHead(program, { env })
    west = await startRayNode(head, '127.0.0.2', 'west')
    east = await startRayNode(head, '127.0.0.3', 'east')
    panel = await openTestPanel({ isWatching: true })
    await panel.host.call('clusters.connectRay', { name: 'lab', address: head.url })
    const file = join(work, 'waves.py')
    writeFileSync(file, source)
    await panel.host.call('jobs.submit', { cluster: 'lab', entrypoint: `${program} ${file} ${join(work, 'stop')}`, submissionId: 'waves' })
  }, 300_000)
  afterAll(async () => {
    writeFileSync(join(work, 'stop'), '')
    await panel?.dispose()
    await Promise.all([west?.stop(), east?.stop()])
    await head?.stop()
    rmSync(work, { recursive: true, force: true })
  }, 90_000)

  test('each node is listed at its own address, with its own resources and figures', async () => {
    const { rows } = await page('pageNodes')
    expect(rows).toHaveLength(3)
    expect(rows.filter((row) => row['is_head_node'] === true)).toHaveLength(1)
    const node = await nodeAt('127.0.0.2')
    westId = String(node?.['node_id'])
    expect(node).toMatchObject({ state: 'ALIVE', resources_total: { west: 2, CPU: 1 } })
    const figures = await until('all nodes tell figures', async () => {
      const nodes = (await read('getLatestMetrics'))['nodes'] as readonly Row[] // of that route
      return nodes.length === 3 ? nodes : undefined
    })
    for (const row of figures)
      expect(row).toMatchObject({ cpu: { percent: expect.any(Number) }, memory: { usedBytes: expect.any(Number) } })
  }, 60_000)

  test('processes are told of a node by itself, and workers with what each takes', async () => {
    const worker = await until('the worker of the west is told with its figures', async () => {
      const { rows } = await page('pageWorkers', { filter: `node_id:eq:${westId}`, sort: '-memory_bytes' })
      return rows.find((row) => row['phase'] === 'speak' && typeof row['memory_bytes'] === 'number')
    })
    speaker = String(worker['worker_id'])
    expect(worker).toMatchObject({ is_alive: true, job_id: expect.stringMatching(/^[0-9a-f]{8}$/), cpu_percent: expect.any(Number) })
    expect(Number(worker['memory_bytes'])).toBeGreaterThan(10_000_000)
    const [node, ...others] = (await read('getLatestMetrics', { query: { nodes: westId } }))['nodes'] as readonly Row[] // of that route
    expect(others).toEqual([])
    expect(node?.['processes']).toContainEqual(expect.objectContaining({ role: 'worker', workerId: speaker, rssBytes: expect.any(Number) }))
    expect(node?.['processes']).toContainEqual(expect.objectContaining({ role: 'agent', workerId: null }))
  }, 90_000)

  test('logs of one node come from that node, and a file that several nodes list comes once', async () => {
    const ofNode = await follow({ selectors: [{ worker_id: speaker }], tail: 200 })
    await until('its line has come', () => ofNode.texts().includes('a word from the west') || undefined)
    const sources = ofNode.events.filter((event) => event.type === 'source')
    expect(sources.length).toBeGreaterThan(0)
    expect(new Set(sources.map((event) => event.node_id))).toEqual(new Set([westId]))
    expect(ofNode.texts().filter((text) => text === 'a word from the west')).toHaveLength(1)
    await ofNode.end()
  }, 60_000)

  test('a list that Ray cuts off goes on with what was seen, page by page, and the counts say so', async () => {
    const made = waves * tasksOfWave
    const isSeen = async () => (await page('pageTasks', { filter: 'name:eq:brief' })).matched === made || undefined
    await until('all tasks were made', async () => ((await page('pageTasks')).total >= made ? true : undefined), 150_000)
    await until('all of them were seen', isSeen, 30_000)
    const whole = await page('pageTasks')
    expect(whole.warnings[0]).toMatch(
      new RegExp(`^Ray lists \\d+ of the \\d+ tasks that there are. These are the ${whole.matched} that this panel has seen`),
    )
    expect(whole.rows).toHaveLength(whole.matched)
    expect(whole.total).toBeGreaterThanOrEqual(whole.matched) // Ray counts programs in
    const ids = new Set<unknown>()
    let rows = 0
    let cursor: string | null = ''
    while (cursor !== null) {
      const next: Page = await page('pageTasks', { limit: 10, ...(cursor === '' ? {} : { cursor }) })
      rows += next.rows.length
      for (const row of next.rows) ids.add(row['task_id'])
      cursor = next.next
    }
    expect([rows, ids.size]).toEqual([whole.matched, whole.matched])
    const [last] = (await page('pageTasks', { filter: 'name:eq:brief', sort: 'creation_time_ms', limit: 1 })).rows
    expect((await page('pageTasks', { filter: `task_id:eq:${String(last?.['task_id'])}` })).rows[0]).toMatchObject({ state: 'FINISHED' })
    const summary = JSON.stringify(await read('summarizeTasks'))
    expect(summary).toContain(`"state_counts":{"FINISHED":${made}}`)
  }, 240_000)

  test('a node that dies is told as dead with an alert, and what was followed of its logs is still there, marked as a copy', async () => {
    await west.kill()
    await until('it is dead', async () => ((await nodeAt('127.0.0.2'))?.['state'] === 'DEAD' ? true : undefined), 90_000)
    expect((await read('listAlerts'))['alerts']).toContainEqual(expect.objectContaining({ kind: 'node-died', nodeId: westId }))
    expect(((await read('getLatestMetrics'))['nodes'] as readonly Row[]).map((row) => row['nodeId'])).not.toContain(westId) // of that route
    for (const selector of [{ worker_id: speaker }, { node_id: westId, file: 'worker-*' }]) {
      const kept = await follow({ selectors: [selector], tail: 200 })
      await until('its line has come', () => kept.texts().includes('a word from the west') || undefined)
      expect(kept.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['source', 'copy', 'end']))
      await kept.end()
    }
    const nothing = await follow({ selectors: [{ node_id: westId, file: 'raylet.out' }], tail: 200 })
    const failure = await until('it is refused', () => nothing.events.find((event) => event.type === 'failed'))
    expect(failure).toMatchObject({ code: 'not-found', message: expect.stringContaining('keeps no logs of such nodes') })
  }, 150_000)

  test('when all of it is gone, its jobs, tasks, nodes, figures, events and logs are read from the record', async () => {
    await until('the figures of a minute were written down', () => hasSamples(panel) || undefined, 120_000)
    await head.stop()
    await until('the panel has noticed', async () => {
      const { link } = await panel.host.call('clusters.get', { cluster: 'lab' })
      return link.state === 'reconnecting' || undefined
    })
    const tasks = await page('pageTasks', { filter: 'name:eq:brief' })
    expect(tasks).toMatchObject({ source: 'record', matched: waves * tasksOfWave })
    expect(await read('summarizeTasks')).toMatchObject({ source: 'record' })
    expect((await page('pageNodes')).rows.map((row) => row['state']).toSorted()).toContain('DEAD')
    expect((await page('listShoalJobs')).rows).toContainEqual(expect.objectContaining({ id: 'waves' }))
    const history = await read('getMetricHistory', { query: { names: 'cpu_percent,load_1m', points: 100 } })
    const names = (history['series'] as readonly Row[]).map((line) => line['name']) // of that route
    expect([...new Set(names)].toSorted()).toEqual(['cpu_percent', 'load_1m'])
    const events = (await read('listEvents', { query: { kinds: 'node' } }))['events'] as readonly Row[] // of that route
    expect(events).toContainEqual(expect.objectContaining({ type: 'died', id: westId }))
    const kept = await follow({ selectors: [{ worker_id: speaker }], tail: -1 })
    await until('its line has come', () => kept.texts().includes('a word from the west') || undefined)
    expect(kept.events).toContainEqual(expect.objectContaining({ type: 'link', state: 'record' }))
  }, 180_000)
})

/** Whether the panel has written figures down. It says so to nobody: its file is looked into. */
function hasSamples({ folder }: TestPanel): boolean {
  const [file] = readdirSync(join(folder, 'data', 'history')).filter((name) => name.endsWith('.sqlite'))
  const database = new DatabaseSync(join(folder, 'data', 'history', file ?? ''), { readOnly: true })
  try {
    return Number(database.prepare('SELECT count(*) AS n FROM samples').get()?.['n']) > 0
  } finally {
    database.close()
  }
}
