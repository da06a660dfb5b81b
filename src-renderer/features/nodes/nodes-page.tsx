import { Server, Unplug } from 'lucide-react'
import { useMemo } from 'react'
import { type Row, textIn } from '../../api/rows.ts'
import { EntityList } from '../../entities/entity-list.tsx'
import { useNodeFigures } from '../../entities/node-figures.ts'
import { useWhyNoTerminal } from '../../entities/terminal-ways.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { messages } from './messages.ts'
import { nodeColumns, stateOf } from './node-columns.tsx'

const idOf = (row: Row) => textIn(row, 'node_id') ?? ''

export function NodesPage() {
  const t = useText(messages)
  const format = useFormat()
  const go = useGo()
  const { ref, id } = useClusterOfPath()
  const figures = useNodeFigures(id)
  const whyNoTerminal = useWhyNoTerminal(ref)
  const columns = useMemo(() => nodeColumns({ t, format, figures }), [t, format, figures])
  return (
    <EntityList
      thing="nodes"
      title={t('title')}
      columns={columns}
      idOf={idOf}
      nameOf={(row) => textIn(row, 'node_name') ?? idOf(row)}
      searchColumn="node_name"
      control={{
        action: 'drainNode',
        icon: Unplug,
        label: t('drain'),
        labelOfMany: (count) => t('drainMany', { count }),
        isPossible: (row) => stateOf(row) === 'ALIVE',
      }}
      itemsOf={(row, drain) => [
        { label: t('logs'), onSelect: () => go(paths.logs(ref, { node: idOf(row) })) },
        {
          label: t('terminal'),
          ...(whyNoTerminal !== undefined && { isDisabled: true, why: whyNoTerminal }),
          onSelect: () => go(paths.terminals({ cluster: ref, node: idOf(row) })),
        },
        { label: t('tasks'), onSelect: () => go(paths.list(ref, 'tasks', { filter: `node_id:eq:${idOf(row)}` })) },
        'separator',
        drain,
      ]}
      empty={{ icon: Server, title: t('emptyTitle'), text: t('emptyText') }}
    />
  )
}
