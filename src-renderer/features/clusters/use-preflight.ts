import { useCallback, useEffect, useRef, useState } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useQuestions } from '../../api/live-things.ts'
import { panel } from '../../api/panel.ts'
import { changeDraft, readDraftNow } from './draft.ts'
import { type MachineVerdict, verdictOf } from '../../entities/machine-verdict.ts'

/** How a machine stood as its check began: what differs since is of this check. */
type Begun = { readonly probedAtMs: number | null; readonly reachSinceMs: number; readonly round: number }

export type PreflightVerdict = MachineVerdict | 'checking' | 'asking'
export type Preflight = {
  readonly verdictFor: (machine: Machine) => PreflightVerdict
  readonly check: (machines: readonly Machine[]) => void
  readonly isRunning: boolean
  readonly error: unknown
}

/** Checks machines, those that were not checked yet by itself; each is through as soon as it is, whoever waits. */
export function usePreflight(members: readonly Machine[]): Preflight {
  const [begun, setBegun] = useState<ReadonlyMap<string, Begun>>(new Map())
  const [error, setError] = useState<unknown>(null)
  const rounds = useRef(0)
  const asked = new Set(useQuestions().values.map(({ machineId }) => machineId))

  const check = useCallback((machines: readonly Machine[]) => {
    if (machines.length === 0) return
    const ids = machines.map(({ id }) => id)
    const round = ++rounds.current
    setError(null)
    setBegun((before) => new Map([...before, ...machines.map((machine) => [machine.id, standOf(machine, round)] as const)]))
    panel
      .call('machines.check', { machines: ids, role: 'worker' })
      .then(() => changeDraft({ checked: [...new Set([...readDraftNow().checked, ...ids])] }), setError)
      .finally(() => setBegun((before) => new Map([...before].filter(([id, each]) => each.round !== round || !ids.includes(id)))))
  }, [])

  const started = useRef(new Set<string>())
  useEffect(() => {
    const { checked } = readDraftNow()
    const fresh = members.filter(({ id }) => !checked.includes(id) && !started.current.has(id))
    for (const { id } of fresh) started.current.add(id)
    check(fresh)
  }, [members, check])

  const isChecking = (machine: Machine): boolean => {
    const before = begun.get(machine.id)
    return before !== undefined && !hasMoved(machine, before)
  }
  return {
    verdictFor: (machine) => (asked.has(machine.id) ? 'asking' : isChecking(machine) ? 'checking' : verdictOf(machine)),
    check,
    isRunning: members.some(isChecking),
    error,
  }
}

const standOf = ({ facts, reach }: Machine, round: number): Begun => ({
  probedAtMs: facts?.probedAtMs ?? null,
  reachSinceMs: reach.sinceMs,
  round,
})

const hasMoved = ({ facts, reach }: Machine, { probedAtMs, reachSinceMs }: Begun): boolean =>
  (facts?.probedAtMs ?? null) !== probedAtMs || (reach.state === 'unreachable' && reach.sinceMs !== reachSinceMs)
