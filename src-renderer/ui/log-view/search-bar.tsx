import { ChevronDown, ChevronUp, Search, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../button.tsx'
import type { LinePattern } from './line-pattern.ts'
import type { LogSearch } from './log-search.ts'
import { messages } from './messages.ts'
import { PatternField } from './pattern-field.tsx'
import { useFailureText } from './use-failure-text.ts'

type SearchBarProps = {
  readonly search: LogSearch
  readonly pattern: LinePattern
  readonly currentId: number | null
  /** Counts how often it was asked for: each time the field takes the focus. */
  readonly asked: number
  readonly onChange: (pattern: LinePattern) => void
  readonly onMove: (direction: 'next' | 'previous') => void
  readonly onClose: () => void
}

export function SearchBar({ search, pattern, currentId, asked, onChange, onMove, onClose }: SearchBarProps) {
  const t = useText(messages)
  const inputRef = useRef<HTMLInputElement>(null)
  const failure = useFailureText(search.failureOf('search'))
  useEffect(() => {
    if (asked === 0) return // it is open because the page says so, and nobody went there
    inputRef.current?.focus()
    inputRef.current?.select()
  }, [asked])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') onMove(event.shiftKey ? 'previous' : 'next')
    else if (event.key === 'Escape') onClose()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <search className="flex flex-wrap items-center gap-1 border-b px-2 py-1">
      <PatternField
        label={t('search')}
        placeholder={t('search')}
        pattern={pattern}
        onChange={onChange}
        onKeyDown={onKeyDown}
        inputRef={inputRef}
        fault={search.failureOf('search') !== null}
        icon={<Search size={14} aria-hidden />}
        className="w-80 max-w-full"
      />
      <IconButton size="sm" icon={ChevronUp} label={t('previous')} disabled={search.hitCount === 0} onClick={() => onMove('previous')} />
      <IconButton size="sm" icon={ChevronDown} label={t('next')} disabled={search.hitCount === 0} onClick={() => onMove('next')} />
      <p role="status" className={failure === null ? 'text-sm text-soft tabular-nums' : 'min-w-0 text-sm text-bad'}>
        {failure ?? (pattern.text === '' ? '' : <HitCount search={search} currentId={currentId} />)}
      </p>
      <IconButton size="sm" icon={X} label={t('searchClose')} onClick={onClose} className="ml-auto" />
    </search>
  )
}

function HitCount({ search, currentId }: { readonly search: LogSearch; readonly currentId: number | null }) {
  const t = useText(messages)
  const format = useFormat()
  const number = currentId === null ? 0 : search.hitNumberOf(currentId)
  const count = format.number(search.hitCount)
  if (number > 0) return t('hitOf', { number: format.number(number), count })
  if (search.hitCount === 0 && search.isWorking) return t('searching')
  return t('hits', { count: search.hitCount, shown: count })
}
