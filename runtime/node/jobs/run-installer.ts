import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { processRecord } from '../../session/process-record.ts'
import { endTree, markVariable } from './process-tree.ts'

export type InstallerRun = {
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

const keptLines = 30
const longestLine = 2_000

/** Runs a program to its end; a signal ends it with all that it started. @throws what `signal` was aborted with, or why it could not be run. */
export async function runInstaller(run: InstallerRun): Promise<{ exitCode: number; lastLines: string[] }> {
  run.signal.throwIfAborted()
  const [program, ...args] = run.command
  const mark = randomBytes(16).toString('hex')
  const child = spawn(program, args, {
    cwd: run.cwd,
    env: { ...run.env, [markVariable]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const lastLines: string[] = []
  const take = (line: string) => {
    const text = line.slice(0, longestLine)
    lastLines.push(text)
    if (lastLines.length > keptLines) lastLines.shift()
    run.onLine(text)
  }
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', take)
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
  const root = child.pid === undefined ? undefined : processRecord(child.pid)
  const stop = () => void (root && endTree({ root, mark }, { signal: 'SIGKILL', graceMs: 0 }))
  run.signal.addEventListener('abort', stop, { once: true })
  try {
    const exitCode = await ended
    run.signal.throwIfAborted()
    return { exitCode, lastLines }
  } finally {
    run.signal.removeEventListener('abort', stop)
  }
}
