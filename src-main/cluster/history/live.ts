import type { Capabilities } from '../capabilities.ts'
import type { ClusterCalls, ListPage } from '../cluster-calls.ts'
import type { ThingKind } from './core/rows.ts'

/** A head that can be asked now. */
export type Live = { readonly client: ClusterCalls; readonly capabilities: Capabilities }

const pageIds = {
  nodes: 'pageNodes',
  jobs: 'listShoalJobs',
  actors: 'pageActors',
  placement_groups: 'pagePlacementGroups',
  cluster_events: 'pageClusterEvents',
} as const

/** Rows of one question to a head, and of all its rows. */
const pageRows = 1_000
export const mostRows = 100_000

/** Pages of a list, whole rows. With `filter` only those that pass. */
export async function* pagesOf(
  { client }: Live,
  kind: ThingKind,
  question: { filter?: readonly string[]; sort?: string; most?: number } = {},
): AsyncGenerator<ListPage> {
  const { filter = [], sort, most = mostRows } = question
  let left = most
  for (let cursor: string | undefined; left > 0; ) {
    const limit = Math.min(pageRows, left)
    const page: ListPage = await client.page(pageIds[kind], {
      ...{ filter, limit, detail: true },
      ...(sort === undefined ? {} : { sort }),
      ...(cursor === undefined ? {} : { cursor }),
    })
    yield page
    left -= page.rows.length
    if (page.next === null) return
    cursor = page.next
  }
}
