import { CaseSensitive, Regex, X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useRef, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../button.tsx'
import { classNames } from '../class-names.ts'
import type { LinePattern } from './line-pattern.ts'
import { messages } from './messages.ts'

type PatternFieldProps = {
  readonly label: string
  readonly placeholder: string
  readonly pattern: LinePattern
  readonly onChange: (pattern: LinePattern) => void
  /** Without it, Escape clears the field. */
  readonly onKeyDown?: (event: KeyboardEvent<HTMLInputElement>) => void
  readonly inputRef?: RefObject<HTMLInputElement | null>
  readonly fault: boolean
  readonly icon: ReactNode
  readonly className?: string
}

/** A text or an expression to look for. It is handed on when typing rests. */
export function PatternField({ label, placeholder, pattern, onChange, onKeyDown, inputRef, fault, icon, className }: PatternFieldProps) {
  const t = useText(messages)
  const { draft, type, hurry } = useDraft(pattern.text, (text) => onChange({ ...pattern, text }))
  return (
    <div
      className={classNames(
        'flex h-7 min-w-0 items-center rounded-md border bg-surface pl-1.5 text-faint focus-within:border-accent',
        fault ? 'border-bad' : 'border-strong/60',
        className,
      )}
    >
      {icon}
      <input
        ref={inputRef}
        type="text"
        aria-label={label}
        aria-invalid={fault || undefined}
        placeholder={placeholder}
        value={draft}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') hurry()
          if (onKeyDown) onKeyDown(event)
          else if (event.key === 'Escape' && draft !== '') {
            type('', true)
            event.stopPropagation()
          }
        }}
        className="h-full min-w-0 flex-1 bg-transparent px-1.5 text-sm text-ink outline-none"
      />
      {draft !== '' && <IconButton size="sm" icon={X} label={t('clear')} onClick={() => type('', true)} />}
      <IconButton
        size="sm"
        icon={CaseSensitive}
        label={t('isCaseSensitive')}
        isPressed={pattern.isCaseSensitive}
        onClick={() => onChange({ ...pattern, text: draft, isCaseSensitive: !pattern.isCaseSensitive })}
      />
      <IconButton
        size="sm"
        icon={Regex}
        label={t('isRegex')}
        isPressed={pattern.isRegex}
        onClick={() => onChange({ ...pattern, text: draft, isRegex: !pattern.isRegex })}
      />
    </div>
  )
}

const restMs = 150

/** What is typed, which may be ahead of what was handed on. */
function useDraft(text: string, onText: (text: string) => void) {
  const [draft, setDraft] = useState(text)
  const handedOn = useRef(text)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const latest = useRef(onText)
  useEffect(() => {
    latest.current = onText
  })
  useEffect(() => {
    if (text === handedOn.current) return
    handedOn.current = text // it was changed elsewhere, as by going back
    setDraft(text)
  }, [text])
  useEffect(() => () => clearTimeout(timer.current), [])
  const handOn = (typed: string) => {
    clearTimeout(timer.current)
    if (typed === handedOn.current) return
    handedOn.current = typed
    latest.current(typed)
  }
  const type = (typed: string, isUrgent = false) => {
    setDraft(typed)
    clearTimeout(timer.current)
    if (isUrgent) handOn(typed)
    else timer.current = setTimeout(() => handOn(typed), restMs)
  }
  return { draft, type, hurry: () => handOn(draft) }
}
