import { CircleStop, Copy, Play, Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { panel } from '../../api/panel.ts'
import { textIn } from '../../api/rows.ts'
import { EntityList } from '../../entities/entity-list.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { hasEnded, isSubmitted, jobColumns, jobRef } from './job-columns.tsx'
import { messages } from './messages.ts'
import { StatusFilter } from './status-filter.tsx'

export function JobsPage() {
  const t = useText(messages)
  const go = useGo()
  const { ref, id } = useClusterOfPath()
  const [deleted, setDeleted] = useState<string | null>(null)
  const columns = useMemo(() => jobColumns(t, ref), [t, ref])
  const submit = (
    <PathLink to={paths.submit(ref)} className={buttonClass({ variant: 'primary' })}>
      <Play size={14} aria-hidden />
      {t('submit')}
    </PathLink>
  )
  return (
    <>
      <EntityList
        thing="jobs"
        title={t('title')}
        actions={submit}
        columns={columns}
        idOf={jobRef}
        nameOf={(row) => textIn(row, 'entrypoint') ?? jobRef(row)}
        searchColumn="entrypoint"
        control={{
          action: 'stopJob',
          icon: CircleStop,
          label: t('stop'),
          labelOfMany: (count) => t('stopMany', { count }),
          isPossible: (row) => !hasEnded(row),
        }}
        itemsOf={(row, stop) => [
          { label: t('clone'), icon: Copy, isDisabled: !isSubmitted(row), onSelect: () => go(paths.submit(ref, { from: jobRef(row) })) },
          'separator',
          stop,
          {
            label: t('delete'),
            icon: Trash2,
            isDanger: true,
            isDisabled: !hasEnded(row) || !isSubmitted(row),
            onSelect: () => setDeleted(jobRef(row)),
          },
        ]}
        quickFilters={<StatusFilter />}
        empty={{ icon: Play, title: t('emptyTitle'), text: t('emptyText'), action: submit }}
      />
      <ConfirmDialog
        title={t('deleteTitle', { id: deleted ?? '' })}
        isOpen={deleted !== null}
        onClose={() => setDeleted(null)}
        onConfirm={() => panel.call('api.change', { cluster: id, route: 'deleteJob', params: { id: deleted ?? '' } })}
        confirmLabel={t('deleteLabel')}
      >
        {t('deleteText')}
      </ConfirmDialog>
    </>
  )
}
