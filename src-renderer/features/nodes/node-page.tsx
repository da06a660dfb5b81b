import { amountsIn, type Row, textIn, timeIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { EntityPage } from '../../entities/entity-page.tsx'
import { useNodeFigures } from '../../entities/node-figures.ts'
import { StateBadge } from '../../entities/state-badge.tsx'
import { TerminalButton } from '../../entities/terminal-ways.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import { labelsOf, stateOf } from './node-columns.tsx'
import { NodeGpus } from './node-gpus.tsx'
import { NodeLines } from './node-lines.tsx'
import { NodeProcesses } from './node-processes.tsx'
import { Unplug } from 'lucide-react'

export function NodePage() {
  const t = useText(messages)
  return (
    <EntityPage
      thing="nodes"
      idColumn="node_id"
      listTitle={t('title')}
      notFound={(id) => t('notFound', { id })}
      nameOf={(row) => textIn(row, 'node_name')}
      badgeOf={(row) => <StateBadge kind="node" state={stateOf(row)} />}
      linksOf={({ id, cluster: { ref } }) => (
        <>
          <PathLink to={paths.logs(ref, { node: id })} className={buttonClass()}>
            {t('logs')}
          </PathLink>
          <TerminalButton clusterRef={ref} nodeId={id} />
        </>
      )}
      control={{ action: 'drainNode', icon: Unplug, label: t('drain'), isPossible: (row) => stateOf(row) === 'ALIVE' }}
    >
      {({ id, row, cluster }) => <NodeParts row={row} cluster={cluster.id} clusterRef={cluster.ref} nodeId={id} />}
    </EntityPage>
  )
}

type NodePartsProps = { readonly row: Row; readonly cluster: string; readonly clusterRef: string; readonly nodeId: string }

function NodeParts({ row, cluster, clusterRef, nodeId }: NodePartsProps) {
  const t = useText(messages)
  const figures = useNodeFigures(cluster, nodeId).get(nodeId)
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
