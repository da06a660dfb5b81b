import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { until } from '#test/support/checks.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const fromSource = process.env['SHOAL_FROM_SOURCE'] ? ['--conditions=shoal-source'] : []

type Traces = { pids: number[]; folders: string[]; shared: string[] }

/** Starts the driver; `traces` is what it said of its cluster as soon as that stood. */
async function startDriver(how: string) {
  const child = spawn(runtimeNode(), ['--no-warnings', ...fromSource, 'test/fixtures/programs/idle-driver.ts', how], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk))
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk))
  const ended = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) =>
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal })),
  )
  await Promise.race([until('the driver has told of its cluster', () => stdout.includes('\n')), ended])
  const traces = JSON.parse(stdout.split('\n')[0] ?? '') as Traces // the fixture's first line
  return { child, traces, ended, output: () => ({ stdout, stderr }) }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function nothingIsLeft({ pids, folders, shared }: Traces): Promise<void> {
  expect(pids).toHaveLength(3)
  expect(shared).not.toHaveLength(0)
  await until('every process has ended', () => !pids.some(isAlive))
  await until(
    `no file is left: ${[...folders, ...shared].filter((path) => existsSync(path)).join(', ')}`,
    () => ![...folders, ...shared].some((path) => existsSync(path)),
  )
}

test('a program that never calls shutdown ends after its last line, and its cluster with it', async () => {
  const { traces, ended } = await startDriver('end')
  expect(await ended).toEqual({ exitCode: 0, signal: null })
  await nothingIsLeft(traces)
})

test('a get that waits keeps the program alive until its answer', async () => {
  const { traces, ended, output } = await startDriver('last-await')
  expect(await ended).toEqual({ exitCode: 0, signal: null })
  expect(output().stdout).toContain('the last answer')
  await nothingIsLeft(traces)
})

test('a killed program leaves no process, socket, shared memory or folder behind', async () => {
  const { child, traces, ended } = await startDriver('wait')
  child.kill('SIGKILL')
  expect(await ended).toEqual({ exitCode: null, signal: 'SIGKILL' })
  await nothingIsLeft(traces)
})

test('errors of tasks that nobody looked at are told at the end, ten lines and how many more', async () => {
  const { traces, ended, output } = await startDriver('unhandled')
  expect(await ended).toEqual({ exitCode: 0, signal: null })
  const lines = output()
    .stderr.split('\n')
    .filter((line) => line.includes('never looked at'))
  expect(lines).toHaveLength(11)
  const told = lines
    .slice(0, 10)
    .map((line) => /failing failed and its error was never looked at: RangeError: nobody looked at (\d+)/.exec(line)?.[1])
  expect(new Set(told).size).toBe(10) // in the order in which they failed, on two workers
  expect(told).not.toContain(undefined)
  expect(lines[10]).toContain('5 more')
  expect(output().stderr).not.toContain('seen by its program')
  await nothingIsLeft(traces)
})
