import { useText } from '../i18n/messages.ts'
import { Dialog } from '../ui/dialog.tsx'
import { KeyHint } from '../ui/key-hint.tsx'
import { messages } from './messages.ts'
import { clusterPages, homePages, settingsPage } from './pages.ts'
import { paletteKeys } from './shell-state.ts'

type ShortcutsDialogProps = { readonly isOpen: boolean; readonly onClose: () => void; readonly cluster: string | undefined }

export function ShortcutsDialog({ isOpen, onClose, cluster }: ShortcutsDialogProps) {
  const t = useText(messages)
  const pages = [...homePages, ...(cluster === undefined ? [] : clusterPages(cluster)), settingsPage]
  const rows = [
    { words: t('search'), keys: paletteKeys },
    { words: t('filterHere'), keys: '/' },
    { words: t('showShortcuts'), keys: '?' },
    ...pages.map(({ word, keys }) => ({ words: t('goTo', { page: t(word) }), keys })),
  ]
  return (
    <Dialog title={t('shortcuts')} isOpen={isOpen} onClose={onClose}>
      <ul className="grid gap-x-8 gap-y-1 sm:grid-cols-2">
        {rows.map(({ words, keys }) => (
          <li key={words} className="flex min-h-6 items-center justify-between gap-3">
            <span>{words}</span>
            <KeyHint keys={keys} />
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
