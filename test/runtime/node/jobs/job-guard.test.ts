import { readdirSync, readFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { JobGuard } from '#runtime/node/jobs/job-guard.ts'
import type { ProcessTree } from '#runtime/node/jobs/process-tree.ts'

/** Of nothing that runs. */
const aTree = (mark: string): ProcessTree => ({ root: { pid: 2 ** 22 + 1, startTime: '1' }, mark: mark.repeat(32) })

/** Pids of the guards that we have started. */
function guards(): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
      const isOurs = Number(parent) === process.pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('shoal-job-guard')
      return isOurs ? [Number(name)] : []
    } catch {
      return [] // no process, or one that has ended
    }
  })
}

test('one guard takes the place of a lost one, also when a job comes before its time is up', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  let lost = () => {}
  const isLost = new Promise<void>((resolve) => (lost = resolve))
  const guard = new JobGuard({ ...silentLogger, warn: () => lost() })
  onTestFinished(() => guard.close())
  guard.add(aTree('a'))
  const [first = 0, ...others] = guards()
  expect(others).toEqual([])
  process.kill(first, 'SIGKILL')
  await isLost
  guard.add(aTree('b'))
  vi.advanceTimersByTime(60_000)
  expect(guards()).toHaveLength(1)
  expect(guards()).not.toContain(first)
})
