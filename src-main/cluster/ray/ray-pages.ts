import { JobStatus } from '../../../runtime/api/jobs.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiQuery } from '../../../runtime/client/api-client.ts'
import type { PageId } from '../answers.ts'
import type { ClusterCalls, ListPage } from '../cluster-calls.ts'
import { isRowCursor, pageRows, parseRowFilter, type Row } from './list-page.ts'
import type { RayList, RayLists } from './ray-lists.ts'
import { jobKey, rayResources, type RayResource } from './ray-rows.ts'

export type RayPagesIo = {
  readonly lists: RayLists
  readonly record: Pick<ClusterCalls, 'call'>
  /** Rows of workers with what each takes. */
  readonly withProcesses: (rows: readonly Row[]) => Promise<readonly Row[]>
}

/** Lists of which the record has rows too. */
const recorded: readonly PageId[] = ['pageNodes', 'pageTasks', 'pageActors', 'pagePlacementGroups']

/** Pages of Ray's lists, which come whole or cut off; where they are cut off, of what was recorded. */
export class RayPages {
  readonly #io: RayPagesIo

  constructor(io: RayPagesIo) {
    this.#io = io
  }

  /** As Ray lists it now, and no further. */
  async live(id: PageId, query: ApiQuery): Promise<ListPage> {
    return this.#pageOf(id, query, await this.#read(id, query))
  }

  /** The same; of a list that Ray cuts off, what the record has of it, with the rows that Ray lists as they stand now. */
  async whole(id: PageId, query: ApiQuery): Promise<ListPage> {
    const cursor = textOf(query['cursor'])
    const list = await this.#read(id, query)
    const page = await this.#pageOf(id, cursor === undefined || isRowCursor(cursor) ? query : { ...query, cursor: undefined }, list)
    const isWhole = !list.isCut && (!list.isNarrow || page.matched > 0)
    const asListed = () => (cursor === undefined ? page : this.#pageOf(id, query, list))
    if (isWhole || !recorded.includes(id) || (cursor !== undefined && isRowCursor(cursor))) return asListed()
    const before = await this.#io.record.call(id, { query }).then((answer) => answer as ListPage, unlessUnknown) // as that route answers
    if (before === undefined || before.matched === 0 || before.matched < page.matched) return asListed()
    const keyOf = keyOfPage(id)
    const now = new Map(list.rows.map((row) => [keyOf(row), row]))
    const columns = columnsOf(query)
    const rows = before.rows.map((row) => {
      const fresh = now.get(keyOf(row))
      return fresh === undefined
        ? row
        : columns === undefined
          ? fresh
          : Object.fromEntries(columns.map((column) => [column, fresh[column]]))
    })
    const total = Math.max(list.total, before.total)
    return { ...before, rows, total, failures: page.failures, warnings: [recordWords(id, list, before.total), ...list.warnings] }
  }

  #read(id: PageId, query: ApiQuery): Promise<RayList> {
    const resource = resourceOf(id)
    return resource === undefined ? this.#io.lists.jobs() : this.#io.lists.read(resource, filtersOf(query))
  }

  async #pageOf(id: PageId, query: ApiQuery, list: RayList): Promise<ListPage> {
    const resource = resourceOf(id)
    const isHidden = id === 'pageTasks' && !('exclude_driver' in query && !isFlag(query['exclude_driver']))
    const told = isHidden ? list.rows.filter((row) => row['type'] !== 'DRIVER_TASK') : list.rows
    const rows = id === 'pageWorkers' ? await this.#io.withProcesses(told) : told
    const question = {
      filters: filtersOf(query),
      sort: textOf(query['sort']) ?? (resource ? resource.sort : '-start_time'),
      limit: Math.min(10_000, Math.max(1, Number(query['limit'] ?? 100))),
      cursor: textOf(query['cursor']),
      columns: columnsOf(query),
    }
    const page = pageRows(rows, question, keyOfPage(id))
    const total = list.isCut || list.isNarrow ? list.total : rows.length
    const all = { ...page, total, warnings: [...(list.isCut ? [cutWords(id, list)] : []), ...list.warnings, ...page.warnings] }
    return id === 'listShoalJobs' ? { ...all, ...{ counts: countsOf(rows) } } : all
  }
}

const resourceOf = (id: PageId): RayResource | undefined => (id === 'listShoalJobs' ? undefined : rayResources[id])
const keyOfPage = (id: PageId): ((row: Row) => string) => resourceOf(id)?.keyOf ?? jobKey
const filtersOf = (query: ApiQuery) => textsOf(query['filter']).map(parseRowFilter)
const columnsOf = (query: ApiQuery): string[] | undefined => textOf(query['columns'])?.split(',')
const wordOf = (id: PageId): string => (resourceOf(id)?.resource ?? 'jobs').replaceAll('_', ' ')
const number = (value: number): string => value.toLocaleString('en')

const cutWords = (id: PageId, { total, listed }: RayList): string =>
  `Ray lists ${number(listed)} of the ${number(total)} ${wordOf(id)} that there are; the rest is missing here, and in the counts`

const recordWords = (id: PageId, { total, listed, isCut }: RayList, known: number): string =>
  isCut
    ? `Ray lists ${number(listed)} of the ${number(total)} ${wordOf(id)} that there are. These are the ${number(known)} that this panel has seen; those that Ray lists no more stand as they were seen last`
    : `Ray lists these ${wordOf(id)} no more; they stand as this panel saw them last`

/** The record knows fewer columns, and no patterns. */
function unlessUnknown(error: unknown): undefined {
  if (error instanceof ClusterError && (error.code === 'bad-argument' || error.code === 'not-supported')) return undefined
  throw error
}

const isFlag = (value: unknown): boolean => value === true || value === 'true' || value === 'True' || value === '1'
const textOf = (value: ApiQuery[string]): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
export const textsOf = (value: ApiQuery[string]): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : [String(value)]

function countsOf(jobs: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(JobStatus.options.map((status) => [status, 0]))
  for (const job of jobs) counts[String(job['status'])] = (counts[String(job['status'])] ?? 0) + 1
  return counts
}
