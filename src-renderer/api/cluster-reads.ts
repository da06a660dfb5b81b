import { type QueryKey, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { EventKind } from '../../runtime/api/events.ts'
import type { Output } from '../../src-main/contract/panel.ts'
import { useClusterChanges } from './cluster-events.ts'
import { panel } from './panel.ts'
import { readerOf } from './read-again.ts'
import { isRow, type Row } from './rows.ts'

type Given = { readonly [name: string]: string | number | boolean | string[] }
export type ClusterRead = {
  /** Id of a route of the cluster's HTTP API, such as `pageTasks`. */
  readonly route: string
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Given
}
export type Answered<Body> = {
  readonly body: Body
  /** `record`: the cluster is not there; this is what was recorded of it. */
  readonly source: Output<'api.read'>['source']
  readonly recordedAtMs: number | null
}

type ReadOptions = {
  /** Looks again when something of these kinds happens. @default never */
  readonly changesOf?: readonly EventKind[]
  /** At most once in so long. @default 500 */
  readonly everyMs?: number
  /** Looks again by the clock, for what has no events. */
  readonly pollMs?: number
  /** How long an answer that nobody looks at is kept. @default 5 minutes */
  readonly keepMs?: number
  readonly isEnabled?: boolean
}

export const clusterReadKey = (cluster: string, read: ClusterRead): QueryKey => [
  'api.read',
  cluster,
  read.route,
  read.params ?? {},
  read.query ?? {},
]

/** One call of a cluster's API. @throws PanelError also when the answer is no object */
export async function readCluster(
  cluster: string,
  { route, params = {}, query = {} }: ClusterRead,
  signal?: AbortSignal,
): Promise<Answered<Row>> {
  const { body, source, recordedAtMs } = await panel.call('api.read', { cluster, route, params, query: { ...query } }, signal)
  return { body: isRow(body) ? body : { value: body }, source, recordedAtMs }
}

/**
 * What a cluster answers to one call, and answers again when it changed; the old answer stays until the new one is there. A body that is
 * no object stands in `value`.
 */
export function useClusterRead(cluster: string, read: ClusterRead, options: ReadOptions = {}): UseQueryResult<Answered<Row>> {
  const { changesOf, everyMs, pollMs, keepMs, isEnabled = true } = options
  const client = useQueryClient()
  const keyText = JSON.stringify(clusterReadKey(cluster, read))
  const queryKey = useMemo(() => JSON.parse(keyText) as QueryKey, [keyText]) // the same for the same read
  const readAgain = useMemo(() => readerOf(client, queryKey), [client, queryKey])
  useClusterChanges(isEnabled && changesOf !== undefined ? cluster : undefined, readAgain, { kinds: changesOf, everyMs })
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => readCluster(cluster, read, signal),
    placeholderData: (before) => before,
    enabled: isEnabled,
    ...(pollMs !== undefined && { refetchInterval: pollMs }),
    ...(keepMs !== undefined && { gcTime: keepMs }),
  })
}
