import type { Terminal } from '../../../runtime/cli/command.ts'
import { plainText, safeJson, table } from '../../../runtime/cli/state/print-rows.ts'

/** One value for programs. */
export const printJson = (terminal: Pick<Terminal, 'print'>, value: unknown): void => terminal.print(safeJson(value))

/** Rows below their titles; a column in which nothing stands is left out. What came from machines is shown, not carried out. */
export function alignedTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const plain = rows.map((row) => row.map(plainText))
  const kept = titles.flatMap((_, column) => (plain.some((row) => (row[column] ?? '') !== '') ? [column] : []))
  const only = (row: readonly string[]) => kept.map((column) => row[column] ?? '')
  return table([only(titles), ...plain.map(only)])
}

export const indented = (text: string, by = '  '): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : by + line))
    .join('\n')
