import { Command } from 'cmdk'
import { Dialog as Radix } from 'radix-ui'
import { useText } from '../i18n/messages.ts'
import { useGo } from '../navigation/use-navigation.ts'
import { messages } from './messages.ts'
import { clusterPages, homePages, settingsPage } from './pages.ts'

type PaletteProps = { readonly isOpen: boolean; readonly onOpenChange: (isOpen: boolean) => void; readonly cluster: string | undefined }

const itemClass = 'flex min-h-7 items-center gap-2 rounded-md px-2 data-[selected=true]:bg-selected'

/** Everything that one can go to or do, by a few letters of its name. */
export function Palette({ isOpen, onOpenChange, cluster }: PaletteProps) {
  const t = useText(messages)
  const go = useGo()
  const pages = [...homePages, ...(cluster === undefined ? [] : clusterPages(cluster)), settingsPage]
  const run = (act: () => void) => {
    onOpenChange(false)
    act()
  }
  return (
    <Radix.Root open={isOpen} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 bg-shade" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-32px)] max-w-[640px] -translate-x-1/2 rounded-lg border bg-raised shadow-float"
        >
          <Radix.Title className="sr-only">{t('search')}</Radix.Title>
          <Command label={t('search')} loop>
            <Command.Input placeholder={t('search')} className="h-10 w-full border-b bg-transparent px-4 text-lg outline-none" />
            <Command.List className="max-h-[56vh] overflow-y-auto p-2">
              <Command.Empty className="px-2 py-4 text-soft">{t('noMatch')}</Command.Empty>
              <Command.Group heading={t('pages')}>
                {pages.map(({ word, icon: Icon, to }) => (
                  <Command.Item key={word} value={t(word)} onSelect={() => run(() => go(to))} className={itemClass}>
                    <Icon size={16} aria-hidden className="text-faint" />
                    {t(word)}
                  </Command.Item>
                ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
