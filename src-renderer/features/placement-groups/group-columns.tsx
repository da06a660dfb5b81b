import { recordIn, type Row, rowsIn, textIn } from '../../api/rows.ts'
import { linkColumn, oneOfColumn, textColumn } from '../../entities/columns.tsx'
import { JobLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import type { Translate } from '../../i18n/messages.ts'
import { shortId } from '../../ui/copy-id.tsx'
import type { Column } from '../../ui/data-table/table-types.ts'
import type { messages } from './messages.ts'

type Word = keyof (typeof messages)['en']

const states = ['PENDING', 'PREPARED', 'CREATED', 'REMOVED', 'RESCHEDULING'] as const

export const strategyOf = (row: Row): string => textIn(row, 'strategy') ?? textIn(recordIn(row, 'stats'), 'strategy') ?? ''
export const isRemoved = (row: Row): boolean => textIn(row, 'state') === 'REMOVED'

export const groupColumns = (t: Translate<Word>, cluster: string): readonly Column<Row>[] => [
  {
    ...textColumn({ id: 'name', title: t('name'), width: 220 }),
    render: (row) => textIn(row, 'name') ?? shortId(textIn(row, 'placement_group_id') ?? ''),
  },
  oneOfColumn({
    id: 'state',
    title: t('state'),
    width: 130,
    values: states,
    show: (state) => <StateBadge kind="placement-group" state={state} />,
  }),
  linkColumn({ id: 'creator_job_id', title: t('job'), width: 110, link: (id) => <JobLink cluster={cluster} id={id} name={id} /> }),
  {
    id: 'strategy',
    title: t('strategy'),
    width: 140,
    text: strategyOf,
    render: (row) => strategyOf(row) || <span className="text-faint">–</span>,
  },
  {
    id: 'bundles',
    title: t('bundles'),
    width: 90,
    align: 'right',
    text: (row) => String(rowsIn(row, 'bundles').length),
    render: (row) => String(rowsIn(row, 'bundles').length),
  },
  oneOfColumn({
    id: 'is_detached',
    title: t('detached'),
    width: 90,
    values: ['true', 'false'],
    show: (value) => (value === 'true' ? t('yes') : t('no')),
  }),
  { ...textColumn({ id: 'placement_group_id', title: t('id'), width: 280, isMono: true }), filter: { kind: 'id' } },
]
