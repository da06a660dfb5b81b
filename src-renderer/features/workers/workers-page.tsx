import { Boxes, CircleStop } from 'lucide-react'
import { useMemo } from 'react'
import { useCluster } from '../../api/live-things.ts'
import { type Row, textIn } from '../../api/rows.ts'
import { useControl } from '../../entities/control-dialog.tsx'
import { EntityTable } from '../../entities/entity-table.tsx'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo, usePathPart } from '../../navigation/use-navigation.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { Page } from '../../ui/page.tsx'
import { messages } from './messages.ts'
import { isAlive, workerColumns } from './worker-columns.tsx'

const idOf = (row: Row) => textIn(row, 'worker_id') ?? ''
const target = (row: Row) => ({ id: idOf(row), name: `${textIn(row, 'worker_type') ?? ''} ${textIn(row, 'pid') ?? ''}` })

export function WorkersPage() {
  const t = useText(messages)
  const go = useGo()
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const { ask, dialog } = useControl(id)
  const columns = useMemo(() => workerColumns(t, ref), [t, ref])
  const rowActions = (row: Row): MenuItem[] => [
    { label: t('open'), onSelect: () => go(paths.entity(ref, 'workers', idOf(row))) },
    { label: t('log'), onSelect: () => go(paths.logs(ref, { worker: idOf(row) })) },
    { label: t('tasks'), onSelect: () => go(paths.list(ref, 'tasks', { filter: `worker_id:eq:${idOf(row)}` })) },
    'separator',
    { label: t('end'), icon: CircleStop, isDanger: true, isDisabled: !isAlive(row), onSelect: () => ask('endWorker', [target(row)]) },
  ]
  const bulkActions = (rows: readonly Row[]): MenuItem[] => {
    const alive = rows.filter(isAlive)
    const label = t('endMany', { count: alive.length })
    return [
      { label, icon: CircleStop, isDanger: true, isDisabled: alive.length === 0, onSelect: () => ask('endWorker', alive.map(target)) },
    ]
  }
  return (
    <Page title={t('title')} isFull>
      <EntityTable
        cluster={id}
        thing="workers"
        label={t('title')}
        columns={columns}
        rowId={idOf}
        searchColumn="worker_id"
        hrefOf={(row) => paths.entity(ref, 'workers', idOf(row))}
        rowActions={rowActions}
        bulkActions={bulkActions}
        empty={
          <EmptyState icon={Boxes} title={t('emptyTitle')}>
            {t('emptyText')}
          </EmptyState>
        }
      />
      {dialog}
    </Page>
  )
}
