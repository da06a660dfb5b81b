import { useMemo } from 'react'
import { useClusters } from '../../api/live-things.ts'

/** Names of clusters by id; the same map for as long as they are called so, however often their state changes. */
export function useClusterNames(): ReadonlyMap<string, string> {
  const { values } = useClusters()
  const text = JSON.stringify(values.map(({ id, name }) => [id, name]))
  return useMemo(() => new Map(JSON.parse(text) as [string, string][]), [text]) // written just above
}
