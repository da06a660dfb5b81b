import { amountsIn, recordIn, type Row, textIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { EntityPage } from '../../entities/entity-page.tsx'
import { GroupLink, JobLink, NodeLink, WorkerLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { WhyPanel } from '../../entities/why-panel.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { isDead, isDetached, isPending, pidOf } from './actor-columns.tsx'
import { wholeDeathText } from './death-text.ts'
import { messages } from './messages.ts'
import { Skull } from 'lucide-react'

export function ActorPage() {
  const t = useText(messages)
  return (
    <EntityPage
      thing="actors"
      idColumn="actor_id"
      listTitle={t('title')}
      notFound={(id) => t('notFound', { id })}
      nameOf={(row) => textIn(row, 'name') ?? textIn(row, 'class_name')}
      badgeOf={(row) => <StateBadge kind="actor" state={textIn(row, 'state')} />}
      linksOf={({ id, cluster: { ref } }) => (
        <>
          <PathLink to={paths.logs(ref, { actor: id })} className={buttonClass()}>
            {t('log')}
          </PathLink>
          <PathLink to={paths.list(ref, 'tasks', { filter: `actor_id:eq:${id}` })} className={buttonClass()}>
            {t('tasks')}
          </PathLink>
        </>
      )}
      control={{ action: 'killActor', icon: Skull, label: t('kill'), isPossible: (row) => !isDead(row) }}
    >
      {({ id, row, cluster }) => <ActorFacts row={row} cluster={cluster.id} clusterRef={cluster.ref} actorId={id} />}
    </EntityPage>
  )
}

type ActorFactsProps = { readonly row: Row; readonly cluster: string; readonly clusterRef: string; readonly actorId: string }

function ActorFacts({ row, cluster, clusterRef, actorId }: ActorFactsProps) {
  const t = useText(messages)
  const cause = wholeDeathText(row)
  const labels = Object.entries(recordIn(row, 'label_selector'))
  return (
    <div className="flex flex-col gap-4">
      {isPending(row) && (
        <Card title={t('whyTitle')}>
          <WhyPanel cluster={cluster} clusterRef={clusterRef} kind="actor" id={actorId} />
        </Card>
      )}
      {cause !== '' && (
        <Card title={t('cause')}>
          <CodeBlock text={cause} label={t('cause')} isWrapped />
        </Card>
      )}
      <Card title={t('facts')}>
        <Facts
          items={[
            { label: t('class'), value: textIn(row, 'class_name') },
            { label: t('name'), value: textIn(row, 'name') ?? '–' },
            { label: t('namespace'), value: textIn(row, 'ray_namespace') ?? '–' },
            { label: t('job'), value: <JobLink cluster={clusterRef} id={textIn(row, 'job_id')} name={textIn(row, 'job_id')} /> },
            { label: t('node'), value: <NodeLink cluster={clusterRef} id={textIn(row, 'node_id')} /> },
            { label: t('worker'), value: <WorkerLink cluster={clusterRef} id={textIn(row, 'worker_id')} /> },
            { label: t('pid'), value: pidOf(row) },
            { label: t('restarts'), value: textIn(row, 'num_restarts') ?? '0' },
            { label: t('resources'), value: <Amounts amounts={amountsIn(row, 'required_resources')} /> },
            { label: t('group'), value: <GroupLink cluster={clusterRef} id={textIn(row, 'placement_group_id')} /> },
            { label: t('detached'), value: isDetached(row) ? t('yes') : t('no') },
            { label: t('callSite'), value: textIn(row, 'call_site') ?? '–' },
            ...(labels.length === 0
              ? []
              : [{ label: t('labels'), value: labels.map(([key, value]) => `${key}=${String(value)}`).join(', ') }]),
          ]}
        />
      </Card>
    </div>
  )
}
