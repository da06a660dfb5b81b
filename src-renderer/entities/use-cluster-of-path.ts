import { useCluster } from '../api/live-things.ts'
import { usePathPart } from '../navigation/use-navigation.ts'

/** The cluster that a page is about: `ref` as it stands in the address, for links; its `id`, for what is asked of it. */
export function useClusterOfPath(): { readonly ref: string; readonly id: string; readonly name: string } {
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  return { ref, id: cluster?.id ?? ref, name: cluster?.name ?? ref }
}
