import { ServerCog } from 'lucide-react'
import { type Host, placeOf } from '../../entities/host-standing.ts'
import type { ParsedList } from '../../entities/use-parsed-machines.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { messages } from './add-messages.ts'

/** All of a long list are taken; to look it over, so many do. */
const shownRows = 200

/** What a text would put on the list, and how each stands to what is there. */
export function AddPreview({ parsed: { hosts, isReading }, isEmpty }: { readonly parsed: ParsedList; readonly isEmpty: boolean }) {
  const t = useText(messages)
  if (isEmpty)
    return (
      <EmptyState icon={ServerCog} title={t('nothingYet')}>
        {t('nothingYetText')}
      </EmptyState>
    )
  const isTaken = ({ standing }: Host) => standing.kind === 'taken'
  const inOrder = [...hosts.filter(isTaken), ...hosts.filter((host) => !isTaken(host))]
  return (
    <>
      <p role="status" className="text-sm font-medium text-soft">
        {isReading && hosts.length === 0 ? t('reading') : t('found', { count: hosts.length })}
      </p>
      {hosts.length > 0 && (
        <div className="max-h-[360px] overflow-auto rounded-lg border" tabIndex={0} role="region" aria-label={t('preview')}>
          <table className="w-full table-fixed text-sm">
            <thead className="sticky top-0 bg-surface text-left text-faint">
              <tr>
                <th scope="col" className="w-[34%] px-3 py-1 font-medium">
                  {t('name')}
                </th>
                <th scope="col" className="px-3 py-1 font-medium">
                  {t('address')}
                </th>
                <th scope="col" className="w-[30%] px-3 py-1 font-medium">
                  <span className="sr-only">{t('standing')}</span>
                </th>
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
    </>
  )
}

function HostRow({ host: { spec, standing } }: { readonly host: Host }) {
  const { jump = [], groups, tags } = spec
  const labels = [...groups, ...tags.map((tag) => `#${tag}`)]
  return (
    <tr className="border-t align-top">
      <td className="px-3 py-1">
        <span className="font-medium break-words">{spec.name}</span>
        {labels.length > 0 && <span className="block text-xs text-faint">{labels.join(', ')}</span>}
      </td>
      <td className="px-3 py-1 font-mono break-all">
        {placeOf(spec)}
        {jump.length > 0 && <span className="block text-xs text-faint">← {jump.join(' ← ')}</span>}
      </td>
      <td className="px-3 py-1">
        <Standing host={{ spec, standing }} />
      </td>
    </tr>
  )
}

function Standing({ host: { spec, standing } }: { readonly host: Host }) {
  const t = useText(messages)
  if (standing.kind === 'new') return <Badge tone="info">{t('new')}</Badge>
  if (standing.kind === 'taken')
    return (
      <>
        <Badge tone="bad">{t('taken')}</Badge>
        <span className="block text-bad">{t('takenWhy', { place: placeOf(standing.machine) })}</span>
      </>
    )
  if (standing.kind === 'twice') return <Badge tone="idle">{t('twice', { name: standing.first })}</Badge>
  return (
    <>
      <Badge tone="idle">{t('known')}</Badge>
      {standing.machine.name !== spec.name && (
        <span className="block text-xs text-faint">{t('knownAs', { name: standing.machine.name })}</span>
      )}
    </>
  )
}
