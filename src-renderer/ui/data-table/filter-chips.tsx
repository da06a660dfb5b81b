import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../button.tsx'
import { Popover } from '../popover.tsx'
import type { DataTableProps } from './data-table-props.ts'
import { FilterEditor } from './filter-editor.tsx'
import { formatFilter, formatTyped, withFilter } from './filter-text.ts'
import { filterWords } from './filter-words.ts'
import { messages } from './messages.ts'
import type { Filter } from './table-types.ts'

export function AddFilter<Row>({ table }: { readonly table: DataTableProps<Row> }) {
  const t = useText(messages)
  const { columns, state, onState } = table
  const [isOpen, setOpen] = useState(false)
  const add = (filter: Filter) => {
    setOpen(false)
    onState({ ...state, filters: withFilter(state.filters, filter) })
  }
  return (
    <Popover label={t('addFilter')} isOpen={isOpen} onOpenChange={setOpen} trigger={<Button icon={Plus}>{t('addFilter')}</Button>}>
      <FilterEditor columns={columns} onDone={add} />
    </Popover>
  )
}

/** The conditions that hold now. */
export function FilterChips<Row>({ table }: { readonly table: DataTableProps<Row> }) {
  const t = useText(messages)
  const { state, onState } = table
  if (state.filters.length === 0) return null
  return (
    <ul aria-label={t('filters')} className="flex flex-wrap items-center gap-1">
      {state.filters.map((filter, index) => (
        <li key={`${formatFilter(filter).slice(0, 200)} ${index}`} className="max-w-full min-w-0">
          <Chip
            table={table}
            filter={filter}
            onChange={(next) => onState({ ...state, filters: state.filters.flatMap((each) => (each === filter ? (next ?? []) : each)) })}
          />
        </li>
      ))}
      {state.filters.length > 1 && (
        <li>
          <Button size="sm" variant="quiet" onClick={() => onState({ ...state, filters: [] })}>
            {t('clearFilters')}
          </Button>
        </li>
      )}
    </ul>
  )
}

type ChipProps<Row> = {
  readonly table: DataTableProps<Row>
  readonly filter: Filter
  readonly onChange: (filter: Filter | undefined) => void
}

function Chip<Row>({ table, filter, onChange }: ChipProps<Row>) {
  const t = useText(messages)
  const [isOpen, setOpen] = useState(false)
  const words = filterWords(filter, table.columns, t)
  const sentence = `${words.column} ${words.operator} ${words.value}`
  const done = (next: Filter) => {
    setOpen(false)
    onChange(next)
  }
  return (
    <span className="flex h-6 max-w-full items-stretch rounded-md border border-accent/40 bg-accent-soft text-sm">
      <Popover
        label={t('editFilter', { filter: sentence })}
        isOpen={isOpen}
        onOpenChange={setOpen}
        trigger={
          <button
            type="button"
            aria-label={t('editFilter', { filter: sentence })}
            title={formatTyped(filter, table.columns).slice(0, 1_000)}
            className="max-w-80 min-w-0 truncate rounded-l-md pl-2 text-soft hover:bg-selected"
          >
            <bdi>{words.column}</bdi> {words.operator} <bdi className="font-medium text-ink">{words.value}</bdi>
          </button>
        }
      >
        <FilterEditor columns={table.columns} filter={filter} onDone={done} />
      </Popover>
      <button
        type="button"
        aria-label={t('removeFilter', { filter: sentence })}
        onClick={() => onChange(undefined)}
        className="flex w-6 shrink-0 items-center justify-center rounded-r-md text-soft hover:bg-selected hover:text-ink"
      >
        <X size={12} aria-hidden />
      </button>
    </span>
  )
}
