import { useClusterRead } from '../../api/cluster-reads.ts'
import { isRow, numberIn, recordIn, type Row } from '../../api/rows.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Card } from '../../ui/card.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Meter } from '../../ui/meter.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { messages } from './messages.ts'

const mib = 1_048_576
const shown = 200

type Site = { readonly place: string; readonly row: Row; readonly bytes: number }

/** Where the objects that are held now were made, the heaviest places first. */
export function CallSites({ cluster, clusterRef }: { readonly cluster: string; readonly clusterRef: string }) {
  const t = useText(messages)
  const summary = useClusterRead(cluster, { route: 'summarizeObjects' }, { changesOf: ['object_store'], everyMs: 2_000, pollMs: 5_000 })
  if (summary.isPending) return <SkeletonRows rows={5} />
  if (summary.isError) return <ErrorNote error={summary.error} onRetry={() => void summary.refetch()} />
  const body = ['data', 'result', 'result', 'node_id_to_summary', 'cluster'].reduce((row, name) => recordIn(row, name), summary.data.body)
  const sites = Object.entries(recordIn(body, 'summary'))
    .flatMap(([place, row]): Site[] => (isRow(row) ? [{ place, row, bytes: (numberIn(row, 'total_size_mb') ?? 0) * mib }] : []))
    .toSorted((one, other) => other.bytes - one.bytes)
  const total = sites.reduce((sum, { bytes }) => sum + bytes, 0)
  return (
    <Card title={t('pinned')}>
      {sites.length === 0 && <p className="text-faint">{t('emptyText')}</p>}
      {sites.length > 0 && (
        <div className="overflow-x-auto">
          <table className="w-full text-sm">
            <thead className="text-left text-faint">
              <tr>
                <th className="py-1 pr-4 font-medium">{t('callSite')}</th>
                <th className="py-1 pr-4 text-right font-medium">{t('size')}</th>
                <th className="w-32 py-1 pr-4 font-medium">{t('share')}</th>
                <th className="py-1 pr-4 text-right font-medium">{t('objects')}</th>
                <th className="py-1 pr-4 text-right font-medium">{t('workers')}</th>
                <th className="py-1 font-medium">{t('states')}</th>
              </tr>
            </thead>
            <tbody className="tabular-nums">
              {sites.slice(0, shown).map((site) => (
                <SiteRow key={site.place} site={site} total={total} clusterRef={clusterRef} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}

function SiteRow({
  site: { place, row, bytes },
  total,
  clusterRef,
}: {
  readonly site: Site
  readonly total: number
  readonly clusterRef: string
}) {
  const t = useText(messages)
  const format = useFormat()
  const kinds = Object.entries(recordIn(row, 'ref_type_counts')).map(([kind, count]) => `${kind} ${String(count)}`)
  return (
    <tr className="border-t align-top">
      <td className="max-w-96 py-1 pr-4">
        <PathLink to={paths.list(clusterRef, 'objects', { tab: 'list', filter: `call_site:eq:${place}` })}>
          <span className="break-words">
            {place === 'disabled' ? t('notRecorded') : place === '<unknown>' ? t('notKnown') : place.slice(0, 500)}
          </span>
        </PathLink>
      </td>
      <td className="py-1 pr-4 text-right">{format.bytes(bytes)}</td>
      <td className="py-1 pr-4">
        <Meter value={total > 0 ? bytes / total : 0} tone="info" label={t('share')} className="mt-1.5" />
      </td>
      <td className="py-1 pr-4 text-right">{format.number(numberIn(row, 'total_objects') ?? 0)}</td>
      <td className="py-1 pr-4 text-right">{format.number(numberIn(row, 'total_num_workers') ?? 0)}</td>
      <td className="py-1 text-soft">{kinds.join(', ')}</td>
    </tr>
  )
}
