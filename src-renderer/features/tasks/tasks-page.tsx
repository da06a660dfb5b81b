import { ListX, Rows3 } from 'lucide-react'
import { useMemo } from 'react'
import { useCluster } from '../../api/live-things.ts'
import { type Row, textIn } from '../../api/rows.ts'
import { useControl } from '../../entities/control-dialog.tsx'
import { EntityTable } from '../../entities/entity-table.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { useGo, usePathPart } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { Page } from '../../ui/page.tsx'
import { messages } from './messages.ts'
import { StateFilter } from './state-filter.tsx'
import { attemptId, taskColumns } from './task-columns.tsx'

const target = (row: Row) => ({ id: textIn(row, 'task_id') ?? '', name: textIn(row, 'name') ?? '' })
const hasEnded = (row: Row) => ['FINISHED', 'FAILED'].includes(textIn(row, 'state') ?? '')

export function TasksPage() {
  const t = useText(messages)
  const go = useGo()
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const { ask, dialog } = useControl(id)
  const columns = useMemo(() => taskColumns(t, ref), [t, ref])
  const rowActions = (row: Row): MenuItem[] => [
    { label: t('open'), onSelect: () => go(paths.entity(ref, 'tasks', target(row).id)) },
    { label: t('onTimeline'), onSelect: () => go(paths.timeline(ref, { task: target(row).id })) },
    'separator',
    { label: t('cancel'), icon: ListX, isDanger: true, isDisabled: hasEnded(row), onSelect: () => ask('cancelTask', [target(row)]) },
  ]
  const bulkActions = (rows: readonly Row[]): MenuItem[] => {
    const open = rows.filter((row) => !hasEnded(row))
    const label = t('cancelMany', { count: open.length })
    return [{ label, icon: ListX, isDanger: true, isDisabled: open.length === 0, onSelect: () => ask('cancelTask', open.map(target)) }]
  }
  return (
    <Page title={t('title')} isFull>
      <EntityTable
        cluster={id}
        thing="tasks"
        label={t('title')}
        columns={columns}
        rowId={attemptId}
        searchColumn="name"
        hrefOf={(row) => paths.entity(ref, 'tasks', target(row).id)}
        rowActions={rowActions}
        bulkActions={bulkActions}
        renderExpanded={(row) => <TaskError row={row} />}
        quickFilters={<StateFilter />}
        empty={
          <EmptyState
            icon={Rows3}
            title={t('emptyTitle')}
            action={
              <PathLink to={paths.submit(ref)} className={buttonClass({ variant: 'primary' })}>
                {t('submit')}
              </PathLink>
            }
          >
            {t('emptyText')}
          </EmptyState>
        }
      />
      {dialog}
    </Page>
  )
}

/** What a failed attempt threw, right below its row. */
export function TaskError({ row }: { readonly row: Row }) {
  const t = useText(messages)
  const error = textIn(row, 'error_message')
  if (error === null) return <p className="text-faint">{textIn(row, 'state')}</p>
  return <CodeBlock text={error} label={t('error')} isWrapped />
}
