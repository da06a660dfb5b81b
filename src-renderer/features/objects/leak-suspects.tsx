import { useMemo, useState } from 'react'
import { useClusterRead } from '../../api/cluster-reads.ts'
import { rowsIn } from '../../api/rows.ts'
import { WorkerLink } from '../../entities/links.tsx'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Card } from '../../ui/card.tsx'
import { findSuspects, gatherHoldings, type Holding } from './find-suspects.ts'
import { messages } from './messages.ts'

const looked = 2_000

/** Who holds a lot for long, or more and more. */
export function LeakSuspects({ cluster, clusterRef }: { readonly cluster: string; readonly clusterRef: string }) {
  const t = useText(messages)
  const format = useFormat()
  const { data, dataUpdatedAt } = useClusterRead(
    cluster,
    { route: 'pageObjects', query: { limit: looked, sort: '-object_size', detail: true } },
    { pollMs: 10_000 },
  )
  const rows = useMemo(() => (data === undefined ? [] : rowsIn(data.body, 'rows')), [data])
  const now = useMemo(() => gatherHoldings(rows), [rows])
  const [first, setFirst] = useState<{ holdings: ReadonlyMap<string, Holding>; atMs: number } | null>(null)
  if (first === null && data !== undefined) setFirst({ holdings: now, atMs: dataUpdatedAt })
  const suspects = useMemo(
    () => (first === null ? [] : findSuspects(now, first.holdings, dataUpdatedAt - first.atMs)),
    [now, first, dataUpdatedAt],
  )
  return (
    <Card title={t('suspects')}>
      <p className="mb-2 text-soft">{t('suspectsText')}</p>
      {suspects.length === 0 && <p className="text-faint">{t('noSuspects')}</p>}
      <ul>
        {suspects.map((suspect) => (
          <li key={`${suspect.worker} ${suspect.place}`} className="flex flex-wrap items-center gap-3 border-t py-1.5 text-sm">
            <WorkerLink cluster={clusterRef} id={suspect.worker} />
            <PathLink
              to={paths.list(clusterRef, 'objects', {
                tab: 'list',
                filter: [`worker_id:eq:${suspect.worker}`, `call_site:eq:${suspect.place}`],
              })}
            >
              {suspect.place === 'disabled' ? t('notRecorded') : suspect.place.slice(0, 200)}
            </PathLink>
            <span className="tabular-nums">{format.bytes(suspect.bytes)}</span>
            <span className="text-soft">
              {suspect.grownBytes > 0
                ? t('suspectGrown', { size: format.bytes(suspect.grownBytes), time: format.duration(suspect.watchedMs) })
                : t('suspectOld', { time: format.duration(suspect.oldestMs) })}
            </span>
          </li>
        ))}
      </ul>
      {rows.length >= looked && <p className="mt-2 text-sm text-faint">{t('loaded', { count: rows.length })}</p>}
    </Card>
  )
}
