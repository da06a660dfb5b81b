import { numberIn, type Row, textIn, textsIn } from '../../api/rows.ts'
import { linkColumn, numberColumn, oneOfColumn, textColumn } from '../../entities/columns.tsx'
import { NodeLink, WorkerLink } from '../../entities/links.tsx'
import type { Format } from '../../i18n/format.ts'
import type { Translate } from '../../i18n/messages.ts'
import { shortId } from '../../ui/copy-id.tsx'
import type { Column } from '../../ui/data-table/table-types.ts'
import type { messages } from './messages.ts'

type Word = keyof (typeof messages)['en']

/** Ray's words. Written here as well, as the module that has them brings a parser along that the page has no use for. */
export const referenceTypes = [
  'PINNED_IN_MEMORY',
  'LOCAL_REFERENCE',
  'USED_BY_PENDING_TASK',
  'CAPTURED_IN_OBJECT',
  'ACTOR_HANDLE',
  'UNKNOWN_STATUS',
] as const

/** A reference: one object may be held by several processes. */
export const referenceId = (row: Row): string => `${textIn(row, 'object_id')} ${textIn(row, 'worker_id')} ${textIn(row, 'reference_type')}`

/** The last byte of the index by which a Shoal program puts an object; the id before it is then that of no task. */
const putByte = '80'

/** The task that made it, whose id is the front of its own; null for what was put by the program that owns it. */
export const taskOf = (objectId: string): string | null => (objectId.endsWith(putByte) ? null : objectId.slice(0, 48))

export function placeOf(row: Row, t: Translate<Word>): string {
  const place = textIn(row, 'call_site')
  return place === null || place === 'disabled' ? t('notRecorded') : place
}

type Given = { readonly t: Translate<Word>; readonly format: Format; readonly cluster: string }

export const objectColumns = ({ t, format, cluster }: Given): readonly Column<Row>[] => [
  linkColumn({ id: 'object_id', title: t('id'), width: 150, link: (id) => <span className="font-mono">{shortId(id)}</span> }),
  {
    ...numberColumn({ id: 'object_size', title: t('size'), width: 90, unit: 'bytes' }),
    render(row) {
      const size = numberIn(row, 'object_size')
      return size === null || size < 0 ? <span className="text-faint">–</span> : format.bytes(size)
    },
  },
  oneOfColumn({ id: 'reference_type', title: t('reference'), width: 170, values: referenceTypes, show: (value) => value }),
  { ...textColumn({ id: 'call_site', title: t('callSite'), width: 220 }), render: (row) => placeOf(row, t) },
  {
    ...numberColumn({ id: 'age_ms', title: t('age'), width: 100 }),
    render(row) {
      const age = numberIn(row, 'age_ms')
      return age === null ? '' : format.duration(age)
    },
  },
  linkColumn({ id: 'worker_id', title: t('holder'), width: 130, link: (id) => <WorkerLink cluster={cluster} id={id} /> }),
  oneOfColumn({ id: 'type', title: t('holderType'), width: 100, values: ['WORKER', 'DRIVER'], show: (value) => value }),
  { ...numberColumn({ id: 'pid', title: t('pid'), width: 80 }), render: (row) => textIn(row, 'pid') ?? '' },
  linkColumn({ id: 'node_id', title: t('node'), width: 130, link: (id) => <NodeLink cluster={cluster} id={id} /> }),
  {
    id: 'stored_on',
    title: t('storedOn'),
    width: 160,
    text: (row) => textsIn(row, 'stored_on').join(' '),
    render: (row) => (
      <span className="inline-flex gap-2">
        {textsIn(row, 'stored_on')
          .slice(0, 4)
          .map((node) => (
            <NodeLink key={node} cluster={cluster} id={node} />
          ))}
      </span>
    ),
  },
  textColumn({ id: 'task_status', title: t('taskStatus'), width: 150, isHidden: true }),
  numberColumn({ id: 'attempt_number', title: t('attempt'), width: 80, isHidden: true }),
  textColumn({ id: 'ip', title: t('address'), width: 120, isHidden: true }),
  linkColumn({ id: 'owner_id', title: t('owner'), width: 130, isHidden: true, link: (id) => <WorkerLink cluster={cluster} id={id} /> }),
]
