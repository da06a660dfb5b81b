import * as z from 'zod'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiClient, ApiQuery } from '../../../runtime/client/api-client.ts'
import type { Row, RowFilter } from './list-page.ts'
import { jobRow, type RayResource } from './ray-rows.ts'

/** All that Ray sends of one list. */
export type RayList = {
  readonly rows: readonly Row[]
  /** What there is, listed or not. */
  readonly total: number
  /** Of `total`, what Ray listed before anybody filtered. */
  readonly listed: number
  readonly isCut: boolean
  /** These are only those that pass some of the filters, as the whole list is cut off. */
  readonly isNarrow?: boolean
  readonly warnings: readonly string[]
}

/** Looser than the schemas of the API: other versions of Ray have other columns and states. */
const LooseList = z.object({
  data: z.object({
    result: z.object({
      total: z.number(),
      num_after_truncation: z.number().optional(),
      result: z.array(z.record(z.string(), z.unknown())),
      partial_failure_warning: z.string().nullish(),
      warnings: z.array(z.string()).nullish(),
    }),
  }),
})
const LooseJobs = z.array(z.record(z.string(), z.unknown()))

/** What Ray sends at most where nobody changed it, by `RAY_MAX_LIMIT_FROM_API_SERVER`. */
const mostRows = 10_000
/** Ray's own clock for a list, which asks every node for some of them. */
const listTimeoutS = 30
/** Lists that several screens ask for at a time are asked for once. */
const freshMs = 1_000
const listsKept = 32

type Kept = { goodUntilMs: number; readonly list: Promise<RayList> }

/** Reads Ray's lists whole, as it has no pages; each at most once a second. */
export class RayLists {
  readonly #api: ApiClient
  readonly #kept = new Map<string, Kept>()
  #mostRows = mostRows

  constructor(api: ApiClient) {
    this.#api = api
  }

  /** Something was changed: what was read before is of no use. */
  forget(): void {
    this.#kept.clear()
  }

  /**
   * All rows, and where Ray cuts them off, those that it finds by the filters which it understands.
   * @throws as every call
   */
  async read(resource: RayResource, filters: readonly RowFilter[] = []): Promise<RayList> {
    const all = await this.#once(resource.resource, () => this.#ask(resource, {}))
    const pushed = filters.filter(({ column, operator }) => operator === 'eq' && resource.pushed.includes(column))
    if (!all.isCut || pushed.length === 0) return all
    const query = {
      filter_keys: pushed.map(({ column }) => column),
      filter_predicates: pushed.map(() => '='),
      filter_values: pushed.map(({ values }) => values[0] ?? ''),
    }
    const narrow = await this.#once(`${resource.resource} ${JSON.stringify(query)}`, () => this.#ask(resource, query)).catch(unlessRefused)
    return narrow ? { ...narrow, total: Math.max(all.total, narrow.total), isNarrow: true } : all
  }

  /** Submitted ones and programs that joined by themselves, without a limit. */
  jobs(): Promise<RayList> {
    return this.#once('jobs', async () => {
      const rows = await this.#api.getJson('/api/jobs/', LooseJobs, { timeoutMs: listTimeoutS * 1_000 })
      return { rows: rows.map(jobRow), total: rows.length, listed: rows.length, isCut: false, warnings: [] }
    })
  }

  async #ask(list: RayResource, filter: ApiQuery): Promise<RayList> {
    const limit = this.#mostRows
    try {
      return await this.#askFor(list, limit, filter)
    } catch (error) {
      const least = error instanceof ClusterError ? Number(/supported limit (\d+)/.exec(error.message)?.[1]) : Number.NaN
      if (!(least > 0 && least < limit)) throw error
      this.#mostRows = least
      return this.#askFor(list, least, filter)
    }
  }

  async #askFor({ resource, rowOf }: RayResource, limit: number, filter: ApiQuery): Promise<RayList> {
    const query = { limit, detail: 'True', timeout: listTimeoutS, ...(resource === 'tasks' ? { exclude_driver: 'False' } : {}) }
    const answer = await this.#api.getJson(`/api/v0/${resource}`, LooseList, {
      query: { ...query, ...filter },
      timeoutMs: (listTimeoutS + 10) * 1_000,
    })
    const { total, num_after_truncation: listed = total, result, warnings, partial_failure_warning: failure } = answer.data.result
    const isCut = total > listed || result.length >= limit
    return {
      rows: result.map(rowOf),
      total,
      listed: result.length,
      isCut,
      warnings: [...(failure ? [failure] : []), ...(warnings ?? [])],
    }
  }

  #once(key: string, ask: () => Promise<RayList>): Promise<RayList> {
    const known = this.#kept.get(key)
    if (known && performance.now() < known.goodUntilMs) return known.list
    const list = ask()
    const kept: Kept = { goodUntilMs: Number.POSITIVE_INFINITY, list }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > listsKept && oldest !== undefined) this.#kept.delete(oldest)
    list.then(
      () => (kept.goodUntilMs = performance.now() + freshMs),
      () => this.#kept.get(key) === kept && this.#kept.delete(key),
    )
    return list
  }
}

/** An older Ray refuses filters that it does not know. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof ClusterError && (error.code === 'bad-argument' || error.code === 'internal')) return undefined
  throw error
}
