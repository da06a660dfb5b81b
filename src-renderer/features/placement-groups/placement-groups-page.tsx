import { SquareStack, Trash2 } from 'lucide-react'
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
import { groupColumns, isRemoved } from './group-columns.tsx'
import { messages } from './messages.ts'

const idOf = (row: Row) => textIn(row, 'placement_group_id') ?? ''
const target = (row: Row) => ({ id: idOf(row), name: textIn(row, 'name') ?? idOf(row) })

export function PlacementGroupsPage() {
  const t = useText(messages)
  const go = useGo()
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const { ask, dialog } = useControl(id)
  const columns = useMemo(() => groupColumns(t, ref), [t, ref])
  const rowActions = (row: Row): MenuItem[] => [
    { label: t('open'), onSelect: () => go(paths.entity(ref, 'placement-groups', idOf(row))) },
    { label: t('remove'), icon: Trash2, isDanger: true, isDisabled: isRemoved(row), onSelect: () => ask('removeGroup', [target(row)]) },
  ]
  const bulkActions = (rows: readonly Row[]): MenuItem[] => {
    const open = rows.filter((row) => !isRemoved(row))
    const label = t('removeMany', { count: open.length })
    return [{ label, icon: Trash2, isDanger: true, isDisabled: open.length === 0, onSelect: () => ask('removeGroup', open.map(target)) }]
  }
  return (
    <Page title={t('title')} isFull>
      <EntityTable
        cluster={id}
        thing="placement-groups"
        label={t('title')}
        columns={columns}
        rowId={idOf}
        searchColumn="name"
        hrefOf={(row) => paths.entity(ref, 'placement-groups', idOf(row))}
        rowActions={rowActions}
        bulkActions={bulkActions}
        empty={
          <EmptyState icon={SquareStack} title={t('emptyTitle')}>
            {t('emptyText')}
          </EmptyState>
        }
      />
      {dialog}
    </Page>
  )
}
