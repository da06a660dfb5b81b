import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { readCluster } from '../api/cluster-reads.ts'
import { useCluster, useClusters, useMachines } from '../api/live-things.ts'
import { type Row, rowsIn, textIn } from '../api/rows.ts'
import { type EntityKind, paths } from '../navigation/paths.ts'

export type FoundThing = { readonly key: string; readonly kind: string; readonly name: string; readonly note: string; readonly to: string }

/** What is looked for in a cluster by a part of a name, with where the name and id of a row stand. */
const named = [
  { kind: 'nodes', route: 'pageNodes', column: 'node_name', id: 'node_id' },
  { kind: 'jobs', route: 'listShoalJobs', column: 'entrypoint', id: 'id' },
  { kind: 'jobs', route: 'listShoalJobs', column: 'submission_id', id: 'id' },
  { kind: 'actors', route: 'pageActors', column: 'class_name', id: 'actor_id' },
  { kind: 'actors', route: 'pageActors', column: 'name', id: 'actor_id' },
  { kind: 'tasks', route: 'pageTasks', column: 'name', id: 'task_id' },
] as const satisfies readonly { kind: EntityKind; route: string; column: string; id: string }[]

/** Ids tell by their length what they are of ; three kinds share one. */
const kindsByLength: Readonly<Record<number, readonly EntityKind[]>> = {
  8: ['jobs'],
  32: ['actors'],
  36: ['placement-groups'],
  48: ['tasks'],
  56: ['nodes', 'workers', 'objects'],
}
const shownOfEach = 5

/** Clusters, machines, and what the open cluster has by this name or id. */
export function useFoundThings(text: string, clusterRef: string | undefined): readonly FoundThing[] {
  const asked = useDeferredValue(text.trim())
  const clusters = useClusters().values
  const machines = useMachines().values
  const { cluster } = useCluster(clusterRef ?? '')
  const search = useQuery({
    queryKey: ['palette', cluster?.id, asked],
    queryFn: ({ signal }) => searchCluster({ cluster: cluster?.id ?? '', ref: clusterRef ?? '', text: asked }, signal),
    enabled: cluster !== undefined && asked.length >= 2,
    staleTime: 5_000,
    placeholderData: (before) => before,
  })
  const own: FoundThing[] = [
    ...clusters.map(({ id, name }) => ({ key: id, kind: 'clusters', name, note: '', to: paths.cluster(name) })),
    ...machines.map(({ id, name, host }) => ({ key: id, kind: 'machines', name, note: host, to: paths.machines({ machine: name }) })),
  ]
  const fits = ({ name, note }: FoundThing) => `${name} ${note}`.toLowerCase().includes(asked.toLowerCase())
  return [...own.filter(fits).slice(0, 20), ...(asked.length >= 2 ? (search.data ?? []) : [])]
}

type Search = { readonly cluster: string; readonly ref: string; readonly text: string }

async function searchCluster({ cluster, ref, text }: Search, signal: AbortSignal): Promise<readonly FoundThing[]> {
  if (/^[0-9a-f]+$/i.test(text)) {
    const kinds = kindsByLength[text.length]
    if (kinds)
      return kinds.map((kind) => ({ key: `${kind} ${text}`, kind, name: text, note: '', to: paths.entity(ref, kind, text.toLowerCase()) }))
  }
  const lists = await Promise.all(
    named.map(async ({ kind, route, column, id }) => {
      const query = { limit: shownOfEach, filter: [`${column}:contains:${text}`] }
      const { body } = await readCluster(cluster, { route, query }, signal).catch(() => ({ body: {} as Row })) // a head without this list has nothing to find there
      return rowsIn(body, 'rows').flatMap((row) => {
        const key = textIn(row, id)
        return key === null
          ? []
          : [{ key: `${kind} ${key}`, kind, name: textIn(row, column) ?? key, note: key, to: paths.entity(ref, kind, key) }]
      })
    }),
  )
  const found = new Map(lists.flat().map((thing) => [thing.key, thing]))
  return [...found.values()]
}
