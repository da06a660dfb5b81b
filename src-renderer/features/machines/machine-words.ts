import type { Machine, MachineFacts } from '../../../src-main/contract/machines.ts'
import { placeOf } from '../../entities/host-standing.ts'

/** `4 × A100, 1 × T4`; empty without any. */
export const gpusText = (facts: MachineFacts): string =>
  [...Map.groupBy(facts.gpus, ({ name }) => name)].map(([name, gpus]) => `${gpus.length} × ${name}`).join(', ')

/** When we were on it last; Infinity: now; null: never. */
export function lastSeenMs({ reach, facts }: Machine): number | null {
  if (reach.state === 'connected') return Number.POSITIVE_INFINITY
  return Math.max(facts?.probedAtMs ?? 0, reach.state === 'reachable' ? reach.sinceMs : 0) || null
}

/** What is wrong with it, in a few words: what it was found to lack, or why it is not to be had. */
export function troubleOf({ findings, reach }: Machine): string {
  const worst = findings.find(({ level }) => level === 'blocker') ?? findings.find(({ level }) => level === 'warning')
  return worst?.title ?? (reach.state === 'unreachable' ? (reach.message ?? '') : '')
}

/** All by which somebody may look for it. */
export const searchedText = (machine: Machine): string =>
  [machine.name, placeOf(machine), machine.facts?.hostname ?? '', ...machine.groups, ...machine.tags, machine.notes]
    .join('\n')
    .toLowerCase()

/** As `known_hosts` names it, as far as the machine itself says where it is. */
export const hostKeyNameOf = ({ host, port = 22 }: Pick<Machine, 'host' | 'port'>): string => {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return port === 22 ? bare : `[${bare}]:${port}`
}
