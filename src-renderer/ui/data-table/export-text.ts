import type { Column } from './table-types.ts'

export type ExportFormat = 'csv' | 'json'

/** Makes the text of a file, part by part. */
export type ExportWriter<Row> = { readonly begin: string; rows(rows: readonly Row[]): string; readonly end: string }

export function exportWriter<Row>(format: ExportFormat, columns: readonly Pick<Column<Row>, 'id' | 'text'>[]): ExportWriter<Row> {
  if (format === 'csv') {
    return {
      begin: csvLine(columns.map(({ id }) => id)),
      rows: (rows) => rows.map((row) => csvLine(columns.map(({ text }) => text(row)))).join(''),
      end: '',
    }
  }
  let isFirst = true
  return {
    begin: '[',
    rows(rows) {
      const text = rows.map((row) => `\n${rowText(row)}`).join(',')
      const joined = isFirst || text === '' ? text : `,${text}`
      isFirst &&= text === ''
      return joined
    },
    end: '\n]\n',
  }
}

/** A row as JSON, the whole of it. */
export const rowText = (row: unknown, indent?: number): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value), indent) ?? 'null'

/** One line of RFC 4180, with its end. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`

const number = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

/** A cell that no spreadsheet takes for a formula: names of tasks are written by whoever submits them. */
export function csvCell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) && !number.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
