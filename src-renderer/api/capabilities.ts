import { useQuery } from '@tanstack/react-query'
import { panelQuery } from './panel.ts'

/** What some heads cannot do, by the words of `api.capabilities`. */
export type Ability = 'control' | 'priorities' | 'logSearch' | 'serve'

/** Why a cluster's head cannot do something, in words; undefined where it can, and while that is not known. `cluster` is its id. */
export function useWhyNot(cluster: string): (ability: Ability) => string | undefined {
  const { data } = useQuery({ ...panelQuery('api.capabilities', { cluster }), staleTime: 60_000, retry: 2 })
  return (ability) => data?.missing.find(({ what }) => what === ability)?.why
}
