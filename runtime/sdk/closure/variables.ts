import type { FunctionScope } from './inspector-session.ts'
import type { FunctionRecord, GraphNode, NodeRef, Slot } from './graph-format.ts'

/** One variable that functions of the graph captured, and who assigns it. */
type Cell = { users: number; assigned: boolean; slot: Slot; node: NodeRef | undefined; places: Set<string> }
type LocalCell = { cell: Cell; values: ReadonlyMap<string, unknown> }
export type VariableUse = { name: string; slot: Slot; assigned: boolean; owner: string; place: string }

/**
 * Which captured variables are one and the same. A copy for each function is right as long as nobody assigns it; a
 * variable that one function writes and another reads has to be one variable on the worker too.
 */
export class Variables {
  readonly #byModule = new Map<string, Cell>()
  readonly #byScope = new Map<string, LocalCell[]>()
  readonly #ofRecord = new Map<FunctionRecord, { name: string; cell: Cell }[]>()

  /**
   * V8 does not say whether two closures share a scope. Variables of a module are one by their name. Local ones are
   * taken as one when they come from the same named function, hold the same values, and the functions differ in source.
   */
  use(record: FunctionRecord, scope: FunctionScope, use: VariableUse): void {
    const key = `${use.owner}:${use.name}`
    let cell: Cell | undefined
    if (scope.kind === 'module') {
      cell = this.#byModule.get(key) ?? newCell(use.slot)
      this.#byModule.set(key, cell)
    } else {
      const values = valuesOf(scope)
      const known = this.#byScope.get(key) ?? []
      cell = known.find((one) => !one.cell.places.has(use.place) && sameValues(one.values, values))?.cell
      if (!cell) {
        cell = newCell(use.slot)
        known.push({ cell, values })
        this.#byScope.set(key, known)
      }
    }
    cell.users++
    cell.places.add(use.place)
    cell.assigned ||= use.assigned
    const list = this.#ofRecord.get(record) ?? []
    list.push({ name: use.name, cell })
    this.#ofRecord.set(record, list)
  }

  /** Numbers the cells that must be shared, once all functions are known. */
  number(addNode: (node: GraphNode) => NodeRef): void {
    for (const list of this.#ofRecord.values()) {
      for (const { cell } of list) {
        if (cell.assigned && cell.users > 1) cell.node ??= addNode(['cell', cell.slot])
      }
    }
  }

  /** The node with its shared variables moved from copies to cells. */
  settle(node: readonly ['function' | 'class', FunctionRecord]): GraphNode {
    const record = node[1]
    const shared = (this.#ofRecord.get(record) ?? []).filter(({ cell }) => cell.node)
    if (shared.length === 0) return node
    const names = new Set(shared.map(({ name }) => name))
    const kept = record.names.map((name, index) => ({ name, slot: record.slots[index] ?? null })).filter(({ name }) => !names.has(name))
    const cells = shared.flatMap(({ name, cell }): (string | Slot)[] => (cell.node ? [name, cell.node] : []))
    return [node[0], { ...record, names: kept.map(({ name }) => name), slots: kept.map(({ slot }) => slot), cells }]
  }
}

const newCell = (slot: Slot): Cell => ({ users: 0, assigned: false, slot, node: undefined, places: new Set() })

function valuesOf(scope: FunctionScope): Map<string, unknown> {
  const values = new Map<string, unknown>()
  for (const name of Object.getOwnPropertyNames(scope.variables)) {
    try {
      values.set(name, scope.variables[name])
    } catch {
      values.set(name, undefined) // not initialised yet
    }
  }
  return values
}

function sameValues(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  if (a.size !== b.size) return false
  for (const [name, value] of a) if (!b.has(name) || !Object.is(value, b.get(name))) return false
  return true
}
