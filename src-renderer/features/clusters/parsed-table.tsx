import { ServerCog } from 'lucide-react'
import { useClusters } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { type Host, placeOf } from './host-standing.ts'
import { messages } from './new-messages.ts'
import type { ParsedHosts } from './use-parsed-hosts.ts'

type ParsedTableProps = { readonly parsed: ParsedHosts; readonly isEmpty: boolean; readonly onLine: (line: number) => void }

/** All of a long list are taken; to look it over, so many do. */
const shownRows = 200

/** What was understood of a text, and what was not, by line. */
export function ParsedTable({ parsed: { hosts, problems, isReading }, isEmpty, onLine }: ParsedTableProps) {
  const t = useText(messages)
  if (isEmpty)
    return (
      <EmptyState icon={ServerCog} title={t('total', { count: 0 })}>
        {t('nothingYet')}
      </EmptyState>
    )
  const isWrong = ({ standing }: Host) => standing.kind === 'taken' || standing.kind === 'elsewhere'
  const inOrder = [...hosts.filter(isWrong), ...hosts.filter((host) => !isWrong(host))]
  return (
    <div className="flex flex-col gap-3">
      <p role="status" className="text-sm font-medium text-soft">
        {isReading ? t('readingHosts') : t('found', { count: hosts.length })}
      </p>
      {problems.length > 0 && <Problems problems={problems} onLine={onLine} />}
      {hosts.length > 0 && (
        <div className="max-h-[440px] overflow-auto rounded-lg border bg-surface">
          <table className="w-full text-sm">
            <thead className="sticky top-0 bg-surface text-left text-faint">
              <tr>
                <th className="px-3 py-1 font-medium">{t('name')}</th>
                <th className="px-3 py-1 font-medium">{t('address')}</th>
                <th className="px-3 py-1 font-medium">{t('state')}</th>
              </tr>
            </thead>
            <tbody>
              {inOrder.slice(0, shownRows).map((host) => (
                <HostRow key={host.spec.name} host={host} />
              ))}
            </tbody>
          </table>
          {hosts.length > shownRows && <p className="px-3 py-1 text-sm text-faint">{t('moreRows', { count: hosts.length - shownRows })}</p>}
        </div>
      )}
    </div>
  )
}

function HostRow({ host: { spec, standing } }: { readonly host: Host }) {
  const t = useText(messages)
  const clusters = useClusters().values
  const { jump = [], groups } = spec
  const clusterName = (id: string) => clusters.find((each) => each.id === id)?.name ?? id
  return (
    <tr className="border-t align-top">
      <td className="px-3 py-1 font-medium">
        {spec.name}
        {groups.length > 0 && <span className="ml-2 font-normal text-faint">{groups.join(', ')}</span>}
      </td>
      <td className="px-3 py-1 font-mono whitespace-nowrap">
        {placeOf(spec)}
        {jump.length > 0 && <span className="block text-xs text-faint">← {jump.join(' ← ')}</span>}
      </td>
      <td className="px-3 py-1">
        {standing.kind === 'new' && <Badge tone="info">{t('new')}</Badge>}
        {standing.kind === 'known' && (
          <>
            <Badge tone="idle">{t('known')}</Badge>
            {standing.machine.name !== spec.name && (
              <span className="block text-xs text-faint">{t('knownAs', { name: standing.machine.name })}</span>
            )}
          </>
        )}
        {standing.kind === 'twice' && <Badge tone="idle">{t('twice', { name: standing.first })}</Badge>}
        {standing.kind === 'taken' && (
          <>
            <Badge tone="bad">{t('taken')}</Badge>
            <span className="block text-bad">{t('takenWhy', { name: spec.name, place: placeOf(standing.machine) })}</span>
          </>
        )}
        {standing.kind === 'elsewhere' && (
          <>
            <Badge tone="bad">{t('elsewhere', { cluster: clusterName(standing.clusterId) })}</Badge>
            <span className="block text-bad">
              {t('elsewhereWhy', { name: standing.machine.name, cluster: clusterName(standing.clusterId) })}
            </span>
          </>
        )}
      </td>
    </tr>
  )
}

function Problems({ problems, onLine }: Pick<ParsedHosts, 'problems'> & Pick<ParsedTableProps, 'onLine'>) {
  const t = useText(messages)
  return (
    <section className="rounded-lg border border-warn-line bg-warn-soft px-3 py-2">
      <h3 className="font-medium text-warn">{t('problems', { count: problems.length })}</h3>
      <ul className="mt-1 flex max-h-48 flex-col gap-1 overflow-y-auto text-sm">
        {problems.map(({ line, text, message }, index) => (
          // One line may have several.
          <li key={index} className="flex flex-wrap gap-x-2">
            <button type="button" className="min-h-6 font-medium text-warn underline underline-offset-2" onClick={() => onLine(line)}>
              {t('line', { line })}
            </button>
            <code className="max-w-full truncate font-mono leading-6 text-soft">{text}</code>
            <span className="leading-6">{message}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
