import type { Machine } from '../../src-main/contract/machines.ts'

export type MachineVerdict = 'unknown' | 'fit' | 'warned' | 'blocked'

/** What the last check of a machine says in a word. */
export function verdictOf({ facts, findings }: Pick<Machine, 'facts' | 'findings'>): MachineVerdict {
  if (findings.some(({ level }) => level === 'blocker')) return 'blocked'
  if (facts === null) return 'unknown'
  return findings.some(({ level }) => level === 'warning') ? 'warned' : 'fit'
}

export const isFit = (machine: Pick<Machine, 'facts' | 'findings'>): boolean => ['fit', 'warned'].includes(verdictOf(machine))
