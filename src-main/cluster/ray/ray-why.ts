import type { PendingDemand, Why, WhyNode } from '../../../runtime/api/why.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiQuery } from '../../../runtime/client/api-client.ts'
import { usedFrom } from '../logical-resources.ts'
import type { Row } from './list-page.ts'
import { type RayFigures, recordOf, recordsOf } from './ray-figures.ts'
import type { RayLists } from './ray-lists.ts'
import { rayResources } from './ray-rows.ts'

type Amounts = Readonly<Record<string, number>>
type Node = { readonly id: string; readonly name: string; readonly total: Amounts; readonly free: Amounts }
type Waiting = {
  readonly kind: 'task' | 'actor' | 'placement_group'
  readonly id: string
  readonly state: string
  readonly sinceMs: number | null
  /** What must be on one node, each. */
  readonly parts: readonly Amounts[]
  /** Why it waits where no resources are to blame. */
  readonly other: string | null
}

const listedNodes = 1_000
const idsShown = 100
const notPlaced = new Set(['PENDING_NODE_ASSIGNMENT', 'PENDING_ARGS_AVAIL', 'PENDING_OBJ_STORE_MEM_AVAIL', 'PENDING_ARGS_FETCH'])
const waitingActor = new Set(['PENDING_CREATION', 'DEPENDENCIES_UNREADY', 'RESTARTING'])
const waitingGroup = new Set(['PENDING', 'PREPARED', 'RESCHEDULING'])

/** Why things wait, worked out here from what Ray's lists say: it tells no reasons itself. */
export class RayWhy {
  readonly #lists: RayLists
  readonly #figures: RayFigures

  constructor(lists: RayLists, figures: RayFigures) {
    this.#lists = lists
    this.#figures = figures
  }

  /** Of one thing, or of all that waits. @throws ClusterError `not-found` */
  async ask({ task, actor, group, job }: ApiQuery): Promise<Why | PendingDemand> {
    const nodes = await this.#nodes()
    if (task !== undefined) return this.#ofThing(waitingTask(await this.#find('pageTasks', 'task_id', task)), nodes)
    if (actor !== undefined) return this.#ofThing(waitingActorOf(await this.#find('pageActors', 'actor_id', actor)), nodes)
    if (group !== undefined)
      return this.#ofThing(waitingGroupOf(await this.#find('pagePlacementGroups', 'placement_group_id', group)), nodes)
    return job === undefined ? this.#demand(nodes) : this.#ofJob(String(job))
  }

  async #nodes(): Promise<Node[]> {
    const [{ rows }, { nodeLogicalResources }] = await Promise.all([this.#lists.read(rayResources.pageNodes), this.#figures.summaries()])
    return rows.flatMap((row) => {
      if (row['state'] !== 'ALIVE') return []
      const id = String(row['node_id'])
      const total = amountsOf(row['resources_total'])
      const used = usedFrom(nodeLogicalResources[id] ?? '')
      const free = Object.fromEntries(Object.entries(total).map(([name, amount]) => [name, Math.max(0, amount - (used[name] ?? 0))]))
      return [{ id, name: String(row['node_name'] ?? id), total, free }]
    })
  }

  async #find(page: 'pageTasks' | 'pageActors' | 'pagePlacementGroups', column: string, value: ApiQuery[string]): Promise<Row> {
    const id = String(value)
    const { rows } = await this.#lists.read(rayResources[page], [{ column, operator: 'eq', values: [id] }])
    const found = rows.findLast((row) => row[column] === id)
    if (found) return found
    throw new ClusterError('not-found', `Ray's list has no ${column} ${id}`)
  }

