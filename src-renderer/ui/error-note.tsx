import { CircleAlert } from 'lucide-react'
import { useText } from '../i18n/messages.ts'
import { Button } from './button.tsx'
import { messages } from './messages.ts'

type ErrorNoteProps = { readonly error: unknown; readonly title?: string; readonly onRetry?: () => void }

type Told = { readonly message: string; readonly code: string | null; readonly details: string }

function tell(error: unknown): Told {
  const { message, code, details } = typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {} // any object may be thrown; its fields are looked at one by one
  return {
    message: typeof message === 'string' && message !== '' ? message : String(error),
    code: typeof code === 'string' ? code : null,
    details: typeof details === 'object' && details !== null && Object.keys(details).length > 0 ? JSON.stringify(details, null, 2) : '',
  }
}

/** What went wrong, in the words of who knows it. */
export function ErrorNote({ error, title, onRetry }: ErrorNoteProps) {
  const t = useText(messages)
  const { message, code, details } = tell(error)
  return (
    <div role="alert" className="flex gap-2 rounded-md border border-bad-line bg-bad-soft px-3 py-2">
      <CircleAlert size={16} aria-hidden className="mt-0.5 shrink-0 text-bad" />
      <div className="min-w-0 flex-1">
        {title !== undefined && <p className="font-medium text-bad">{title}</p>}
        <p className="max-h-48 overflow-y-auto break-words whitespace-pre-wrap">{message.slice(0, 20_000)}</p>
        <div className="mt-1 flex flex-wrap items-center gap-2">
          {onRetry !== undefined && (
            <Button size="sm" onClick={onRetry}>
              {t('retry')}
            </Button>
          )}
          <Button
            size="sm"
            variant="quiet"
            onClick={() => void navigator.clipboard.writeText([title, message, code, details].filter(Boolean).join('\n'))}
          >
            {t('copyDetails')}
          </Button>
          {code !== null && <code className="font-mono text-xs text-faint">{code}</code>}
        </div>
      </div>
    </div>
  )
}
