import { cpus, loadavg } from 'node:os'
import { type Growth, growsTooMuch, measureGrowth } from './growth.ts'
import { measured, type Measured } from './measures.ts'
import type { SoakResult } from './soak.ts'

export type Judged = { readonly what: Measured; readonly growth: Growth; readonly isTooMuch: boolean }

/** The first third is warming up. */
export function judgeGrowth({ measures, startedAtMs, minutes }: SoakResult): Judged[] {
  const fromMs = startedAtMs + (minutes * 60_000) / 3
  return (Object.keys(measured) as Measured[]).map((what) => {
    // its own keys
    const growth = measureGrowth(measures.series.get(what) ?? [], fromMs)
    return { what, growth, isTooMuch: growsTooMuch(growth, measured[what]) }
  })
}

/** All that does not hold, a line each. */
export const problemsOf = (result: SoakResult): string[] => [
  ...result.violations,
  ...judgeGrowth(result)
    .filter(({ isTooMuch }) => isTooMuch)
    .map(({ what, growth }) => `${what} grew by ${number(growth.inAll)} after the first third, ${number(growth.perHour)} an hour`),
]

export function reportOf(result: SoakResult): string {
  const problems = problemsOf(result)
  const { seed, minutes, startedAtMs, endedAtMs, workersKilled, visits, leftOut } = result
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, load ${loadavg()
    .map((each) => each.toFixed(1))
    .join(' ')} at the end`
  return [
    `# Soak, seed ${seed}`,
    `${minutes} minutes of jobs and faults on ${new Date(startedAtMs).toISOString().slice(0, 10)}, ${Math.round((endedAtMs - startedAtMs) / 60_000)} with all that came after; ${machine}. ${workersKilled} workers were killed besides, ${visits} pages visited.`,
    ...(leftOut.length === 0 ? [] : [`Left out: ${leftOut.join('; ')}.`]),
    problems.length === 0
      ? 'Everything held.'
      : `**${problems.length} things do not hold:**\n\n${problems.map((text) => `- ${text.replaceAll('\n', ' ')}`).join('\n')}`,
    jobTable(result),
    faultTable(result),
    growthTable(result),
  ].join('\n\n')
}

function jobTable({ jobs }: SoakResult): string {
  const kinds = Object.entries(Object.groupBy(jobs, ({ known }) => known.kind))
  const rows = kinds.map(([kind, all]) => {
    const taken = all.filter(({ acceptedAtMs }) => acceptedAtMs !== undefined)
    const ended = (status: string) => String(all.filter(({ end }) => end?.status === status).length)
    const verdict = (wanted: string) => String(all.filter((job) => job.verdict === wanted).length)
    const lines = all.reduce((sum, job) => sum + (job.lines ?? 0), 0)
    return [
      kind,
      String(taken.length),
      ended('SUCCEEDED'),
      ended('FAILED'),
      ended('STOPPED'),
      verdict('lost with its node'),
      verdict('disk full'),
      verdict('wrong'),
      whole(lines),
    ]
  })
  return table(
    ['jobs', 'taken', 'succeeded', 'failed', 'stopped', 'of these lost with their node', 'hit by a full disk', 'wrong', 'lines checked'],
    rows,
  )
}

function faultTable({ faults }: SoakResult): string {
  const kinds = Object.entries(Object.groupBy(faults, ({ kind }) => kind))
  const rows = kinds.map(([kind, all]) => {
    const recovered = all.flatMap(({ recoveredMs }) => recoveredMs ?? []).toSorted((one, other) => one - other)
    const seconds = (ms: number | undefined) => (ms === undefined ? '–' : `${(ms / 1_000).toFixed(1)} s`)
    return [
      kind,
      String(all.length),
      seconds(recovered[Math.floor((recovered.length - 1) / 2)]),
      seconds(recovered.at(-1)),
      String(all.filter(({ failure }) => failure !== undefined).length),
    ]
  })
  return table(['faults', 'count', 'all nodes there again after, median', 'longest', 'not recovered'], rows)
}

function growthTable(result: SoakResult): string {
  const rows = judgeGrowth(result).map(({ what, growth, isTooMuch }) => {
    const { once, perHour } = measured[what]
    return [
      what,
      number(growth.first),
      number(growth.last),
      number(growth.most),
      `${number(growth.perHour)}${isTooMuch ? ' – too much' : ''}`,
      number(growth.inAll),
      `${once} + ${perHour} an hour`,
    ]
  })
  return table(['what', 'start', 'end', 'most', 'slope an hour', 'that is in all', 'allowed'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const number = (value: number): string =>
  Number.isFinite(value) ? value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 }) : '–'
const whole = (value: number): string => value.toLocaleString('en')
