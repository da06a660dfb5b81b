import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { TestNode } from '#test/support/cluster.ts'
import { appendLog, type LogCluster, startLogCluster, writeLog } from '../head/http/log-cluster.ts'
import { Sandbox } from './support.ts'

const sandbox = new Sandbox()
let logs: LogCluster
let node: TestNode
beforeAll(async () => {
  logs = await startLogCluster([{ cpus: 4 }, {}])
  node = logs.cluster.nodes[0] as TestNode
  const entrypoint = `node ${join(import.meta.dirname, '../../fixtures/logging-program.ts')}`
  expect(await logs.post('/api/jobs/', { entrypoint, submission_id: 'talking' })).toMatchObject({ status: 200 })
  await vi.waitFor(async () => expect(await jobLog()).toContain('all said'), { timeout: 30_000, interval: 100 })
})
afterAll(async () => {
  await logs?.stop()
  await sandbox.dispose()
})

const jobLog = async () => ((await (await logs.get('/api/jobs/talking/logs')).json()) as { logs: string }).logs
const env = () => ({ SHOAL_API_ADDRESS: logs.cluster.apiUrl, SHOAL_API_TOKEN: logs.cluster.token() })
const shoal = (...args: string[]) => sandbox.run(['logs', ...args], { env: env() })
type Row = Record<string, string>
const rows = async (path: string) =>
  ((await (await logs.get(`/api/v0/${path}`)).json()) as { data: { result: { result: Row[] } } }).data.result.result

describe('shoal logs', () => {
  test('lists the files of the head node by kind, and prints the one that fits', async () => {
    const listed = await shoal()
    expect(listed).toMatchObject({ code: 0, stderr: '' })
    expect(listed.stdout).toMatch(/gcs_server:\n- head\.log/)
    expect(listed.stdout).toMatch(/driver:\n- job-driver-talking\.log/)
    expect(JSON.parse((await shoal('--json')).stdout)).toMatchObject({ agent: ['agent.log'] })
    writeLog(node, 'mine.log', 'one\ntwo\nthree\n')
    expect(await shoal('mine.log', '--tail', '2')).toEqual({ code: 0, stdout: 'two\nthree\n', stderr: '' })
    expect((await shoal('cluster', 'mi*', '--json')).stdout).toBe('{"text":"one"}\n{"text":"two"}\n{"text":"three"}\n')
    expect(await shoal('none-*')).toMatchObject({ code: 1, stderr: expect.stringContaining('no log fits') })
  })

  test('prints the logs of a job, of an actor and of its worker, both streams', async () => {
    expect((await shoal('job', 'talking')).stdout).toMatch(/all said\n$/)
    const [talker] = await rows('actors?detail=1')
    expect((await shoal('actor', talker?.['actor_id'] ?? '')).stdout).toBe('actor says hello\n')
    expect((await shoal('actor', '--id', talker?.['actor_id'] ?? '', '--err')).stdout).toBe('actor warns hello\n')
    expect((await shoal('worker', '--pid', String(talker?.['pid']))).stdout).toBe('actor says hello\n')
  })

  test('prints of a task only what it wrote itself', async () => {
    await expect
      .poll(async () => (await rows('tasks?detail=1')).filter(({ type }) => type === 'NORMAL_TASK').length, { timeout: 15_000 })
      .toBe(2)
    const tasks = (await rows('tasks?detail=1')).filter(({ type }) => type === 'NORMAL_TASK')
    const printed = await Promise.all(tasks.map(async (task) => (await shoal('task', task['task_id'] ?? '')).stdout))
    expect(printed.sort()).toEqual(['task says first\n', 'task says second\n'])
  })

  test('searches all nodes', async () => {
    writeLog(logs.cluster.nodes[1] as TestNode, 'far.log', 'INFO nothing\nERROR the needle is far\n')
    writeLog(node, 'near.log', 'ERROR the needle is near\nINFO needle\n')
    const found = await shoal('--grep', 'needle', '--level', 'error', '[fn]*r.log')
    expect(found.code).toBe(0)
    expect(found.stdout).toMatch(/far\.log:13: ERROR the needle is far\n/)
    expect(found.stdout).toMatch(/near\.log:0: ERROR the needle is near\n/)
    expect(found.stdout.split('\n')).toHaveLength(3)
    expect((await shoal('--grep', 'no such line', 'far.log')).code).toBe(1)
    expect(await shoal('--grep', '(')).toMatchObject({ code: 1, stderr: expect.stringContaining('no regular expression') })
  })

  test('follows what fits until it is stopped', async () => {
    writeLog(node, 'live.log', 'INFO old\n')
    const child = sandbox.spawn(['logs', 'live.log', '-f', '--level', 'warn'], { env: env() })
    let stdout = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    appendLog(node, 'live.log', 'WARN first\nINFO not this\nERROR second\n')
    await expect.poll(() => stdout, { timeout: 20_000 }).toBe('WARN first\nERROR second\n')
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGINT')
    expect(await ended).toBe(130)
  })

  test.each([
    [['job'], 'needs an id'],
    [['worker'], '--pid'],
    [['a', 'b'], 'put a GLOB in quotes'],
    [['--tail', 'many'], '--tail'],
    [['--level', 'loud'], '--level'],
    [['--level', 'warn'], '--grep or --follow'],
    [['--folow'], '--follow'],
  ])('says what is wrong with %j', async (args, reason) => {
    expect(await shoal(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(reason) })
  })
})
