import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvCell, csvLine, exportWriter, rowText } from '#src-renderer/ui/data-table/export-text.ts'

type Pair = readonly [string, string]
const columns = [
  { id: 'a', text: ([a]: Pair) => a },
  { id: 'b', text: ([, b]: Pair) => b },
]
const fileOf = (format: 'csv' | 'json', parts: readonly (readonly Pair[])[]) => {
  const writer = exportWriter<Pair>(format, columns)
  return writer.begin + parts.map((part) => writer.rows(part)).join('') + writer.end
}
const anyParts = fc.array(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string())))

describe('CSV', () => {
  test('any cells come back, but for the mark before what a spreadsheet would run', () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        const rows = parse(fileOf('csv', parts), { record_delimiter: '\r\n' })
        const unmarked = rows.slice(1).map((row) => row.map((cell, place) => (cell === '' ? '' : unmark(cell, parts.flat(), place))))
        expect(rows[0]).toEqual(['a', 'b'])
        expect(unmarked).toEqual(parts.flat().map((pair) => [...pair]))
      }),
    )
  })

  const unmark = (cell: string, pairs: readonly Pair[], place: number) =>
    cell.startsWith("'") && pairs.some((pair) => pair[place] === cell.slice(1) && /^[=+\-@\t\r]/.test(cell.slice(1))) ? cell.slice(1) : cell

  test.each([
    ['=1+1', "'=1+1"],
    ['+SUM(A1)', "'+SUM(A1)"],
    ['-cmd', "'-cmd"],
    ['@x', "'@x"],
    ['\t=1', "'\t=1"],
    ['=a,b', `"'=a,b"`],
    ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
  ])('%j is written as %j, which runs nothing', (text, cell) => {
    expect(csvCell(text)).toBe(cell)
  })

  test('numbers stay numbers', () => {
    expect(['-5', '+1.5e-3', '-.5', '12'].map(csvCell)).toEqual(['-5', '+1.5e-3', '-.5', '12'])
  })

  test('lines end as RFC 4180 says, and only what must be is quoted', () => {
    expect(csvLine(['a b', 'c"d', 'e\nf', ''])).toBe('a b,"c""d","e\nf",\r\n')
  })
})

describe('JSON', () => {
  test('parts of any size make one list', () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        expect(JSON.parse(fileOf('json', parts))).toEqual(JSON.parse(JSON.stringify(parts.flat())))
      }),
    )
  })

  test('big numbers and things without JSON do not break it', () => {
    expect(JSON.parse(rowText({ bytes: 2n ** 64n }))).toEqual({ bytes: '18446744073709551616' })
    expect(rowText(undefined)).toBe('null')
  })
})
