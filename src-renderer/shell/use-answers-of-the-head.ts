import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Cluster } from '../../src-main/contract/clusters.ts'

/** What the record answered is asked again when the head is there: no event tells of what was there before. */
export function useAnswersOfTheHead(cluster: Pick<Cluster, 'id' | 'link'> | undefined): void {
  const client = useQueryClient()
  const id = cluster?.id
  const isConnected = cluster?.link.state === 'connected'
  const wasConnected = useRef<{ id: string | undefined; is: boolean }>({ id: undefined, is: false })
  useEffect(() => {
    const before = wasConnected.current
    wasConnected.current = { id, is: isConnected }
    if (before.id === id && isConnected && !before.is) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === id })
  }, [client, id, isConnected])
}
