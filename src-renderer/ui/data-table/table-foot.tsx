import { LoaderCircle, X } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../button.tsx'
import { classNames } from '../class-names.ts'
import { Menu, type MenuItem } from '../menu.tsx'
import type { DataTableProps } from './data-table-props.ts'
import { messages } from './messages.ts'
import type { ExportProgress } from './use-export.ts'
import type { Selection } from './use-selection.ts'

type FootProps<Row> = {
  readonly table: DataTableProps<Row>
  readonly selection: Selection<Row>
  readonly progress: ExportProgress | undefined
  readonly onCancelExport: () => void
}

/** How many rows there are, and what can be done with the selected ones. It is always there, so nothing moves when it fills. */
export function TableFoot<Row>({ table, selection, progress, onCancelExport }: FootProps<Row>) {
  const hasSelection = table.bulkActions !== undefined && selection.rows.length > 0
  return (
    <div
      className={classNames(
        'flex min-h-8 flex-wrap items-center gap-x-3 gap-y-1 rounded-md px-2 text-sm text-soft',
        hasSelection && 'bg-selected',
      )}
    >
      {hasSelection ? <BulkBar table={table} selection={selection} /> : <Counts table={table} />}
      {progress && <Progress progress={progress} onCancel={onCancelExport} />}
    </div>
  )
}

function Counts<Row>({ table }: { readonly table: DataTableProps<Row> }) {
  const t = useText(messages)
  const { counts, rows, isLoading = false, isRefreshing = false } = table
  const isAll = counts?.matched === rows.length
  return (
    <>
      <span className="tabular-nums">
        {counts && <span>{t('counts', { matched: counts.matched, total: counts.total })}</span>}
        {!isAll && !isLoading && <span className="text-faint">{`${counts ? ' · ' : ''}${t('loaded', { count: rows.length })}`}</span>}
      </span>
      {isRefreshing && (
        // Short ones would only flicker.
        <LoaderCircle
          size={12}
          aria-label={t('updating')}
          className="animate-spin text-faint opacity-0 transition-opacity delay-500 starting:opacity-0 [&]:opacity-100"
        />
      )}
    </>
  )
}

/** Buttons in sight; the rest is behind one more. */
const shownActions = 4

function BulkBar<Row>({ table, selection }: Pick<FootProps<Row>, 'table' | 'selection'>) {
  const t = useText(messages)
  const items = (table.bulkActions?.(selection.rows) ?? []).filter(isAction)
  const rest = items.slice(shownActions)
  return (
    <div role="toolbar" aria-label={t('actions')} className="flex flex-wrap items-center gap-2">
      <span role="status" className="font-medium text-ink tabular-nums">
        {t('selected', { count: selection.rows.length })}
      </span>
      {items.slice(0, shownActions).map((item) => (
        <Button
          key={item.label}
          size="sm"
          variant={item.isDanger ? 'danger' : 'default'}
          {...(item.icon && { icon: item.icon })}
          disabled={item.isDisabled}
          title={item.why}
          onClick={item.onSelect}
        >
          {item.label}
        </Button>
      ))}
      {rest.length > 0 && <Menu label={t('more')} items={rest} trigger={<Button size="sm">{t('more')}</Button>} />}
      <Button size="sm" variant="quiet" icon={X} onClick={selection.clear}>
        {t('clearSelection')}
      </Button>
    </div>
  )
}

const isAction = (item: MenuItem): item is Extract<MenuItem, { onSelect: () => void }> => typeof item !== 'string' && 'onSelect' in item

function Progress({ progress, onCancel }: { readonly progress: ExportProgress; readonly onCancel: () => void }) {
  const t = useText(messages)
  const { done, total } = progress
  return (
    <span className="ml-auto flex items-center gap-2">
      <progress
        aria-label={t('export')}
        value={total === undefined ? undefined : done}
        max={total ?? 1}
        className="h-1.5 w-24 appearance-none overflow-hidden rounded-full [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-accent"
      />
      <span className="tabular-nums">{total === undefined ? t('exportingUncounted', { done }) : t('exporting', { done, total })}</span>
      <Button size="sm" onClick={onCancel}>
        {t('cancel')}
      </Button>
    </span>
  )
}
