import { useMemo } from 'react'
import { useMachines } from '../../api/live-things.ts'

type KnownLabels = { readonly groups: readonly string[]; readonly tags: readonly string[] }

/** Every group and tag that some machine has, in order. */
export function useKnownLabels(): KnownLabels {
  const { values } = useMachines()
  return useMemo(
    () => ({
      groups: [...new Set(values.flatMap(({ groups }) => groups))].toSorted(),
      tags: [...new Set(values.flatMap(({ tags }) => tags))].toSorted(),
    }),
    [values],
  )
}
