import { flagIn, numberIn, type Row, textIn } from '../../api/rows.ts'
import { amountsColumn, linkColumn, numberColumn, oneOfColumn, textColumn, timeColumn } from '../../entities/columns.tsx'
import { GroupLink, JobLink, NodeLink, WorkerLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import type { Translate } from '../../i18n/messages.ts'
import type { Column } from '../../ui/data-table/table-types.ts'
import { deathText } from './death-text.ts'
import type { messages } from './messages.ts'

type Word = keyof (typeof messages)['en']

const states = ['DEPENDENCIES_UNREADY', 'PENDING_CREATION', 'ALIVE', 'RESTARTING', 'DEAD'] as const

/** Zero where its process never started. */
export const pidOf = (row: Row): string => (numberIn(row, 'pid') ? String(numberIn(row, 'pid')) : '–')

export const actorColumns = (t: Translate<Word>, cluster: string): readonly Column<Row>[] => [
  textColumn({ id: 'class_name', title: t('class'), width: 200 }),
  oneOfColumn({ id: 'state', title: t('state'), width: 150, values: states, show: (state) => <StateBadge kind="actor" state={state} /> }),
  textColumn({ id: 'name', title: t('name'), width: 140 }),
  linkColumn({ id: 'job_id', title: t('job'), width: 100, link: (id) => <JobLink cluster={cluster} id={id} name={id} /> }),
  linkColumn({ id: 'node_id', title: t('node'), width: 120, link: (id) => <NodeLink cluster={cluster} id={id} /> }),
  { ...numberColumn({ id: 'pid', title: t('pid'), width: 80 }), render: (row) => pidOf(row) },
  numberColumn({ id: 'num_restarts', title: t('restarts'), width: 80 }),
  amountsColumn({ id: 'required_resources', title: t('resources'), width: 130 }),
  {
    id: 'death_cause',
    title: t('cause'),
    width: 260,
    text: deathText,
    render: deathText,
  },
  textColumn({ id: 'ray_namespace', title: t('namespace'), width: 130, isHidden: true }),
  linkColumn({ id: 'worker_id', title: t('worker'), width: 120, isHidden: true, link: (id) => <WorkerLink cluster={cluster} id={id} /> }),
  linkColumn({
    id: 'placement_group_id',
    title: t('group'),
    width: 120,
    isHidden: true,
    link: (id) => <GroupLink cluster={cluster} id={id} />,
  }),
  oneOfColumn({
    id: 'is_detached',
    title: t('detached'),
    width: 80,
    isHidden: true,
    values: ['true', 'false'],
    show: (value) => (value === 'true' ? t('yes') : t('no')),
  }),
  timeColumn({ id: 'pending_since_ms', title: t('since'), width: 120, isHidden: true }),
  { ...textColumn({ id: 'actor_id', title: t('id'), width: 240, isHidden: true, isMono: true }), filter: { kind: 'id' } },
  textColumn({ id: 'repr_name', title: t('repr'), width: 140, isHidden: true }),
  textColumn({ id: 'call_site', title: t('callSite'), width: 200, isHidden: true }),
]

export const isDead = (row: Row): boolean => textIn(row, 'state') === 'DEAD'
export const isPending = (row: Row): boolean =>
  ['DEPENDENCIES_UNREADY', 'PENDING_CREATION', 'RESTARTING'].includes(textIn(row, 'state') ?? '')
export const isDetached = (row: Row): boolean => flagIn(row, 'is_detached')
