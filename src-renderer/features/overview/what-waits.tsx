import { CircleAlert, TriangleAlert } from 'lucide-react'
import { useClusterRead } from '../../api/cluster-reads.ts'
import { amountsIn, flagIn, numberIn, rowsIn, textIn } from '../../api/rows.ts'
import { Amounts } from '../../entities/columns.tsx'
import { filterOfWork } from '../../entities/task-summary.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import type { ClusterPart } from './overview-page.tsx'

const words = { task: 'waitsTask', actor: 'waitsActor', placement_group: 'waitsGroup' } as const

/** Alerts, and all pending demand by what it asks for, each with its reason. */
export function WhatWaits({ cluster, clusterRef }: ClusterPart) {
  const t = useText(messages)
  const demand = useClusterRead(cluster, { route: 'getWhy' }, { changesOf: ['task', 'actor', 'placement_group', 'node'], everyMs: 1_500 })
  const alerts = useClusterRead(cluster, { route: 'listAlerts' }, { changesOf: ['alert'] })
  const alertRows = rowsIn(alerts.data?.body ?? {}, 'alerts').filter((row) => textIn(row, 'severity') !== 'INFO')
  const demands = rowsIn(demand.data?.body ?? {}, 'demands')
  const listOf = (kind: string) =>
    kind === 'actor'
      ? paths.list(clusterRef, 'actors', { filter: 'state:in:DEPENDENCIES_UNREADY,PENDING_CREATION,RESTARTING' })
      : kind === 'placement_group'
        ? paths.list(clusterRef, 'placement-groups', { filter: 'state:in:PENDING,RESCHEDULING' })
        : paths.list(clusterRef, 'tasks', { filter: filterOfWork.waiting })
  return (
    <Card title={t('waits')}>
      {demands.length === 0 && alertRows.length === 0 && !demand.isPending && (
        <p className="text-faint">{t(demand.isSuccess ? 'waitsNothing' : 'waitsUnknown')}</p>
      )}
      <ul className="flex flex-col">
        {alertRows.slice(0, 6).map((row) => (
          <li key={textIn(row, 'id')} className="flex items-start gap-2 border-t py-1.5 text-sm first:border-t-0">
            {textIn(row, 'severity') === 'ERROR' ? (
              <CircleAlert size={14} aria-label={t('alerts')} className="mt-px shrink-0 text-bad" />
            ) : (
              <TriangleAlert size={14} aria-label={t('alerts')} className="mt-px shrink-0 text-warn" />
            )}
            <span className="min-w-0 flex-1 break-words">{textIn(row, 'message')?.slice(0, 500)}</span>
            <span className="text-faint">
              <Time atMs={numberIn(row, 'sinceMs')} />
            </span>
          </li>
        ))}
        {demands.slice(0, 8).map((row) => {
          const kind = textIn(row, 'kind') ?? 'task'
          const word = kind in words ? words[kind as keyof typeof words] : 'waitsTask' // a key of it, by the check
          return (
            <li key={JSON.stringify([kind, row['asked'], row['why']])} className="border-t py-1.5 text-sm first:border-t-0">
              <div className="flex items-center gap-2">
                <PathLink to={listOf(kind)}>{t(word, { count: numberIn(row, 'count') ?? 0 })}</PathLink>
                <span className="text-soft">
                  <Amounts amounts={amountsIn(row, 'asked')} />
                </span>
                {flagIn(row, 'infeasible') && <Badge tone="bad">{t('never')}</Badge>}
              </div>
              <p className="break-words text-soft">{textIn(row, 'why')?.slice(0, 500)}</p>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}
