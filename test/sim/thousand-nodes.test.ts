import { expect, it } from 'vitest'
import { runBigCluster } from './big-cluster.ts'

/** Virtual time says what the design can do; real time says whether the cores do work that grows with the cluster. */
it('a thousand nodes run a hundred thousand tasks of four drivers', { timeout: 300_000 }, () => {
  const startedAt = performance.now()
  const report = runBigCluster({ nodes: 1_000, cpus: 4, drivers: 4, tasks: 100_000, runMs: 200 })
  const seconds = (performance.now() - startedAt) / 1_000
  console.info(
    `${report.tasks} tasks, ${report.messages} messages, ${report.steps} steps in ${seconds.toFixed(1)} s; ${report.virtualMs} ms of virtual time`,
  )
  expect(report.tasks).toBe(100_000)
  expect(report.nodesUsed).toBeGreaterThan(900)
  expect(report.virtualMs).toBeLessThan(60_000)
})
