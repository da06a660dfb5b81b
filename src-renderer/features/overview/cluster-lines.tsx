import { MetricCharts } from '../../entities/metric-charts.tsx'
import { useNodeLabel } from '../../entities/node-names.tsx'
import { useText } from '../../i18n/messages.ts'
import { messages } from './messages.ts'

/** What was measured on the nodes in the last while. */
export function ClusterLines({ cluster }: { readonly cluster: string }) {
  const t = useText(messages)
  const labelOf = useNodeLabel()
  return (
    <MetricCharts
      cluster={cluster}
      firstSpan="15m"
      labelOf={labelOf}
      charts={[
        { title: t('cpu'), unit: 'percent', figures: { cpu_percent: '' } },
        { title: t('memory'), unit: 'bytes', figures: { memory_used_bytes: '' } },
        { title: t('gpu'), unit: 'percent', figures: { gpu_utilization_percent: '' }, isOptional: true },
        { title: `${t('network')} (${t('received')})`, unit: 'bytes/s', figures: { network_received_bytes_per_s: '' } },
        { title: t('objectStore'), unit: 'bytes', figures: { store_used_bytes: '' } },
      ]}
    />
  )
}
