import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { job } from '#runtime/cli/job/job.ts'
import { parseWords } from '#runtime/cli/subcommands.ts'
import { submitJob } from '#runtime/cli/job/submit.ts'
import { logsOfJob } from '#runtime/cli/job/logs.ts'
import { FlagValues } from '#runtime/cli/command.ts'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { JobCluster } from '#test/runtime/head/jobs/job-cluster.ts'
import { cliScript, outcomeOf } from '../support.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-cli-job-'))
let jobs: JobCluster
beforeAll(async () => {
  jobs = await JobCluster.start()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function start(args: readonly string[]): ChildProcess {
  const env = { ...process.env, TMPDIR: root, SHOAL_API_ADDRESS: jobs.cluster.apiUrl, SHOAL_API_TOKEN: jobs.cluster.token() }
  return spawn(runtimeNode(), [cliScript, 'job', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: root })
}
async function shoalJob(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = start(args)
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out, err }
}

test('submit follows the log, says how the job ended and ends with its result', async () => {
  const good = await shoalJob('submit', '--submission-id', 'cli-1', '--', 'echo', 'two words', '$HOME')
  expect(good).toMatchObject({ code: 0, err: '' })
  expect(good.out).toContain("Job 'cli-1' submitted successfully")
  expect(good.out).toMatch(/\ntwo words \$HOME\n[^]*Job 'cli-1' succeeded/) // each word is a word of the command
  const bad = await shoalJob('submit', '--', 'echo oops; exit 9')
  expect(bad.code).toBe(1)
  expect(bad.out).toMatch(/\noops\n[^]*failed[^]*Status message: .*exit code 9\.\n$/) // what was read once is not told again
})

test('with --json the log goes to standard error, and standard output is one value', async () => {
  for (const more of [
    ['submit', '--submission-id', 'cli-json', '--json', '--', 'echo', 'said'],
    ['logs', '-f', '--json', 'cli-json'],
  ]) {
    const { code, out, err } = await shoalJob(...more)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ submission_id: 'cli-json', status: 'SUCCEEDED' })
    expect(err).toContain('\nsaid\n')
  }
})

test('why without an id names the jobs that wait', async () => {
  await shoalJob('submit', '--submission-id', 'cli-too-large', '--entrypoint-num-cpus', '4096', '--no-wait', '--', 'true')
  const env = { ...process.env, TMPDIR: root, SHOAL_API_ADDRESS: jobs.cluster.apiUrl, SHOAL_API_TOKEN: jobs.cluster.token() }
  const { stdout } = await outcomeOf(spawn(runtimeNode(), [cliScript, 'why'], { stdio: ['ignore', 'pipe', 'pipe'], env }))
  expect(stdout).toMatch(/job cli-too-large: .*no node can ever hold 4096 CPU/)
  await jobs.stop('cli-too-large')
})

test('submit uploads a folder once, and a TypeScript program in it runs with nothing installed', async () => {
  mkdirSync(join(root, 'wd'))
  writeFileSync(
    join(root, 'wd', 'main.ts'),
    "import { runtimeContext, init } from 'shoal'\nawait init()\nconst text: string = typeof runtimeContext().nodeId\nconsole.log('ran', text)\nprocess.exit(0)\n",
  )
  for (const more of [[], ['--runtime-env-json', '{"env_vars": {"A": "b"}}']]) {
    const { code, out } = await shoalJob('submit', '--working-dir', 'wd', ...more, '--', 'node', 'main.ts')
    expect(out).toContain('ran string')
    expect(code).toBe(0)
  }
})

test('status, list, logs, stop and delete have the words of Ray, and --json', async () => {
  const submitted = JSON.parse(
    (await shoalJob('submit', '--no-wait', '--json', '--metadata-json', '{"a": "b"}', '--', 'echo hi; sleep 60')).out,
  ) as { submission_id: string }
  const { submission_id: id } = submitted
  await jobs.logged(id, 'hi')
  expect((await shoalJob('status', id)).out).toContain(`Status for job '${id}': RUNNING`)
  expect(JSON.parse((await shoalJob('list', '--json')).out)).toContainEqual(
    expect.objectContaining({ submission_id: id, metadata: { a: 'b' } }),
  )
  expect((await shoalJob('list')).out).toMatch(new RegExp(`^ID +TYPE +STATUS[^]*${id} +SUBMISSION +RUNNING`))
  expect((await shoalJob('logs', id)).out).toMatch(/hi\n$/)
  const following = shoalJob('logs', '-f', id)
  expect(await shoalJob('stop', id)).toMatchObject({ code: 0, out: expect.stringContaining(`Job '${id}' was stopped`) })
  expect(await following).toMatchObject({ code: 3 })
  expect((await shoalJob('delete', id)).out).toContain(`Job '${id}' deleted successfully`)
  const gone = await shoalJob('status', id, '--json')
  expect(gone.code).toBe(1)
  expect(JSON.parse(gone.out)).toMatchObject({ error: { code: 'not-found' } })
})

test('Ctrl-C ends the following and not the job, and says how to end that', async () => {
  const child = start(['submit', '--submission-id', 'cli-long', '--', 'echo hi; sleep 60'])
  let err = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
  await new Promise<void>((resolve) => {
    let out = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (out.includes('\nhi\n')) resolve()
    })
  })
  child.kill('SIGINT')
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130)
  expect(err).toContain('shoal job stop cli-long')
  expect((await jobs.get('cli-long')).status).toBe('RUNNING')
  await jobs.stop('cli-long')
})

test('wrong words are refused with what to type', () => {
  const values = new FlagValues({}, new Map())
  expect(() => job.prepare(values, [])).toThrow('job needs one of submit, list')
  expect(() => job.prepare(values, ['statsu'])).toThrow(/no job command statsu.*status/)
  expect(() => job.prepare(values, ['status'])).toThrow('shoal job status SUBMISSION_ID')
  expect(() => job.prepare(values, ['stop', 'a', 'b'])).toThrow('"b"')
  expect(() => job.prepare(values, ['submit'])).toThrow('needs a command')
  expect(() => job.prepare(values, ['submit', '--no-wiat', '--', 'x'])).toThrow('--no-wait')
  expect(() => job.prepare(values, ['submit', '--priority', 'high', '--', 'x'])).toThrow('--priority must be')
  expect(() => job.prepare(values, ['submit', '--metadata-json', '[]', '--', 'x'])).toThrow('--metadata-json must be a JSON object')
})

test('the command of a job begins with its first word, with or without dashes before it', () => {
  expect(parseWords('job', submitJob, ['--no-wait', 'python', 'x.py', '--epochs', '3']).words).toEqual(['python', 'x.py', '--epochs', '3'])
  expect(parseWords('job', submitJob, ['--submission-id', 'a', '--', 'run', '--no-wait']).words).toEqual(['run', '--no-wait'])
  const { values, words } = parseWords('job', logsOfJob, ['my-id', '-f'])
  expect([values.has('follow'), words]).toEqual([true, ['my-id']])
})
