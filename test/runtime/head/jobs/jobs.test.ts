import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { JobList, ShoalJobDetails, ShoalJobPage } from '#runtime/api/jobs.ts'
import { uploadPackage } from '#runtime/cli/packages/upload-package.ts'
import { writeZip } from '#test/runtime/node/packages/archives.ts'
import { JobCluster, processesWith, until } from './job-cluster.ts'

let jobs: JobCluster
const root = mkdtempSync(join(tmpdir(), 'shoal-jobs-'))
beforeAll(async () => {
  jobs = await JobCluster.start({ nodes: [{ cpus: 2, gpus: 2, config: { jobStopWaitMs: 700 } }] })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const silent = { print: () => {}, warn: () => {}, isJson: false, isInteractive: false, onInterrupt: () => {} }
const upload = (path: string, isModule = false) => uploadPackage(jobs.api, { path, excludes: [], isModule }, silent)
function aFolder(name: string, files: Record<string, string>): string {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, name, file, '..'), { recursive: true })
    writeFileSync(join(root, name, file), text)
  }
  return join(root, name)
}
const refused = (request: Record<string, unknown>) =>
  jobs.submit({ entrypoint: 'true', ...request }).then(
    () => {
      throw new Error('it was taken')
    },
    (error: unknown) => error,
  )

test('a command runs, its log begins with the words of the supervisor, and its end is told', async () => {
  const id = await jobs.submit({ entrypoint: 'echo out; echo err >&2', metadata: { owner: 'me' } })
  expect(id).toMatch(/^raysubmit_[A-Za-z0-9]{16}$/)
  const job = await jobs.ended(id)
  expect(job).toMatchObject({
    type: 'SUBMISSION',
    status: 'SUCCEEDED',
    driver_exit_code: 0,
    error_type: null,
    job_id: null,
    metadata: { owner: 'me' },
  })
  expect(job.log).toMatch(
    /^\d{4}-.*\tINFO .*Runtime env is setting up\.\n.*Running entrypoint for job raysubmit_\w+: echo out; echo err >&2\nout\nerr\n$/,
  )
  expect(await jobs.log(id)).toBe(job.log)
  expect(job.end_time ?? 0).toBeGreaterThanOrEqual(job.start_time ?? Infinity)
  const file = join(jobs.cluster.nodes[0]?.layout.logDir ?? '', `job-driver-${id}.log`)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a command that fails leaves its exit code and its last lines in the message; a signal counts as a negative one', async () => {
  const [failed, killed, missing] = await Promise.all(
    ['for i in $(seq 1 30); do echo line $i; done; exit 7', 'kill -9 $$', 'no-such-command'].map(async (entrypoint) =>
      jobs.ended(await jobs.submit({ entrypoint })),
    ),
  )
  expect(failed).toMatchObject({ status: 'FAILED', driver_exit_code: 7, error_type: 'JOB_ENTRYPOINT_COMMAND_ERROR' })
  expect(failed?.message).toContain('line 30')
  expect(failed?.message).not.toContain('line 20\n')
  expect(killed).toMatchObject({ status: 'FAILED', driver_exit_code: -9 })
  expect(missing).toMatchObject({ status: 'FAILED', driver_exit_code: 127 })
})

test('a command finds what Ray gives it, and node and shoal in front of its PATH', async () => {
  const { log } = await jobs.ended(
    await jobs.submit({ entrypoint: 'env; command -v node; command -v shoal', submission_id: 'env-1', metadata: { a: 'b' } }),
  )
  const config = /^RAY_JOB_CONFIG_JSON_ENV_VAR=(.*)$/m.exec(log)?.[1] ?? '{}'
  expect(JSON.parse(config)).toEqual({ runtime_env: {}, metadata: { a: 'b', job_name: 'env-1', job_submission_id: 'env-1' } })
  expect(log).toContain('PYTHONUNBUFFERED=1\n')
  expect(log).toContain(`RAY_ADDRESS=${jobs.cluster.address}\n`)
  expect(log).toMatch(/\/node\/bin\/node\n.*\/node\/bin\/shoal\n$/)
})

