import { type Machine, type MachineChanges, MachineSpec, type UnsetField } from '../contract/machines.ts'
import { specOf } from '../machines/export-inventory.ts'
import type { InventoryStore, Seen } from '../storage/inventory-store.ts'
import type { PanelHub } from './panel-hub.ts'

/** The inventory, of which every change is told. */
export class Machines {
  readonly #store: InventoryStore
  readonly #hub: PanelHub

  constructor(store: InventoryStore, hub: PanelHub) {
    this.#store = store
    this.#hub = hub
    hub.provide('machines', { snapshot: () => store.list().map((value) => ({ id: value.id, value })) })
  }

  list(): Machine[] {
    return this.#store.list()
  }

  find(idOrName: string): Machine | undefined {
    return this.#store.find(idOrName)
  }

  /** @throws ClusterError `machine.not-found` */
  get(idOrName: string): Machine {
    return this.#store.get(idOrName)
  }

  /** Each once, in the order in which they were named. @throws ClusterError `machine.not-found` */
  getAll(idsOrNames: readonly string[]): Machine[] {
    return [...new Map(idsOrNames.map((each) => this.#store.get(each)).map((machine) => [machine.id, machine])).values()]
  }

  async add(specs: readonly MachineSpec[]): Promise<Machine[]> {
    const added = await this.#store.add(specs)
    added.forEach((machine) => this.#tell(machine))
    return added
  }

  async update(idOrName: string, changes: MachineChanges, unset: readonly UnsetField[]): Promise<Machine> {
    const machine = this.#store.get(idOrName)
    const left = Object.entries({ ...specOf(machine), ...changes, via: machine.via }).filter(
      ([field]) => !unset.some((each) => each === field),
    )
    const updated = await this.#store.update(machine.id, MachineSpec.parse(Object.fromEntries(left)))
    this.#tell(updated)
    return updated
  }

  /** What a connection or a probe found. */
  async record(id: string, seen: Partial<Seen>): Promise<Machine> {
    const machine = await this.#store.record(id, seen)
    this.#tell(machine)
    return machine
  }

  async setCluster(ids: readonly string[], clusterId: string | null): Promise<void> {
    await this.#store.setCluster(ids, clusterId)
    for (const id of ids) this.#tell(this.#store.get(id))
  }

  async remove(idsOrNames: readonly string[]): Promise<void> {
    const ids = this.getAll(idsOrNames).map(({ id }) => id)
    await this.#store.remove(ids)
    for (const id of ids) this.#hub.publish('machines', { id, value: null })
  }

  #tell(value: Machine): void {
    this.#hub.publish('machines', { id: value.id, value })
  }
}
