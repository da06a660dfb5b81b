import type { ReactNode } from 'react'
import { amountsIn, numberIn, type Row, textIn, timeIn } from '../api/rows.ts'
import { useFormat } from '../i18n/format.ts'
import { formatOf } from '../i18n/format.ts'
import { currentLanguage } from '../i18n/language.ts'
import type { Column, FilterKind } from '../ui/data-table/table-types.ts'
import { Time } from '../ui/time.tsx'

// Columns that many lists have alike. `id` is the name of the cell in the row that a head answers, by which it also filters and sorts.

type Given = { readonly id: string; readonly title: string; readonly width?: number; readonly isHidden?: boolean; readonly help?: string }
type Made = Column<Row>

const nothing = <span className="text-faint">–</span>
const base = ({ id, title, width = 120, isHidden, help }: Given, filter?: FilterKind) => ({
  id,
  title,
  width,
  isSortable: true,
  ...(isHidden !== undefined && { isHidden }),
  ...(help !== undefined && { help }),
  ...(filter && { filter }),
})

export const textColumn = (given: Given & { readonly isMono?: boolean }): Made => ({
  ...base(given, { kind: 'text' }),
  text: (row) => textIn(row, given.id) ?? '',
  render: (row) => (given.isMono ? <span className="font-mono">{textIn(row, given.id) ?? '–'}</span> : (textIn(row, given.id) ?? '')),
})

export const numberColumn = (given: Given & { readonly unit?: 'bytes' }): Made => ({
  ...base(given, { kind: 'number' }),
  align: 'right',
  text: (row) => String(numberIn(row, given.id) ?? ''),
  value: (row) => numberIn(row, given.id),
  render(row) {
    const value = numberIn(row, given.id)
    if (value === null) return nothing
    const format = formatOf(currentLanguage())
    return given.unit === 'bytes' ? format.bytes(value) : format.number(value)
  },
})

export const timeColumn = (given: Given): Made => ({
  ...base(given, { kind: 'number' }),
  text(row) {
    const atMs = timeIn(row, given.id)
    return atMs === null ? '' : new Date(atMs).toISOString()
  },
  value: (row) => timeIn(row, given.id),
  render: (row) => <Time atMs={timeIn(row, given.id)} />,
})

/** A link to a thing whose id stands in the row. */
export const linkColumn = (given: Given & { readonly link: (id: string, row: Row) => ReactNode }): Made => ({
  ...base(given, { kind: 'id' }),
  text: (row) => textIn(row, given.id) ?? '',
  render(row) {
    const id = textIn(row, given.id)
    return id === null ? nothing : given.link(id, row)
  },
})

export const oneOfColumn = (given: Given & { readonly values: readonly string[]; readonly show: (value: string) => ReactNode }): Made => ({
  ...base(given, { kind: 'one-of', values: given.values.map((value) => ({ value, label: value })) }),
  text: (row) => textIn(row, given.id) ?? '',
  render(row) {
    const value = textIn(row, given.id)
    return value === null ? nothing : given.show(value)
  },
})

/** Resources by name, such as `2 CPU, 1 GPU`. */
export const amountsColumn = (given: Given): Made => ({
  ...base(given),
  isSortable: false,
  text: (row) => JSON.stringify(amountsIn(row, given.id)),
  render: (row) => <Amounts amounts={amountsIn(row, given.id)} />,
})

const wordOf = (resource: string) => (resource === 'object_store_memory' ? 'object store' : resource)

/** Memory is told in bytes; names that only place something are left out. */
export function Amounts({ amounts }: { readonly amounts: Readonly<Record<string, number>> }) {
  const format = useFormat()
  const parts = Object.entries(amounts)
    .filter(([name]) => !name.startsWith('node:'))
    .map(([name, amount]) => `${name.endsWith('memory') ? format.bytes(amount) : format.number(amount)} ${wordOf(name)}`)
  if (parts.length === 0) return nothing
  return <span title={parts.join(', ')}>{parts.join(', ')}</span>
}