test('a TypeScript program finds shoal with nothing installed, joins the cluster, and is linked with its job', async () => {
  const folder = aFolder('ts', {
    'main.ts': `import * as shoal from 'shoal'
await shoal.init()
const double = shoal.remote((x: number): number => x * 2)
console.log('doubled', await shoal.get(double.remote(21)), process.argv[2])
console.log('joined')
process.stdin.resume()
setTimeout(() => {}, 60_000)
`,
  })
  const id = await jobs.submit({ entrypoint: 'node main.ts word', runtime_env: { working_dir: await upload(folder) } })
  expect(await jobs.logged(id, 'joined')).toContain('doubled 42 word')
  const running = await jobs.get(id)
  expect(running).toMatchObject({
    status: 'RUNNING',
    job_id: expect.stringMatching(/^[0-9a-f]{8}$/),
    driver_info: { pid: expect.stringMatching(/^\d+$/) },
  })
  expect(running.driver_info?.id).toBe(running.job_id)
  expect((await jobs.get(running.job_id ?? '')).submission_id).toBe(id) // by either id
  const all = await jobs.api.getJson('/api/jobs/', JobList)
  expect(all.filter(({ job_id: job }) => job === running.job_id)).toHaveLength(1)
  await jobs.stop(running.job_id ?? '')
  expect(await jobs.ended(id)).toMatchObject({ status: 'STOPPED', driver_exit_code: null })
})

test('a Python program gets its folder, its modules and its variables', async () => {
  const folder = aFolder('py', {
    'main.py': 'import os, greet\nprint(greet.word(), os.environ["NAME"], os.environ["MORE"], open("data.txt").read())\n',
    'data.txt': 'data',
  })
  const module = aFolder('modules/greet', { '__init__.py': 'def word():\n    return "hello"\n' })
  const job = await jobs.ended(
    await jobs.submit({
      entrypoint: 'python3 main.py',
      runtime_env: {
        working_dir: await upload(folder),
        py_modules: [await upload(module, true)],
        env_vars: { NAME: 'world', MORE: 'and ${NAME}' },
        excludes: ['x'],
      },
    }),
  )
  expect(job.log).toContain('hello world and world data\n')
  expect(job.runtime_env).toMatchObject({ working_dir: expect.stringMatching(/^gcs:\/\/_ray_pkg_[0-9a-f]{16}\.zip$/), excludes: ['x'] })
})

test('a folder that is on the node already is used where it is', async () => {
  const folder = aFolder('there', { 'a.txt': 'content' })
  expect((await jobs.ended(await jobs.submit({ entrypoint: 'pwd; cat a.txt', runtime_env: { working_dir: folder } }))).log).toContain(
    `${folder}\ncontent`,
  )
  const gone = await jobs.ended(await jobs.submit({ entrypoint: 'true', runtime_env: { working_dir: '/no/such/folder' } }))
  expect(gone).toMatchObject({
    status: 'FAILED',
    error_type: 'RUNTIME_ENV_SETUP_FAILURE',
    message: expect.stringContaining('working_dir /no/such/folder'),
  })
})

test('py_executable runs as python, and may itself say python3', async () => {
  const job = await jobs.ended(
    await jobs.submit({ entrypoint: 'python -c "import sys; print(sys.flags.optimize)"', runtime_env: { py_executable: 'python3 -O' } }),
  )
  expect(job.log).toMatch(/\n1\n$/)
})

test('a package that cannot be installed fails the job at once, naming it and the last lines of the installer', async () => {
  const pip = { packages: ['no-such-package-here==1.0'], pip_install_options: ['--no-index'] }
  const job = await jobs.ended(await jobs.submit({ entrypoint: 'true', runtime_env: { pip } }))
  expect(job).toMatchObject({ status: 'FAILED', error_type: 'RUNTIME_ENV_SETUP_FAILURE', driver_exit_code: null })
  expect(job.message).toContain('no-such-package-here==1.0')
  expect(job.message).toContain('No matching distribution found')
})

test('a setup that takes too long is ended, with what to do', async () => {
  const pip = { packages: ['x'], pip_install_options: ['--no-index'] }
  const job = await jobs.ended(await jobs.submit({ entrypoint: 'true', runtime_env: { pip, config: { setup_timeout_seconds: 0 } } }))
  expect(job).toMatchObject({
    status: 'FAILED',
    error_type: 'RUNTIME_ENV_SETUP_FAILURE',
    message: expect.stringContaining('setup_timeout_seconds'),
  })
})

test('an unsafe archive fails the job with the name of its entry, and nothing of it lands anywhere', async () => {
  const path = join(root, 'evil.zip')
  writeZip(path, [{ name: 'fine.txt' }, { name: '../../../evil.txt', data: Buffer.from('evil') }])
  await jobs.api.send({ method: 'PUT', path: '/api/packages/gcs/_ray_pkg_00000000000000ee.zip', body: readFileSync(path) })
  const job = await jobs.ended(
    await jobs.submit({ entrypoint: 'true', runtime_env: { working_dir: 'gcs://_ray_pkg_00000000000000ee.zip' } }),
  )
  expect(job).toMatchObject({
    status: 'FAILED',
    error_type: 'RUNTIME_ENV_SETUP_FAILURE',
    message: expect.stringContaining('"../../../evil.txt" leads out'),
  })
})

