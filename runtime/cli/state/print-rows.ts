import type { Terminal } from '../command.ts'
import { shownText } from '../../base/shown-text.ts'
import type { StateFormat } from './state-words.ts'

export type Row = Readonly<Record<string, unknown>>

const widest = 60

/** Prints rows for people, or as JSON for programs. */
export function printRows(rows: readonly Row[], format: StateFormat, terminal: Terminal): void {
  if (format === 'json') return terminal.print(safeJson(rows))
  if (format === 'yaml') return terminal.print(rows.map((row) => asYaml(row)).join('\n---\n'))
  const [first] = rows
  if (first === undefined) return terminal.print('Nothing.')
  const columns = Object.keys(first)
  const text = table([columns.map((column) => column.toUpperCase()), ...rows.map((row) => columns.map((column) => cell(row[column])))])
  const shown = terminal.isInteractive ? cutLines(text, process.stdout.columns) : text
  terminal.print(shown)
  if (shown !== text) terminal.warn('Lines are cut at the edge of this terminal; --format yaml shows all of them.')
}

/** Rows that a terminal breaks into several lines each are no table any more. */
export const cutLines = (text: string, width: number): string =>
  text
    .split('\n')
    .map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line))
    .join('\n')

export function table(lines: readonly (readonly string[])[]): string {
  const widths = lines.reduce<number[]>((found, line) => line.map((text, at) => Math.max(found[at] ?? 0, text.length)), [])
  return lines
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** On one line, with control characters shown: names and messages come from programs. */
export const plainText = (text: string): string => shownText(text.replaceAll(/[\t\n\r]/g, ' '))

/** JSON leaves some control characters as they are; terminals take them for orders. */
export const safeJson = (value: unknown): string => shownText(JSON.stringify(value))

function cell(value: unknown): string {
  const text = plainText(textOf(value))
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value)
}

/** One `key: value` each; texts of several lines and what is nested stand in JSON, which YAML is a kind of. */
function asYaml(row: Row): string {
  return Object.entries(row)
    .map(([key, value]) => `${key}: ${typeof value === 'string' && /^[\w./:@ -]*[\w./:@-]$/.test(value) ? value : safeJson(value ?? null)}`)
    .join('\n')
}
