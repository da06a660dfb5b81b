import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JobPlan, Upload } from '#src-main/contract/jobs.ts'
import type { GivenInput } from '#src-main/contract/panel.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { type TestPanel, until } from '#test/support/panel.ts'
import { listen, logOf, openPanelOver } from './panel-over-cluster.ts'

let cluster: TestCluster
let panel: TestPanel
let folder: string
const root = mkdtempSync(join(tmpdir(), 'shoal-jobs-'))
const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)

beforeAll(async () => {
  cluster = await startCluster({
    nodes: [
      { cpus: 2, name: 'front' },
      { cpus: 4, resources: { gadget: 2 }, name: 'back', labels: { zone: 'b' } },
    ],
    api: true,
  })
  panel = (await openPanelOver(cluster)).panel
})
afterAll(async () => {
  await panel?.dispose()
  await cluster?.stop()
  rmSync(root, { recursive: true, force: true })
})
beforeEach(() => {
  folder = mkdtempSync(join(root, 'folder-'))
})

type Job = Omit<GivenInput<'jobs.submit'>, 'cluster'>
const submit = (job: Job) => call('jobs.submit', { cluster: 'lab', ...job })
const plan = (job: Job): Promise<JobPlan> => call('jobs.plan', { cluster: 'lab', ...job })
const here = (): Job['folder'] => ({ kind: 'folder', path: folder })
const jobCount = async () => ((await call('api.read', { cluster: 'lab', route: 'listShoalJobs' })).body as { total: number }).total // as runtime/api has it

function files(content: Record<string, string>): void {
  for (const [name, text] of Object.entries(content)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

function uploadsSeen() {
  const { events, subscription } = listen<{ id: string; value: Upload | null }>(panel, 'uploads', {})
  const of = (id: string) => events.filter((event) => event.id === id)
  const phases = (id: string) =>
    of(id)
      .flatMap(({ value }) => value?.phase ?? 'gone')
      .filter((phase, at, all) => phase !== all[at - 1])
  return { events, phases, of, close: () => subscription.close() }
}
const archives = () => readdirSync(join(panel.folder, 'data', 'uploads'))

describe('jobs.submit', () => {
  test('packs a folder by the rules of shoal job submit, sends it once, and runs the job in it with what was asked for', async () => {
    files({ 'main.sh': 'ls; cat sub/data.txt; echo "$GREETING"\n', 'sub/data.txt': 'some data\n', 'left.log': '', '.gitignore': '*.log\n' })
    const seen = uploadsSeen()
    const uploadId = 'u-00112233445566aa'
    const job = {
      ...{ entrypoint: 'sh main.sh', runtimeEnv: { env_vars: { GREETING: 'hello there' } }, metadata: { who: 'me' } },
      ...{ resources: { cpus: 1, custom: { gadget: 1 } }, priority: 3, submissionId: 'packed-1' },
    }
    const { submissionId } = await submit({ ...job, folder: { kind: 'folder', path: folder, uploadId } })
    expect(submissionId).toBe('packed-1')
    expect((await logOf(panel, submissionId)).split('\n').slice(-5)).toEqual(['main.sh', 'sub', 'some data', 'hello there', ''])
    const { body } = await call('api.read', { cluster: 'lab', route: 'getShoalJob', params: { id: submissionId } })
    expect(body).toMatchObject({
      ...{ status: 'SUCCEEDED', entrypoint: 'sh main.sh', priority: 3, metadata: { who: 'me' }, resources: { CPU: 1, gadget: 1 } },
      runtime_env: { env_vars: { GREETING: 'hello there' }, working_dir: expect.stringMatching(/^gcs:\/\/_ray_pkg_[0-9a-f]{16}\.zip$/) },
      driver_node_id: cluster.nodes[1]?.nodeId,
    })
    await until('the upload is gone', () => seen.of(uploadId).at(-1)?.value === null || undefined)
    const order = ['reading', 'packing', 'sending', 'there', 'gone'] as const
    expect(seen.phases(uploadId)).toEqual(order.filter((phase) => seen.phases(uploadId).includes(phase))) // of one that is quick, not all are told
    expect(seen.of(uploadId).at(-2)?.value).toMatchObject({ files: 3, name: folder })
    await submit({ ...job, submissionId: 'packed-2', folder: { kind: 'folder', path: folder, uploadId: 'u-00112233445566bb' } })
    await until('the other is gone', () => seen.of('u-00112233445566bb').at(-1)?.value === null || undefined)
    for (const phase of ['packing', 'sending'] as const) expect(seen.phases('u-00112233445566bb')).not.toContain(phase)
    seen.close()
    expect(archives()).toEqual([])
  })

  test('takes a package that the head has, as a copy of an earlier job names it, and no folder at all', async () => {
    files({ 'a.txt': 'from the package\n' })
    await submit({ entrypoint: 'cat a.txt', submissionId: 'first', folder: here() })
    const { body } = await call('api.read', { cluster: 'lab', route: 'getShoalJob', params: { id: 'first' } })
    const { runtime_env: env } = body as { runtime_env: { working_dir: string } } // as runtime/api has it
    const copy = await submit({ entrypoint: 'cat a.txt', runtimeEnv: env })
    expect(await logOf(panel, copy.submissionId)).toMatch(/from the package\n$/)
    const byAddress = await submit({ entrypoint: 'cat a.txt', folder: { kind: 'uri', uri: env.working_dir } })
    expect(await logOf(panel, byAddress.submissionId)).toMatch(/from the package\n$/)
    const bare = await submit({ entrypoint: 'echo "in $PWD"' })
    expect(await logOf(panel, bare.submissionId)).toMatch(/in \/\S+\n$/)
  })

  test('says what is wrong before anything is packed: the command, the environment, the folder, the size', async () => {
    const before = await jobCount()
    await expect(submit({ entrypoint: '', folder: here() })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('entrypoint'),
    })
    await expect(submit({ entrypoint: 'true', runtimeEnv: { conda: 'x' }, folder: here() })).rejects.toThrow(
      'runtime_env.conda is not supported here',
    )
    await expect(submit({ entrypoint: 'true', folder: { kind: 'folder', path: join(folder, 'nowhere') } })).rejects.toThrow(
      'does not exist',
    )
    await expect(submit({ entrypoint: 'true', folder: { kind: 'folder', path: 'relative' } })).rejects.toThrow('must be an absolute path')
    await expect(submit({ entrypoint: 'true', folder: { kind: 'upload', uploadId: 'u-0000000000000000' } })).rejects.toMatchObject({
      code: 'not-found',
    })
    files({ 'huge.bin': '' })
    truncateSync(join(folder, 'huge.bin'), 600 * 1024 * 1024)
    await expect(submit({ entrypoint: 'true', folder: here() })).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('536870912'),
    })
    expect([await jobCount(), archives()]).toEqual([before, []])
  })

  test('is cancelled by its signal or by uploads.cancel: nothing is submitted, and nothing is left', async () => {
    const before = await jobCount()
    for (const name of ['a', 'b']) writeFileSync(join(folder, name), Buffer.alloc(100 * 1024 * 1024, name))
    const seen = uploadsSeen()
    const uploadId = 'u-00112233445566cc'
    const outcomeOf = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)
    const cancelled = outcomeOf(submit({ entrypoint: 'true', folder: { kind: 'folder', path: folder, uploadId } }))
    await until('it is packed', () => seen.phases(uploadId).includes('packing') || undefined)
    await call('uploads.cancel', { uploadId })
    expect(await cancelled).toMatchObject({ code: 'task.cancelled' })
    await until('it is gone', () => seen.of(uploadId).at(-1)?.value === null || undefined)
    const stop = new AbortController()
    const other = 'u-00112233445566dd'
    const job = { cluster: 'lab', entrypoint: 'true', folder: { kind: 'folder', path: folder, uploadId: other } } as const
    const aborted = outcomeOf(panel.host.call('jobs.submit', job, { signal: stop.signal }))
    await until('it is read', () => seen.phases(other).includes('reading') || undefined)
    stop.abort()
    expect(await aborted).toMatchObject({ code: 'task.cancelled' })
    await until('it is gone too', () => seen.of(other).at(-1)?.value === null || undefined)
    seen.close()
    expect([await jobCount(), archives()]).toEqual([before, []])
  })
})

