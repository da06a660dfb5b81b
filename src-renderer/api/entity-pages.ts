import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useMemo, useState } from 'react'
import type { EventKind } from '../../runtime/api/events.ts'
import { useClusterChanges } from './cluster-events.ts'
import { readCluster } from './cluster-reads.ts'
import { readerOf } from './read-again.ts'
import { numberIn, type Row, rowsIn, textIn, textsIn } from './rows.ts'

export type ListedThing = 'nodes' | 'jobs' | 'tasks' | 'actors' | 'placement-groups' | 'objects' | 'workers'
type Listed = {
  readonly page: string
  readonly changes: readonly EventKind[]
  readonly everyMs: number
  /** Read again by the clock, too. */
  readonly pollMs?: number
}

/** What a head lists page by page, with how each is called there, the events that change it, and how often it is read again for them. */
export const listedThings: Readonly<Record<ListedThing, Listed>> = {
  nodes: { page: 'pageNodes', changes: ['node'], everyMs: 150 },
  jobs: { page: 'listShoalJobs', changes: ['job'], everyMs: 150 },
  tasks: { page: 'pageTasks', changes: ['task'], everyMs: 500 },
  actors: { page: 'pageActors', changes: ['actor'], everyMs: 300 },
  'placement-groups': { page: 'pagePlacementGroups', changes: ['placement_group'], everyMs: 300 },
  objects: { page: 'pageObjects', changes: ['object_store', 'task'], everyMs: 1000 },
  // what they take, and on Ray what they do, is told by no event
  workers: { page: 'pageWorkers', changes: ['actor', 'task', 'node'], everyMs: 1000, pollMs: 5000 },
}

export type ListQuery = {
  /** Each `column:operator:value`. */
  readonly filters: readonly string[]
  /** A column, with `-` before it for the other way round. */
  readonly sort?: string | undefined
  readonly isDetailed?: boolean
}

export type Listing = {
  readonly rows: readonly Row[]
  readonly counts: { readonly matched: number; readonly total: number } | null
  readonly hasMore: boolean
  readonly loadMore: () => void
  readonly isLoading: boolean
  readonly isRefreshing: boolean
  readonly error: unknown
  readonly retry: () => void
  /** Sentences about what is missing in the rows. */
  readonly notes: readonly string[]
  /** It changed since, and is too long to be read again by itself. */
  readonly isOutdated: boolean
  readonly recordedAtMs: number | null
}

type Page = {
  readonly rows: readonly Row[]
  readonly matched: number
  readonly total: number
  readonly next: string | null
  readonly notes: readonly string[]
  readonly recordedAtMs: number | null
}

const pageRows = 250
/** A list that was read further than this is read again only when the user asks. */
const refreshedPages = 2

/** The rows of a list, page by page as they are asked for, with exact counts; read again when something changes. `cluster` is its id. */
export function useListing(cluster: string, thing: ListedThing, query: ListQuery): Listing {
  const client = useQueryClient()
  const [isOutdated, setOutdated] = useState(false)
  const queryKey = useMemo(() => ['listing', cluster, thing, query], [cluster, thing, query])
  const { pollMs = false } = listedThings[thing]
  const pages = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => readPage({ cluster, thing, query, cursor: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= refreshedPages ? pollMs : false),
  })
  const reload = useCallback(() => {
    setOutdated(false)
    // Only the first pages: the rest is read again as one gets there.
    client.setQueryData<InfiniteData<Page, string>>(queryKey, (data) =>
      data === undefined ? data : { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
    )
    void client.invalidateQueries({ queryKey })
  }, [client, queryKey])
  const readAgain = useMemo(() => readerOf(client, queryKey), [client, queryKey])
  const loaded = pages.data?.pages
  useClusterChanges(
    cluster,
    () => {
      if ((loaded?.length ?? 0) > refreshedPages) setOutdated(true)
      else readAgain()
    },
    { kinds: listedThings[thing].changes, everyMs: listedThings[thing].everyMs },
  )
  const rows = useMemo(() => loaded?.flatMap((page) => page.rows) ?? [], [loaded])
  const last = loaded?.at(-1)
  const { fetchNextPage } = pages
  return {
    rows,
    counts: last === undefined ? null : { matched: last.matched, total: last.total },
    hasMore: pages.hasNextPage,
    loadMore: useCallback(() => void fetchNextPage({ cancelRefetch: false }), [fetchNextPage]),
    isLoading: pages.isPending,
    isRefreshing: pages.isFetching && !pages.isPending,
    error: pages.error,
    retry: reload,
    notes: last?.notes ?? [],
    isOutdated,
    recordedAtMs: last?.recordedAtMs ?? null,
  }
}

/** Every row that passes the filters, for an export. */
export async function* readAll(cluster: string, thing: ListedThing, query: ListQuery): AsyncGenerator<readonly Row[]> {
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Page = await readPage({ cluster, thing, query, cursor, limit: 5_000 })
    yield page.rows
    cursor = page.next
  }
}

type Wanted = {
  readonly cluster: string
  readonly thing: ListedThing
  readonly query: ListQuery
  readonly cursor: string
  readonly limit?: number
}

async function readPage(wanted: Wanted, signal?: AbortSignal): Promise<Page> {
  const { cluster, thing, query, cursor, limit = pageRows } = wanted
  const { body, recordedAtMs } = await readCluster(
    cluster,
    {
      route: listedThings[thing].page,
      query: {
        limit,
        filter: [...query.filters],
        ...(query.sort !== undefined && { sort: query.sort }),
        ...(query.isDetailed && { detail: true }),
        ...(cursor !== '' && { cursor }),
      },
    },
    signal,
  )
  return {
    rows: rowsIn(body, 'rows'),
    matched: numberIn(body, 'matched') ?? 0,
    total: numberIn(body, 'total') ?? 0,
    next: textIn(body, 'next'),
    notes: [...textsIn(body, 'warnings'), ...textsIn(body, 'failures')],
    recordedAtMs,
  }
}
