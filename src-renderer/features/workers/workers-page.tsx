import { Boxes, CircleStop } from 'lucide-react'
import { useMemo } from 'react'
import { type Row, textIn } from '../../api/rows.ts'
import { EntityList } from '../../entities/entity-list.tsx'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo, usePathPart } from '../../navigation/use-navigation.ts'
import { messages } from './messages.ts'
import { isAlive, workerColumns } from './worker-columns.tsx'

const idOf = (row: Row) => textIn(row, 'worker_id') ?? ''

export function WorkersPage() {
  const t = useText(messages)
  const go = useGo()
  const ref = usePathPart('cluster')
  const columns = useMemo(() => workerColumns(t, ref), [t, ref])
  return (
    <EntityList
      thing="workers"
      title={t('title')}
      columns={columns}
      idOf={idOf}
      nameOf={(row) => `${textIn(row, 'worker_type') ?? ''} ${textIn(row, 'pid') ?? ''}`}
      searchColumn="worker_id"
      control={{
        action: 'endWorker',
        icon: CircleStop,
        label: t('end'),
        labelOfMany: (count) => t('endMany', { count }),
        isPossible: isAlive,
      }}
      itemsOf={(row, end) => [
        { label: t('log'), onSelect: () => go(paths.logs(ref, { worker: idOf(row) })) },
        { label: t('tasks'), onSelect: () => go(paths.list(ref, 'tasks', { filter: `worker_id:eq:${idOf(row)}` })) },
        'separator',
        end,
      ]}
      empty={{ icon: Boxes, title: t('emptyTitle'), text: t('emptyText') }}
    />
  )
}
