import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ShoalJobDetails } from '#runtime/api/jobs.ts'
import type { ClusterEvent } from '#runtime/api/events.ts'
import type { LogSelector, LogStreamMessage } from '#runtime/api/logs.ts'
import { NodesAnswer } from '#runtime/api/nodes.ts'
import { PendingDemand, Why } from '#runtime/api/why.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { hashFolder, packFolder } from '#runtime/packing/pack-folder.ts'
import { pageIds } from '#src-main/cluster/answers.ts'
import type { ClusterCalls, ListQuestion } from '#src-main/cluster/cluster-calls.ts'
import { SeenLogs } from '#src-main/cluster/history/seen-logs.ts'
import { createRecordedClient } from '#src-main/cluster/history/recorded-client.ts'
import { History } from '#src-main/cluster/history/history.ts'
import type { HeadPlace, OpenSession } from '#src-main/cluster/link-session.ts'
import { rayHeadAt } from '#src-main/cluster/ray/open-ray.ts'
import { findRays, noRay, type RayHeadProcess, startRayHead } from '#test/support/ray.ts'
import { until } from '../until.ts'

const rays = findRays()
const workload = fileURLToPath(new URL('../../../conformance/workloads/workload.py', import.meta.url))
const clusterId = 'c-00000000000f'

