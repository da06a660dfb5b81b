import { SearchX } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { messages } from './messages.ts'

/** An address may name a machine that was removed, or is called otherwise now. */
export function MissingMachine({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const t = useText(messages)
  return (
    <EmptyState icon={SearchX} title={t('missing', { name: name.slice(0, 128) })} action={<Button onClick={onClose}>{t('close')}</Button>}>
      {t('missingText')}
    </EmptyState>
  )
}
