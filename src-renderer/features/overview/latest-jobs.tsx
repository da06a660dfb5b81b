import { useClusterRead } from '../../api/cluster-reads.ts'
import { rowsIn, textIn, timeIn } from '../../api/rows.ts'
import { JobLink } from '../../entities/links.tsx'
import { StateBadge } from '../../entities/state-badge.tsx'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Card } from '../../ui/card.tsx'
import { Duration, Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import type { ClusterPart } from './overview-page.tsx'

/** The jobs that began last. */
export function LatestJobs({ cluster, clusterRef }: ClusterPart) {
  const t = useText(messages)
  const jobs = useClusterRead(cluster, { route: 'listShoalJobs', query: { limit: 8 } }, { changesOf: ['job'] })
  const rows = rowsIn(jobs.data?.body ?? {}, 'rows')
  return (
    <Card title={t('recentJobs')} actions={<PathLink to={paths.list(clusterRef, 'jobs')}>{t('allJobs')}</PathLink>}>
      {rows.length === 0 && jobs.isSuccess && <p className="text-faint">{t('noJobs')}</p>}
      <ul className="flex flex-col">
        {rows.map((row) => {
          const id = textIn(row, 'id') ?? ''
          return (
            <li key={id} className="grid grid-cols-[104px_1fr_auto_104px] items-center gap-3 border-t py-1 text-sm first:border-t-0">
              <span>
                <StateBadge kind="job" state={textIn(row, 'status')} />
              </span>
              <span className="truncate">
                <JobLink cluster={clusterRef} id={id} name={textIn(row, 'entrypoint')} />
              </span>
              <span className="text-faint">
                <Time atMs={timeIn(row, 'start_time')} />
              </span>
              <span className="text-right">
                <Duration fromMs={timeIn(row, 'start_time')} toMs={timeIn(row, 'end_time')} />
              </span>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}
