import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { classNames } from '../../ui/class-names.ts'
import { Meter } from '../../ui/meter.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { useNow } from '../../ui/use-now.ts'
import { type ClusterFigures, useClusterFigures } from './cluster-figures.ts'
import { messages } from './messages.ts'
import type { NodeSums } from './node-sums.ts'

/** What a cluster has and does; of one that is not connected, what it had and did. */
export function CardFigures({ cluster, isDown }: { readonly cluster: Cluster; readonly isDown: boolean }) {
  const t = useText(messages)
  const figures = useClusterFigures(cluster)
  if (figures.isPending) return <Skeleton className={isDown ? 'h-12' : 'h-24'} />
  const { nodes, jobs, recordedAtMs } = figures
  return (
    <div className="flex flex-col gap-2">
      {isDown && <p className="text-soft">{t('downText')}</p>}
      {recordedAtMs !== null && <RecordedNote atMs={recordedAtMs} />}
      {nodes === null && jobs === null ? (
        <p className="text-soft">{t('notRecorded')}</p>
      ) : (
        <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-1">
          {!isDown && nodes !== null && <NodeLines nodes={nodes} cluster={cluster.name} />}
          <JobLines figures={figures} cluster={cluster.name} isDown={isDown} />
          {!isDown && cluster.lease.holder !== null && <LeaseLine lease={cluster.lease} />}
        </dl>
      )}
    </div>
  )
}

function RecordedNote({ atMs }: { readonly atMs: number }) {
  const t = useText(messages)
  const format = useFormat()
  const nowMs = useNow()
  return (
    <p className="text-sm text-faint" title={format.time(atMs)}>
      {t('recorded', { when: format.relative(Math.min(atMs, nowMs), nowMs) })}
    </p>
  )
}

function Line({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-sm text-faint">{label}</dt>
      <dd className="min-w-0 tabular-nums">{children}</dd>
    </>
  )
}

function NodeLines({ nodes, cluster }: { readonly nodes: NodeSums; readonly cluster: string }) {
  const t = useText(messages)
  const format = useFormat()
  const { alive, total, cpu, memory, gpu } = nodes
  return (
    <>
      <Line label={t('nodes')}>
        <PathLink
          to={paths.list(cluster, 'nodes')}
          className={classNames('underline-offset-2 hover:underline', alive < total ? 'text-warn' : 'text-ink')}
        >
          {t('nodesAlive', { alive, total })}
        </PathLink>
      </Line>
      {cpu !== null && (
        <ShareLine
          label={t('cpu')}
          mayBeFull
          part={cpu.used / cpu.total}
          words={t('ofCores', { part: format.percent(cpu.used / cpu.total), count: cpu.total })}
        />
      )}
      {memory !== null && (
        <ShareLine
          label={t('memory')}
          part={memory.used / memory.total}
          words={t('ofBytes', { used: format.bytes(memory.used), total: format.bytes(memory.total) })}
        />
      )}
      {gpu !== null && (
        <ShareLine
          label={t('gpu')}
          mayBeFull
          part={gpu.used / gpu.total}
          words={t('ofGpus', { part: format.percent(gpu.used / gpu.total), count: gpu.total })}
        />
      )}
    </>
  )
}

type ShareLineProps = { readonly label: string; readonly part: number; readonly words: string; readonly mayBeFull?: boolean }

function ShareLine({ label, part, words, mayBeFull = false }: ShareLineProps) {
  return (
    <Line label={label}>
      <span className="flex items-center gap-3">
        <Meter value={part} label={`${label}: ${words}`} {...(mayBeFull && { tone: 'info' as const })} className="w-24 shrink-0" />
        <span className="truncate">{words}</span>
      </span>
    </Line>
  )
}

type JobLinesProps = { readonly figures: ClusterFigures; readonly cluster: string; readonly isDown: boolean }

function JobLines({ figures: { jobs, alerts }, cluster, isDown }: JobLinesProps) {
  const t = useText(messages)
  return (
    <>
      {jobs !== null && (
        <Line label={t('jobs')}>
          <PathLink to={paths.list(cluster, 'jobs')} className="text-ink underline-offset-2 hover:underline">
            {isDown ? t('jobsRecorded', { count: jobs.total }) : t('jobsNow', jobs)}
          </PathLink>
        </Line>
      )}
      {alerts !== null && (
        <Line label={t('alerts')}>
          {alerts.length === 0 ? (
            <span className="text-soft">{t('noAlerts')}</span>
          ) : (
            <PathLink to={paths.cluster(cluster)} className="inline-flex items-center gap-1 text-warn underline-offset-2 hover:underline">
              <TriangleAlert size={14} aria-hidden />
              <span title={alerts.map(({ message }) => message).join('\n')}>{t('alertCount', { count: alerts.length })}</span>
            </PathLink>
          )}
        </Line>
      )}
    </>
  )
}

function LeaseLine({ lease: { holder, isOurs } }: Pick<Cluster, 'lease'>) {
  const t = useText(messages)
  return <Line label={t('lease')}>{isOurs ? t('leaseOurs') : holder}</Line>
}
