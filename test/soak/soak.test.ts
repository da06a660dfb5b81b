import { describe, expect, test } from 'vitest'
import { whyNoBed } from '#test/support/bed/bed.ts'
import { whyNoBrowser } from '#test/support/browser/browser.ts'
import { problemsOf, reportOf } from './report.ts'
import { soak } from './soak.ts'

/** SHOAL_SOAK_MINUTES: for how long; SHOAL_SEED: other faults, in another order. */
const minutes = Number(process.env['SHOAL_SOAK_MINUTES'] ?? 0)
const missing = minutes > 0 ? (whyNoBrowser() ?? whyNoBed()) : 'SHOAL_SOAK_MINUTES says for how long'
const seed = Number(process.env['SHOAL_SEED'] ?? 4)
/** For making the cluster, for jobs that run on after the time, and for taking it down, on a machine that is busy. */
const aroundMs = 900_000

describe.skipIf(missing !== undefined)(
  `a cluster over SSH under jobs and faults, with the panel open${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    test(`for ${minutes} minutes nothing is lost, nothing grows, and nothing is left behind (seed ${seed})`, {
      timeout: minutes * 60_000 + aroundMs,
    }, async ({ signal }) => {
      const said: string[] = []
      const result = await soak({ minutes, seed, hosts: 3, json: undefined, report: undefined }, (line) => void said.push(line), signal)
      expect(problemsOf(result), `${said.join('\n')}\n${reportOf(result)}`).toEqual([])
      const ended = Object.groupBy(result.jobs, ({ known }) => known.kind)
      expect(Object.keys(ended).toSorted()).toEqual(['actors', 'fails', 'objects', 'shell', 'steady', 'stopped', 'tasks'])
      expect(result.faults.length).toBeGreaterThan(0)
    })
  },
)
