import { stateCodes, taskStates, taskTypes } from '../../../base/task-states.ts'
import type { AttemptKey } from './attempt-index.ts'
import { taskIdOf } from './task-columns.ts'
import { actorTaskType, creationType } from './task-merge.ts'
import { flag, type TaskTable } from './task-table.ts'

export type LineageNode = {
  name: string
  key: string
  type: string
  timestamp: number | null
  state_counts: Record<string, number>
  children: LineageNode[]
  link: { type: 'task' | 'actor'; id: string } | null
}

type Group = {
  readonly name: string
  readonly key: string
  readonly isActor: boolean
  readonly parent: number
  count: number
  firstMs: number
  readonly states: Uint32Array
  row: number
  readonly children: number[]
}

/** A tree of what made what: siblings of one name are one node with counts. At most `limit` nodes; `left` says how many were left out. */
export function summarizeByLineage(table: TaskTable, rows: Uint32Array, limit: number): { summary: LineageNode[]; left: number } {
  const lineage = new Lineage(table)
  for (let at = 0; at < rows.length; at += 1) lineage.add(rows[at] ?? 0)
  return lineage.tree(limit)
}

const actorPrefix = 0xffff_ffff
/** A chain of parents longer than this is cut: the ids come from outside and could lead in a circle. */
const deepest = 1_000
const kindLimit = 2 ** 22

class Lineage {
  readonly #table: TaskTable
  readonly #groups: Group[] = []
  readonly #byKey = new Map<string, number>()
  readonly #actorOfTail = new Map<number, number>()
  /** By parent and kind, as one number. */
  readonly #byParentAndKind = new Map<number, number>()
  readonly #groupOfRow: Int32Array

  constructor(table: TaskTable) {
    this.#table = table
    this.#groupOfRow = new Int32Array(table.end).fill(-1)
  }

  add(row: number): void {
    const { columns } = this.#table
    const group = this.#groups[this.#groupOf(row, 0)]
    if (group === undefined) return
    const state = columns.state[row] ?? 0
    group.count += 1
    group.row = row
    group.states[state] = (group.states[state] ?? 0) + 1
    const created = columns.createdMs[row] || columns.startedMs[row] || 0
    if (created > 0 && (group.firstMs === 0 || created < group.firstMs)) group.firstMs = created
  }

