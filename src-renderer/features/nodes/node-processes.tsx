import { numberIn, type Row, textIn } from '../../api/rows.ts'
import { JobLink, WorkerLink } from '../../entities/links.tsx'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Card } from '../../ui/card.tsx'
import { Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'

const shown = 200

/** Our processes on a node and what each takes, the largest first. */
export function NodeProcesses({ processes, cluster }: { readonly processes: readonly Row[]; readonly cluster: string }) {
  const t = useText(messages)
  const format = useFormat()
  const sorted = processes.toSorted((one, other) => (numberIn(other, 'rssBytes') ?? 0) - (numberIn(one, 'rssBytes') ?? 0))
  return (
    <Card title={t('processes')}>
      <div className="overflow-x-auto">
        <table className="w-full text-sm">
          <thead className="text-left text-faint">
            <tr>
              <th className="py-1 pr-4 font-medium">{t('role')}</th>
              <th className="py-1 pr-4 text-right font-medium">{t('pid')}</th>
              <th className="py-1 pr-4 text-right font-medium">{t('cpu')}</th>
              <th className="py-1 pr-4 text-right font-medium">{t('memory')}</th>
              <th className="py-1 pr-4 font-medium">{t('worker')}</th>
              <th className="py-1 pr-4 font-medium">{t('job')}</th>
              <th className="py-1 font-medium">{t('started')}</th>
            </tr>
          </thead>
          <tbody className="tabular-nums">
            {sorted.slice(0, shown).map((row) => (
              <tr key={textIn(row, 'pid')} className="border-t" title={textIn(row, 'command')?.slice(0, 1_000)}>
                <td className="py-1 pr-4">{textIn(row, 'role')}</td>
                <td className="py-1 pr-4 text-right">{textIn(row, 'pid')}</td>
                <td className="py-1 pr-4 text-right">{format.percent((numberIn(row, 'cpuPercent') ?? 0) / 100)}</td>
                <td className="py-1 pr-4 text-right">{format.bytes(numberIn(row, 'rssBytes') ?? 0)}</td>
                <td className="py-1 pr-4">
                  <WorkerLink cluster={cluster} id={textIn(row, 'workerId')} />
                </td>
                <td className="py-1 pr-4">
                  <JobLink cluster={cluster} id={textIn(row, 'jobId')} name={textIn(row, 'jobId')} />
                </td>
                <td className="py-1">
                  <Time atMs={numberIn(row, 'startedAtMs')} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}
