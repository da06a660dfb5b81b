import { BrushCleaning, Pencil, RefreshCw, SquareTerminal, Tags, TerminalSquare, Trash2, Unplug, Waypoints } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { tellError } from '../../entities/tell-error.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { checkMachines } from './checking.ts'
import { EditDialog } from './edit-dialog.tsx'
import { LabelsDialog } from './labels-dialog.tsx'
import { LeftoversDialog } from './leftovers-dialog.tsx'
import { messages } from './messages.ts'
import { mostReached, ReachDialog } from './reach-dialog.tsx'
import { RemoveDialog } from './remove-dialog.tsx'

type Opened =
  | { readonly kind: 'edit' | 'leftovers'; readonly machine: Machine }
  | { readonly kind: 'labels' | 'remove' | 'reach'; readonly machines: readonly Machine[] }

export type MachineActs = {
  readonly open: (opened: Opened) => void
  readonly ofRow: (machine: Machine) => readonly MenuItem[]
  /** Those that have no button of their own beside a machine's name. */
  readonly more: (machine: Machine) => readonly MenuItem[]
  readonly ofMany: (machines: readonly Machine[]) => readonly MenuItem[]
  /** Who reaches whom among these. */
  readonly reach: (machines: readonly Machine[]) => MenuItem
  readonly dialog: ReactNode
}

type Io = {
  readonly nameOfCluster: (id: string) => string
  /** A machine was saved, perhaps under another name. */
  readonly onSaved: (before: Machine, after: Machine) => void
}

/** All that one can do with machines, as entries of menus, and the dialogs that they open. */
export function useMachineActs({ nameOfCluster, onSaved }: Io): MachineActs {
  const t = useText(messages)
  const go = useGo()
  const [opened, open] = useState<Opened>()
  const runOn = (machines: readonly Machine[]) => go(paths.terminals({ tab: 'many', on: machines.map(({ name }) => name) }))
  const reach = (machines: readonly Machine[]): MenuItem => ({
    label: t('reach'),
    icon: Waypoints,
    ...(machines.length < 2 && { isDisabled: true, why: t('reachFew') }),
    ...(machines.length > mostReached && { isDisabled: true, why: t('reachMany', { most: mostReached }) }),
    onSelect: () => open({ kind: 'reach', machines }),
  })
  const disconnecting = (machines: readonly Machine[]): MenuItem => {
    const connected = machines.filter(({ reach: { state } }) => state === 'connected')
    return {
      label: t('disconnect'),
      icon: Unplug,
      ...(connected.length === 0 && { isDisabled: true, why: t('notConnected') }),
      onSelect: () => disconnect(connected),
    }
  }
  const more = (machine: Machine): MenuItem[] => [
    { label: t('runCommand'), icon: TerminalSquare, onSelect: () => runOn([machine]) },
    { label: t('leftovers'), icon: BrushCleaning, onSelect: () => open({ kind: 'leftovers', machine }) },
    disconnecting([machine]),
    'separator',
    {
      label: t('remove'),
      icon: Trash2,
      isDanger: true,
      ...(machine.clusterId !== null && { isDisabled: true, why: t('inCluster', { cluster: nameOfCluster(machine.clusterId) }) }),
      onSelect: () => open({ kind: 'remove', machines: [machine] }),
    },
  ]
  return {
    open,
    reach,
    more,
    ofRow: (machine) => [
      { label: t('check'), icon: RefreshCw, onSelect: () => checkMachines([machine]) },
      { label: t('terminal'), icon: SquareTerminal, onSelect: () => go(paths.terminals({ machine: machine.name })) },
      { label: t('edit'), icon: Pencil, onSelect: () => open({ kind: 'edit', machine }) },
      ...more(machine),
    ],
    ofMany: (machines) => [
      { label: t('check'), icon: RefreshCw, onSelect: () => checkMachines(machines) },
      { label: t('runCommand'), icon: TerminalSquare, onSelect: () => runOn(machines) },
      { label: t('labels'), icon: Tags, onSelect: () => open({ kind: 'labels', machines }) },
      reach(machines),
      disconnecting(machines),
      { label: t('remove'), icon: Trash2, isDanger: true, onSelect: () => open({ kind: 'remove', machines }) },
    ],
    dialog: opened && <Opened opened={opened} onClose={() => open(undefined)} onSaved={onSaved} />,
  }
}

function disconnect(machines: readonly Machine[]): void {
  for (const { id } of machines) panel.call('machines.disconnect', { machine: id }).catch(tellError)
}

type OpenedProps = Pick<Io, 'onSaved'> & { readonly opened: Opened; readonly onClose: () => void }

function Opened({ opened, onClose, onSaved }: OpenedProps): ReactNode {
  switch (opened.kind) {
    case 'edit':
      return <EditDialog machine={opened.machine} onClose={onClose} onSaved={(after) => onSaved(opened.machine, after)} />
    case 'leftovers':
      return <LeftoversDialog machine={opened.machine} onClose={onClose} />
    case 'labels':
      return <LabelsDialog machines={opened.machines} onClose={onClose} />
    case 'remove':
      return <RemoveDialog machines={opened.machines} onClose={onClose} />
    case 'reach':
      return <ReachDialog machines={opened.machines} onClose={onClose} />
  }
}
