import { taskStates, taskTypes } from '../../../runtime/base/task-states.ts'
import { numberIn, type Row, textIn, timeIn } from '../../api/rows.ts'
import { amountsColumn, linkColumn, numberColumn, oneOfColumn, textColumn, timeColumn } from '../../entities/columns.tsx'
import { ActorLink, GroupLink, JobLink, NodeLink, TaskLink, WorkerLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import type { Translate } from '../../i18n/messages.ts'
import type { Column } from '../../ui/data-table/table-types.ts'
import { Duration } from '../../ui/time.tsx'
import type { messages } from './messages.ts'

type Word = keyof (typeof messages)['en']

/** Of an attempt: a task that was run again has several. */
export const attemptId = (row: Row): string => `${textIn(row, 'task_id') ?? ''} ${numberIn(row, 'attempt_number') ?? 0}`

export const hasEnded = (row: Row): boolean => ['FINISHED', 'FAILED'].includes(textIn(row, 'state') ?? '')

/** The columns of Ray's dashboard and State API, and how long it waited and ran. */
export const taskColumns = (t: Translate<Word>, cluster: string): readonly Column<Row>[] => [
  textColumn({ id: 'name', title: t('name'), width: 200 }),
  oneOfColumn({
    id: 'state',
    title: t('state'),
    width: 210,
    values: taskStates,
    show: (state) => <StateBadge kind="task" state={state} />,
  }),
  {
    ...numberColumn({ id: 'duration_ms', title: t('duration'), width: 100 }),
    render: (row) => <Duration fromMs={timeIn(row, 'start_time_ms')} toMs={timeIn(row, 'end_time_ms')} />,
  },
  linkColumn({ id: 'job_id', title: t('job'), width: 100, link: (id) => <JobLink cluster={cluster} id={id} name={id} /> }),
  linkColumn({ id: 'node_id', title: t('node'), width: 120, link: (id) => <NodeLink cluster={cluster} id={id} /> }),
  linkColumn({ id: 'worker_id', title: t('worker'), width: 120, link: (id) => <WorkerLink cluster={cluster} id={id} /> }),
  textColumn({ id: 'func_or_class_name', title: t('function'), width: 160, isHidden: true }),
  oneOfColumn({ id: 'type', title: t('type'), width: 170, values: taskTypes, show: (type) => type, isHidden: true }),
  linkColumn({ id: 'actor_id', title: t('actor'), width: 120, link: (id) => <ActorLink cluster={cluster} id={id} /> }),
  numberColumn({ id: 'attempt_number', title: t('attempt'), width: 70 }),
  textColumn({ id: 'error_type', title: t('errorType'), width: 180 }),
  timeColumn({ id: 'creation_time_ms', title: t('created'), width: 120 }),
  timeColumn({ id: 'start_time_ms', title: t('started'), width: 120, isHidden: true }),
  timeColumn({ id: 'end_time_ms', title: t('ended'), width: 120, isHidden: true }),
  {
    ...numberColumn({ id: 'queued_ms', title: t('queued'), width: 100, isHidden: true }),
    render: (row) => (
      <Duration fromMs={timeIn(row, 'creation_time_ms')} toMs={timeIn(row, 'start_time_ms') ?? timeIn(row, 'end_time_ms')} />
    ),
  },
  amountsColumn({ id: 'required_resources', title: t('resources'), width: 130 }),
  { ...numberColumn({ id: 'worker_pid', title: t('pid'), width: 80, isHidden: true }), render: (row) => textIn(row, 'worker_pid') ?? '' },
  linkColumn({
    id: 'parent_task_id',
    title: t('parent'),
    width: 120,
    isHidden: true,
    link: (id) => <TaskLink cluster={cluster} id={id} />,
  }),
  linkColumn({
    id: 'placement_group_id',
    title: t('group'),
    width: 120,
    isHidden: true,
    link: (id) => <GroupLink cluster={cluster} id={id} />,
  }),
  { ...textColumn({ id: 'task_id', title: t('id'), width: 220, isHidden: true, isMono: true }), filter: { kind: 'id' } },
  textColumn({ id: 'call_site', title: t('callSite'), width: 200, isHidden: true }),
  textColumn({ id: 'error_message', title: t('error'), width: 260, isHidden: true }),
]
