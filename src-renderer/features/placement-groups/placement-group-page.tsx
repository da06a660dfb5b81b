import { SearchX, Trash2 } from 'lucide-react'
import { useMemo } from 'react'
import { useListing } from '../../api/entity-pages.ts'
import { amountsIn, flagIn, recordIn, type Row, rowsIn, textIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { ControlButton } from '../../entities/control-button.tsx'
import { useControl } from '../../entities/control-dialog.tsx'
import { JobLink, NodeLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { WhyPanel } from '../../entities/why-panel.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { usePathPart } from '../../navigation/use-navigation.ts'
import { Card } from '../../ui/card.tsx'
import { CopyId } from '../../ui/copy-id.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { isRemoved, strategyOf } from './group-columns.tsx'
import { messages } from './messages.ts'

export function PlacementGroupPage() {
  const t = useText(messages)
  const { ref, id } = useClusterOfPath()
  const groupId = usePathPart('id')
  const control = useControl(id)
  const query = useMemo(() => ({ filters: [`placement_group_id:eq:${groupId}`], isDetailed: true }), [groupId])
  const { rows, isLoading, error, retry } = useListing(id, 'placement-groups', query)
  const [row] = rows
  const name = (row && textIn(row, 'name')) ?? groupId
  const state = row && textIn(row, 'state')
  return (
    <Page
      title={
        <span className="inline-flex items-center gap-3">
          {name.slice(0, 300)} {row && <StateBadge kind="placement-group" state={state} />}
        </span>
      }
      subtitle={<CopyId id={groupId} isWhole />}
      breadcrumbs={[
        <PathLink key="groups" to={paths.list(ref, 'placement-groups')}>
          {t('title')}
        </PathLink>,
      ]}
      actions={
        row && (
          <ControlButton control={control} action="removeGroup" target={{ id: groupId, name }} icon={Trash2} isOver={isRemoved(row)}>
            {t('remove')}
          </ControlButton>
        )
      }
    >
      {isLoading && <SkeletonRows />}
      {Boolean(error) && <ErrorNote error={error} onRetry={retry} />}
      {!isLoading && !error && row === undefined && <EmptyState icon={SearchX} title={t('notFound', { id: groupId })} />}
      {row && (
        <div className="flex flex-col gap-4">
          {(state === 'PENDING' || state === 'RESCHEDULING') && (
            <Card title={t('whyTitle')}>
              <WhyPanel cluster={id} clusterRef={ref} kind="group" id={groupId} />
            </Card>
          )}
          <GroupFacts row={row} cluster={ref} groupId={groupId} />
        </div>
      )}
      {control.dialog}
    </Page>
  )
}

function GroupFacts({ row, cluster, groupId }: { readonly row: Row; readonly cluster: string; readonly groupId: string }) {
  const t = useText(messages)
  const filter = `placement_group_id:eq:${groupId}`
  return (
    <>
      <Card title={t('bundles')}>
        <table className="w-full text-sm">
          <thead className="text-left text-faint">
            <tr>
              <th className="py-1 pr-4 font-medium">{t('bundle')}</th>
              <th className="py-1 pr-4 font-medium">{t('resources')}</th>
              <th className="py-1 font-medium">{t('node')}</th>
            </tr>
          </thead>
          <tbody>
            {rowsIn(row, 'bundles').map((bundle, index) => (
              <tr key={index} className="border-t">
                <td className="py-1 pr-4 tabular-nums">
                  {textIn(bundle, 'bundle_index') ?? textIn(recordIn(bundle, 'bundle_id'), 'bundle_index') ?? index}
                </td>
                <td className="py-1 pr-4">
                  <Amounts amounts={amountsIn(bundle, 'unit_resources')} />
                </td>
                <td className="py-1">
                  <NodeLink cluster={cluster} id={textIn(bundle, 'node_id')} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Card>
      <Card title={t('facts')}>
        <Facts
          items={[
            { label: t('strategy'), value: strategyOf(row) || '–' },
            {
              label: t('job'),
              value: <JobLink cluster={cluster} id={textIn(row, 'creator_job_id')} name={textIn(row, 'creator_job_id')} />,
            },
            { label: t('detached'), value: flagIn(row, 'is_detached') ? t('yes') : t('no') },
            {
              label: t('inside'),
              value: (
                <span className="flex gap-3">
                  <PathLink to={paths.list(cluster, 'tasks', { filter })}>{t('tasks')}</PathLink>
                  <PathLink to={paths.list(cluster, 'actors', { filter })}>{t('actors')}</PathLink>
                </span>
              ),
            },
          ]}
        />
      </Card>
    </>
  )
}
