import { Plus, SquareTerminal, X } from 'lucide-react'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import { useMachines } from '../../api/live-things.ts'
import { panel, panelQuery } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { firstOf, type Query } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Menu } from '../../ui/menu.tsx'
import { Page } from '../../ui/page.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { ManyMachines } from './many-machines.tsx'
import { messages } from './messages.ts'
import { addTerminal, adoptTerminals, type OpenTerminal, removeTerminal, type TerminalPlace, useOpenTerminals } from './open-terminals.ts'
import { TerminalTab } from './terminal-tab.tsx'

/** What an address asks to be opened at once. */
function placeIn(query: Query): TerminalPlace | undefined {
  const [machine, cluster, node, job] = [query['machine'], query['cluster'], query['node'], query['job']].map(firstOf)
  if (machine !== undefined) return { machine }
  if (cluster === undefined) return undefined
  return job !== undefined ? { cluster, job } : node !== undefined ? { cluster, node } : undefined
}

/** Shells on machines, each a tab, and one command on many of them. */
export function TerminalsPage() {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const tab = firstOf(query['tab']) === 'many' ? 'many' : 'shells'
  const open = useOpenTerminals()
  const asked = placeIn(query)
  const nameOf = (place: TerminalPlace) =>
    'machine' in place ? place.machine : 'job' in place ? t('job', { job: place.job }) : t('node', { node: place.node.slice(0, 12) })
  const openAsked = useEffectEvent((place: TerminalPlace) => {
    // Taken out of the address, so that going back to it opens no second one.
    change({ machine: undefined, cluster: undefined, node: undefined, job: undefined, shell: addTerminal(nameOf(place), place) })
  })
  const askedText = asked === undefined ? '' : JSON.stringify(asked)
  useEffect(() => {
    if (askedText !== '') openAsked(JSON.parse(askedText) as TerminalPlace) // written just above
  }, [askedText])
  const machines = useMachines().values
  const listing = useQuery(panelQuery('terminals.list', {}))
  const known = listing.data
  useEffect(() => {
    if (known === undefined) return
    const named = (id: string) => machines.find((machine) => machine.id === id)?.name ?? id
    const older = known.filter(({ openedAtMs }) => openedAtMs < performance.timeOrigin)
    adoptTerminals(older.map(({ terminalId, machineId }) => ({ terminalId, name: named(machineId), place: { machine: named(machineId) } })))
  }, [known, machines])
  return (
    <Page title={t('title')} isFull>
      <Tabs
        label={t('title')}
        value={tab}
        onChange={(next) => change({ tab: next === 'many' ? 'many' : undefined })}
        items={[
          { value: 'shells', label: t('title'), count: open.length },
          { value: 'many', label: t('exec') },
        ]}
      >
        {tab === 'many' ? <ManyMachines /> : <Shells open={open} shown={firstOf(query['shell'])} onShow={(shell) => change({ shell })} />}
      </Tabs>
    </Page>
  )
}

function close(key: string, terminalId: string | null): void {
  removeTerminal(key)
  if (terminalId !== null) void panel.call('terminals.close', { terminalId }).catch(() => {}) // it has ended by itself
}

type ShellsProps = { readonly open: readonly OpenTerminal[]; readonly shown: string | undefined; readonly onShow: (key: string) => void }

function Shells({ open, shown, onShow }: ShellsProps) {
  const t = useText(messages)
  const current = open.find(({ key }) => key === shown) ?? open.at(-1)
  if (current === undefined) return <NoShell onOpened={onShow} />
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-lg border">
      <div role="tablist" aria-label={t('tabs')} className="flex items-center gap-1 overflow-x-auto border-b bg-surface px-1 py-1">
        {open.map(({ key, name, terminalId }) => (
          <span key={key} className={classNames('flex items-center rounded-md', key === current.key && 'bg-selected')}>
            <button
              type="button"
              role="tab"
              aria-selected={key === current.key}
              onClick={() => onShow(key)}
              className="h-6 max-w-48 truncate pl-2"
            >
              {name}
            </button>
            <IconButton size="sm" label={t('close', { name })} icon={X} onClick={() => close(key, terminalId)} />
          </span>
        ))}
        <OpenMenu onOpened={onShow} isSmall />
      </div>
      {open.map((tab) => (
        <TerminalTab key={tab.key} tab={tab} isShown={tab.key === current.key} />
      ))}
    </div>
  )
}

function NoShell({ onOpened }: { readonly onOpened: (key: string) => void }) {
  const t = useText(messages)
  const machines = useMachines().values
  return (
    <EmptyState
      icon={SquareTerminal}
      title={t('emptyTitle')}
      action={
        machines.length > 0 ? (
          <OpenMenu onOpened={onOpened} />
        ) : (
          <PathLink to={paths.machines()} className={buttonClass({ variant: 'primary' })}>
            {t('addMachines')}
          </PathLink>
        )
      }
    >
      {machines.length === 0 ? t('noMachines') : t('emptyText')}
    </EmptyState>
  )
}

const listed = 200

function OpenMenu({ onOpened, isSmall = false }: { readonly onOpened: (key: string) => void; readonly isSmall?: boolean }) {
  const t = useText(messages)
  const machines = useMachines().values
  return (
    <Menu
      label={t('open')}
      items={machines.slice(0, listed).map(({ name }) => ({ label: name, onSelect: () => onOpened(addTerminal(name, { machine: name })) }))}
      trigger={
        isSmall ? (
          <button
            type="button"
            aria-label={t('open')}
            className="inline-flex size-6 items-center justify-center rounded-md text-soft hover:bg-hover"
          >
            <Plus size={14} aria-hidden />
          </button>
        ) : (
          <Button variant="primary" icon={Plus}>
            {t('open')}
          </Button>
        )
      }
    />
  )
}
