import { useMemo } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useMachines } from '../../api/live-things.ts'
import { useDraft, wantedIds } from './draft.ts'

/** The machines of the draft as they are now, in its order; those that were taken off the list meanwhile are not among them. */
export function useMembers(): { readonly members: readonly Machine[]; readonly leftOut: readonly Machine[]; readonly isKnown: boolean } {
  const draft = useDraft()
  const { values, isKnown } = useMachines()
  return useMemo(() => {
    const byId = new Map(values.map((machine) => [machine.id, machine]))
    const find = (ids: readonly string[]) => ids.flatMap((id) => byId.get(id) ?? [])
    return { members: find(wantedIds(draft)), leftOut: find(draft.leftOut), isKnown }
  }, [draft, values, isKnown])
}
