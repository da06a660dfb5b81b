import { SearchX } from 'lucide-react'
import { useText } from '../i18n/messages.ts'
import { PathLink } from '../navigation/link.tsx'
import { paths } from '../navigation/paths.ts'
import { buttonClass } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { messages } from './messages.ts'

export function NotFound() {
  const t = useText(messages)
  return (
    <EmptyState
      icon={SearchX}
      title={t('notFoundTitle')}
      action={
        <PathLink to={paths.home()} className={buttonClass({ variant: 'primary' })}>
          {t('goHome')}
        </PathLink>
      }
    >
      {t('notFound')}
    </EmptyState>
  )
}