  #ofThing(thing: Waiting, nodes: readonly Node[]): Why {
    const { kind, id, state, sinceMs, parts } = thing
    const asked = sumOf(parts)
    const isPending = isWaiting(thing)
    const verdict = judge(thing, nodes)
    return {
      ...{ kind, id, state, isPending, sinceMs, asked },
      why: isPending ? verdict.why : `it does not wait: it is ${state}`,
      infeasible: isPending && verdict.infeasible,
      nearest: null,
      nodes: isPending ? nodes.slice(0, listedNodes).map((node) => nodeVerdict(node, parts)) : [],
      nodesLeftOut: isPending ? Math.max(0, nodes.length - listedNodes) : 0,
    }
  }

  async #ofJob(id: string): Promise<Why> {
    const { rows } = await this.#lists.jobs()
    const job = rows.find((row) => row['id'] === id || row['job_id'] === id)
    if (!job) throw new ClusterError('not-found', `Ray knows no job ${id}`)
    const state = String(job['status'])
    const isPending = state === 'PENDING'
    const why = isPending
      ? `Ray says: ${String(job['message'] ?? 'nothing')}. What its command asks for, Ray does not tell.`
      : `it does not wait: it is ${state}`
    const sinceMs = typeof job['start_time'] === 'number' ? job['start_time'] : null
    return { kind: 'job', id, state, isPending, why, infeasible: false, sinceMs, asked: {}, nearest: null, nodes: [], nodesLeftOut: 0 }
  }

  async #demand(nodes: readonly Node[]): Promise<PendingDemand> {
    const [tasks, actors, groups] = await Promise.all(
      (['pageTasks', 'pageActors', 'pagePlacementGroups'] as const).map(async (page) => (await this.#lists.read(rayResources[page])).rows),
    )
    const ofTheirOwn = (tasks ?? []).filter((row) => row['type'] !== 'ACTOR_CREATION_TASK') // its actor stands in the list of actors
    const things = [...ofTheirOwn.map(waitingTask), ...(actors ?? []).map(waitingActorOf), ...(groups ?? []).map(waitingGroupOf)].filter(
      isWaiting,
    )
    const demands = new Map<string, PendingDemand['demands'][number]>()
    for (const thing of things) {
      const { kind, id, parts, other } = thing
      const key = JSON.stringify([kind, parts, other])
      const known = demands.get(key) ?? { kind, asked: sumOf(parts), count: 0, ...judge(thing, nodes), nearest: null, ids: [] }
      demands.set(key, known)
      known.count += 1
      if (kind !== 'task' && known.ids.length < idsShown) known.ids.push(id)
    }
    const count = (kind: Waiting['kind']) => things.filter((thing) => thing.kind === kind).length
    const ordered = [...demands.values()].sort((one, other) => Number(other.infeasible) - Number(one.infeasible) || other.count - one.count)
    return { tasks: count('task'), actors: count('actor'), placement_groups: count('placement_group'), demands: ordered.slice(0, 10_000) }
  }
}

function waitingTask(row: Row): Waiting {
  const state = String(row['state'])
  const other = state === 'PENDING_ARGS_AVAIL' ? 'it waits for the results that it is given as arguments' : null
  const sinceMs = typeof row['creation_time_ms'] === 'number' ? row['creation_time_ms'] : null
  return { kind: 'task', id: String(row['task_id']), state, sinceMs, parts: [amountsOf(row['required_resources'])], other }
}

function waitingActorOf(row: Row): Waiting {
  const state = String(row['state'])
  const other = state === 'DEPENDENCIES_UNREADY' ? 'it waits for the results that its constructor is given' : null
  return { kind: 'actor', id: String(row['actor_id']), state, sinceMs: null, parts: [amountsOf(row['required_resources'])], other }
}

function waitingGroupOf(row: Row): Waiting {
  const parts = recordsOf(row['bundles']).map((bundle) => amountsOf(bundle['unit_resources']))
  return { kind: 'placement_group', id: String(row['placement_group_id']), state: String(row['state']), sinceMs: null, parts, other: null }
}

function isWaiting({ kind, state }: Waiting): boolean {
  return kind === 'task' ? notPlaced.has(state) : kind === 'actor' ? waitingActor.has(state) : waitingGroup.has(state)
}

function judge({ parts, other }: Waiting, nodes: readonly Node[]): { why: string; infeasible: boolean } {
  if (other !== null) return { why: other, infeasible: false }
  const tooLarge = parts.find((part) => !nodes.some(({ total }) => holds(total, part)))
  if (tooLarge) {
    const most = Object.keys(tooLarge).map((name) => `${name} ${Math.max(0, ...nodes.map(({ total }) => total[name] ?? 0))}`)
    return {
      why: `no node has ${wordsOf(tooLarge)}: the most that one has is ${most.join(', ')}. It waits until such a node joins.`,
      infeasible: true,
    }
  }
  const isFree = parts.every((part) => nodes.some(({ free }) => holds(free, part)))
  if (isFree)
    return {
      why: 'there is room for it now; Ray has not placed it yet, or its labels or strategy keep it from where there is room',
      infeasible: false,
    }
  return { why: `it waits for room: ${wordsOf(sumOf(parts))} is free on no node now`, infeasible: false }
}

function nodeVerdict({ id, name, total, free }: Node, parts: readonly Amounts[]): WhyNode {
  const part = parts.find((each) => !holds(free, each)) ?? parts[0] ?? {}
  const missing = Object.entries(part).flatMap(([resource, wanted]) => {
    const has = free[resource] ?? 0
    return has >= wanted ? [] : [{ resource, wanted, free: has, total: total[resource] ?? 0, short: wanted - has }]
  })
  const verdict = missing.length === 0 ? 'fits' : holds(total, part) ? 'busy' : 'too-small'
  const why = { fits: 'it has room now', busy: 'it would do when something there ends', 'too-small': 'it can never hold it' }[verdict]
  return { nodeId: id, nodeName: name, verdict, why, missing, labels: [] }
}

const holds = (has: Amounts, wanted: Amounts): boolean => Object.entries(wanted).every(([name, amount]) => (has[name] ?? 0) >= amount)
const wordsOf = (amounts: Amounts): string =>
  Object.entries(amounts)
    .map(([name, amount]) => `${name} ${amount}`)
    .join(', ')

function sumOf(parts: readonly Amounts[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const part of parts) for (const [name, amount] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + amount
  return sum
}

const amountsOf = (value: unknown): Record<string, number> =>
  Object.fromEntries(Object.entries(recordOf(value)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