  tree(limit: number): { summary: LineageNode[]; left: number } {
    let made = 0
    const make = (number: number): LineageNode | undefined => {
      const group = this.#groups[number]
      if (group === undefined || made >= limit) return undefined
      made += 1
      const children = group.children.map(make).filter((node) => node !== undefined)
      return this.#nodeOf(group, children)
    }
    const roots = this.#groups.flatMap((group, number) => (group.parent < 0 ? [number] : []))
    const summary = roots.map(make).filter((node) => node !== undefined)
    return { summary: sorted(summary), left: this.#groups.length - made }
  }

  #nodeOf(group: Group, children: LineageNode[]): LineageNode {
    const { columns, tails } = this.#table
    const counts: Record<string, number> = {}
    for (const [state, count] of group.states.entries()) if (count > 0) counts[taskStates[state] ?? 'NIL'] = count
    for (const child of children)
      for (const [state, count] of Object.entries(child.state_counts)) counts[state] = (counts[state] ?? 0) + count
    const single = group.count === 1 && !group.isActor
    const actorId = group.isActor ? group.key.slice('actor:'.length) : ''
    const isCreation = columns.type[group.row] === creationType
    const actor = tails.get(columns.tail[group.row] ?? 0)?.actorId ?? ''
    return {
      name: group.name,
      key: single ? taskIdOf(this.#table, group.row) : group.key,
      type: group.isActor ? 'ACTOR' : single ? (taskTypes[columns.type[group.row] ?? 0] ?? 'NORMAL_TASK') : 'GROUP',
      timestamp: group.firstMs > 0 ? group.firstMs : null,
      state_counts: counts,
      children: sorted(children),
      link: group.isActor
        ? { type: 'actor', id: actorId }
        : single
          ? isCreation
            ? { type: 'actor', id: actor }
            : { type: 'task', id: taskIdOf(this.#table, group.row) }
          : null,
    }
  }

  #groupOf(row: number, depth: number): number {
    const known = this.#groupOfRow[row] ?? -1
    if (known >= 0) return known
    const { columns, kinds } = this.#table
    const kind = columns.kind[row] ?? 0
    const isActorTask = columns.type[row] === actorTaskType
    const parent = depth >= deepest ? -1 : isActorTask ? this.#actorGroup(row, depth) : this.#parentGroup(row, depth)
    const pair = (parent + 1) * kindLimit + kind
    let group = this.#byParentAndKind.get(pair)
    if (group === undefined) {
      const name = kinds.get(kind)?.name ?? ''
      group = this.#intern(`${parent}/${name}`, { name, key: `${parent}/${name}`, isActor: false, parent })
      this.#byParentAndKind.set(pair, group)
    }
    this.#groupOfRow[row] = group
    return group
  }

  #parentGroup(row: number, depth: number): number {
    const { columns, parents, index } = this.#table
    if (parents === undefined || ((columns.flags[row] ?? 0) & flag.hasParent) === 0) return -1
    const key: AttemptKey = { high: parents.high[row] ?? 0, low: parents.low[row] ?? 0, tail: parents.tail[row] ?? 0, attempt: 0 }
    const parentRow = index.find(columns, key)
    return parentRow < 0 || parentRow === row ? -1 : this.#groupOf(parentRow, depth + 1)
  }

  /** Calls stand below their actor, and the actor where its constructor was called. */
  #actorGroup(row: number, depth: number): number {
    const { columns, tails, index, kinds } = this.#table
    const tail = columns.tail[row] ?? 0
    const known = this.#actorOfTail.get(tail)
    if (known !== undefined) return known
    const key = `actor:${tails.get(tail)?.actorId ?? ''}`
    const creation = index.find(columns, { high: actorPrefix, low: actorPrefix, tail, attempt: 0 })
    const parent = creation < 0 || creation === row ? -1 : this.#parentGroup(creation, depth + 1)
    const method = kinds.get(columns.kind[row] ?? 0)?.name ?? ''
    const group = this.#intern(key, { name: method.split('.')[0] ?? 'actor', key, isActor: true, parent })
    this.#actorOfTail.set(tail, group)
    return group
  }

  #intern(key: string, { name, isActor, parent }: Pick<Group, 'name' | 'key' | 'isActor' | 'parent'>): number {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const group = { name, key, isActor, parent, count: 0, firstMs: 0, states: new Uint32Array(taskStates.length), row: -1, children: [] }
    const number = this.#groups.push(group) - 1
    this.#byKey.set(key, number)
    this.#groups[parent]?.children.push(number)
    return number
  }
}

/** What runs first, then what waits, then what failed, then by time (as Ray's page orders them). */
function sorted(nodes: LineageNode[]): LineageNode[] {
  const running = (node: LineageNode) => node.state_counts['RUNNING'] ?? 0
  const failed = (node: LineageNode) => node.state_counts['FAILED'] ?? 0
  const pending = (node: LineageNode) =>
    Object.entries(node.state_counts).reduce((sum, [state, count]) => sum + (codeOf(state) < stateCodes.RUNNING ? count : 0), 0)
  return nodes.sort(
    (one, other) =>
      running(other) - running(one) ||
      pending(other) - pending(one) ||
      failed(other) - failed(one) ||
      (one.timestamp ?? Number.MAX_VALUE) - (other.timestamp ?? Number.MAX_VALUE),
  )
}

const codeOf = (state: string): number => taskStates.findIndex((name) => name === state)
