import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { LogFolder } from '#runtime/logs/log-folder.ts'
import { defaultLogLimits, LogKeeper, type LogLimits } from '#runtime/node/logs/log-keeper.ts'
import { jobLogName, workerLogName } from '#runtime/protocol/log-names.ts'

let path: string
let folder: LogFolder
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shoal-keeper-test-'))
  folder = new LogFolder(path)
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

const hour = 3_600_000
const worker = (letter: string) => workerLogName({ workerId: letter.repeat(56), jobId: '02000000', pid: 7 }, 'out')
const line = `${'x'.repeat(99)}\n`
const write = (name: string, lines: number, hoursOld = 0) => {
  writeFileSync(join(path, name), line.repeat(lines))
  const at = new Date(Date.now() - hoursOld * hour)
  utimesSync(join(path, name), at, at)
}
const keeper = (limits: Partial<LogLimits>, live: readonly string[] = []) =>
  new LogKeeper({ folder, limits: { ...defaultLogLimits, ...limits }, logger: silentLogger, live: () => live })
const kept = (name: string) => {
  const file = folder.find(name)
  return file === undefined ? -1 : file.sizeBytes - file.firstOffset
}

describe('the logs of a node', () => {
  it('are cut each by the cap of its kind, at a line, to three quarters of it', async () => {
    write(worker('a'), 10_000)
    write(jobLogName('job-1'), 10_000)
    write('agent.log', 10_000)
    const names = [worker('a'), jobLogName('job-1'), 'agent.log']
    await keeper({ workerFileBytes: 400_000, jobFileBytes: 2_000_000, otherFileBytes: 800_000 }, names).look()
    expect(names.map(kept)).toEqual([300_000 - 100, 1_000_000, 600_000 - 100])
    expect(statSync(join(path, 'agent.log')).size).toBe(1_000_000)
  })

  it('of ended processes go oldest first when the folder is over its budget, never those in use', async () => {
    write(worker('a'), 10_000, 9)
    write(worker('b'), 10_000, 8)
    write(worker('c'), 10_000, 7)
    write(worker('d'), 10_000, 6)
    write('agent.log', 10, 20)
    await keeper({ folderBytes: 2_500_000 }, [worker('a')]).sweep(Date.now())
    expect(readdirSync(path).sort()).toEqual(['agent.log', worker('a'), worker('d')].sort())
  })

  it('of ended processes go by age and by number', async () => {
    write(worker('a'), 1, 500)
    write(worker('b'), 1, 3)
    write(worker('c'), 1, 2)
    write(worker('d'), 1, 1)
    await keeper({ endedMs: 400 * hour, endedFiles: 2 }).sweep(Date.now())
    expect(readdirSync(path).sort()).toEqual([worker('c'), worker('d')])
  })

  it('that were written just now stay, whoever writes them', async () => {
    write(worker('a'), 10_000)
    await keeper({ endedFiles: 0 }).sweep(Date.now())
    expect(kept(worker('a'))).toBe(1_000_000)
  })

  it('in use give of what they have when they alone are over the budget', async () => {
    write(worker('a'), 80_000)
    write(worker('b'), 30_000)
    await keeper({ folderBytes: 6_000_000 }, [worker('a'), worker('b')]).sweep(Date.now())
    expect(kept(worker('a')) + kept(worker('b'))).toBeLessThanOrEqual(6_000_000)
    expect(kept(worker('b'))).toBeGreaterThan(1_000_000)
  })
})
