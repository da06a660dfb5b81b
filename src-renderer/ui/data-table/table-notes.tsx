import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { safeText } from '../../util/safe-text.ts'
import { Button } from '../button.tsx'
import { messages } from './messages.ts'

/** Notes in sight before one asks for the rest. */
const shownNotes = 2

/** What is missing in the rows, said quietly. */
export function TableNotes({ notes }: { readonly notes: readonly string[] }) {
  const t = useText(messages)
  const [isOpen, setOpen] = useState(false)
  const all = [...new Set(notes)]
  if (all.length === 0) return null
  const more = all.length - shownNotes
  return (
    <div
      role="note"
      aria-label={t('notes')}
      className="flex items-start gap-2 rounded-md border border-warn-line bg-warn-soft px-2 py-1 text-sm"
    >
      <TriangleAlert size={14} aria-hidden className="mt-px shrink-0 text-warn" />
      <ul className="max-h-40 min-w-0 flex-1 overflow-y-auto">
        {all.slice(0, isOpen ? undefined : shownNotes).map((note) => (
          <li key={note} className="break-words">
            {safeText(note, 2_000)}
          </li>
        ))}
      </ul>
      {more > 0 && (
        <Button size="sm" variant="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} className="-my-1">
          {isOpen ? t('fewerNotes') : t('moreNotes', { count: more })}
        </Button>
      )}
    </div>
  )
}
