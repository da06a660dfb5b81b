import { parseArgs } from 'node:util'

export type SoakOptions = {
  /** How long jobs are submitted and faults happen; making the cluster, ending and judging come on top. */
  readonly minutes: number
  readonly seed: number
  readonly hosts: number
  /** Where the result goes as JSON. */
  readonly json: string | undefined
  /** Where the report goes, as Markdown. @default dist/soak/seed-N.md */
  readonly report: string | undefined
}

export const usage = `npm run soak -- [options]

Makes a cluster of hosts with real SSH servers (network namespaces, so Linux and root), keeps a panel and a browser open on it, submits jobs
of many kinds whose results are known, and lets faults happen all the while. At the end nothing may be lost, nothing may have grown, and
nothing may be left behind. The exit code is 0 when all of it holds, 1 when not, 130 after Ctrl-C, which removes everything.

  --minutes N     how long jobs and faults go on [60]
  --seed N        the same faults and jobs in the same order; when each comes is up to the machine [by chance, printed]
  --hosts N       3 or 4 [4]
  --json FILE     all figures as JSON
  --report FILE   the report as Markdown [dist/soak/seed-N.md]
`

/** @throws TypeError naming the option and its value */
export function readOptions(args: readonly string[]): SoakOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      hosts: { type: 'string', default: '4' },
      json: { type: 'string' },
      report: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new TypeError(`--minutes ${values.minutes}: give minutes, such as --minutes 10`)
  const seed = Number(values.seed)
  if (!Number.isInteger(seed) || seed < 0) throw new TypeError(`--seed ${values.seed}: give a whole number, such as --seed 7`)
  const hosts = Number(values.hosts)
  if (hosts !== 3 && hosts !== 4) throw new TypeError(`--hosts ${values.hosts}: give 3 or 4`)
  return { minutes, seed, hosts, json: values.json, report: values.report }
}
