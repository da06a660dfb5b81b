import { Command } from 'cmdk'
import type { LucideIcon } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { useText } from '../i18n/messages.ts'
import { useGo } from '../navigation/use-navigation.ts'
import { messages } from './messages.ts'
import { usePaletteActions } from './palette-actions.ts'
import { useFoundThings } from './palette-things.ts'
import { clusterPages, homePages, settingsPage } from './pages.ts'

type PaletteProps = { readonly isOpen: boolean; readonly onOpenChange: (isOpen: boolean) => void; readonly cluster: string | undefined }

/** Everything that one can go to or do, by a few letters of its name. */
export function Palette({ isOpen, onOpenChange, cluster }: PaletteProps) {
  const t = useText(messages)
  return (
    <Radix.Root open={isOpen} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 bg-shade" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-32px)] max-w-[640px] -translate-x-1/2 rounded-lg border bg-raised shadow-float"
        >
          <Radix.Title className="sr-only">{t('search')}</Radix.Title>
          <PaletteList cluster={cluster} onDone={() => onOpenChange(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function PaletteList({ cluster, onDone }: { readonly cluster: string | undefined; readonly onDone: () => void }) {
  const t = useText(messages)
  const go = useGo()
  const [text, setText] = useState('')
  const things = useFoundThings(text, cluster)
  const actions = usePaletteActions(cluster)
  const pages = [...(cluster === undefined ? [] : clusterPages(cluster)), ...homePages, settingsPage]
  const run = (act: () => void) => () => {
    onDone()
    act()
  }
  return (
    <Command label={t('search')} loop>
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder={t('search')}
        className="h-10 w-full border-b bg-transparent px-4 text-lg outline-none"
      />
      <Command.List className="max-h-[56vh] overflow-y-auto p-2">
        <Command.Empty className="px-2 py-4 text-soft">{t('noMatch')}</Command.Empty>
        <Group heading={t('pages')}>
          {pages.map(({ word, icon, to }) => (
            <Item key={word} value={`page ${t(word)}`} icon={icon} onSelect={run(() => go(to))}>
              {t(word)}
            </Item>
          ))}
        </Group>
        <Group heading={t('actions')}>
          {actions.map(({ label, icon, run: act }) => (
            <Item key={label} value={`do ${label}`} icon={icon} onSelect={run(act)}>
              {label}
            </Item>
          ))}
        </Group>
        {things.length > 0 && (
          <Group heading={t('things')}>
            {things.map(({ key, kind, name, note, to }) => (
              // What the head found fits by its own rules: the typed text stands in it, so that it stays, and behind pages and actions of that name.
              <Item key={key} value={`${name} ${key} · ${text}`} onSelect={run(() => go(to))}>
                <span className="min-w-0 flex-1 truncate">{name.slice(0, 200)}</span>
                <span className="truncate font-mono text-sm text-faint">{note.slice(0, 16)}</span>
                <span className="text-sm text-faint">{kind}</span>
              </Item>
            ))}
          </Group>
        )}
      </Command.List>
    </Command>
  )
}

const Group = ({ heading, children }: { readonly heading: string; readonly children: ReactNode }) => (
  <Command.Group
    heading={heading}
    className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint"
  >
    {children}
  </Command.Group>
)

type ItemProps = { readonly value: string; readonly icon?: LucideIcon; readonly onSelect: () => void; readonly children: ReactNode }

const Item = ({ value, icon: Icon, onSelect, children }: ItemProps) => (
  <Command.Item
    value={value}
    onSelect={onSelect}
    className="flex min-h-7 items-center gap-2 rounded-md px-2 data-[selected=true]:bg-selected"
  >
    {Icon && <Icon size={16} aria-hidden className="shrink-0 text-faint" />}
    {children}
  </Command.Item>
)
