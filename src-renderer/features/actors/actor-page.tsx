import { SearchX, Skull } from 'lucide-react'
import { useMemo } from 'react'
import { useListing } from '../../api/entity-pages.ts'
import { amountsIn, recordIn, type Row, textIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { ControlButton } from '../../entities/control-button.tsx'
import { useControl } from '../../entities/control-dialog.tsx'
import { GroupLink, JobLink, NodeLink, WorkerLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { WhyPanel } from '../../entities/why-panel.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { usePathPart } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { CopyId } from '../../ui/copy-id.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { deathText, isDead, isDetached, isPending } from './actor-columns.tsx'
import { messages } from './messages.ts'

export function ActorPage() {
  const t = useText(messages)
  const { ref, id } = useClusterOfPath()
  const actorId = usePathPart('id')
  const control = useControl(id)
  const query = useMemo(() => ({ filters: [`actor_id:eq:${actorId}`], isDetailed: true }), [actorId])
  const { rows, isLoading, error, retry } = useListing(id, 'actors', query)
  const [row] = rows
  const name = (row && (textIn(row, 'name') ?? textIn(row, 'class_name'))) ?? actorId
  return (
    <Page
      title={
        <span className="inline-flex items-center gap-3">
          {name.slice(0, 300)} {row && <StateBadge kind="actor" state={textIn(row, 'state')} />}
        </span>
      }
      subtitle={<CopyId id={actorId} isWhole />}
      breadcrumbs={[
        <PathLink key="actors" to={paths.list(ref, 'actors')}>
          {t('title')}
        </PathLink>,
      ]}
      actions={
        row && (
          <>
            <PathLink to={paths.logs(ref, { actor: actorId })} className={buttonClass()}>
              {t('log')}
            </PathLink>
            <PathLink to={paths.list(ref, 'tasks', { filter: `actor_id:eq:${actorId}` })} className={buttonClass()}>
              {t('tasks')}
            </PathLink>
            <ControlButton control={control} action="killActor" target={{ id: actorId, name }} icon={Skull} isOver={isDead(row)}>
              {t('kill')}
            </ControlButton>
          </>
        )
      }
    >
      {isLoading && <SkeletonRows />}
      {Boolean(error) && <ErrorNote error={error} onRetry={retry} />}
      {!isLoading && !error && row === undefined && <EmptyState icon={SearchX} title={t('notFound', { id: actorId })} />}
      {row && <ActorFacts row={row} cluster={id} clusterRef={ref} actorId={actorId} />}
      {control.dialog}
    </Page>
  )
}

type ActorFactsProps = { readonly row: Row; readonly cluster: string; readonly clusterRef: string; readonly actorId: string }

function ActorFacts({ row, cluster, clusterRef, actorId }: ActorFactsProps) {
  const t = useText(messages)
  const cause = deathText(row)
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
            { label: t('pid'), value: textIn(row, 'pid') ?? '–' },
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
