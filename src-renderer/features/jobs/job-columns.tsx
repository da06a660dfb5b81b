import { type Row, textIn, timeIn } from '../../api/rows.ts'
import { linkColumn, numberColumn, oneOfColumn, textColumn, timeColumn } from '../../entities/columns.tsx'
import { NodeLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import type { Translate } from '../../i18n/messages.ts'
import type { Column } from '../../ui/data-table/table-types.ts'
import { Duration } from '../../ui/time.tsx'
import type { messages } from './messages.ts'

type Word = keyof (typeof messages)['en']

export const jobStatuses = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED'] as const
/** Its name in paths: what was submitted, else the job id. */
export const jobRef = (row: Row): string => textIn(row, 'id') ?? textIn(row, 'submission_id') ?? textIn(row, 'job_id') ?? ''
export const hasEnded = (row: Row): boolean => ['SUCCEEDED', 'FAILED', 'STOPPED'].includes(textIn(row, 'status') ?? '')
export const isSubmitted = (row: Row): boolean => textIn(row, 'submission_id') !== null

export const jobColumns = (t: Translate<Word>, cluster: string): readonly Column<Row>[] => [
  textColumn({ id: 'entrypoint', title: t('entrypoint'), width: 300 }),
  oneOfColumn({
    id: 'status',
    title: t('status'),
    width: 110,
    values: jobStatuses,
    show: (status) => <StateBadge kind="job" state={status} />,
  }),
  {
    ...textColumn({ id: 'id', title: t('id'), width: 190, isMono: true }),
    filter: { kind: 'id' },
  },
  {
    id: 'duration',
    title: t('duration'),
    width: 110,
    align: 'right',
    text: (row) => String((timeIn(row, 'end_time') ?? Date.now()) - (timeIn(row, 'start_time') ?? Date.now())),
    render: (row) => <Duration fromMs={timeIn(row, 'start_time')} toMs={timeIn(row, 'end_time')} />,
  },
  timeColumn({ id: 'start_time', title: t('started'), width: 120 }),
  timeColumn({ id: 'end_time', title: t('ended'), width: 120, isHidden: true }),
  textColumn({ id: 'message', title: t('message'), width: 280 }),
  linkColumn({ id: 'driver_node_id', title: t('node'), width: 120, link: (id) => <NodeLink cluster={cluster} id={id} /> }),
  numberColumn({ id: 'queue_position', title: t('queue'), width: 140 }),
  numberColumn({ id: 'priority', title: t('priority'), width: 80 }),
  { ...textColumn({ id: 'job_id', title: t('jobId'), width: 100, isMono: true }), filter: { kind: 'id' } },
  oneOfColumn({ id: 'type', title: t('type'), width: 120, values: ['SUBMISSION', 'DRIVER'], show: (type) => type, isHidden: true }),
  numberColumn({ id: 'driver_exit_code', title: t('exitCode'), width: 80, isHidden: true }),
]
