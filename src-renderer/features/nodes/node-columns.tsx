import type { ReactNode } from 'react'
import { flagIn, recordIn, type Row, textIn } from '../../api/rows.ts'
import { amountsColumn, oneOfColumn, textColumn, timeColumn } from '../../entities/columns.tsx'
import type { NodeFigures } from '../../entities/node-figures.ts'
import { StateBadge } from '../../entities/state-badge.tsx'
import type { Format } from '../../i18n/format.ts'
import type { Translate } from '../../i18n/messages.ts'
import type { Column } from '../../ui/data-table/table-types.ts'
import { Meter } from '../../ui/meter.tsx'
import type { messages } from './messages.ts'

type Word = keyof (typeof messages)['en']
type Given = {
  readonly t: Translate<Word>
  readonly format: Format
  readonly figures: ReadonlyMap<string, NodeFigures>
}

/** As the list says it, with what is still alive but takes nothing new any more. */
export const stateOf = (row: Row): string =>
  flagIn(row, 'is_draining') && textIn(row, 'state') === 'ALIVE' ? 'DRAINING' : (textIn(row, 'state') ?? '')

export function nodeColumns({ t, format, figures }: Given): readonly Column<Row>[] {
  const figuresIn = (row: Row) => figures.get(textIn(row, 'node_id') ?? '')
  const fill = (name: 'cpu' | 'memory' | 'gpu' | 'gpuMemory' | 'objectStore' | 'disk', help?: string): Column<Row> => ({
    id: name,
    title: t(name),
    width: name === 'objectStore' ? 140 : 120, // its name is long in Japanese
    isHidden: name === 'gpuMemory',
    ...(help !== undefined && { help }),
    text: (row) => String(figuresIn(row)?.[name] ?? ''),
    render: (row) => (
      <Fill value={figuresIn(row)?.[name] ?? null} label={t(name)} format={format} isUse={name === 'cpu' || name === 'gpu'} />
    ),
  })
  return [
    {
      ...textColumn({ id: 'node_name', title: t('name'), width: 200 }),
      render: (row) => (
        <span className="inline-flex min-w-0 items-center gap-2">
          <span className="truncate">{(textIn(row, 'node_name') ?? '').slice(0, 300)}</span>
          {flagIn(row, 'is_head_node') && <span className="rounded-[4px] border px-1 text-xs text-soft">{t('head')}</span>}
        </span>
      ),
    },
    {
      ...oneOfColumn({ id: 'state', title: t('state'), width: 110, values: ['ALIVE', 'DEAD'], show: () => null }),
      render: (row) => <StateBadge kind="node" state={stateOf(row)} />,
    },
    textColumn({ id: 'node_ip', title: t('address'), width: 130 }),
    fill('cpu'),
    fill('memory'),
    fill('gpu'),
    fill('gpuMemory'),
    fill('objectStore'),
    fill('disk'),
    {
      id: 'network',
      title: t('network'),
      width: 170,
      align: 'right',
      text: (row) => `${figuresIn(row)?.receivedBytesPerS ?? ''} ${figuresIn(row)?.sentBytesPerS ?? ''}`,
      render(row) {
        const known = figuresIn(row)
        if (known === undefined) return <span className="text-faint">–</span>
        return `${format.rate(known.receivedBytesPerS ?? 0)} / ${format.rate(known.sentBytesPerS ?? 0)}`
      },
    },
    amountsColumn({ id: 'resources_total', title: t('resources'), width: 240 }),
    {
      id: 'labels',
      title: t('labels'),
      width: 200,
      text: labelsText,
      render: labelsText,
    },
    timeColumn({ id: 'start_time_ms', title: t('started'), width: 120 }),
    timeColumn({ id: 'end_time_ms', title: t('ended'), width: 120, isHidden: true }),
    textColumn({ id: 'state_message', title: t('message'), width: 220 }),
    { ...textColumn({ id: 'node_id', title: t('id'), width: 280, isHidden: true, isMono: true }), filter: { kind: 'id' } },
  ]
}

/** Those that users set; each node also carries its own id as labels. */
export const labelsOf = (row: Row): [string, string][] =>
  Object.entries(recordIn(row, 'labels'))
    .filter(([key]) => !key.endsWith('.io/node-id'))
    .map(([key, value]) => [key, String(value)])
const labelsText = (row: Row): string =>
  labelsOf(row)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')

type FillProps = { readonly value: number | null; readonly label: string; readonly format: Format; readonly isUse: boolean }

function Fill({ value, label, format, isUse }: FillProps): ReactNode {
  if (value === null) return <span className="text-faint">–</span>
  return (
    <span className="flex items-center gap-2">
      <Meter value={value} label={label} className="flex-1" {...(isUse && { tone: 'info' as const })} />
      <span className="w-9 text-right tabular-nums">{format.percent(value)}</span>
    </span>
  )
}
