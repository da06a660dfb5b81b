import { Plus, Server } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import type { AddWay } from './add-dialog.tsx'
import { messages } from './messages.ts'

/** What to do first. */
export function EmptyMachines({ onAdd }: { readonly onAdd: (way: AddWay) => void }) {
  const t = useText(messages)
  return (
    <EmptyState
      icon={Server}
      title={t('emptyTitle')}
      action={
        <>
          <Button variant="primary" icon={Plus} onClick={() => onAdd('paste')}>
            {t('emptyPaste')}
          </Button>
          <Button onClick={() => onAdd('ssh-config')}>{t('emptySshConfig')}</Button>
          <Button onClick={() => onAdd('one')}>{t('emptyOne')}</Button>
        </>
      }
    >
      <p>{t('emptyText')}</p>
      <p className="mt-2">
        {t('emptyTry')} <PathLink to={paths.home()}>{t('emptyTryLink')}</PathLink>
      </p>
    </EmptyState>
  )
}
