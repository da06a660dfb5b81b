import { useClusterRead } from '../../api/cluster-reads.ts'
import { numberIn, rowsIn, textIn } from '../../api/rows.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Card } from '../../ui/card.tsx'
import { Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import type { ClusterPart } from './overview-page.tsx'
import { EventLine } from '../../entities/event-line.tsx'

/** What happened last to nodes, jobs, actors and groups. */
export function LatestEvents({ cluster, clusterRef }: ClusterPart) {
  const t = useText(messages)
  const kinds = 'node,job,actor,placement_group,alert'
  const events = useClusterRead(
    cluster,
    { route: 'listEvents', query: { kinds, limit: 12 } },
    { changesOf: ['node', 'job', 'actor', 'placement_group', 'alert'] },
  )
  const rows = rowsIn(events.data?.body ?? {}, 'events')
  return (
    <Card title={t('events')} actions={<PathLink to={paths.events(clusterRef)}>{t('allEvents')}</PathLink>}>
      {rows.length === 0 && events.isSuccess && <p className="text-faint">{t('noEvents')}</p>}
      <ul className="flex flex-col">
        {rows.map((row) => (
          <li key={textIn(row, 'seq')} className="flex min-h-8 items-center gap-3 border-t py-1 text-sm first:border-t-0">
            <span className="w-24 shrink-0 text-faint">
              <Time atMs={numberIn(row, 'atMs')} />
            </span>
            <span className="min-w-0 flex-1 truncate">
              <EventLine row={row} cluster={clusterRef} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