test('what is asked for is held: devices are handed out, and what waits says why and stops when told to', async () => {
  const holding = await Promise.all(
    ['g1', 'g2'].map(async (id) => {
      await jobs.submit({ entrypoint: 'echo on $CUDA_VISIBLE_DEVICES.; sleep 60', submission_id: id, entrypoint_num_gpus: 1 })
      return /on (\d)\./.exec(await jobs.logged(id, 'on '))?.[1]
    }),
  )
  expect(holding.sort()).toEqual(['0', '1'])
  const waiting = await jobs.submit({ entrypoint: 'true', entrypoint_num_gpus: 1, entrypoint_label_selector: { 'shoal.io/node-id': '!x' } })
  expect(await jobs.get(waiting)).toMatchObject({
    status: 'PENDING',
    message: expect.stringMatching(/number 1 of 1 in the queue.* 1 GPU/),
    end_time: null,
  })
  expect(await jobs.api.getJson(`/api/shoal/v1/jobs/${waiting}`, ShoalJobDetails)).toMatchObject({
    queue_position: 1,
    resources: { GPU: 1 },
    priority: 0,
  })
  expect(await jobs.stop(waiting)).toBe(true)
  expect(await jobs.get(waiting)).toMatchObject({ status: 'STOPPED', driver_exit_code: null })
  expect(await jobs.stop(waiting)).toBe(false)
  await Promise.all(['g1', 'g2'].map((id) => jobs.stop(id)))
  expect((await jobs.ended('g1')).status).toBe('STOPPED')
  const next = await jobs.ended(await jobs.submit({ entrypoint: 'true', entrypoint_num_gpus: 2 })) // both are free again
  expect(next.status).toBe('SUCCEEDED')
})

test('stopping ends the whole tree: what ignores SIGTERM, and what has left the group', async () => {
  const mark = `tree-${process.pid}`
  const entrypoint = `trap '' TERM; export MARK=${mark}; setsid sh -c "trap '' TERM; (setsid sleep 61 &) ; echo ready; sleep 62" & sleep 63; sleep 64`
  const id = await jobs.submit({ entrypoint })
  await jobs.logged(id, 'ready')
  expect(processesWith(mark).length).toBeGreaterThanOrEqual(3)
  expect(await jobs.stop(id)).toBe(true)
  expect(await jobs.ended(id)).toMatchObject({ status: 'STOPPED', driver_exit_code: null, error_type: null })
  expect(processesWith(mark)).toEqual([])
})

test('what a command leaves running ends with it', async () => {
  const mark = `left-${process.pid}`
  const job = await jobs.ended(await jobs.submit({ entrypoint: `MARK=${mark} setsid sleep 65 & MARK=${mark} sleep 66 & echo done` }))
  expect(job).toMatchObject({ status: 'SUCCEEDED', log: expect.stringContaining('left 2 processes running') })
  expect(processesWith(mark)).toEqual([])
})

test('a line of 5 MB reaches who tails and who asks for the log', async () => {
  const id = await jobs.submit({ entrypoint: `node -e "process.stdout.write('x'.repeat(5_000_000) + '\\nend\\n')"` })
  const { log } = await jobs.ended(id)
  expect(/\nx+\nend\n$/.exec(log)?.[0].length).toBe(5_000_006)
  expect(await jobs.log(id)).toBe(log)
})

test('wrong requests are refused by the name of the field, and change nothing', async () => {
  const before = (await jobs.api.getJson('/api/jobs/', JobList)).length
  for (const id of ['a/b', '../x', '', '..', 'x'.repeat(129), 'a b', 'ü']) {
    expect(await refused({ submission_id: id })).toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('submission_id'),
    })
  }
  expect(await refused({ entry_point: 'x' })).toMatchObject({ code: 'bad-argument', message: expect.stringContaining('entry_point') })
  expect(await refused({ priority: 1 })).toMatchObject({ code: 'bad-argument', message: expect.stringContaining('priority') })
  expect(await refused({ entrypoint: 5 })).toMatchObject({ code: 'bad-argument', message: expect.stringContaining('entrypoint') })
  expect(await refused({ metadata: { a: 1 } })).toMatchObject({ code: 'bad-argument', message: expect.stringContaining('metadata.a') })
  expect(await refused({ entrypoint_resources: { CPU: 1 } })).toMatchObject({
    code: 'bad-argument',
    message: expect.stringContaining('entrypoint_resources.CPU'),
  })
  for (const field of ['conda', 'container', 'image_uri', 'java_jars', '_nsight', 'no_such_field']) {
    expect(await refused({ runtime_env: { [field]: {} } })).toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(`runtime_env.${field}`),
    })
  }
  expect(await refused({ runtime_env: { working_dir: 's3://x/y.zip' } })).toMatchObject({
    message: expect.stringContaining('runtime_env.working_dir'),
  })
  expect(await refused({ runtime_env: { pip: ['a'], uv: ['b'] } })).toMatchObject({ message: expect.stringContaining('runtime_env.uv') })
  expect(await refused({ runtime_env: { working_dir: 'gcs://_ray_pkg_ffffffffffffffff.zip' } })).toMatchObject({
    message: expect.stringContaining('upload it first'),
  })
  expect((await jobs.api.getJson('/api/jobs/', JobList)).length).toBe(before)
  const whatever = (await jobs.submit({ entrypoint: 'true', submission_id: null, runtime_env: null, metadata: null })).length
  expect(whatever).toBe(26) // null counts as absent
})

