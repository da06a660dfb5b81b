import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '#test/support/checks.ts'
import { ensurePayload, unpackPayload } from '#test/support/payload.ts'
import { commandsOf } from '#test/support/processes-of.ts'
import { findRays, noRay, type RayHeadProcess, startRayHead, withoutRay } from '#test/support/ray.ts'

const folderOfJob = fileURLToPath(new URL('../fixtures/programs/ray-job', import.meta.url))
const run = promisify(execFile)
const scratch = mkdtempSync(join(tmpdir(), 'shoal-on-ray-'))
let payload = ''

beforeAll(async () => {
  payload = unpackPayload(await ensurePayload(), scratch)
}, 180_000)
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('the payload holds all that a node of a Ray cluster needs, with checksums', () => {
  const bridge = fileURLToPath(new URL('../../runtime/ray-bridge', import.meta.url))
  const modules = readdirSync(join(bridge, 'shoal_ray')).filter((name) => name.endsWith('.py'))
  const needed = [
    'bin/node',
    'bin/shoal',
    'lib/ray-worker.mjs',
    'lib/ray-bridge/driver.py',
    ...modules.map((name) => `lib/ray-bridge/shoal_ray/${name}`),
  ]
  expect(needed.filter((path) => !existsSync(join(payload, path)))).toEqual([])
  const sums = execFileSync('/usr/bin/sha256sum', ['-c', 'SHA256SUMS'], { cwd: payload, encoding: 'utf8' })
  for (const path of needed) expect(sums).toContain(`${path}: OK`)
})

const [newest] = findRays()
const { program: python, version } = newest ?? noRay
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
const bridgesOf = (folder: string): string[] => Object.keys(commandsOf(join(folder, 'lib/ray-bridge/driver.py')))

describe.skipIf(newest === undefined)(`an unpacked payload beside Ray ${version}`, () => {
  let head: RayHeadProcess
  const shoalAt = (): string => join(payload, 'bin', 'shoal')
  const env = (): Record<string, string> => ({
    ...(withoutRay(process.env) as Record<string, string>), // what is there has a value
    PATH: `${dirname(python)}:${process.env['PATH']}`,
  })
  const asked = JSON.stringify({ env_vars: { SHOAL_ENGINE: 'ray' } })
  /** Submits by the command line of Ray or by ours; resolves with the exit code and all that was said. */
  const submit = async (client: 'ray' | 'shoal', how: string, more: readonly string[] = []) => {
    const command = client === 'ray' ? join(dirname(python), 'ray') : shoalAt()
    const args = ['job', 'submit', '--address', head.url, '--working-dir', folderOfJob, '--runtime-env-json', asked, ...more]
    const ended = run(command, [...args, '--', shoalAt(), 'run', 'main.ts', how], { env: env() })
    const said = (result: { stdout: string; stderr: string }) => result.stdout + result.stderr
    return ended.then(
      (result) => ({ code: 0, output: said(result) }),
      (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, output: said(error) }), // of execFile
    )
  }
  beforeAll(async () => {
    head = await startRayHead(python)
  }, 240_000)
  afterAll(() => head?.stop(), 60_000)

  test('a program that its Node runs joins Ray, and its tasks run on the same Node', async () => {
    const { stdout } = await run(shoalAt(), ['run', 'main.ts'], {
      cwd: folderOfJob,
      env: { ...env(), SHOAL_ENGINE: 'ray', RAY_ADDRESS: head.gcs },
    })
    expect(JSON.parse(stdout)).toEqual({ sum: 14, node: join(payload, 'bin', 'node'), note: 'a note of the job\n' })
    await until('its bridge has ended', () => bridgesOf(payload).length === 0)
  }, 240_000)

  test.each(['ray', 'shoal'] as const)(
    'a TypeScript program is a job for the command line of %s, with its folder',
    async (client) => {
      const { code, output } = await submit(client, 'end')
      expect(output).toContain('"sum":14')
      expect(output).toContain('a note of the job')
      expect(code).toBe(0)
    },
    120_000,
  )

  test('one that throws is a job that failed, with its error in the log', async () => {
    const { code, output } = await submit('shoal', 'fail')
    expect(output).toContain('RangeError: this job fails on purpose')
    expect(code).toBe(1)
  }, 240_000)

  test('a job that is stopped takes its bridge and its workers with it', async () => {
    await submit('shoal', 'wait', ['--submission-id', 'waits', '--no-wait'])
    const logs = async () => (await run(shoalAt(), ['job', 'logs', '--address', head.url, 'waits'], { env: env() })).stdout
    let found: RegExpExecArray | null = null
    await until('it waits', async () => (found = /"waits":(\[[\d,]+\])/.exec(await logs().catch(() => ''))), 90_000)
    const pids = JSON.parse(found?.[1] ?? '[]') as number[] // as the program prints them
    expect(pids).toHaveLength(3)
    expect(bridgesOf(payload)).toHaveLength(1)
    await run(shoalAt(), ['job', 'stop', '--address', head.url, 'waits'], { env: env() })
    await until('all of it has ended', () => bridgesOf(payload).length === 0 && !pids.some(isAlive), 60_000)
  }, 240_000)
})
