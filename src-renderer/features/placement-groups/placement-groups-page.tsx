import { SquareStack, Trash2 } from 'lucide-react'
import { useMemo } from 'react'
import { type Row, textIn } from '../../api/rows.ts'
import { EntityList } from '../../entities/entity-list.tsx'
import { useText } from '../../i18n/messages.ts'
import { usePathPart } from '../../navigation/use-navigation.ts'
import { groupColumns, isRemoved } from './group-columns.tsx'
import { messages } from './messages.ts'

const idOf = (row: Row) => textIn(row, 'placement_group_id') ?? ''

export function PlacementGroupsPage() {
  const t = useText(messages)
  const ref = usePathPart('cluster')
  const columns = useMemo(() => groupColumns(t, ref), [t, ref])
  return (
    <EntityList
      thing="placement-groups"
      title={t('title')}
      columns={columns}
      idOf={idOf}
      nameOf={(row) => textIn(row, 'name') ?? idOf(row)}
      searchColumn="name"
      control={{
        action: 'removeGroup',
        icon: Trash2,
        label: t('remove'),
        labelOfMany: (count) => t('removeMany', { count }),
        isPossible: (row) => !isRemoved(row),
      }}
      itemsOf={(_, remove) => [remove]}
      empty={{ icon: SquareStack, title: t('emptyTitle'), text: t('emptyText') }}
    />
  )
}
