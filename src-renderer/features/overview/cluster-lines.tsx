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

const names = [
  'cpu_percent',
  'memory_used_bytes',
  'gpu_utilization_percent',
  'network_received_bytes_per_s',
  'network_sent_bytes_per_s',
  'store_used_bytes',
] as const
const allNodes = { filters: [] } as const

/** What was measured on the nodes in the last while; the cursors of all charts go together. */
export function ClusterLines({ cluster }: { readonly cluster: string }) {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const asked = firstOf(query['span'])
  const span = isSpan(asked) ? asked : '15m'
  const { history, fromMs, toMs } = useMetricHistory(cluster, { names, spanMs: spans[span] })
  const { rows } = useListing(cluster, 'nodes', allNodes)
  const nodeNames = useMemo(() => new Map(rows.map((row) => [textIn(row, 'node_id') ?? '', textIn(row, 'node_name') ?? ''])), [rows])
  const labelOf = useCallback((nodeId: string) => nodeNames.get(nodeId) ?? nodeId.slice(0, 8), [nodeNames])
  const cpu = useLines(history, 'cpu_percent', labelOf)
  const memory = useLines(history, 'memory_used_bytes', labelOf)
  const gpu = useLines(history, 'gpu_utilization_percent', labelOf)
  const received = useLines(history, 'network_received_bytes_per_s', labelOf)
  const store = useLines(history, 'store_used_bytes', labelOf)
  const shared = { fromMs, toMs, stepMs: gapOf(history), syncKey: 'overview', isLive: true } as const
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
      <div className="grid gap-4 lg:grid-cols-2 2xl:grid-cols-3">
        <LineChart title={t('cpu')} unit="percent" series={cpu} {...shared} />
        <LineChart title={t('memory')} unit="bytes" series={memory} {...shared} />
        {gpu.length > 0 && <LineChart title={t('gpu')} unit="percent" series={gpu} {...shared} />}
        <LineChart title={`${t('network')} (${t('received')})`} unit="bytes/s" series={received} {...shared} />
        <LineChart title={t('objectStore')} unit="bytes" series={store} {...shared} />
      </div>
    </Card>
  )
}
