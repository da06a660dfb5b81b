import { SearchX, Terminal, Unplug } from 'lucide-react'
import { useMemo } from 'react'
import { useListing } from '../../api/entity-pages.ts'
import { amountsIn, type Row, textIn, timeIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { ControlButton } from '../../entities/control-button.tsx'
import { useControl } from '../../entities/control-dialog.tsx'
import { useNodeFigures } from '../../entities/node-figures.ts'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { usePathPart } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CopyId } from '../../ui/copy-id.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import { labelsOf, stateOf } from './node-columns.tsx'
import { NodeGpus } from './node-gpus.tsx'
import { NodeLines } from './node-lines.tsx'
import { NodeProcesses } from './node-processes.tsx'

export function NodePage() {
  const t = useText(messages)
  const { ref, id } = useClusterOfPath()
  const nodeId = usePathPart('id')
  const control = useControl(id)
  const query = useMemo(() => ({ filters: [`node_id:eq:${nodeId}`], isDetailed: true }), [nodeId])
  const { rows, isLoading, error, retry } = useListing(id, 'nodes', query)
  const [row] = rows
  const name = (row && textIn(row, 'node_name')) ?? nodeId
  return (
    <Page
      title={
        <span className="inline-flex items-center gap-3">
          {name} {row && <StateBadge kind="node" state={stateOf(row)} />}
        </span>
      }
      subtitle={<CopyId id={nodeId} isWhole />}
      breadcrumbs={[
        <PathLink key="nodes" to={paths.list(ref, 'nodes')}>
          {t('title')}
        </PathLink>,
      ]}
      actions={
        row && (
          <>
            <PathLink to={paths.logs(ref, { node: nodeId })} className={buttonClass()}>
              {t('logs')}
            </PathLink>
            <PathLink to={paths.terminals({ cluster: ref, node: nodeId })} className={buttonClass()}>
              <Terminal size={14} aria-hidden />
              {t('terminal')}
            </PathLink>
            <ControlButton
              control={control}
              action="drainNode"
              target={{ id: nodeId, name }}
              icon={Unplug}
              isOver={stateOf(row) !== 'ALIVE'}
            >
              {t('drain')}
            </ControlButton>
          </>
        )
      }
    >
      {isLoading && <SkeletonRows />}
      {Boolean(error) && <ErrorNote error={error} onRetry={retry} />}
      {!isLoading && !error && row === undefined && <EmptyState icon={SearchX} title={t('notFound', { id: nodeId })} />}
      {row && <NodeParts row={row} cluster={id} clusterRef={ref} nodeId={nodeId} />}
      {control.dialog}
    </Page>
  )
}

type NodePartsProps = { readonly row: Row; readonly cluster: string; readonly clusterRef: string; readonly nodeId: string }

function NodeParts({ row, cluster, clusterRef, nodeId }: NodePartsProps) {
  const t = useText(messages)
  const figures = useNodeFigures(cluster).get(nodeId)
  const filter = `node_id:eq:${nodeId}`
  const message = textIn(row, 'state_message')
  return (
    <div className="flex flex-col gap-4">
      {message !== null && <p className="rounded-md border border-warn-line bg-warn-soft px-3 py-2">{message}</p>}
      <NodeLines cluster={cluster} nodeId={nodeId} />
      {figures !== undefined && figures.gpus.length > 0 && <NodeGpus gpus={figures.gpus} />}
      <Card title={t('facts')}>
        <Facts
          items={[
            { label: t('address'), value: textIn(row, 'node_ip') },
            { label: t('resources'), value: <Amounts amounts={amountsIn(row, 'resources_total')} /> },
            { label: t('started'), value: <Time atMs={timeIn(row, 'start_time_ms')} /> },
            { label: t('ended'), value: <Time atMs={timeIn(row, 'end_time_ms')} /> },
            {
              label: t('labels'),
              value:
                labelsOf(row)
                  .map(([key, value]) => `${key}=${value}`)
                  .join(', ') || '–',
            },
            {
              label: t('runs'),
              value: (
                <span className="flex gap-3">
                  <PathLink to={paths.list(clusterRef, 'tasks', { filter })}>{t('tasks')}</PathLink>
                  <PathLink to={paths.list(clusterRef, 'actors', { filter })}>{t('actors')}</PathLink>
                  <PathLink to={paths.list(clusterRef, 'workers', { filter })}>{t('workers')}</PathLink>
                </span>
              ),
            },
          ]}
        />
      </Card>
      {figures === undefined ? (
        <p className="text-faint">{t('figuresGone')}</p>
      ) : (
        <NodeProcesses processes={figures.processes} cluster={clusterRef} />
      )}
    </div>
  )
}