describe('jobs.plan', () => {
  test('says what each node says to it, and whether it would start now, later or never', async () => {
    const now = await plan({ entrypoint: 'true', resources: { cpus: 3 } })
    expect(now).toMatchObject({ fits: 'now', why: 'node back has room for it', waitsBehind: 0, package: null, problems: [] })
    expect(now.nodes.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['back', 'fits'],
      ['front', 'too-small'],
    ])
    expect(now.nodes[1]?.missing).toEqual([{ resource: 'CPU', wanted: 3, free: 2, total: 2, short: 1 }])
    const onHead = await plan({ entrypoint: 'true' })
    expect(onHead.nodes.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['front', 'fits'],
      ['back', 'affinity'],
    ])
    expect(await plan({ entrypoint: 'true', resources: { gpus: 1 } })).toMatchObject({
      fits: 'never',
      why: expect.stringContaining('1 GPU asked for, 0 there'),
    })
    expect(await plan({ entrypoint: 'true', resources: {}, labels: { zone: 'in(a,b)' } })).toMatchObject({
      fits: 'now',
      why: 'node back has room for it',
    })
    expect(await plan({ entrypoint: 'true', labels: { zone: '!b' } })).toMatchObject({ fits: 'now', why: 'node front has room for it' })
  })

  test('sees what is in use, to a byte of memory and a part of a CPU, and who comes before', async () => {
    const { submissionId: holder } = await submit({
      entrypoint: 'sleep 100',
      resources: { cpus: 3.5, memoryBytes: 64 * 1024 * 1024, custom: { gadget: 2 } },
    })
    const busy = await until('it runs', async () => {
      const seen = await plan({ entrypoint: 'true', resources: { custom: { gadget: 1 }, cpus: 1 } })
      return seen.fits === 'later' ? seen : undefined
    })
    expect(busy).toMatchObject({ why: expect.stringContaining('the one node that can hold it is busy'), waitsBehind: 0 })
    expect(busy.nodes[0]).toMatchObject({ name: 'back', verdict: 'busy' })
    expect(busy.nodes[0]?.missing).toEqual([
      { resource: 'gadget', wanted: 1, free: 0, total: 2, short: 1 },
      { resource: 'CPU', wanted: 1, free: 0.5, total: 4, short: 0.5 },
    ])
    const waiting = await submit({ entrypoint: 'true', resources: { custom: { gadget: 1 } }, priority: 5 })
    await until('it waits', async () =>
      (await plan({ entrypoint: 'true', resources: { custom: { gadget: 1 } } })).waitsBehind === 1 ? true : undefined,
    )
    expect(await plan({ entrypoint: 'true', resources: { custom: { gadget: 1 } }, priority: 6 })).toMatchObject({ waitsBehind: 0 })
    for (const id of [waiting.submissionId, holder]) await call('api.change', { cluster: 'lab', route: 'stopJob', params: { id } })
  })

  test('warns of packages of npm that would stay behind, until they go along', async () => {
    files({
      'main.ts': '',
      'package.json': '{"dependencies":{"sharp":"1"}}',
      'node_modules/sharp/index.js': '',
      '.gitignore': 'node_modules\n',
    })
    const job = { entrypoint: 'node main.ts', folder: here() }
    const seen = await plan(job)
    expect(seen).toMatchObject({ problems: [], warnings: [expect.stringContaining('write !node_modules into')] })
    files({ '.rayignore': '!node_modules\n' })
    expect(await plan(job)).toMatchObject({ problems: [], warnings: [] })
  })

  test('says what would be packed, what is missing of it, and leaves nothing behind', async () => {
    files({ 'main.py': 'x', 'data/big.csv': 'y'.repeat(5_000), 'skip/a': '', 'skip/b': '', '.rayignore': 'skip\n*.tmp\n', 'run.tmp': '' })
    const seen = await plan({ entrypoint: 'python -u main.py --fast', folder: here() })
    expect(seen.package).toEqual({
      ...{ files: 3, bytes: 5_012, ignored: 2 },
      largest: [
        { path: 'data/big.csv', bytes: 5_000 },
        { path: '.rayignore', bytes: 11 },
        { path: 'main.py', bytes: 1 },
      ],
    })
    expect([seen.problems, seen.warnings]).toEqual([[], []])
    const wrong = await plan({
      entrypoint: 'LEVEL=1 sh ./run.tmp',
      folder: here(),
      runtimeEnv: { pip: ['a'], uv: ['b'] },
      resources: { gpus: 1.5 },
    })
    expect(wrong.problems).toEqual([
      'entrypoint_num_gpus must be a whole number when above 1',
      'runtime_env.uv cannot stand beside pip: choose one of them',
      expect.stringMatching(/^run\.tmp is not among the files of the folder/),
    ])
    truncateSync(join(folder, 'data/big.csv'), 600 * 1024 * 1024)
    expect((await plan({ entrypoint: 'true', folder: here() })).problems).toEqual([
      expect.stringContaining('a head takes packages of 536870912 at most'),
    ])
    expect((await plan({ entrypoint: 'true', folder: { kind: 'folder', path: '/no/such/folder' } })).problems).toEqual([
      expect.stringContaining('/no/such/folder does not exist'),
    ])
    expect(archives()).toEqual([])
  })

  test('the line for a terminal means the same to a shell, whatever is in it', async () => {
    const nasty = `it's "x" $HOME \`id\` \\ ;\n*`
    const { commandLine } = await plan({
      ...{ entrypoint: `python -c '${nasty}'`, runtimeEnv: { env_vars: { SECRET: nasty } }, metadata: { note: nasty }, priority: -2 },
      ...{
        resources: { cpus: 0.5, memoryBytes: 1_000, custom: { gadget: 1 } },
        labels: { zone: '!in(a,b)' },
        submissionId: 'my-job',
        folder: here(),
      },
    })
    const said = execFileSync('/bin/sh', ['-c', `shoal() { printf '%s\\0' "$@"; }\n${commandLine}`], { encoding: 'utf8' })
    expect(said.split('\0').slice(0, -1)).toEqual([
      ...['job', 'submit', '--working-dir', folder, '--runtime-env-json', JSON.stringify({ env_vars: { SECRET: nasty } })],
      ...['--submission-id', 'my-job', '--priority', '-2', '--entrypoint-num-cpus', '0.5', '--entrypoint-memory', '1000'],
      ...['--entrypoint-resources', '{"gadget":1}', '--entrypoint-label-selector', '{"zone":"!in(a,b)"}'],
      ...['--metadata-json', JSON.stringify({ note: nasty }), '--', `python -c '${nasty}'`],
    ])
  })
})
