import { ArrowDown, ArrowUp, Columns3, Pin } from 'lucide-react'
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { Button, IconButton } from '../button.tsx'
import { Checkbox, Segmented, TextInput } from '../field.tsx'
import { Popover } from '../popover.tsx'
import { chooserOrder, movedColumn, toggledColumn } from './column-layout.ts'
import { messages } from './messages.ts'
import type { Column } from './table-types.ts'
import type { TableLayout } from './use-table-layout.ts'

type ChooserProps<Row> = { readonly columns: readonly Column<Row>[]; readonly layout: TableLayout<Row> }

export function ColumnChooser<Row>({ columns, layout }: ChooserProps<Row>) {
  const t = useText(messages)
  return (
    <Popover label={t('columnsAndDensity')} trigger={<IconButton label={t('columnsAndDensity')} icon={Columns3} />}>
      <div className="flex w-72 flex-col gap-3">
        <ColumnList columns={columns} layout={layout} />
        <div className="flex items-center justify-between gap-2 border-t pt-3">
          <Segmented
            label={t('density')}
            options={[
              { value: 'comfortable', label: t('comfortable') },
              { value: 'compact', label: t('compact') },
            ]}
            value={layout.density}
            onChange={layout.setDensity}
          />
          <Button
            variant="quiet"
            onClick={() => {
              layout.choose(null)
              layout.setWidths(Object.fromEntries(columns.map(({ id }) => [id, null])))
            }}
          >
            {t('resetColumns')}
          </Button>
        </div>
      </div>
    </Popover>
  )
}

function ColumnList<Row>({ columns, layout }: ChooserProps<Row>) {
  const t = useText(messages)
  const [sought, setSought] = useState('')
  const listed = chooserOrder(columns, layout.columns).filter(({ id, title }) =>
    `${title} ${id}`.toLowerCase().includes(sought.trim().toLowerCase()),
  )
  return (
    <>
      <TextInput
        aria-label={t('findColumn')}
        placeholder={t('findColumn')}
        value={sought}
        onChange={(event) => setSought(event.target.value)}
      />
      <ul className="-mx-1 flex max-h-72 flex-col overflow-y-auto">
        {listed.map((column) => (
          <ColumnItem key={column.id} column={column} columns={columns} layout={layout} />
        ))}
        {listed.length === 0 && <li className="px-1 text-sm text-faint">{t('noSuchColumn')}</li>}
      </ul>
      <p className="text-xs text-faint">{t('moveHint')}</p>
    </>
  )
}

type ItemProps<Row> = ChooserProps<Row> & { readonly column: Column<Row> }

function ColumnItem<Row>({ column, columns, layout }: ItemProps<Row>) {
  const t = useText(messages)
  const item = useRef<HTMLLIElement>(null)
  const place = layout.columns.indexOf(column)
  const isFirst = columns[0] === column
  const wasMoved = useRef(false)
  useLayoutEffect(() => {
    if (!wasMoved.current) return
    wasMoved.current = false
    item.current?.scrollIntoView({ block: 'nearest' })
    // Moved in the page, the checkbox may have lost the focus.
    if (document.activeElement === document.body) item.current?.querySelector<HTMLElement>('[role=checkbox]')?.focus()
  })
  const move = (by: -1 | 1) => {
    wasMoved.current = true
    layout.choose(movedColumn(layout.columns, column.id, by))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : undefined
    if (!event.altKey || by === undefined || place < 1) return
    event.preventDefault()
    move(by)
  }
  return (
    <li ref={item} onKeyDown={onKeyDown} className="flex min-h-7 items-center gap-1 rounded-md px-1 hover:bg-hover">
      <span className="min-w-0 flex-1 [&>label]:w-full [&>label]:py-1">
        {isFirst ? (
          <span className="flex items-center gap-2 py-1 text-soft">
            <Pin size={14} aria-hidden className="mx-px shrink-0" />
            <span className="truncate">{column.title}</span>
            <span className="ml-auto text-xs text-faint">{t('alwaysShown')}</span>
          </span>
        ) : (
          <Checkbox
            label={column.title}
            isChecked={place >= 0}
            onChange={() => layout.choose(toggledColumn(columns, layout.columns, column.id))}
          />
        )}
      </span>
      {place > 0 && (
        <>
          <MoveButton label={t('moveUp', { column: column.title })} icon={ArrowUp} isOff={place === 1} onClick={() => move(-1)} />
          <MoveButton
            label={t('moveDown', { column: column.title })}
            icon={ArrowDown}
            isOff={place === layout.columns.length - 1}
            onClick={() => move(1)}
          />
        </>
      )}
    </li>
  )
}

type MoveButtonProps = { readonly label: string; readonly icon: typeof ArrowUp; readonly isOff: boolean; readonly onClick: () => void }

/** At the end of its way it stays, so that the keyboard's place is not lost. */
function MoveButton({ label, icon, isOff, onClick }: MoveButtonProps) {
  return (
    <IconButton
      size="sm"
      label={label}
      icon={icon}
      aria-disabled={isOff || undefined}
      onClick={onClick}
      className="aria-disabled:opacity-40"
    />
  )
}
