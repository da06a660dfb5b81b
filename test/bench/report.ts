import * as z from 'zod'
import { isBetterHigher, type Budget, type Row } from './rows.ts'

const Amount = z.number().min(0).nullable()

/** Most that our processes held during a row: driver, head, agents and workers together. Null where the system does not tell. */
const Memory = z.strictObject({
  /** Sum of each process's own peak; a shared page counts in each. */
  peakRssBytes: z.int().min(0),
  /** Highest of the sums taken between rounds; a shared page counts once. */
  peakPssBytes: z.int().min(0),
})
export type Memory = z.infer<typeof Memory>

/** What `--json` prints. */
export const Report = z.strictObject({
  machine: z.strictObject({
    cpuModel: z.string(),
    cores: z.int().min(1),
    memoryBytes: z.int().min(1),
    kernel: z.string(),
    loadBefore: z.array(z.number().min(0)).length(3),
    loadAfter: z.array(z.number().min(0)).length(3),
    date: z.iso.datetime(),
    node: z.string(),
    shoal: z.string(),
    /** Null: not measured in this run. */
    ray: z.string().nullable(),
    python: z.string().nullable(),
    /** Rounds as Ray's, or the short ones that prove nothing. */
    rounds: z.enum(['full', 'quick']),
  }),
  rows: z.array(
    z.strictObject({
      name: z.string().min(1),
      unit: z.string().min(1),
      /** Means. Null: not measured. */
      ours: Amount,
      ray: Amount,
      /** How many times better than Ray ours is, whichever way better is. */
      ratio: Amount,
      /** In the row's unit. Null: none. */
      budget: Amount,
      /** Null: no budget, or not measured. */
      met: z.boolean().nullable(),
      memory: Memory.nullable(),
    }),
  ),
})
export type Report = z.infer<typeof Report>
export type ReportRow = Report['rows'][number]

/** What a run found for one row. */
export type Found = {
  readonly ours: { readonly mean: number; readonly sd: number; readonly reference?: number } | null
  readonly ray: { readonly mean: number; readonly sd: number } | null
  readonly memory: Memory | null
}

export function reportRow(row: Row, { ours, ray, memory }: Found): ReportRow {
  const isHigher = isBetterHigher(row.unit)
  const budget = resolveBudget(row.budget, ours?.reference)
  return {
    name: row.name,
    unit: row.unit,
    ours: ours && ours.mean,
    ray: ray && ray.mean,
    ratio: ours && ray ? (isHigher ? ours.mean / ray.mean : ray.mean / ours.mean) : null,
    budget,
    met: ours === null || budget === null ? null : isHigher ? ours.mean >= budget : ours.mean <= budget,
    memory,
  }
}

/** Null as well when the reference was not measured. */
function resolveBudget(budget: Budget | null, reference: number | undefined): number | null {
  if (budget === null || typeof budget === 'number') return budget
  return reference === undefined ? null : budget.share * reference
}

const widths = [52, 5, 11, 10, 11, 10, 9, 10, 4, 10]

/** The first line of the table. */
export const tableHead = formatCells(['benchmark', 'unit', 'ours', '± sd', 'Ray', '± sd', 'ratio', 'budget', 'met', 'peak PSS'])

export function tableLine(row: ReportRow, found: Found): string {
  const met = row.met === null ? '–' : row.met ? 'yes' : 'NO'
  const memory = row.memory ? `${Math.round(row.memory.peakPssBytes / 1e6)} MB` : '–'
  const ratio = row.ratio === null ? '–' : `${formatNumber(row.ratio)}×`
  const { ours, ray } = found
  return formatCells([
    row.name,
    row.unit,
    ...[formatNumber(row.ours), formatNumber(ours && ours.sd), formatNumber(row.ray), formatNumber(ray && ray.sd)],
    ...[ratio, formatNumber(row.budget), met, memory],
  ])
}

function formatCells(cells: readonly string[]): string {
  return cells.map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join(' ')
}

/** Three digits that count; whole above that. */
export function formatNumber(value: number | null): string {
  if (value === null) return '–'
  return value >= 1_000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)))
}
