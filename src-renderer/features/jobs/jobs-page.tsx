import { CircleStop, Copy, Play, Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useCluster } from '../../api/live-things.ts'
import { panel } from '../../api/panel.ts'
import { type Row, textIn } from '../../api/rows.ts'
import { useControl } from '../../entities/control-dialog.tsx'
import { EntityTable } from '../../entities/entity-table.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { useGo, usePathPart } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { Page } from '../../ui/page.tsx'
import { hasEnded, isSubmitted, jobColumns, jobRef } from './job-columns.tsx'
import { messages } from './messages.ts'
import { StatusFilter } from './status-filter.tsx'

const target = (row: Row) => ({ id: jobRef(row), name: textIn(row, 'entrypoint') ?? jobRef(row) })

export function JobsPage() {
  const t = useText(messages)
  const go = useGo()
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const { ask, dialog } = useControl(id)
  const [deleted, setDeleted] = useState<string | null>(null)
  const columns = useMemo(() => jobColumns(t, ref), [t, ref])
  const rowActions = (row: Row): MenuItem[] => [
    { label: t('open'), onSelect: () => go(paths.entity(ref, 'jobs', jobRef(row))) },
    { label: t('clone'), icon: Copy, isDisabled: !isSubmitted(row), onSelect: () => go(paths.submit(ref, { from: jobRef(row) })) },
    'separator',
    { label: t('stop'), icon: CircleStop, isDanger: true, isDisabled: hasEnded(row), onSelect: () => ask('stopJob', [target(row)]) },
    {
      label: t('delete'),
      icon: Trash2,
      isDanger: true,
      isDisabled: !hasEnded(row) || !isSubmitted(row),
      onSelect: () => setDeleted(jobRef(row)),
    },
  ]
  const bulkActions = (rows: readonly Row[]): MenuItem[] => {
    const open = rows.filter((row) => !hasEnded(row))
    const label = t('stopMany', { count: open.length })
    return [{ label, icon: CircleStop, isDanger: true, isDisabled: open.length === 0, onSelect: () => ask('stopJob', open.map(target)) }]
  }
  const submit = (
    <PathLink to={paths.submit(ref)} className={buttonClass({ variant: 'primary' })}>
      <Play size={14} aria-hidden />
      {t('submit')}
    </PathLink>
  )
  return (
    <Page title={t('title')} actions={submit} isFull>
      <EntityTable
        cluster={id}
        thing="jobs"
        label={t('title')}
        columns={columns}
        rowId={jobRef}
        searchColumn="entrypoint"
        hrefOf={(row) => paths.entity(ref, 'jobs', jobRef(row))}
        rowActions={rowActions}
        bulkActions={bulkActions}
        quickFilters={<StatusFilter />}
        empty={
          <EmptyState icon={Play} title={t('emptyTitle')} action={submit}>
            {t('emptyText')}
          </EmptyState>
        }
      />
      {dialog}
      <ConfirmDialog
        title={t('deleteTitle', { id: deleted ?? '' })}
        isOpen={deleted !== null}
        onClose={() => setDeleted(null)}
        onConfirm={() => panel.call('api.change', { cluster: id, route: 'deleteJob', params: { id: deleted ?? '' } })}
        confirmLabel={t('deleteLabel')}
      >
        {t('deleteText')}
      </ConfirmDialog>
    </Page>
  )
}
