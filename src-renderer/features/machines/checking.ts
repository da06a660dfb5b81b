import { useSyncExternalStore } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { tellError } from '../../entities/tell-error.ts'

/** How a machine stood as its check began: what differs since came of this check. */
type Begun = { readonly probedAtMs: number | null; readonly reachSinceMs: number }

const begun = new Map<string, Begun>()
const listeners = new Set<() => void>()
const tell = () => {
  for (const listener of listeners) listener()
}

/** Looks at each over SSH. Each is through as soon as it is, whoever waits; what came of it stands in the machine itself. */
export function checkMachines(machines: readonly Machine[]): void {
  if (machines.length === 0) return
  const marks = machines.map(
    ({ id, facts, reach }) => [id, { probedAtMs: facts?.probedAtMs ?? null, reachSinceMs: reach.sinceMs }] as const,
  )
  for (const [id, mark] of marks) begun.set(id, mark)
  tell()
  panel
    .call('machines.check', { machines: machines.map(({ id }) => id) })
    .catch(tellError)
    .finally(() => {
      for (const [id, mark] of marks) if (begun.get(id) === mark) begun.delete(id)
      tell()
    })
}

function isChecking({ id, facts, reach }: Machine): boolean {
  const before = begun.get(id)
  if (before === undefined || (facts?.probedAtMs ?? null) !== before.probedAtMs) return false
  return reach.state !== 'unreachable' || reach.sinceMs === before.reachSinceMs
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useIsChecking = (machine: Machine): boolean => useSyncExternalStore(subscribe, () => isChecking(machine))
