import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { useText } from '../i18n/messages.ts'
import { IconButton } from './button.tsx'
import { messages } from './messages.ts'

export const shortId = (id: string): string => (id.length > 14 ? `${id.slice(0, 12)}…` : id)

/** Copies, and says so for a moment. */
export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const t = useText(messages)
  const [isCopied, setCopied] = useState(false)
  const copy = () =>
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true)
      setTimeout(() => setCopied(false), 1_500)
    })
  return <IconButton size="sm" label={isCopied ? t('copied') : (label ?? t('copy'))} icon={isCopied ? Check : Copy} onClick={copy} />
}

/** An id in short, the whole of it on hover, with one click to take it along. */
export function CopyId({ id, isWhole = false }: { readonly id: string; readonly isWhole?: boolean }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-0.5">
      <code title={id} className="truncate font-mono text-sm">
        {isWhole ? id : shortId(id)}
      </code>
      <CopyButton text={id} />
    </span>
  )
}
