import { MessageCircleQuestion } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { messages } from './messages.ts'

/** Brings back what was put off. */
export function WaitingBar({ count, onAnswer }: { readonly count: number; readonly onAnswer: () => void }) {
  const t = useText(messages)
  return (
    <div
      role="status"
      className="fixed bottom-3 left-1/2 z-30 flex -translate-x-1/2 items-center gap-3 rounded-lg border border-info-line bg-raised px-3 py-2 shadow-float"
    >
      <MessageCircleQuestion size={16} aria-hidden className="text-info" />
      <span>{t('waiting', { count })}</span>
      <Button size="sm" variant="primary" onClick={onAnswer}>
        {t('answer')}
      </Button>
    </div>
  )
}
