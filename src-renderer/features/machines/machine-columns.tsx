import type { ReactNode } from 'react'
import type { Machine, MachineFacts } from '../../../src-main/contract/machines.ts'
import { placeOf } from '../../entities/host-standing.ts'
import { verdictOf } from '../../entities/machine-verdict.ts'
import type { Format } from '../../i18n/format.ts'
import type { Translate } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import type { Column } from '../../ui/data-table/table-types.ts'
import { Time } from '../../ui/time.tsx'
import { LastSeen } from './last-seen.tsx'
import { gpusText, lastSeenMs, troubleOf } from './machine-words.ts'
import type { messages } from './messages.ts'
import { MachineName } from './machine-name.tsx'
import { ReachBadge, ResultCell } from './state-cells.tsx'

type Text = Translate<keyof (typeof messages)['en']>
type Given = { readonly t: Text; readonly format: Format; readonly clusterNames: ReadonlyMap<string, string> }
type Made = Column<Machine>

const nothing = <span className="text-faint">–</span>
const gib = 2 ** 30
const states = ['connected', 'reachable', 'unreachable', 'never-tried'] as const
const verdicts = ['fit', 'warned', 'blocked', 'unknown'] as const

/** The address of a machine in words; the computer itself has none. */
const addressText = (machine: Machine, t: Text): string => (machine.via === 'local' ? t('thisComputer') : placeOf(machine))

export function machineColumns(given: Given): readonly Made[] {
  const { t, clusterNames } = given
  const clusterOf = ({ clusterId }: Machine) => (clusterId === null ? '' : (clusterNames.get(clusterId) ?? clusterId))
  return [
    {
      ...textColumn({ id: 'machine', title: t('machine'), width: 150 }, ({ name }) => name),
      render: (machine) => <MachineName machine={machine} />,
    },
    {
      id: 'state',
      title: t('state'),
      width: 124,
      isSortable: true,
      filter: { kind: 'one-of', values: states.map((value) => ({ value, label: t(value) })) },
      text: ({ reach }) => reach.state,
      render: (machine) => (
        <span className="flex h-full items-center">
          <ReachBadge machine={machine} />
        </span>
      ),
    },
    {
      ...textColumn({ id: 'address', title: t('address'), width: 170 }, (machine) =>
        [addressText(machine, t), ...(machine.jump ?? [])].join(' ← '),
      ),
      render: (machine) => <Address machine={machine} t={t} />,
    },
    {
      id: 'result',
      title: t('result'),
      width: 210,
      isSortable: true,
      help: t('resultHelp'),
      filter: { kind: 'one-of', values: verdicts.map((value) => ({ value, label: t(value) })) },
      text: verdictOf,
      render: (machine) => <ResultCell machine={machine} />,
    },
    {
      ...textColumn({ id: 'cluster', title: t('cluster'), width: 100 }, clusterOf),
      render: (machine) =>
        machine.clusterId === null ? nothing : <PathLink to={paths.cluster(clusterOf(machine))}>{clusterOf(machine)}</PathLink>,
    },
    ...factColumns(given),
    ...labelColumns(given),
  ]
}

function factColumns({ t, format }: Given): readonly Made[] {
  const bytes = (id: 'memory' | 'disk', read: (facts: MachineFacts) => number): Made => ({
    ...numberColumn({ id, title: t(id), width: id === 'disk' ? 104 : 92, help: t('inGib') }, ({ facts }) =>
      facts === null ? null : read(facts) / gib,
    ),
    render: ({ facts }) => (facts === null ? nothing : format.bytes(read(facts))),
  })
  return [
    numberColumn({ id: 'cpus', title: t('cpus'), width: 60 }, ({ facts }) => facts?.cpus ?? null),
    bytes('memory', ({ memoryBytes }) => memoryBytes),
    {
      id: 'gpus',
      title: t('gpus'),
      width: 110,
      isSortable: true,
      filter: { kind: 'number' },
      text: ({ facts }) => (facts === null ? '' : gpusText(facts)),
      value: ({ facts }) => facts?.gpus.length ?? null,
      render: ({ facts }) => (facts === null || facts.gpus.length === 0 ? nothing : gpusText(facts)),
    },
    bytes('disk', ({ folder }) => folder.freeBytes),
    textColumn({ id: 'system', title: t('system'), width: 130 }, ({ facts }) => facts?.os ?? ''),
    textColumn({ id: 'kernel', title: t('kernel'), width: 140, isHidden: true }, ({ facts }) => facts?.kernel ?? ''),
    textColumn({ id: 'arch', title: t('arch'), width: 90, isHidden: true }, ({ facts }) => facts?.arch ?? ''),
    textColumn({ id: 'hostname', title: t('hostname'), width: 130, isHidden: true }, ({ facts }) => facts?.hostname ?? ''),
  ]
}

function labelColumns({ t }: Given): readonly Made[] {
  return [
    textColumn({ id: 'groups', title: t('groups'), width: 110 }, ({ groups }) => groups.join(', ')),
    textColumn({ id: 'tags', title: t('tags'), width: 110 }, ({ tags }) => tags.join(', ')),
    {
      id: 'seen',
      title: t('lastSeen'),
      width: 96,
      isSortable: true,
      help: t('lastSeenHelp'),
      text(machine) {
        const atMs = lastSeenMs(machine)
        return atMs === null ? '' : new Date(Number.isFinite(atMs) ? atMs : Date.now()).toISOString()
      },
      value: lastSeenMs,
      render: (machine) => <LastSeen machine={machine} />,
    },
    textColumn({ id: 'notes', title: t('notes'), width: 150 }, ({ notes }) => notes),
    textColumn({ id: 'error', title: t('lastError'), width: 260, isHidden: true }, ({ reach }) => reach.message ?? ''),
    textColumn({ id: 'trouble', title: t('trouble'), width: 200, isHidden: true }, troubleOf),
    {
      id: 'added',
      title: t('added'),
      width: 110,
      isSortable: true,
      isHidden: true,
      text: ({ addedAtMs }) => new Date(addedAtMs).toISOString(),
      value: ({ addedAtMs }) => addedAtMs,
      render: ({ addedAtMs }) => <Time atMs={addedAtMs} />,
    },
  ]
}

type Base = Pick<Made, 'id' | 'title' | 'width'> & { readonly isHidden?: boolean; readonly help?: string }

const textColumn = (base: Base, read: (machine: Machine) => string): Made => ({
  ...base,
  isSortable: true,
  filter: { kind: 'text' },
  text: read,
  value: (machine) => read(machine) || null,
  render: (machine) => read(machine) || nothing,
})

const numberColumn = (base: Base, read: (machine: Machine) => number | null): Made => ({
  ...base,
  align: 'right',
  isSortable: true,
  filter: { kind: 'number' },
  text: (machine) => String(read(machine) ?? ''),
  value: read,
  render: (machine) => read(machine) ?? nothing,
})

type CellProps = { readonly machine: Machine; readonly t: Text }

function Address({ machine, t }: CellProps): ReactNode {
  if (machine.via === 'local') return <span className="text-soft">{t('thisComputer')}</span>
  const { jump = [] } = machine
  const way = jump.length === 0 ? '' : ` ← ${jump.join(' ← ')}`
  return (
    <span title={`${placeOf(machine)}${way}`}>
      <span className="font-mono">{placeOf(machine)}</span>
      {way !== '' && <span className="text-faint">{way}</span>}
    </span>
  )
}
