import { MetricCharts } from '../../entities/metric-charts.tsx'
import { useText } from '../../i18n/messages.ts'
import { messages } from './messages.ts'

/** What one node measured in the last while. */
export function NodeLines({ cluster, nodeId }: { readonly cluster: string; readonly nodeId: string }) {
  const t = useText(messages)
  return (
    <MetricCharts
      cluster={cluster}
      firstSpan="15m"
      nodeId={nodeId}
      charts={[
        { title: t('cpu'), unit: 'percent', figures: { cpu_percent: t('cpu') } },
        { title: t('memory'), unit: 'bytes', figures: { memory_used_bytes: t('memory') } },
        {
          title: t('network'),
          unit: 'bytes/s',
          figures: { network_received_bytes_per_s: t('received'), network_sent_bytes_per_s: t('sent') },
        },
        { title: t('objectStore'), unit: 'bytes', figures: { store_used_bytes: t('objectStore') } },
        { title: t('load'), unit: 'load', figures: { load_1m: t('load') }, isOptional: true },
        { title: t('gpu'), unit: 'percent', figures: { gpu_utilization_percent: '' }, isOptional: true },
        { title: t('gpuMemory'), unit: 'bytes', figures: { gpu_memory_used_bytes: '' }, isOptional: true },
      ]}
    />
  )
}