test('ids: one that is in use is 409, one that nobody knows 404, and a job that runs is not deleted', async () => {
  await jobs.submit({ entrypoint: 'sleep 60', submission_id: 'my-job' })
  expect(await refused({ submission_id: 'my-job' })).toMatchObject({
    code: 'wrong-state',
    details: { status: 409 },
    message: expect.stringContaining('my-job already'),
  })
  await expect(jobs.api.send({ method: 'DELETE', path: '/api/jobs/my-job' })).rejects.toMatchObject({ details: { status: 409 } })
  await jobs.stop('my-job')
  await jobs.ended('my-job')
  await jobs.api.send({ method: 'DELETE', path: '/api/jobs/my-job' })
  for (const send of [
    { method: 'GET', path: '/api/jobs/my-job' },
    { method: 'GET', path: '/api/jobs/my-job/logs' },
    { method: 'POST', path: '/api/jobs/my-job/stop' },
    { method: 'DELETE', path: '/api/jobs/my-job' },
    { method: 'GET', path: '/api/jobs' },
  ] as const) {
    await expect(jobs.api.send(send)).rejects.toMatchObject({ code: 'not-found' })
  }
  await expect(jobs.api.openSocket('/api/jobs/my-job/logs/tail')).rejects.toMatchObject({ code: 'not-found' })
  expect(await jobs.submit({ entrypoint: 'true', submission_id: 'my-job' })).toBe('my-job') // free again
})

test('packages: exact names only, and the size limit is told with the name', async () => {
  const put = (path: string, bytes: number) => jobs.api.send({ method: 'PUT', path, body: Buffer.alloc(bytes) })
  await expect(jobs.api.send({ method: 'GET', path: '/api/packages/gcs/_ray_pkg_0000000000000001.zip' })).rejects.toMatchObject({
    code: 'not-found',
  })
  await expect(put('/api/packages/s3/a.zip', 1)).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringContaining('protocol'),
  })
  for (const name of ['..%2f..%2fevil.zip', '.hidden', '%00', 'a%5cb', 'x'.repeat(300)]) {
    await expect(put(`/api/packages/gcs/${name}`, 1)).rejects.toMatchObject({ code: expect.stringMatching(/bad-argument|not-found/) })
  }
  await put('/api/packages/gcs/_ray_pkg_0000000000000002.zip', 1_000)
  await expect(jobs.api.send({ method: 'GET', path: '/api/packages/gcs/_ray_pkg_0000000000000002.zip' })).resolves.toHaveLength(0)
})

test('jobs submitted with a priority are listed with it, newest first, and counted', async () => {
  const path = '/api/shoal/v1/jobs'
  const answer = await jobs.api.sendJson(
    { method: 'POST', path, json: { entrypoint: 'true', priority: 7 } },
    z.object({ submission_id: z.string() }),
  )
  const low = await jobs.submit({ entrypoint: 'true', metadata: { shoal_priority: '-3' } })
  const page = await jobs.api.getJson(path, ShoalJobPage, { query: { limit: 2 } })
  expect(page.rows.map(({ id, priority }) => [id, priority])).toEqual([
    [low, -3],
    [answer.submission_id, 7],
  ])
  expect(Object.values(page.counts).reduce((sum, count) => sum + count, 0)).toBe(page.total)
  expect(page.total).toBeGreaterThan(2)
})

test('200 jobs submitted at once all run, and none is lost', async () => {
  const ids = await Promise.all(
    Array.from({ length: 200 }, (_, index) => jobs.submit({ entrypoint: `echo number ${index}.`, submission_id: `many-${index}` })),
  )
  expect(new Set(ids).size).toBe(200)
  await until(
    'all have ended',
    async () => {
      const all = (await jobs.api.getJson('/api/jobs/', JobList)).filter(({ submission_id: id }) => id?.startsWith('many-'))
      return all.length === 200 && all.every(({ status }) => status === 'SUCCEEDED')
    },
    50_000,
  )
  expect(await jobs.log('many-123')).toMatch(/\nnumber 123\.\n$/)
})
