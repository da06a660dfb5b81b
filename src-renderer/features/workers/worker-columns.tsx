import { flagIn, numberIn, type Row, textIn, timeIn } from '../../api/rows.ts'
import { linkColumn, numberColumn, oneOfColumn, textColumn, timeColumn } from '../../entities/columns.tsx'
import { ActorLink, JobLink, NodeLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useFormat } from '../../i18n/format.ts'
import type { Translate } from '../../i18n/messages.ts'
import { shortId } from '../../ui/copy-id.tsx'
import type { Column } from '../../ui/data-table/table-types.ts'
import { Duration } from '../../ui/time.tsx'
import type { messages } from './messages.ts'

type Word = keyof (typeof messages)['en']

export const isAlive = (row: Row): boolean => flagIn(row, 'is_alive')

/** One that went before it said who it is has number 0, which is no process. */
export const pidOf = (row: Row): string => (numberIn(row, 'pid') === 0 ? '–' : (textIn(row, 'pid') ?? '–'))

export const workerColumns = (t: Translate<Word>, cluster: string): readonly Column<Row>[] => [
  linkColumn({ id: 'worker_id', title: t('id'), width: 150, link: (id) => <span className="font-mono">{shortId(id)}</span> }),
  oneOfColumn({
    id: 'is_alive',
    title: t('alive'),
    width: 100,
    values: ['true', 'false'],
    show: (value) => <StateBadge kind="worker" state={value === 'true' ? 'ALIVE' : 'DEAD'} />,
  }),
  oneOfColumn({ id: 'worker_type', title: t('type'), width: 100, values: ['WORKER', 'DRIVER'], show: (type) => type }),
  textColumn({ id: 'phase', title: t('phase'), width: 130 }),
  {
    ...numberColumn({ id: 'cpu_percent', title: t('cpu'), width: 80, help: t('cpuHelp') }),
    render: (row) => <Share percent={numberIn(row, 'cpu_percent')} />,
  },
  numberColumn({ id: 'memory_bytes', title: t('memory'), width: 100, unit: 'bytes' }),
  linkColumn({ id: 'node_id', title: t('node'), width: 120, link: (id) => <NodeLink cluster={cluster} id={id} /> }),
  { ...numberColumn({ id: 'pid', title: t('pid'), width: 90 }), render: pidOf },
  linkColumn({ id: 'job_id', title: t('job'), width: 100, link: (id) => <JobLink cluster={cluster} id={id} name={id} /> }),
  linkColumn({ id: 'actor_id', title: t('actor'), width: 120, link: (id) => <ActorLink cluster={cluster} id={id} /> }),
  timeColumn({ id: 'start_time_ms', title: t('started'), width: 120 }),
  {
    id: 'lived',
    title: t('lived'),
    width: 110,
    align: 'right',
    text: (row) => String((timeIn(row, 'end_time_ms') ?? Date.now()) - (timeIn(row, 'start_time_ms') ?? Date.now())),
    render: (row) => <Duration fromMs={timeIn(row, 'start_time_ms')} toMs={timeIn(row, 'end_time_ms')} />,
  },
  timeColumn({ id: 'end_time_ms', title: t('ended'), width: 120, isHidden: true }),
  textColumn({ id: 'exit_type', title: t('exitType'), width: 160 }),
  textColumn({ id: 'exit_detail', title: t('exitDetail'), width: 240 }),
  textColumn({ id: 'ip', title: t('ip'), width: 120, isHidden: true }),
]

/** Of one core: two of them at work are 200 %. */
export function Share({ percent }: { readonly percent: number | null }) {
  const format = useFormat()
  return percent === null ? <span className="text-faint">–</span> : format.percent(percent / 100)
}
