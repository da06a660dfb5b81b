import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { whyNoBrowser } from '#test/support/browser/browser.ts'
import { measureBundle } from './bundle-sizes.ts'
import { type Figure, tableOf } from './figure.ts'
import { madeParts, measureMadeData } from './made-data.ts'
import { measureRealCluster } from './real-cluster.ts'

const usage = `npm run bench:ui -- [options]

Measures the panel's page in a real browser: what it weighs, its tables, logs, timelines and charts with made data, and the page itself
beside a cluster on this computer. The exit code is always 0.

  --only NAME     one part: bundle, ${madeParts.join(', ')}, cluster
  --soak MINUTES  how long the overview is looked at [2]
  --json          the figures as JSON on standard output, progress on standard error
`

const say = (text: string) => void process.stderr.write(`${text}\n`)

async function measureAll(only: string | undefined, soakMinutes: number): Promise<{ figures: Figure[]; failed: string[] }> {
  const parts: readonly { readonly name: string; readonly measure: () => Figure[] | Promise<Figure[]> }[] = [
    { name: 'bundle', measure: measureBundle },
    ...madeParts.map((name) => ({ name, measure: () => measureMadeData(name) })),
    { name: 'cluster', measure: () => measureRealCluster(soakMinutes, say) },
  ]
  const wanted = parts.filter(({ name }) => only === undefined || only === name)
  if (wanted.length === 0)
    throw new TypeError(`--only ${only}: there is no such part; there are ${parts.map(({ name }) => name).join(', ')}`)
  const figures: Figure[] = []
  const failed: string[] = []
  for (const { name, measure } of wanted) {
    const missing = name === 'bundle' ? undefined : whyNoBrowser()
    if (missing !== undefined) {
      failed.push(`${name}: needs ${missing}`)
      continue
    }
    say(`${name} …`)
    try {
      figures.push(...(await measure()))
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { figures, failed }
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      soak: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return void process.stdout.write(usage)
  const soakMinutes = Number(values.soak)
  if (!(soakMinutes > 0)) throw new TypeError(`--soak ${values.soak}: give minutes, such as --soak 60`)
  const loadBefore = loadavg()
  const { figures, failed } = await measureAll(values.only, soakMinutes)
  const [loadAfter, cores, cpuModel] = [loadavg(), cpus().length, cpus()[0]?.model.trim() ?? 'unknown']
  const machine = { date: new Date().toISOString(), cores, cpuModel, loadBefore, loadAfter }
  if (values.json) return void process.stdout.write(`${JSON.stringify({ machine, figures, failed }, undefined, 2)}\n`)
  const load = (of: readonly number[]) => of.map((each) => each.toFixed(1)).join(' ')
  process.stdout.write(`${cores} × ${cpuModel}, load ${load(loadBefore)} before and ${load(loadAfter)} after\n\n${tableOf(figures)}\n`)
  for (const text of failed) process.stdout.write(`not measured: ${text}\n`)
}

await main(process.argv.slice(2)).catch((error: unknown) => say(error instanceof Error ? error.message : String(error)))
process.exit(0)
