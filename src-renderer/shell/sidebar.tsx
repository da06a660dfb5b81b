import { useLocation } from '@tanstack/react-router'
import { ChevronsUpDown, Search } from 'lucide-react'
import { useCluster, useClusters, useOperations, useQuestions } from '../api/live-things.ts'
import { useText } from '../i18n/messages.ts'
import { PathLink } from '../navigation/link.tsx'
import { paths } from '../navigation/paths.ts'
import { useGo } from '../navigation/use-navigation.ts'
import { classNames } from '../ui/class-names.ts'
import { KeyHint } from '../ui/key-hint.tsx'
import { Menu } from '../ui/menu.tsx'
import { ConnectionBadge } from './connection-badge.tsx'
import { messages } from './messages.ts'
import { clusterPages, homePages, type PageEntry, servePage, settingsPage } from './pages.ts'
import { paletteKeys, useShellState } from './shell-state.ts'

/** Where one can go. Narrow windows show its icons only. */
export function Sidebar({ cluster }: { readonly cluster: string | undefined }) {
  const t = useText(messages)
  const { openPalette } = useShellState()
  const runningOperations = useOperations().values.filter(({ state }) => state === 'running').length
  const questions = useQuestions().values.length
  const here = useCluster(cluster ?? '')
  const isRay = here.cluster?.engine === 'ray'
  const isMissing = here.isKnown && here.cluster === undefined
  return (
    <nav
      aria-label={t('navigation')}
      className="flex w-12 shrink-0 flex-col gap-3 overflow-y-auto border-r bg-surface px-2 py-3 lg:w-[208px]"
    >
      <PathLink to={paths.home()} className="flex items-center gap-2 px-1 text-ink" aria-label="Shoal">
        <img src="/icon.svg" alt="" width={24} height={24} />
        <span className="hidden text-lg font-semibold lg:inline">Shoal</span>
      </PathLink>
      <button
        type="button"
        onClick={openPalette}
        aria-label={t('searchKeys', { keys: paletteKeys })}
        className="flex h-7 items-center gap-2 rounded-md border bg-sunken px-1.5 text-faint hover:border-strong hover:text-ink lg:px-2"
      >
        <Search size={14} aria-hidden className="shrink-0" />
        <span className="hidden min-w-0 flex-1 truncate text-left lg:inline">{t('search')}</span>{' '}
        <span className="hidden lg:inline">
          <KeyHint keys={paletteKeys} />
        </span>
      </button>
      <NavList entries={homePages} badges={{ operations: runningOperations + questions }} />
      {cluster !== undefined && !isMissing && (
        <>
          <ClusterSwitcher cluster={cluster} />
          <NavList entries={isRay ? [...clusterPages(cluster), servePage(cluster)] : clusterPages(cluster)} />
        </>
      )}
      <div className="mt-auto flex flex-col gap-2">
        <NavList entries={[settingsPage]} />
        <ConnectionBadge />
      </div>
    </nav>
  )
}

type NavListProps = { readonly entries: readonly PageEntry[]; readonly badges?: Readonly<Record<string, number>> }

function NavList({ entries, badges = {} }: NavListProps) {
  const t = useText(messages)
  const pathname = useLocation({ select: (location) => location.pathname })
  return (
    <ul className="flex flex-col gap-0.5">
      {entries.map(({ word, icon: Icon, keys, to }) => {
        const isHere = to === '/' ? pathname === '/' : pathname === to || pathname.startsWith(`${to}/`)
        const badge = badges[word] ?? 0
        return (
          <li key={word}>
            <PathLink
              to={to}
              title={`${t(word)} (${keys})`}
              {...(isHere && { 'aria-current': 'page' as const })}
              className={classNames(
                'flex h-7 items-center gap-2 rounded-md px-1.5 lg:px-2',
                isHere ? 'bg-selected font-medium text-ink' : 'text-soft hover:bg-hover hover:text-ink',
              )}
            >
              <Icon size={16} aria-hidden className={classNames('shrink-0', isHere && 'text-accent')} />
              <span className="sr-only min-w-0 lg:not-sr-only lg:flex-1">
                <span className="block truncate">{t(word)}</span>
              </span>{' '}
              {badge > 0 && (
                <span className="sr-only lg:not-sr-only">
                  <span className="rounded-full bg-accent px-1.5 text-xs text-on-accent">{badge}</span>
                </span>
              )}
            </PathLink>
          </li>
        )
      })}
    </ul>
  )
}

function ClusterSwitcher({ cluster }: { readonly cluster: string }) {
  const t = useText(messages)
  const go = useGo()
  const { values } = useClusters()
  const current = values.find(({ id, name }) => id === cluster || name === cluster)
  return (
    <Menu
      label={t('chooseCluster')}
      items={[
        ...values.map(({ id, name }) => ({ label: name, onSelect: () => go(paths.cluster(name)), isChecked: id === current?.id })),
        'separator' as const,
        { label: t('newCluster'), onSelect: () => go(paths.newCluster()) },
      ]}
      trigger={
        <button
          type="button"
          aria-label={`${t('chooseCluster')}: ${current?.name ?? cluster}`}
          className="flex h-7 items-center gap-2 rounded-md border-t pt-1 text-left font-semibold hover:bg-hover lg:px-2"
        >
          <span className="min-w-0 flex-1 truncate">{current?.name ?? cluster}</span>
          <ChevronsUpDown size={14} aria-hidden className="hidden shrink-0 text-faint lg:inline" />
        </button>
      }
    />
  )
}
