import type { Machine } from '../../../src-main/contract/machines.ts'
import { verdictOf } from '../../entities/machine-verdict.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { messages } from './messages.ts'

/** How many there are, and how many of them want something; each number leads to its machines. */
export function ReachSummary({ machines }: { readonly machines: readonly Machine[] }) {
  const t = useText(messages)
  const unreached = machines.filter(({ reach }) => reach.state === 'unreachable').length
  const blocked = machines.filter((machine) => machine.reach.state !== 'unreachable' && verdictOf(machine) === 'blocked').length
  const fresh = machines.filter((machine) => machine.reach.state === 'never-tried').length
  return (
    <span className="flex flex-wrap gap-x-3">
      <span>{t('count', { count: machines.length })}</span>
      {unreached > 0 && (
        <PathLink to={paths.machines({ filter: 'state:eq:unreachable' })}>{t('unreachedCount', { count: unreached })}</PathLink>
      )}
      {blocked > 0 && <PathLink to={paths.machines({ filter: 'result:eq:blocked' })}>{t('blockedCount', { count: blocked })}</PathLink>}
      {fresh > 0 && <PathLink to={paths.machines({ filter: 'state:eq:never-tried' })}>{t('freshCount', { count: fresh })}</PathLink>}
    </span>
  )
}
