import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** SHOAL_FROM_SOURCE=1 tries changes without a build. */
const fromSource = process.env['SHOAL_FROM_SOURCE'] ? ['--conditions=shoal-source'] : []

type Line = { name?: string; ok?: boolean; leftOut?: boolean; error?: string; finished?: boolean }
export type ProgramRun = {
  readonly lines: readonly Line[]
  readonly output: string
  readonly exitCode: number | null
  readonly signal: string | null
}

export type ProgramOptions = {
  /** @default the runtime's Node */
  readonly node?: string
  /** Before the program, such as `--import tsx`. */
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly limitMs?: number
}

/** Runs a program of the repository as a user would, against the built SDK, and returns what it said. */
export function runProgram(path: string, options: ProgramOptions = {}): Promise<ProgramRun> {
  const node = options.node ?? runtimeNode()
  const child = spawn(node, ['--no-warnings', ...fromSource, ...(options.nodeArgs ?? []), join(root, path)], {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), options.limitMs ?? 120_000)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer)
      const lines = output.split('\n').flatMap((line) => (line.startsWith('\u001e') ? [JSON.parse(line.slice(1)) as Line] : [])) // written by checks.ts
      resolve({ lines, output, exitCode, signal })
    })
  })
}

/** One test for each check of a program, and one for its end. Call at the top level of a test file: `await testProgram('test/programs/…')`. */
export async function testProgram(path: string, options: ProgramOptions = {}): Promise<void> {
  const run = await runProgram(path, options)
  for (const line of run.lines) {
    if (line.name !== undefined) {
      test(line.name, () => {
        if (!line.ok) throw new Error(line.error)
        expect(line.ok).toBe(true)
      })
    }
  }
  test(`${path} runs to its end`, () => {
    expect({
      ended: run.lines.at(-1)?.finished ?? false,
      exitCode: run.exitCode,
      signal: run.signal,
      output: run.exitCode === 0 ? '' : run.output.slice(-4_000),
    }).toEqual({
      ended: true,
      exitCode: 0,
      signal: null,
      output: '',
    })
  })
}

/** A `node` of the machine itself, which may be older than the runtime's: what a user's own driver runs on. */
export function userNode(): string {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path))
  return found ?? process.execPath
}
