export type Unit = 'fps' | 'ms' | 's' | 'MB' | 'kB' | '%'

/** One thing that was measured. A budget is the least or the most that it should be. */
export type Figure = {
  readonly what: string
  readonly unit: Unit
  readonly value: number
  readonly atLeast?: number
  readonly atMost?: number
}

/** A table `what | measured | budget`; a budget that is missed says so, as a word. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [
    ['what', 'measured', 'budget'],
    ...figures.map((figure) => [figure.what, text(figure.value, figure.unit), budgetOf(figure)]),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

function budgetOf({ value, unit, atLeast, atMost }: Figure): string {
  if (atLeast !== undefined) return `≥ ${text(atLeast, unit)}${value < atLeast ? ' – missed' : ''}`
  if (atMost !== undefined) return `≤ ${text(atMost, unit)}${value > atMost ? ' – missed' : ''}`
  return '–'
}

function text(value: number, unit: Unit): string {
  const digits = value < 10 ? 1 : 0
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })} ${unit}`
}

/** The value that this part of the sorted values does not exceed, such as 0.95. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
