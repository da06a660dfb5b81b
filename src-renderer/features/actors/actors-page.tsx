import { Skull, Users } from 'lucide-react'
import { useMemo } from 'react'
import { type Row, textIn } from '../../api/rows.ts'
import { EntityList } from '../../entities/entity-list.tsx'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo, usePathPart } from '../../navigation/use-navigation.ts'
import { actorColumns, isDead } from './actor-columns.tsx'
import { messages } from './messages.ts'

const idOf = (row: Row) => textIn(row, 'actor_id') ?? ''

export function ActorsPage() {
  const t = useText(messages)
  const go = useGo()
  const ref = usePathPart('cluster')
  const columns = useMemo(() => actorColumns(t, ref), [t, ref])
  return (
    <EntityList
      thing="actors"
      title={t('title')}
      columns={columns}
      idOf={idOf}
      nameOf={(row) => textIn(row, 'name') ?? textIn(row, 'class_name') ?? idOf(row)}
      searchColumn="class_name"
      control={{
        action: 'killActor',
        icon: Skull,
        label: t('kill'),
        labelOfMany: (count) => t('killMany', { count }),
        isPossible: (row) => !isDead(row),
      }}
      itemsOf={(row, kill) => [
        { label: t('log'), onSelect: () => go(paths.logs(ref, { actor: idOf(row) })) },
        { label: t('tasks'), onSelect: () => go(paths.list(ref, 'tasks', { filter: `actor_id:eq:${idOf(row)}` })) },
        'separator',
        kill,
      ]}
      empty={{ icon: Users, title: t('emptyTitle'), text: t('emptyText') }}
    />
  )
}
