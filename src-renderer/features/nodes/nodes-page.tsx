import { Server, Unplug } from 'lucide-react'
import { useMemo } from 'react'
import { useCluster } from '../../api/live-things.ts'
import { type Row, textIn } from '../../api/rows.ts'
import { useControl } from '../../entities/control-dialog.tsx'
import { EntityTable } from '../../entities/entity-table.tsx'
import { useNodeFigures } from '../../entities/node-figures.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo, usePathPart } from '../../navigation/use-navigation.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { Page } from '../../ui/page.tsx'
import { messages } from './messages.ts'
import { nodeColumns, stateOf } from './node-columns.tsx'

const idOf = (row: Row) => textIn(row, 'node_id') ?? ''
const target = (row: Row) => ({ id: idOf(row), name: textIn(row, 'node_name') ?? idOf(row) })
const canDrain = (row: Row) => stateOf(row) === 'ALIVE'

export function NodesPage() {
  const t = useText(messages)
  const format = useFormat()
  const go = useGo()
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const { ask, dialog } = useControl(id)
  const figures = useNodeFigures(id)
  const columns = useMemo(() => nodeColumns({ t, format, figures }), [t, format, figures])
  const rowActions = (row: Row): MenuItem[] => [
    { label: t('open'), onSelect: () => go(paths.entity(ref, 'nodes', idOf(row))) },
    { label: t('logs'), onSelect: () => go(paths.logs(ref, { node: idOf(row) })) },
    { label: t('terminal'), onSelect: () => go(paths.terminals({ cluster: ref, node: idOf(row) })) },
    { label: t('tasks'), onSelect: () => go(paths.list(ref, 'tasks', { filter: `node_id:eq:${idOf(row)}` })) },
    'separator',
    { label: t('drain'), icon: Unplug, isDanger: true, isDisabled: !canDrain(row), onSelect: () => ask('drainNode', [target(row)]) },
  ]
  const bulkActions = (rows: readonly Row[]): MenuItem[] => {
    const open = rows.filter(canDrain)
    const label = t('drainMany', { count: open.length })
    return [{ label, icon: Unplug, isDanger: true, isDisabled: open.length === 0, onSelect: () => ask('drainNode', open.map(target)) }]
  }
  return (
    <Page title={t('title')} isFull>
      <EntityTable
        cluster={id}
        thing="nodes"
        label={t('title')}
        columns={columns}
        rowId={idOf}
        searchColumn="node_name"
        hrefOf={(row) => paths.entity(ref, 'nodes', idOf(row))}
        rowActions={rowActions}
        bulkActions={bulkActions}
        empty={
          <EmptyState icon={Server} title={t('emptyTitle')}>
            {t('emptyText')}
          </EmptyState>
        }
      />
      {dialog}
    </Page>
  )
}
