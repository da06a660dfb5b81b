import type { Machine, ReachCell } from '../../src-main/contract/machines.ts'
import { useFormat } from '../i18n/format.ts'
import { useText } from '../i18n/messages.ts'
import { textTones } from '../ui/badge.tsx'
import { classNames } from '../ui/class-names.ts'
import { messages } from './machine-messages.ts'
import { reachLooks } from './reach-legend.tsx'
import { type ReachSummary, shownInMatrix, wayOf } from './reach-model.ts'

type ReachMatrixProps = { readonly members: readonly Machine[]; readonly summary: ReachSummary }

/** Rows from, columns to. Of many machines those with a problem. */
export function ReachMatrix({ members, summary }: ReachMatrixProps) {
  const t = useText(messages)
  const shown = new Set(
    shownInMatrix(
      members.map(({ id }) => id),
      summary,
    ),
  )
  const machines = members.filter(({ id }) => shown.has(id))
  if (machines.length === 0) return null
  return (
    <div>
      {machines.length < members.length && <p className="mb-1 text-sm text-soft">{t('reachOnly')}</p>}
      <div className="w-fit max-w-full overflow-auto rounded-lg border bg-surface" tabIndex={0} role="region" aria-label={t('reachTable')}>
        <table className="border-collapse text-sm">
          <thead>
            <tr>
              <th scope="col" className="px-3 py-1 text-left align-bottom font-normal text-faint">
                {t('reachFrom')} ↓ {t('reachTo')} →
              </th>
              {machines.map(({ id, name }) => (
                <th key={id} scope="col" className="w-7 px-0 py-1 align-bottom font-medium">
                  <span
                    className="mx-auto block max-h-24 w-5 overflow-hidden text-ellipsis whitespace-nowrap [writing-mode:vertical-rl] rotate-180"
                    title={name}
                  >
                    {name}
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {machines.map((from) => (
              <tr key={from.id} className="border-t">
                <th scope="row" className="max-w-48 truncate px-3 py-0.5 text-left font-medium" title={from.name}>
                  {from.name}
                </th>
                {machines.map((to) => (
                  <WayCell key={to.id} from={from} to={to} cell={summary.byWay.get(wayOf(from.id, to.id))} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

type WayCellProps = { readonly from: Machine; readonly to: Machine; readonly cell: ReachCell | undefined }

function WayCell({ from, to, cell }: WayCellProps) {
  const t = useText(messages)
  const format = useFormat()
  if (cell === undefined) return <td className="bg-sunken" aria-label={from.id === to.id ? from.name : undefined} />
  const { icon: Icon, tone } = reachLooks[cell.verdict]
  const words = t('way', { from: from.name, to: to.name, address: cell.address, port: cell.port, verdict: t(cell.verdict) })
  const more = [...(cell.roundTripMs === null ? [] : [format.duration(cell.roundTripMs)]), ...(cell.detail === '' ? [] : [cell.detail])]
  return (
    <td title={[words, ...more].join(' · ')} className="size-7 border-l text-center hover:bg-hover">
      <Icon size={14} aria-hidden className={classNames('mx-auto', textTones[tone])} />
      <span className="sr-only">{words}</span>
    </td>
  )
}
