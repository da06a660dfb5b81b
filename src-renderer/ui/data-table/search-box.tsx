import { Search, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { classNames } from '../class-names.ts'
import { KeyHint } from '../key-hint.tsx'
import type { DataTableProps } from './data-table-props.ts'
import { readTyped, type Typed, withFilter } from './filter-text.ts'
import { exampleFilter, filterWords, problemText, type TableText } from './filter-words.ts'
import { messages } from './messages.ts'
import type { Column } from './table-types.ts'
import { useSlashKey } from './use-slash-key.ts'

type SearchBoxProps<Row> = { readonly table: DataTableProps<Row>; readonly onLeave: () => void }

/** Between the last key and the search. */
const settleMs = 200

const searchedColumn = <Row,>({ columns, searchColumn }: DataTableProps<Row>): Column<Row> | undefined =>
  columns.find(({ id }) => id === searchColumn)

/** One line for both: words to look for, and filters as one types them. */
export function SearchBox<Row>({ table, onLeave }: SearchBoxProps<Row>) {
  const t = useText(messages)
  const { field, text, typed, wasEntered, type, clear, settle, onKeyDown } = useSearchBox(table, onLeave)
  const hintId = useId()
  const searched = searchedColumn(table)
  const example = exampleFilter(table.columns)
  const hint = hintOf(typed, { t, columns: table.columns, searched: searched?.title, example, wasEntered })
  const hasFilters = table.columns.some(({ filter }) => filter !== undefined)
  const values = { column: searched?.title ?? '', example }
  const placeholder = searched === undefined ? t('filterOnly', values) : t(hasFilters ? 'searchOrFilter' : 'search', values)
  return (
    <div className="relative max-w-96 min-w-48 grow basis-72">
      <Search size={14} aria-hidden className="pointer-events-none absolute top-[7px] left-2 text-faint" />
      <input
        ref={field}
        type="text"
        role="searchbox"
        aria-label={placeholder}
        aria-describedby={hint ? hintId : undefined}
        aria-invalid={hint?.isProblem || undefined}
        aria-keyshortcuts="/"
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={settle}
        className="peer h-7 w-full rounded-md border border-strong/60 bg-surface pr-8 pl-7 text-base text-ellipsis hover:border-strong aria-invalid:border-bad"
      />
      {text === '' ? (
        <span className="pointer-events-none absolute top-1 right-2 bg-surface peer-focus:hidden">
          <KeyHint keys="/" />
        </span>
      ) : (
        <button
          type="button"
          aria-label={t('clearSearch')}
          onClick={clear}
          className="absolute top-0.5 right-0.5 flex size-6 items-center justify-center rounded-md text-faint hover:bg-hover hover:text-ink"
        >
          <X size={14} aria-hidden />
        </button>
      )}
      {hint && (
        <p
          id={hintId}
          role="status"
          className={classNames(
            'absolute top-8 left-0 z-30 hidden w-max max-w-96 rounded-md border bg-raised px-2 py-1 text-sm shadow-float peer-focus:block',
            hint.isProblem ? 'text-bad' : 'text-soft',
          )}
        >
          {hint.text}
        </p>
      )}
    </div>
  )
}

type HintIo = {
  readonly t: TableText
  readonly columns: readonly Column<never>[]
  readonly searched: string | undefined
  readonly example: string
  readonly wasEntered: boolean
}

function hintOf(typed: Typed, { t, columns, searched, example, wasEntered }: HintIo): { text: string; isProblem: boolean } | undefined {
  if ('filter' in typed) {
    const words = filterWords(typed.filter, columns, t)
    return { text: `${words.column} ${words.operator} ${words.value} – ${t('enterAdds')}`, isProblem: false }
  }
  if ('words' in typed) {
    return searched === undefined && typed.words !== '' && wasEntered ? { text: t('notAFilter', { example }), isProblem: true } : undefined
  }
  const text = problemText(typed.problem, t)
  const isJustText = typed.problem.kind === 'no-column' && searched !== undefined
  if (isJustText) return { text: `${text} ${t('enterSearches', { column: searched })}`, isProblem: false }
  // While somebody is still typing, a value that is not there yet is no fault.
  return { text, isProblem: wasEntered || typed.problem.kind !== 'no-value' }
}

function useSearchBox<Row>(table: DataTableProps<Row>, onLeave: () => void) {
  const { columns, state, onState } = table
  const field = useRef<HTMLInputElement>(null)
  const [text, setText] = useState(state.search ?? '')
  const [wasEntered, setEntered] = useState(false)
  const typed = readTyped(text, columns)
  const search = state.search ?? ''
  useSlashKey(field)
  useEffect(() => {
    // Somebody else changed the search: a view, the address, a button.
    if (document.activeElement !== field.current) setText(search)
  }, [search])
  const isWords = 'words' in typed || ('problem' in typed && typed.problem.kind === 'no-column')
  const wanted = searchedColumn(table) !== undefined && isWords ? text.trim() : ''
  const settle = () => {
    if (wanted !== search) onState({ ...state, search: wanted })
  }
  useEffect(() => {
    if (wanted === search || document.activeElement !== field.current) return undefined
    const timer = setTimeout(settle, settleMs)
    return () => clearTimeout(timer)
  })
  const type = (next: string) => {
    setText(next)
    setEntered(false)
  }
  const clear = () => {
    type('')
    if (search !== '') onState({ ...state, search: '' })
    field.current?.focus()
  }
  const enter = () => {
    setEntered(true)
    if ('filter' in typed) {
      type('')
      onState({ ...state, filters: withFilter(state.filters, typed.filter), search: '' })
    } else settle()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter') enter()
    else if (event.key === 'Escape' && text !== '') clear()
    else if (event.key === 'Escape' || event.key === 'ArrowDown') {
      field.current?.blur()
      onLeave()
    } else return
    event.preventDefault()
    event.stopPropagation()
  }
  return { field, text, typed, wasEntered, type, clear, settle, onKeyDown }
}
