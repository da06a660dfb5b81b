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
  'load_1m',
  'memory_used_bytes',
  'disk_used_bytes',
  'network_received_bytes_per_s',
  'network_sent_bytes_per_s',
  'store_used_bytes',
  'gpu_utilization_percent',
  'gpu_memory_used_bytes',
] as const
const noName = () => ''

/** What one node measured in the last while. */
export function NodeLines({ cluster, nodeId }: { readonly cluster: string; readonly nodeId: string }) {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const asked = firstOf(query['span'])
  const span = isSpan(asked) ? asked : '15m'
  const { history, fromMs, toMs } = useMetricHistory(cluster, { names, nodes: [nodeId], spanMs: spans[span] })
  const named = (figure: string, label: string) => ({ figure, label })
  const cpu = useNamed(history, named('cpu_percent', t('cpu')))
  const memory = useNamed(history, named('memory_used_bytes', t('memory')))
  const received = useNamed(history, named('network_received_bytes_per_s', t('received')))
  const sent = useNamed(history, named('network_sent_bytes_per_s', t('sent')))
  const store = useNamed(history, named('store_used_bytes', t('objectStore')))
  const load = useNamed(history, named('load_1m', t('load')))
  const gpu = useLines(history, 'gpu_utilization_percent', noName)
  const gpuMemory = useLines(history, 'gpu_memory_used_bytes', noName)
  const shared = { fromMs, toMs, stepMs: gapOf(history), syncKey: 'node', isLive: true } as const
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
        <LineChart title={t('network')} unit="bytes/s" series={[...received, ...sent]} {...shared} />
        <LineChart title={t('objectStore')} unit="bytes" series={store} {...shared} />
        <LineChart title={t('load')} unit="load" series={load} {...shared} />
        {gpu.length > 0 && <LineChart title={t('gpu')} unit="percent" series={gpu} {...shared} />}
        {gpuMemory.length > 0 && <LineChart title={t('gpuMemory')} unit="bytes" series={gpuMemory} {...shared} />}
      </div>
    </Card>
  )
}

type Named = { readonly figure: string; readonly label: string }

function useNamed(history: Parameters<typeof useLines>[0], { figure, label }: Named): ReturnType<typeof useLines> {
  return useLines(history, figure, noName).map(({ points }) => ({ label, points }))
}
