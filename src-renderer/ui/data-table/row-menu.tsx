import { Copy, Braces } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { Menu, type MenuItem } from '../menu.tsx'
import type { DataTableProps } from './data-table-props.ts'
import { rowText } from './export-text.ts'
import { messages } from './messages.ts'
import type { MenuPlace } from './use-table-grid.ts'

type RowMenuProps<Row> = {
  readonly table: DataTableProps<Row>
  readonly place: MenuPlace<Row> | undefined
  readonly onClose: () => void
  /** The keyboard goes back to the row. */
  readonly onReturn: () => void
  readonly announce: (text: string) => void
}

/** One menu for all rows, that opens where it is asked for. */
export function RowMenu<Row>({ table, place, onClose, onReturn, announce }: RowMenuProps<Row>) {
  const t = useText(messages)
  const [first] = table.columns
  const copy = (text: string) => void copied(text).then((isCopied) => announce(isCopied ? t('copied') : t('copyFailed')))
  const itemsOf = (row: Row): MenuItem[] => {
    const own = table.rowActions?.(row) ?? []
    return [
      ...own,
      ...(own.length > 0 ? (['separator'] as const) : []),
      ...(first ? [{ label: t('copyName', { column: first.title }), icon: Copy, onSelect: () => copy(first.text(row)) }] : []),
      { label: t('copyRow'), icon: Braces, onSelect: () => copy(rowText(row, 2)) },
    ]
  }
  return (
    <Menu
      label={t('actions')}
      isOpen={place !== undefined}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      items={place ? itemsOf(place.row) : []}
      trigger={
        <button
          type="button"
          tabIndex={-1}
          aria-hidden
          onFocus={onReturn}
          className="pointer-events-none fixed size-0"
          style={{ left: place?.x ?? 0, top: place?.y ?? 0 }}
        />
      }
    />
  )
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false // not allowed, or a page without TLS, where there is no clipboard at all
  }
}
