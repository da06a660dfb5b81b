import { useCallback, useMemo } from 'react'
import { useListing } from '../../api/entity-pages.ts'
import { textIn } from '../../api/rows.ts'
import { gapOf, isSpan, spanNames, spans, useLines, useMetricHistory } from '../../entities/metric-history.ts'
import { useText } from '../../i18n/messages.ts'
import { firstOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Card } from '../../ui/card.tsx'
import { LineChart } from '../../ui/charts/line-chart.tsx'
import { Segmented } from '../../ui/field.tsx'
import { messages } from './messages.ts'

const names = ['store_used_bytes', 'store_spilled_bytes', 'store_objects', 'store_capacity_bytes', 'network_sent_bytes_per_s'] as const
const allNodes = { filters: [] } as const

/** How full each node's store was, what of it went to disk, and what nodes sent each other. */
export function StoreLevels({ cluster }: { readonly cluster: string }) {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const asked = firstOf(query['span'])
  const span = isSpan(asked) ? asked : '1h'
  const { history, fromMs, toMs } = useMetricHistory(cluster, { names, spanMs: spans[span] })
  const { rows } = useListing(cluster, 'nodes', allNodes)
  const nodeNames = useMemo(() => new Map(rows.map((row) => [textIn(row, 'node_id') ?? '', textIn(row, 'node_name') ?? ''])), [rows])
  const labelOf = useCallback((nodeId: string) => nodeNames.get(nodeId) ?? nodeId.slice(0, 8), [nodeNames])
  const used = useLines(history, 'store_used_bytes', labelOf)
  const spilled = useLines(history, 'store_spilled_bytes', labelOf)
  const counts = useLines(history, 'store_objects', labelOf)
  const sent = useLines(history, 'network_sent_bytes_per_s', labelOf)
  const shared = { fromMs, toMs, stepMs: gapOf(history), syncKey: 'store', isLive: true, height: 180 } as const
  return (
    <Card
      actions={
        <Segmented
          label={t('span')}
          value={span}
          onChange={(next) => change({ span: next })}
          options={spanNames.map((value) => ({ value, label: t(value) }))}
        />
      }
    >
      <div className="grid gap-4 lg:grid-cols-2">
        <LineChart title={t('used')} unit="bytes" series={used} {...shared} />
        <LineChart title={t('spilled')} unit="bytes" series={spilled} {...shared} />
        <LineChart title={t('objects')} unit="count" series={counts} {...shared} />
        <LineChart title={t('transfers')} unit="bytes/s" series={sent} {...shared} />
      </div>
    </Card>
  )
}
