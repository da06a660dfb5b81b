import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchOptions, readOptions, usage } from './options.ts'
import { describeMachine } from './machine.ts'
import { findRay, installRay, type RayPython } from './ray-environment.ts'
import { formatNumber, Report, reportRow, type Found, tableHead, tableLine } from './report.ts'
import { isBetterHigher, type Row, rows } from './rows.ts'
import { RowRunner } from './row-runner.ts'
import { fullSettings, quickSettings } from './settings.ts'
import { endAllSides, type SideCommand } from './side.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Our programs run on the Node that runs this, the one that daemons and workers run on. All of a run's files are below `folder`. */
const ourCommand = (folder: string): SideCommand => ({
  name: 'ours',
  program: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', join(here, 'ours', 'driver.ts')],
  env: { TMPDIR: folder },
})

const ourCommandOnRay = (ray: RayPython, folder: string): SideCommand => {
  const { env, ...command } = ourCommand(folder)
  return { ...command, name: 'ours on Ray', env: { ...env, SHOAL_ENGINE: 'ray', SHOAL_RAY_PYTHON: ray.program, RAY_TMPDIR: folder } }
}

const rayCommand = (ray: RayPython, folder: string): SideCommand => ({
  name: 'Ray',
  program: ray.program,
  args: [join(here, 'ray_rows.py')],
  env: { TMPDIR: folder, BENCH_RAY_DIR: folder, PYTHONDONTWRITEBYTECODE: '1' },
})

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions
  try {
    options = readOptions(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  const wanted = rows.filter((row) => row.name.includes(options.filter) && (options.sides !== 'ray' || row.onRay))
  if (options.isHelp) console.log(usage)
  else if (options.isList) for (const row of wanted) console.log(`${row.name} [${row.unit}] ${describeBudget(row)}\n    ${row.how}`)
  else if (wanted.length === 0) console.error(`no row holds ${JSON.stringify(options.filter)} in its name; see --list`)
  else return measureAll(options, wanted)
  return wanted.length === 0 ? 2 : 0
}

/** 1 when a row could not be measured; a budget that is missed is a finding, not a failure. */
async function measureAll(options: BenchOptions, wanted: readonly Row[]): Promise<number> {
  const print = (line: string) => (options.isJson ? console.error(line) : console.log(line))
  const ray = options.sides === 'ours' ? undefined : options.installsRay ? installRay((line) => console.error(line)) : findRay()
  if (options.sides !== 'ours' && !ray)
    print('Ray is not installed: only ours is measured. To install it beside the repository: npm run bench -- --with-ray')
  if (options.sides === 'ray' && !ray) return 2
  const folder = mkdtempSync(join(tmpdir(), 'sb-')) // short: the paths of Ray's sockets below it are long
  let interrupted = false
  const breakOff = () => {
    interrupted = true
    void endAllSides()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, breakOff)
  const completeMachine = describeMachine()
  const settings = options.isQuick ? quickSettings : fullSettings
  const runner = new RowRunner({
    settings,
    ours: options.sides === 'ray' ? null : ourCommand(folder),
    oursOnRay: ray && options.sides !== 'ray' ? ourCommandOnRay(ray, folder) : null,
    ray: ray ? rayCommand(ray, folder) : null,
    print: (line) => void (interrupted || print(line)),
  })
  const measured: { row: Row; found: Found }[] = []
  print(tableHead)
  try {
    for (const row of wanted) {
      if (interrupted) break
      if (row.runs === 'on-ray' && !ray) continue
      const found = await runner.run(row)
      if (interrupted) break
      measured.push({ row, found })
      print(tableLine(reportRow(row, found), found))
    }
  } finally {
    await endAllSides()
    rmSync(folder, { recursive: true, force: true })
  }
  if (interrupted) {
    print('Broken off; nothing is left running.')
    return 130
  }
  const versions = {
    shoal: ourVersion(),
    ray: ray?.ray ?? null,
    python: ray?.python ?? null,
    rounds: options.isQuick ? ('quick' as const) : ('full' as const),
  }
  const machine = completeMachine(versions)
  const report = Report.parse({ machine, rows: measured.map(({ row, found }) => reportRow(row, found)) })
  if (options.isJson) console.log(JSON.stringify(report, null, 2))
  print(summary(report, runner.failed))
  return runner.failed > 0 ? 1 : 0
}

function ourVersion(): string {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string } // our own file
  return version
}

function summary({ machine, rows: all }: Report, failed: number): string {
  const met = all.filter((row) => row.met === true).length
  const missed = all.filter((row) => row.met === false).map((row) => row.name)
  const isBusy = (machine.loadBefore[0] ?? 0) > machine.cores / 2
  const load = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(' ')
  return [
    '',
    `${machine.cpuModel}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / 1e9)} GB, ${machine.kernel}; load ${load(machine.loadBefore)} before, ${load(machine.loadAfter)} after`,
    `Node ${machine.node}, Shoal ${machine.shoal}, ${machine.ray ? `Ray ${machine.ray} on Python ${machine.python}` : 'no Ray'}; ${machine.date}${machine.rounds === 'quick' ? '; QUICK: not for quoting' : ''}`,
    ...(isBusy ? ['The machine was busy with other things before the run: these numbers are too low.'] : []),
    `${met} budgets met, ${missed.length} missed${missed.length > 0 ? `: ${missed.join('; ')}` : ''}; ${failed} measurements failed`,
  ].join('\n')
}

function describeBudget({ unit, budget }: Row): string {
  if (budget === null) return 'no budget'
  if (typeof budget !== 'number') return `at least ${budget.share} × ${budget.shareOf}`
  return `${isBetterHigher(unit) ? 'at least' : 'at most'} ${formatNumber(budget)} ${unit}`
}
