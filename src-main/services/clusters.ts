import type { Cluster, Member } from '../contract/clusters.ts'
import type { ClusterStore } from '../storage/cluster-store.ts'
import type { PanelHub } from './panel-hub.ts'

type Live = Pick<Cluster, 'link' | 'lease'>

/** The clusters that this panel knows, with how it stands with each now; every change is told. */
export class Clusters {
  readonly #store: ClusterStore
  readonly #hub: PanelHub
  /** Links come and go too often to be written down. */
  readonly #live = new Map<string, Live>()

  constructor(store: ClusterStore, hub: PanelHub) {
    this.#store = store
    this.#hub = hub
    hub.provide('clusters', { snapshot: () => this.list().map((value) => ({ id: value.id, value })) })
  }

  list(): Cluster[] {
    return this.#store.list().map((cluster) => this.#withLive(cluster))
  }

  find(idOrName: string): Cluster | undefined {
    const cluster = this.#store.find(idOrName)
    return cluster && this.#withLive(cluster)
  }

  /** @throws ClusterError `cluster.not-found` */
  get(idOrName: string): Cluster {
    return this.#withLive(this.#store.get(idOrName))
  }

  async add(cluster: Cluster): Promise<Cluster> {
    await this.#store.add(cluster)
    return this.#tell(cluster.id)
  }

  async update(id: string, change: (cluster: Cluster) => Cluster): Promise<Cluster> {
    await this.#store.update(id, change)
    return this.#tell(id)
  }

  /** Changes one member, if it is still one. */
  updateMember(id: string, machineId: string, changes: Partial<Member>): Promise<Cluster> {
    const changed = (member: Member): Member => (member.machineId === machineId ? { ...member, ...changes } : member)
    return this.update(id, (cluster) => ({ ...cluster, members: cluster.members.map(changed) }))
  }

  setLive(id: string, live: Partial<Live>): void {
    const cluster = this.find(id)
    if (!cluster) return // forgotten meanwhile
    this.#live.set(id, { link: cluster.link, lease: cluster.lease, ...live })
    this.#tell(id)
  }

  async remove(id: string): Promise<void> {
    await this.#store.remove(id)
    this.#live.delete(id)
    this.#hub.publish('clusters', { id, value: null })
  }

  #withLive(cluster: Cluster): Cluster {
    return { ...cluster, ...this.#live.get(cluster.id) }
  }

  #tell(id: string): Cluster {
    const value = this.get(id)
    this.#hub.publish('clusters', { id, value })
    return value
  }
}
