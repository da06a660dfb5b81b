import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Question, QuestionAnswer } from '#src-main/contract/questions.ts'
import type { Row } from '#src-main/cluster/history/core/rows.ts'
import { acceptKeys, openTestPanel, type TestPanel, until } from '#test/support/panel.ts'
import { findRays, noRay, type RayHeadProcess, startRayHead } from '#test/support/ray.ts'
import { needleOf, searchFolder } from '#test/support/secret-search.ts'
import { makeKey, noSshServer, startSshServer } from '#test/support/ssh-server.ts'
import { listen } from './panel-over-cluster.ts'

const [newest] = findRays()
const { program, version } = newest ?? noRay
const token = `planted-ray-token-${'7c'.repeat(20)}`

describe.skipIf(newest === undefined)(`a panel on a real Ray head (${version}) that wants a token`, () => {
  const work = mkdtempSync(join(tmpdir(), 'shoal-ray-work-'))
  const asked: Question[] = []
  let head: RayHeadProcess
  let panel: TestPanel
  let address: string
  const answer = (question: Question): QuestionAnswer => {
    if (question.kind === 'token') asked.push(question)
    return question.kind === 'token' ? { kind: 'secret', secret: token, keep: false } : acceptKeys(question)
  }
  const read = async (route: string, more: { params?: Record<string, string>; query?: Record<string, string | number> } = {}) => {
    const { body, source } = await panel.host.call('api.read', { cluster: 'lab', route, ...more })
    return { ...(body as Row), source } // every route that is read here answers an object
  }
  const linked = (state: string) =>
    until(`the link is ${state}`, async () => {
      const { link } = await panel.host.call('clusters.get', { cluster: 'lab' })
      return link.state === state ? link : undefined
    })
  const ended = (job: string) =>
    until(`${job} has ended`, async () => {
      const { end_time: end, status } = (await read('getShoalJob', { params: { id: job } })) as { end_time?: number; status?: string } // of that route
      return end ? status : undefined
    })
  const everywhere = () => [...searchFolder(panel.folder, [needleOf('token', token)]), ...panel.log.filter((line) => line.includes(token))]

  beforeAll(async () => {
    head = await startRayHead(program, { token })
    address = head.url
    panel = await openTestPanel({ isWatching: true, answer })
    await panel.host.call('machines.add', { machines: [{ name: 'here', via: 'local', host: '127.0.0.1' }] })
  }, 240_000)
  afterAll(async () => {
    await panel?.dispose()
    await head?.stop()
    rmSync(work, { recursive: true, force: true })
  }, 60_000)

  test('is looked at before: it wants a token, and what is wrong with one stands there', async () => {
    expect(await panel.host.call('clusters.planRay', { address })).toMatchObject({
      ...{ wantsToken: true, rayVersion: null, nodes: null },
      problem: { code: 'auth.missing', message: expect.stringContaining('~/.ray/auth_token') },
    })
    expect(await panel.host.call('clusters.planRay', { address, token: 'wrong-token' })).toMatchObject({
      problem: { code: 'auth.refused' },
    })
    const found = await until('its node is there', async () => {
      const plan = await panel.host.call('clusters.planRay', { address, token })
      return plan.nodes === 1 ? plan : undefined
    })
    expect(found).toMatchObject({ rayVersion: version, problem: null })
  })

  test('is not put on the list while something is wrong', async () => {
    const wish = { name: 'lab', address }
    await expect(panel.host.call('clusters.connectRay', wish)).rejects.toMatchObject({ code: 'auth.missing' })
    await expect(panel.host.call('clusters.connectRay', { ...wish, token: 'wrong-token' })).rejects.toMatchObject({ code: 'auth.refused' })
    const https = { ...wish, address: address.replace('http:', 'https:'), token }
    await expect(panel.host.call('clusters.connectRay', https)).rejects.toMatchObject({
      message: expect.stringContaining('does not speak TLS'),
    })
    await expect(panel.host.call('clusters.connectRay', { ...wish, address: 'ray://x' })).rejects.toMatchObject({ code: 'bad-argument' })
    await expect(panel.host.call('clusters.connectRay', { ...wish, via: 'nobody', token })).rejects.toMatchObject({
      code: 'machine.not-found',
    })
    expect(await panel.host.call('clusters.list', {})).toEqual([])
  })

  test('is connected to through a machine of the list, and its token lies in no file and no log', async () => {
    const cluster = await panel.host.call('clusters.connectRay', { name: 'lab', address, via: 'here', token })
    expect(cluster).toMatchObject({ engine: 'ray', members: [], rayHead: { url: address, trust: { kind: 'system' } } })
    await linked('connected')
    expect(await panel.host.call('api.capabilities', { cluster: 'lab' })).toMatchObject({
      ...{ engine: 'ray', version },
      missing: expect.arrayContaining([{ what: 'control', why: expect.stringContaining('over HTTP') }]),
    })
    await expect(panel.host.call('clusters.connectRay', { name: 'other', address, via: 'here', token })).rejects.toMatchObject({
      message: expect.stringContaining('connected already, as lab'),
    })
    expect(everywhere()).toEqual([])
  })

  test.skipIf(noSshServer())('is reached over SSH, at the loopback of a machine', async () => {
    const keyFile = join(work, 'key')
    await using server = await startSshServer({ authorizedKeys: [makeKey(keyFile, 'ed25519')] })
    const ssh = { name: 'gate', via: 'ssh' as const, host: '127.0.0.1', port: server.port, user: userInfo().username, keyFiles: [keyFile] }
    await panel.host.call('machines.add', { machines: [ssh] })
    expect(await panel.host.call('clusters.planRay', { address, via: 'gate', token })).toMatchObject({ rayVersion: version, nodes: 1 })
    const nowhere = await panel.host.call('clusters.planRay', { address: 'http://127.0.0.1:1', via: 'gate' })
    expect(nowhere.problem).toMatchObject({ code: 'ssh.tunnel-refused' })
    expect(server.connections().length).toBeGreaterThan(0)
  })

  test('runs a job in a folder of this computer, and its log and its events are told', async () => {
    const folder = join(work, 'program')
    mkdirSync(folder)
    writeFileSync(join(folder, 'hello.py'), 'print("hello from a folder")\n')
    const { events } = listen<{ kind: string; id: string; row: Row }>(
      panel,
      `cluster-events/${(await panel.host.call('clusters.get', { cluster: 'lab' })).id}`,
    )
    const spec = { entrypoint: `${program} hello.py`, submissionId: 'hello', folder: { kind: 'folder' as const, path: folder } }
    const plan = await panel.host.call('jobs.plan', { cluster: 'lab', ...spec, priority: 3 })
    expect(plan).toMatchObject({ fits: 'now', package: { files: 1 }, problems: [expect.stringContaining('no priorities')] })
    expect(plan.commandLine).toMatch(/^ray job submit --working-dir \S+ --submission-id hello .*-- \S+ hello\.py$/)
    expect(await panel.host.call('jobs.submit', { cluster: 'lab', ...spec })).toEqual({ submissionId: 'hello' })
    const { streamId } = await panel.host.call('logs.followJob', { cluster: 'lab', job: 'hello' })
    const log = listen<{ text: string; isEnd: boolean; failure: string | null }>(panel, `job-log/${streamId}`)
    await until('the log has ended', () => log.events.at(-1)?.isEnd || undefined)
    expect(log.events.at(-1)).toMatchObject({ failure: null })
    expect(log.events.map(({ text }) => text).join('')).toContain('hello from a folder\n')
    expect(await ended('hello')).toBe('SUCCEEDED')
    await until('events of the job', () => events.find(({ kind, row }) => kind === 'job' && row['status'] === 'SUCCEEDED'))
    expect(await read('listEvents', { query: { kinds: 'job' } })).toMatchObject({
      events: expect.arrayContaining([expect.objectContaining({ id: 'hello' })]),
    })
  }, 120_000)

  test('stops and deletes jobs', async () => {
    await panel.host.call('jobs.submit', { cluster: 'lab', entrypoint: 'sleep 300', submissionId: 'sleeper' })
    await until(
      'it runs',
      async () => ((await read('getShoalJob', { params: { id: 'sleeper' } })) as Row)['status'] === 'RUNNING' || undefined,
    )
    const stopped = await panel.host.call('api.change', { cluster: 'lab', route: 'stopAnyJob', params: { id: 'sleeper' } })
    expect(stopped.body).toMatchObject({ action: 'stop', done: true })
    expect(await ended('sleeper')).toBe('STOPPED')
    const deleted = await panel.host.call('api.change', { cluster: 'lab', route: 'deleteJob', params: { id: 'sleeper' } })
    expect(deleted.body).toEqual({ deleted: true })
    await expect(read('getShoalJob', { params: { id: 'sleeper' } })).rejects.toMatchObject({ code: 'not-found' })
    await until('that it was deleted is written down', async () => {
      const { events } = (await read('listEvents', { query: { kinds: 'job' } })) as { events?: readonly Row[] } // of that route
      return events?.some((event) => event['id'] === 'sleeper' && event['type'] === 'deleted') || undefined
    })
  }, 120_000)

  test('asks for the token again after a restart, as it was kept nowhere', async () => {
    panel = await panel.restart()
    await linked('connected')
    expect(asked).toMatchObject([{ kind: 'token', where: address, cluster: 'lab', attempt: 0, canKeep: false }])
    expect(everywhere()).toEqual([])
  })

  test('leaves its jobs and their logs behind when it is gone', async () => {
    await until('the record has the whole log', () => isRecorded(panel, 'hello') || undefined)
    await head.stop()
    await linked('reconnecting')
    expect(await read('listShoalJobs')).toMatchObject({
      source: 'record',
      counts: { SUCCEEDED: 1 },
      rows: [expect.objectContaining({ id: 'hello' })],
    })
    expect(await read('getJobLogs', { params: { id: 'hello' } })).toMatchObject({ logs: expect.stringContaining('hello from a folder') })
    expect(await read('pageNodes')).toMatchObject({ source: 'record', total: 1 })
    expect(await read('pageActors')).toMatchObject({
      source: 'record',
      rows: expect.arrayContaining([expect.objectContaining({ class_name: 'JobSupervisor' })]),
    })
  }, 60_000)

  test('is changed by nobody here', async () => {
    for (const method of ['clusters.planDown', 'clusters.down', 'clusters.export', 'clusters.submitSamples', 'clusters.takeOver'] as const)
      await expect(panel.host.call(method, { cluster: 'lab' })).rejects.toMatchObject({ code: 'not-supported' })
    await expect(panel.host.call('clusters.add', { cluster: 'lab', machines: ['here'] })).rejects.toMatchObject({ code: 'not-supported' })
  })

  test('is forgotten with its record and its token', async () => {
    await panel.host.call('clusters.forget', { cluster: 'lab' })
    expect(await panel.host.call('clusters.list', {})).toEqual([])
    expect(everywhere()).toEqual([])
  })
})

/** Whether the panel has written down all of a job's log. It says so to nobody: its file is looked into. */
function isRecorded({ folder }: TestPanel, job: string): boolean {
  const [file] = readdirSync(join(folder, 'data', 'history')).filter((name) => name.endsWith('.sqlite'))
  const database = new DatabaseSync(join(folder, 'data', 'history', file ?? ''), { readOnly: true })
  try {
    return database.prepare('SELECT is_whole FROM logs WHERE job = ?').get(job)?.['is_whole'] === 1
  } finally {
    database.close()
  }
}
