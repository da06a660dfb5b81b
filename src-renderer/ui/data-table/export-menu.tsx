import { Download } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../button.tsx'
import { Menu, type MenuItem } from '../menu.tsx'
import type { DataTableProps } from './data-table-props.ts'
import type { ExportFormat } from './export-text.ts'
import type { TableText } from './filter-words.ts'
import { messages } from './messages.ts'
import type { Column } from './table-types.ts'
import { type ExportOrder, partsOf } from './use-export.ts'

type ExportMenuProps<Row> = {
  readonly table: DataTableProps<Row>
  /** Shown, in order: the ones of a CSV file. */
  readonly columns: readonly Column<Row>[]
  readonly start: (order: ExportOrder<Row>) => Promise<number | undefined>
  readonly announce: (text: string) => void
}

const formats = ['csv', 'json'] as const

export function ExportMenu<Row>({ table, columns, start, announce }: ExportMenuProps<Row>) {
  const t = useText(messages)
  const { rows, counts, exportAll, hasMore = false } = table
  const save = async (kind: ExportFormat, parts: ExportOrder<Row>['parts'], total: number | undefined) => {
    const count = await start({ name: fileName(table.id), format: kind, columns, total, parts })
    if (count !== undefined) announce(t('exported', { count }))
  }
  const all = exportAll && hasMore ? exportAll : undefined
  const items: MenuItem[] = [
    ...formats.map((kind) => ({
      label: t('saveLoaded', { format: t(kind), count: rows.length }),
      isDisabled: rows.length === 0,
      onSelect: () => void save(kind, (signal) => partsOf(rows, signal), rows.length),
    })),
    ...(all ? (['separator'] as const) : []),
    ...formats.flatMap((kind) =>
      all ? [{ label: allLabel(t, kind, counts?.matched), onSelect: () => void save(kind, all, counts?.matched) }] : [],
    ),
  ]
  return <Menu label={t('export')} items={items} trigger={<IconButton label={t('export')} icon={Download} />} />
}

const allLabel = (t: TableText, kind: ExportFormat, count: number | undefined) =>
  count === undefined ? t('saveAllUncounted', { format: t(kind) }) : t('saveAll', { format: t(kind), count })

/** Such as `tasks-2026-03-01-1430`. */
function fileName(id: string): string {
  const now = new Date()
  const two = (value: number) => String(value).padStart(2, '0')
  return `${id}-${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}`
}
