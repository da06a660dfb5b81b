import { Skull, Users } from 'lucide-react'
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
import { actorColumns, isDead } from './actor-columns.tsx'
import { messages } from './messages.ts'

const idOf = (row: Row) => textIn(row, 'actor_id') ?? ''
const target = (row: Row) => ({ id: idOf(row), name: textIn(row, 'name') ?? textIn(row, 'class_name') ?? idOf(row) })

export function ActorsPage() {
  const t = useText(messages)
  const go = useGo()
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const { ask, dialog } = useControl(id)
  const columns = useMemo(() => actorColumns(t, ref), [t, ref])
  const rowActions = (row: Row): MenuItem[] => [
    { label: t('open'), onSelect: () => go(paths.entity(ref, 'actors', idOf(row))) },
    { label: t('log'), onSelect: () => go(paths.logs(ref, { actor: idOf(row) })) },
    { label: t('tasks'), onSelect: () => go(paths.list(ref, 'tasks', { filter: `actor_id:eq:${idOf(row)}` })) },
    'separator',
    { label: t('kill'), icon: Skull, isDanger: true, isDisabled: isDead(row), onSelect: () => ask('killActor', [target(row)]) },
  ]
  const bulkActions = (rows: readonly Row[]): MenuItem[] => {
    const alive = rows.filter((row) => !isDead(row))
    const label = t('killMany', { count: alive.length })
    return [{ label, icon: Skull, isDanger: true, isDisabled: alive.length === 0, onSelect: () => ask('killActor', alive.map(target)) }]
  }
  return (
    <Page title={t('title')} isFull>
      <EntityTable
        cluster={id}
        thing="actors"
        label={t('title')}
        columns={columns}
        rowId={idOf}
        searchColumn="class_name"
        hrefOf={(row) => paths.entity(ref, 'actors', idOf(row))}
        rowActions={rowActions}
        bulkActions={bulkActions}
        empty={
          <EmptyState icon={Users} title={t('emptyTitle')}>
            {t('emptyText')}
          </EmptyState>
        }
      />
      {dialog}
    </Page>
  )
}
