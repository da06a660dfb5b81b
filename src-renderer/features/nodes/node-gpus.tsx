import { numberIn, type Row, textIn } from '../../api/rows.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Card } from '../../ui/card.tsx'
import { Meter } from '../../ui/meter.tsx'
import { messages } from './messages.ts'

/** Each GPU of a node, as it told last. */
export function NodeGpus({ gpus }: { readonly gpus: readonly Row[] }) {
  const t = useText(messages)
  const format = useFormat()
  return (
    <Card title={t('gpus')}>
      <ul className="grid grid-cols-[repeat(auto-fill,minmax(260px,1fr))] gap-4">
        {gpus.map((gpu, index) => {
          const [used, total] = [numberIn(gpu, 'memoryUsedBytes'), numberIn(gpu, 'memoryTotalBytes')]
          const use = numberIn(gpu, 'utilizationPercent')
          return (
            <li key={textIn(gpu, 'uuid') ?? index} className="flex flex-col gap-1 text-sm">
              <span className="font-medium">
                {textIn(gpu, 'index') ?? index}: {textIn(gpu, 'name') ?? t('gpu')}
              </span>
              <span className="flex items-center gap-2">
                <span className="w-24 text-soft">{t('utilization')}</span>
                <Meter value={(use ?? 0) / 100} tone="info" label={t('utilization')} className="flex-1" />
                <span className="tabular-nums">{use === null ? '–' : format.percent(use / 100)}</span>
              </span>
              <span className="flex items-center gap-2">
                <span className="w-24 text-soft">{t('memory')}</span>
                <Meter value={used !== null && total ? used / total : 0} label={t('gpuMemory')} className="flex-1" />
                <span className="tabular-nums">
                  {used === null || total === null ? '–' : t('of', { used: format.bytes(used), total: format.bytes(total) })}
                </span>
              </span>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}
