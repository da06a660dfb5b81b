import { ServerCog } from 'lucide-react'
import { useClusters } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { type Host, placeOf } from '../../entities/host-standing.ts'
import { ParseProblems } from '../../entities/parse-problems.tsx'
import { messages } from './new-messages.ts'
import type { ParsedList } from '../../entities/use-parsed-machines.ts'

type ParsedTableProps = { readonly parsed: ParsedList; readonly isEmpty: boolean; readonly onLine: (line: number) => void }

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
      <p className="text-sm font-medium text-soft">{isReading ? t('readingHosts') : t('found', { count: hosts.length })}</p>
      <ParseProblems problems={problems} onLine={onLine} />
      {hosts.length > 0 && (
        <div
          className="max-h-[440px] overflow-auto rounded-lg border bg-surface"
          tabIndex={0}
          role="region"
          aria-label={t('found', { count: hosts.length })}
        >
          <table className="w-full text-sm">
            <thead className="sticky top-0 bg-surface text-left text-faint">
              <tr>
                {(['name', 'address', 'state'] as const).map((column) => (
                  <th key={column} scope="col" className="px-3 py-1 font-medium">
                    {t(column)}
                  </th>
                ))}
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
