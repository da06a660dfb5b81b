import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { until } from '#test/support/checks.ts'
import { commandsOf, pidsOf } from '#test/support/processes-of.ts'
import { rayEnv, whyNoRay } from '#test/support/ray-python.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const fromSource = process.env['SHOAL_FROM_SOURCE'] ? ['--conditions=shoal-source'] : []
const missing = whyNoRay()

const stateOf = (pid: number): string => (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '')
const isAlive = (pid: number): boolean => !/^$|^State:\s+[ZX]/m.test(stateOf(pid))

describe.skipIf(missing !== undefined)(`a program and its own Ray${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  /** Starts the program; resolves as soon as it has told of its workers. */
  async function start(how: string) {
    const tempDir = mkdtempSync('/tmp/r-') // Ray puts sockets into it, whose paths are short
    const ourFiles = mkdtempSync(join(tmpdir(), 'shoal-lifecycle-'))
    folders.push(tempDir, ourFiles)
    const args = ['--no-warnings', ...fromSource, 'test/fixtures/programs/idle-driver-on-ray.ts', tempDir, how]
    const child = spawn(runtimeNode(), args, {
      cwd: root,
      env: { ...process.env, ...rayEnv(), TMPDIR: ourFiles, RAY_TMPDIR: '/tmp' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk))
    const ended = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) =>
      child.once('close', (exitCode, signal) => resolve({ exitCode, signal })),
    )
    await Promise.race([until('the program has told of its workers', () => stdout.includes('\n'), 120_000), ended])
    const workers = JSON.parse(stdout.split('\n')[0] ?? '') as number[] // the fixture's first line
    const bridge = Object.keys(commandsOf('driver.py'))
      .map(Number)
      .filter((pid) => stateOf(pid).includes(`PPid:\t${child.pid}\n`))
    const ofRay = pidsOf(tempDir).filter((pid) => pid !== child.pid)
    expect(workers).toHaveLength(4)
    if (how === 'wait') expect([bridge.length, ofRay.length > 2]).toEqual([1, true])
    const nothingIsLeft = async () => {
      const pids = [...workers, ...bridge, ...ofRay]
      await until('every process has ended', () => !pids.some(isAlive) && !pidsOf(tempDir).some(isAlive), 60_000)
      expect(readdirSync(ourFiles)).toEqual([])
    }
    return { child, ended, nothingIsLeft, output: () => stdout }
  }

  test('a program that never calls shutdown ends after its last line, and its Ray with it', async () => {
    const { ended, nothingIsLeft } = await start('end')
    expect(await ended).toEqual({ exitCode: 0, signal: null })
    await nothingIsLeft()
  }, 240_000)

  test('a get that waits keeps the program alive until its answer', async () => {
    const { ended, nothingIsLeft, output } = await start('last-await')
    expect(await ended).toEqual({ exitCode: 0, signal: null })
    expect(output()).toContain('the last answer')
    await nothingIsLeft()
  }, 240_000)

  test('a program that throws ends with its error, and its Ray with it', async () => {
    const { ended, nothingIsLeft } = await start('throw')
    expect(await ended).toEqual({ exitCode: 1, signal: null })
    await nothingIsLeft()
  }, 240_000)

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'a program that ends by %s leaves no process and no file of ours behind',
    async (signal) => {
      const { child, ended, nothingIsLeft } = await start('wait')
      child.kill(signal)
      expect(await ended).toEqual({ exitCode: null, signal })
      await nothingIsLeft()
    },
    240_000,
  )
})
