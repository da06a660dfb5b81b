import { ListX, Rows3 } from 'lucide-react'
import { useMemo } from 'react'
import { type Row, textIn } from '../../api/rows.ts'
import { EntityList } from '../../entities/entity-list.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { useGo, usePathPart } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { messages } from './messages.ts'
import { StateFilter } from './state-filter.tsx'
import { attemptId, hasEnded, taskColumns } from './task-columns.tsx'

const idOf = (row: Row) => textIn(row, 'task_id') ?? ''

export function TasksPage() {
  const t = useText(messages)
  const go = useGo()
  const ref = usePathPart('cluster')
  const columns = useMemo(() => taskColumns(t, ref), [t, ref])
  const submit = (
    <PathLink to={paths.submit(ref)} className={buttonClass({ variant: 'primary' })}>
      {t('submit')}
    </PathLink>
  )
  return (
    <EntityList
      thing="tasks"
      title={t('title')}
      columns={columns}
      idOf={idOf}
      rowId={attemptId}
      nameOf={(row) => textIn(row, 'name') ?? ''}
      searchColumn="name"
      control={{
        action: 'cancelTask',
        icon: ListX,
        label: t('cancel'),
        labelOfMany: (count) => t('cancelMany', { count }),
        isPossible: (row) => !hasEnded(row),
      }}
      itemsOf={(row, cancel) => [
        { label: t('onTimeline'), onSelect: () => go(paths.timeline(ref, { task: idOf(row) })) },
        'separator',
        cancel,
      ]}
      renderExpanded={(row) => <TaskError row={row} />}
      quickFilters={<StateFilter />}
      empty={{ icon: Rows3, title: t('emptyTitle'), text: t('emptyText'), action: submit }}
    />
  )
}

/** What a failed attempt threw, right below its row. */
function TaskError({ row }: { readonly row: Row }) {
  const t = useText(messages)
  const error = textIn(row, 'error_message')
  if (error === null) return <p className="text-faint">{textIn(row, 'state')}</p>
  return <CodeBlock text={error} label={t('error')} isWrapped />
}
