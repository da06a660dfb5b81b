import { MetricCharts } from '../../entities/metric-charts.tsx'
import { useNodeLabel } from '../../entities/node-names.tsx'
import { useText } from '../../i18n/messages.ts'
import { messages } from './messages.ts'

/** How full each node's store was, what of it went to disk, and what nodes sent each other. */
export function StoreLevels({ cluster }: { readonly cluster: string }) {
  const t = useText(messages)
  const labelOf = useNodeLabel()
  return (
    <MetricCharts
      cluster={cluster}
      firstSpan="1h"
      labelOf={labelOf}
      isLarge
      charts={[
        { title: t('used'), unit: 'bytes', figures: { store_used_bytes: '' } },
        { title: t('spilled'), unit: 'bytes', figures: { store_spilled_bytes: '' }, isOptional: true },
        { title: t('objects'), unit: 'count', figures: { store_objects: '' }, isOptional: true },
        { title: t('transfers'), unit: 'bytes/s', figures: { network_sent_bytes_per_s: '' } },
      ]}
    />
  )
}
