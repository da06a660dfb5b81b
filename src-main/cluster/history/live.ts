import { type Capabilities, can } from '../capabilities.ts'
import type { ClusterCalls, ListPage } from '../cluster-calls.ts'
import type { Row, ThingKind } from './core/rows.ts'

/** A head that can be asked now. */
export type Live = { readonly client: ClusterCalls; readonly capabilities: Capabilities }

const pageIds = {
  nodes: 'pageNodes',
  jobs: 'listShoalJobs',
  actors: 'pageActors',
  placement_groups: 'pagePlacementGroups',
  cluster_events: 'pageClusterEvents',
} as const
const rayIds = {
  nodes: 'listNodes',
  actors: 'listActors',
  placement_groups: 'listPlacementGroups',
  cluster_events: 'listClusterEvents',
} as const

/** Rows of one question to a head, and of all its rows. */
const pageRows = 1_000
export const mostRows = 100_000
/** Of a Ray head, which has no pages. */
const rayRows = 10_000

/** Pages of a list, whole rows. With `filter` only those that pass; a Ray head sends all it would ever send. */
export async function* pagesOf(
  { client, capabilities }: Live,
  kind: ThingKind,
  question: { filter?: readonly string[]; sort?: string; most?: number } = {},
): AsyncGenerator<readonly Row[]> {
  if (!can(capabilities, 'lists')) {
    yield kind === 'jobs' ? await rayJobs(client) : await rayList(client, rayIds[kind])
    return
  }
  const { filter = [], sort, most = mostRows } = question
  let left = most
  for (let cursor: string | undefined; left > 0; ) {
    const limit = Math.min(pageRows, left)
    const page: ListPage = await client.page(pageIds[kind], {
      ...{ filter, limit, detail: true },
      ...(sort === undefined ? {} : { sort }),
      ...(cursor === undefined ? {} : { cursor }),
    })
    yield page.rows
    left -= page.rows.length
    if (page.next === null) return
    cursor = page.next
  }
}

async function rayList(client: ClusterCalls, id: (typeof rayIds)[keyof typeof rayIds]): Promise<readonly Row[]> {
  const answer = await client.call(id, { query: { limit: rayRows, detail: 'True' } })
  return answer.data.result.result
}

async function rayJobs(client: ClusterCalls): Promise<readonly Row[]> {
  const jobs = await client.call('listJobs')
  return jobs.map((job) => ({ ...job, id: job.submission_id ?? job.job_id ?? '', priority: null, queue_position: null, reason: null }))
}