describe.skipIf(rays.length === 0).each(rays.length === 0 ? [noRay] : rays)(
  'the calls of the panel on a real Ray head ($version)',
  ({ program, version }) => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-ray-'))
    const stopFile = join(folder, 'stop')
    const history = new History({ folder: join(folder, 'history'), logger: silentLogger })
    let head: RayHeadProcess
    let place: HeadPlace
    let session: OpenSession
    let calls: ClusterCalls

    const rowsOf = async (id: (typeof pageIds)[number], question: ListQuestion = {}) =>
      (await calls.page(id, { detail: true, limit: 1_000, ...question })).rows
    const ended = async (id: string) => {
      await until(async () => (await calls.getJob(id)).end_time !== null, 60_000)
      return calls.getJob(id)
    }
    const logOf = async (id: string, offset = 0) => {
      let text = ''
      for await (const frame of calls.tailJobLog(id, { offset })) text += frame.text
      return text
    }

    beforeAll(async () => {
      head = await startRayHead(program)
      const trust = { kind: 'system' } as const
      const record = createRecordedClient(history, clusterId)
      const seen = new SeenLogs(history.record(clusterId), silentLogger)
      place = rayHeadAt({ head: { url: head.url, trust }, connection: null, token: () => Promise.resolve(undefined), record, seen })
      session = await place.open(new AbortController().signal)
      calls = session.client
      await calls.submitJob({ entrypoint: `${program} ${workload} ${stopFile}`, submission_id: 'workload', metadata: { owner: 'tests' } })
      await until(async () => (await rowsOf('pageTasks', { filter: ['name:eq:linger', 'state:eq:RUNNING'] })).length === 1, 90_000)
    }, 240_000)
    afterAll(async () => {
      writeFileSync(stopFile, '')
      calls?.close()
      place?.close()
      await head?.stop()
      await history.close()
      rmSync(folder, { recursive: true, force: true })
    }, 60_000)

    test('it says what it is, and what it cannot do with the reason', () => {
      expect(session.capabilities).toMatchObject({ engine: 'ray', rayVersion: version, shoalVersion: null })
      expect(Object.keys(session.capabilities.missing)).toEqual(expect.arrayContaining(['control', 'priorities', 'logSearch']))
      expect(session.capabilities.missing.control).toContain('over HTTP')
    })

    test.each(pageIds)('%s answers a page with counts, and its next page goes on', async (id) => {
      const all = await calls.page(id, { detail: true, limit: 1_000 })
      expect(all).toMatchObject({ total: all.rows.length, matched: all.rows.length, next: null, failures: [] })
      expect(all.rows.length).toBeGreaterThan(0)
      const first = await calls.page(id, { detail: true, limit: 1 })
      const [row] = first.rows
      expect(all.rows).toContainEqual(expect.objectContaining({ ...idsIn(row ?? {}) }))
      if (all.rows.length > 1) {
        const second = await calls.page(id, { detail: true, limit: 1, cursor: first.next ?? '' })
        expect(idsIn(second.rows[0] ?? {})).not.toEqual(idsIn(row ?? {}))
      }
    })

    test('tasks are filtered and put in order here, also by what Ray cannot compare', async () => {
      expect(await rowsOf('pageTasks', { filter: ['name:contains:SQUA', 'state:in:FINISHED,RUNNING'] })).toHaveLength(3)
      const [failed] = await rowsOf('pageTasks', { filter: ['name:eq:fail'] })
      expect(failed).toMatchObject({ state: 'FAILED', error_type: 'TASK_EXECUTION_EXCEPTION', duration_ms: expect.any(Number) })
      expect(String(failed?.['error_message'])).toContain('on purpose')
      const times = (await rowsOf('pageTasks', { sort: '-start_time_ms' }))
        .map((row) => row['start_time_ms'])
        .filter((time) => time !== null)
      expect(times).toEqual(times.toSorted((one, other) => Number(other) - Number(one)))
      expect((await rowsOf('pageTasks')).some((row) => row['type'] === 'DRIVER_TASK')).toBe(false)
    })

    test('numbers are numbers: none is text, and none is the 2^64 - 1 that Ray sends for "never"', async () => {
      for (const row of await rowsOf('pageWorkers')) {
        for (const column of ['worker_launch_time_ms', 'worker_launched_time_ms', 'start_time_ms', 'end_time_ms'])
          expect(Number(row[column] ?? 0)).toBeLessThan(Number.MAX_SAFE_INTEGER)
      }
      const [actor] = await rowsOf('pageActors', { filter: ['name:eq:counter'] })
      expect(actor).toMatchObject({ class_name: 'Counter', state: 'ALIVE', pid: expect.any(Number) })
      expect(typeof (actor?.['num_restarts'] ?? 0)).toBe('number')
    })

    test('a job is told as our own heads tell one', async () => {
      const job = await calls.call('getShoalJob', { params: { id: 'workload' } })
      expect(ShoalJobDetails.safeParse(job).error).toBeUndefined()
      expect(job).toMatchObject({ id: 'workload', status: 'RUNNING', metadata: { owner: 'tests' }, priority: null, end_time: null })
      expect((await calls.call('listShoalJobs', { query: { limit: 1 } })).counts).toMatchObject({ RUNNING: 1, FAILED: 0 })
      await expect(calls.getJob('nobody')).rejects.toMatchObject({ code: 'not-found' })
    })

    test('a folder is uploaded once, a job runs in it, and its log is followed, resumed and read in pieces', async () => {
      const program = join(folder, 'program')
      mkdirSync(program, { recursive: true })
      writeFileSync(join(program, 'note.txt'), 'a note of grüezi\n')
      const archive = join(folder, 'program.zip')
      await packFolder(program, archive, { excludes: [], isModule: false, signal: new AbortController().signal })
      const name = `_ray_pkg_${hashFolder(program, [])}.zip`
      const file = { name, open: () => createReadStream(archive), sizeBytes: statSync(archive).size }
      const uri = await calls.uploadPackage(file)
      expect(await calls.uploadPackage({ ...file, open: () => createReadStream('/nothing') })).toBe(uri)
      await calls.submitJob({ entrypoint: 'cat note.txt; echo done', submission_id: 'reader', runtime_env: { working_dir: uri } })
      const text = await logOf('reader')
      expect(text).toContain('a note of grüezi\n')
      expect(await ended('reader')).toMatchObject({ status: 'SUCCEEDED' })
      const at = Buffer.from(text).indexOf('a note')
      expect(await logOf('reader', at)).toBe(text.slice(text.indexOf('a note')))
      const first = await calls.readLog({ job: 'reader', offset: 0, maxBytes: at })
      const second = await calls.readLog({ job: 'reader', offset: at, maxBytes: 1_000_000 })
      expect(Buffer.concat([first.bytes, second.bytes]).toString('utf8')).toBe(text)
      expect([first.isEnd, second.isEnd, first.next]).toEqual([false, true, at])
    }, 120_000)

    test('a line that is too long for Ray to follow is told all the same', async () => {
      const entrypoint = `${program} -c "print('x' * 5000000); print('behind it')"`
      await calls.submitJob({ entrypoint, submission_id: 'long-line' })
      const text = await logOf('long-line')
      expect(text).toContain('x'.repeat(5_000_000))
      expect(text).toContain('behind it\n')
    }, 120_000)

    test('a job is stopped and deleted, and what would end with it is said before', async () => {
      await calls.submitJob({ entrypoint: 'sleep 300', submission_id: 'sleeper' })
      await until(async () => (await calls.getJob('sleeper')).status === 'RUNNING', 60_000)
      const look = await calls.call('stopAnyJob', { params: { id: 'workload' }, query: { dry_run: true } })
      expect(look).toMatchObject({
        done: false,
        dryRun: true,
        radius: { tasks: expect.any(Number), actors: { count: 1 }, placement_groups: { count: 1 } },
      })
      expect(await calls.call('stopAnyJob', { params: { id: 'sleeper' } })).toMatchObject({ done: true, action: 'stop', target: 'sleeper' })
      expect(await ended('sleeper')).toMatchObject({ status: 'STOPPED' })
      expect(await calls.call('stopAnyJob', { params: { id: 'sleeper' } })).toMatchObject({ done: false })
      expect(await calls.call('deleteJob', { params: { id: 'sleeper' } })).toEqual({ deleted: true })
      await expect(calls.getJob('sleeper')).rejects.toMatchObject({ code: 'not-found' })
    }, 120_000)

    test.each(['cancelTask', 'killActor', 'endWorker', 'drainNode', 'removePlacementGroup'])(
      '%s is refused with what to do instead',
      async (route) => {
        await expect(calls.call(route, { params: { id: 'x' } })).rejects.toMatchObject({
          code: 'not-supported',
          message: expect.stringContaining('over the HTTP API of Ray'),
        })
      },
    )

    test('an id that is taken, and a job that cannot be deleted, are refused in words for people', async () => {
      await expect(calls.submitJob({ entrypoint: 'true', submission_id: 'workload' })).rejects.toMatchObject({
        code: 'already-exists',
        message: expect.not.stringContaining('Traceback'),
      })
      await expect(calls.call('deleteJob', { params: { id: 'workload' } })).rejects.toThrow(/^Ray says: [^\n]+$/)
    })

    test('a priority, and a field that Ray does not know, never reach it', async () => {
      await expect(calls.submitJob({ entrypoint: 'true', priority: 5 })).rejects.toMatchObject({ code: 'not-supported' })
      await expect(calls.call('submitJob', { json: { entrypoint: 'true', color: 'red' } })).rejects.toMatchObject({ code: 'bad-argument' })
    })

    test('events come of what changes, and the stream begins with what stands', async () => {
      const stop = new AbortController()
      const events: ClusterEvent[] = []
      const kinds = new Set<string>()
      const following = (async () => {
        for await (const frame of calls.events({ since: 100, signal: stop.signal })) {
          if (frame.type === 'snapshot') for (const { kind } of frame.rows) kinds.add(kind)
          if (frame.type === 'batch') events.push(...frame.events)
        }
      })()
      await until(() => kinds.size > 0, 30_000)
      expect([...kinds]).toEqual(expect.arrayContaining(['node', 'job', 'actor', 'placement_group']))
      await calls.submitJob({ entrypoint: 'true', submission_id: 'brief' })
      await until(() => events.some(({ kind, id, row }) => kind === 'job' && id === 'brief' && row['status'] === 'SUCCEEDED'), 60_000)
      expect(events[0]?.seq).toBe(101)
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => 101 + index))
      stop.abort()
      await following
    }, 120_000)

    const follow = async (selectors: readonly LogSelector[], isDone: (messages: readonly LogStreamMessage[]) => boolean) => {
      const stop = new AbortController()
      const messages: LogStreamMessage[] = []
      const following = (async () => {
        const question = { selectors: [...selectors], tail: -1, resume: {}, ignore_case: false, signal: stop.signal }
        for await (const message of calls.streamLogs(question)) messages.push(message)
      })()
      await until(() => isDone(messages), 60_000)
      stop.abort()
      await following
      return messages
    }
    const textsIn = (messages: readonly LogStreamMessage[]) =>
      messages.flatMap((message) => (message.type === 'lines' ? message.texts : []))

    test('logs of an actor, of a job with its workers, and of a pattern of files are followed as one stream', async () => {
      const [actor] = await rowsOf('pageActors', { filter: ['name:eq:counter'] })
      const ofActor = await follow([{ actor_id: String(actor?.['actor_id']) }], (all) => textsIn(all).includes('adding 2'))
      expect(ofActor.filter(({ type }) => type === 'source').length).toBeLessThanOrEqual(2)
      const { job_id: jobId } = await calls.getJob('workload')
      const ofJob = await follow(
        [{ job_id: jobId ?? '' }],
        (all) => textsIn(all).filter((text) => text.startsWith('square of')).length === 3,
      )
      expect(ofJob.every((message) => message.type !== 'source' || message.worker_id !== null)).toBe(true)
      const ofFiles = await follow([{ file: 'job-driver-*' }], (all) => all.some(({ type }) => type === 'live'))
      expect(textsIn(ofFiles)).toContain('workload stands')
    }, 120_000)

    test('the load of nodes is told in the words of our own figures, and kept for the charts', async () => {
      const { nodes } = await calls.call('getLatestMetrics')
      expect(nodes).toMatchObject([
        {
          nodeId: expect.stringMatching(/^[0-9a-f]{56}$/),
          cpu: { percent: expect.any(Number) },
          memory: { totalBytes: expect.any(Number) },
        },
      ])
      const history = await calls.call('getMetricHistory', { query: { names: 'cpu_percent,memory_used_bytes,load_1m' } })
      expect(history.series.map(({ name }) => name).toSorted()).toEqual(['cpu_percent', 'load_1m', 'memory_used_bytes'])
      expect(history.series[0]?.points.length).toBeGreaterThan(0)
      expect(NodesAnswer.safeParse(await calls.call('listNodeSummaries', { query: { view: 'summary' } })).error).toBeUndefined()
    })

    test('processes of a node are told when it is named, and workers by what they do and take', async () => {
      const [node] = await rowsOf('pageNodes')
      const named = async () =>
        (await calls.call('getLatestMetrics', { query: { nodes: String(node?.['node_id']) } })).nodes[0]?.['processes']
      const isTold = async () => JSON.stringify(await named()).includes('"role":"worker"')
      await until(isTold, 30_000)
      expect(await named()).toContainEqual(
        expect.objectContaining({ role: 'worker', pid: expect.any(Number), rssBytes: expect.any(Number) }),
      )
      await until(
        async () => (await rowsOf('pageWorkers', { filter: ['phase:eq:linger', 'memory_bytes:gt:1000000'] })).length === 1,
        30_000,
      )
    }, 90_000)

    test('why something waits is worked out from what Ray lists', async () => {
      await calls.submitJob({ entrypoint: 'true', submission_id: 'huge', entrypoint_num_cpus: 64 })
      const demandOf = async () => PendingDemand.parse(await calls.call('getWhy')).demands.find(({ asked }) => asked['CPU'] === 64)
      await until(async () => (await demandOf()) !== undefined, 60_000)
      expect(await demandOf()).toMatchObject({ kind: 'actor', infeasible: true, why: expect.stringContaining('no node has CPU 64') })
      const [actor] = await rowsOf('pageActors', { filter: ['state:eq:PENDING_CREATION'] })
      const why = Why.parse(await calls.call('getWhy', { query: { actor: String(actor?.['actor_id']) } }))
      expect(why).toMatchObject({
        isPending: true,
        infeasible: true,
        nodes: [{ verdict: 'too-small', missing: [{ resource: 'CPU', wanted: 64 }] }],
      })
      expect(Why.parse(await calls.call('getWhy', { query: { job: 'huge' } }))).toMatchObject({ isPending: true, state: 'PENDING' })
      await calls.call('stopAnyJob', { params: { id: 'huge' } })
    }, 120_000)

    test('what only a head of ours has is refused, and what newer versions have is asked for', async () => {
      await expect(calls.call('searchLogs', { query: { text: 'x' } })).rejects.toMatchObject({ code: 'not-supported' })
      const serve = calls.call('getServeApplications')
      if (session.capabilities.missing.serve === undefined) expect(await serve).toMatchObject({ applications: {} })
      else await expect(serve).rejects.toMatchObject({ code: 'not-supported' })
      expect(await calls.call('summarizeTasks')).toMatchObject({
        data: { result: { result: { node_id_to_summary: { cluster: { summary: { square: {} } } } } } },
      })
    })
  },
)

/** What tells a row apart. */
const idsIn = (row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(row).filter(([column, value]) => /(_id|^id|attempt_number|reference_type|pid)$/.test(column) && value !== null),
  )
