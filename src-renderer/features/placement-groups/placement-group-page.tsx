import { amountsIn, flagIn, recordIn, type Row, rowsIn, textIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { EntityPage } from '../../entities/entity-page.tsx'
import { JobLink, NodeLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { WhyPanel } from '../../entities/why-panel.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Card } from '../../ui/card.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { isRemoved, strategyOf } from './group-columns.tsx'
import { messages } from './messages.ts'
import { Trash2 } from 'lucide-react'

export function PlacementGroupPage() {
  const t = useText(messages)
  return (
    <EntityPage
      thing="placement-groups"
      idColumn="placement_group_id"
      listTitle={t('title')}
      notFound={(id) => t('notFound', { id })}
      nameOf={(row) => textIn(row, 'name')}
      badgeOf={(row) => <StateBadge kind="placement-group" state={textIn(row, 'state')} />}
      control={{ action: 'removeGroup', icon: Trash2, label: t('remove'), isPossible: (row) => !isRemoved(row) }}
    >
      {({ id, row, cluster }) => (
        <>
          {waits(row) && (
            <Card title={t('whyTitle')}>
              <WhyPanel cluster={cluster.id} clusterRef={cluster.ref} kind="group" id={id} />
            </Card>
          )}
          <GroupFacts row={row} cluster={cluster.ref} groupId={id} />
        </>
      )}
    </EntityPage>
  )
}

const waits = (row: Row) => ['PENDING', 'RESCHEDULING'].includes(textIn(row, 'state') ?? '')

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
