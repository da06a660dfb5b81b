import { ClusterLease, type HeldLease, holdLease } from '../cluster/lease.ts'
import type { Cluster } from '../contract/clusters.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import type { Clusters } from './clusters.ts'

export type ClusterLeasesIo = {
  readonly clusters: Clusters
  readonly connect: (machineId: string) => Promise<HostConnection>
  /** Of this panel. */
  readonly holderId: string
  readonly holderLabel: string
}

/** Taking a cluster down deletes the folder of its lease: nobody renews it then, so it stands for as long as that may take. */
const downTtlMs = 15 * 60_000

/** The right to change a cluster, kept beside its head so that two panels do not fight. */
export class ClusterLeases {
  readonly #io: ClusterLeasesIo

  constructor(io: ClusterLeasesIo) {
    this.#io = io
  }

  /**
   * Undefined for a cluster without a head that was started: nobody else can know of it.
   * @throws ClusterError `lease.held` naming who has it; what connecting to the head's machine throws
   */
  async hold(cluster: Cluster): Promise<HeldLease | undefined> {
    const lease = await this.#leaseOf(cluster)
    if (!lease) return undefined
    const held = await holdLease(lease)
    this.#show(cluster.id, { holder: this.#io.holderLabel, isOurs: true })
    held.lost.addEventListener('abort', () => void this.look(cluster).catch(() => this.#show(cluster.id, nobody)), { once: true })
    return {
      lost: held.lost,
      release: async () => {
        await held.release()
        if (!held.lost.aborted) this.#show(cluster.id, nobody)
      },
    }
  }

  /** For taking it down: it goes with the folder that it lies in. */
  async holdForDown(cluster: Cluster): Promise<void> {
    await (await this.#leaseOf(cluster, downTtlMs))?.acquire()
  }

  /** Takes it from another panel, whose operation stops, and gives it back at once. */
  async takeOver(cluster: Cluster): Promise<void> {
    const lease = await this.#leaseOf(cluster)
    if (!lease) return
    await lease.takeOver()
    await lease.release()
    this.#show(cluster.id, nobody)
  }

  async look(cluster: Cluster): Promise<void> {
    const state = await (await this.#leaseOf(cluster))?.look()
    if (state === undefined || state.state === 'free') return this.#show(cluster.id, nobody)
    this.#show(cluster.id, state.state === 'ours' ? { holder: this.#io.holderLabel, isOurs: true } : { holder: state.label, isOurs: false })
  }

  async #leaseOf({ members }: Cluster, ttlMs?: number): Promise<ClusterLease | undefined> {
    const head = members.find(({ role }) => role === 'head')
    if (!head || head.sessionFolder === null || head.state === 'planned') return undefined
    const { holderId, holderLabel, connect } = this.#io
    const folder = `${head.sessionFolder}/lease`
    return new ClusterLease({
      // asked for each time: work on other machines goes on over a link to the head that broke and came back
      connection: { script: async (...args) => (await connect(head.machineId)).script(...args) },
      folder,
      holderId,
      holderLabel,
      ...(ttlMs === undefined ? {} : { ttlMs }),
    })
  }

  #show(clusterId: string, lease: Cluster['lease']): void {
    this.#io.clusters.setLive(clusterId, { lease })
  }
}

const nobody: Cluster['lease'] = { holder: null, isOurs: false }
