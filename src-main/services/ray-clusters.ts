import { ClusterError, isErrorCode } from '../../runtime/base/errors.ts'
import { parseRayAddress } from '../cluster/ray/ray-address.ts'
import { planRay } from '../cluster/ray/open-ray.ts'
import type { Cluster } from '../contract/clusters.ts'
import type { RayHead, RayPlan, RayTrust } from '../contract/ray-heads.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { newClusterId } from '../storage/new-id.ts'
import { rayTokenKey } from '../storage/secret-store.ts'
import type { ClusterLinks } from './cluster-links.ts'
import type { Clusters } from './clusters.ts'
import type { KeptSecrets } from './kept-secrets.ts'
import type { Machines } from './machines.ts'

export type RayClustersIo = {
  readonly machines: Machines
  readonly clusters: Clusters
  readonly links: Pick<ClusterLinks, 'connect'>
  readonly connect: (machineId: string, signal?: AbortSignal) => Promise<HostConnection>
  readonly secrets: KeptSecrets
  readonly nowMs: () => number
}

type Place = { readonly address: string; readonly via: string | null; readonly token?: string | undefined; readonly trust: RayTrust }
type Wish = Place & { readonly name: string; readonly keepToken: boolean }

/** Clusters of Ray that others made: found by their address, and put on the list beside ours. */
export class RayClusters {
  readonly #io: RayClustersIo

  constructor(io: RayClustersIo) {
    this.#io = io
  }

  /** What stands there, with what keeps us out. @throws ClusterError `bad-argument`, `machine.not-found`, those of the connection to `via` */
  async plan(place: Place, signal: AbortSignal): Promise<RayPlan> {
    return this.#look(this.#headOf(place), place.token, signal)
  }

  /** @throws ClusterError as `clusters.connectRay` of the contract */
  async connect({ name, keepToken, ...place }: Wish, signal: AbortSignal): Promise<Cluster> {
    const { clusters, links, secrets, nowMs } = this.#io
    if (clusters.find(name)) throw new ClusterError('already-exists', `there is a cluster ${name} already; choose another name`)
    const rayHead = this.#headOf(place)
    const same = clusters.list().find(({ rayHead: known }) => known?.url === rayHead.url && known.via === rayHead.via)
    if (same) throw new ClusterError('already-exists', `${rayHead.url} is connected already, as ${same.name}; forget that one first`)
    const { problem } = await this.#look(rayHead, place.token, signal)
    if (problem) throw refusal(problem)
    const id = newClusterId()
    if (place.token !== undefined) await secrets.keep(rayTokenKey(id), place.token, keepToken)
    await clusters.add({
      ...{ id, name, engine: 'ray', createdAtMs: nowMs(), ports: unusedPorts, service: 'none', members: [], rayHead },
      ...{ link: { state: 'off', sinceMs: nowMs(), message: null }, lease: { holder: null, isOurs: false } },
    })
    await links.connect(id, signal)
    return clusters.get(id)
  }

  forgetToken(clusterId: string): Promise<void> {
    return this.#io.secrets.forget(rayTokenKey(clusterId))
  }

  #headOf({ address, via, trust }: Place): RayHead {
    const url = parseRayAddress(address)
    if (trust.kind !== 'system' && !url.startsWith('https:')) {
      throw new ClusterError('bad-argument', `${url} has no certificate, as it is not https; leave out the CA and the fingerprint`, {
        details: { field: 'trust' },
      })
    }
    return { url, via: via === null ? null : this.#io.machines.get(via).id, trust }
  }

  async #look({ url, trust, via }: RayHead, token: string | undefined, signal: AbortSignal): Promise<RayPlan> {
    const connection = via === null ? undefined : await this.#io.connect(via, signal)
    try {
      return await planRay({ url, trust, token, via: connection }, signal)
    } finally {
      connection?.close()
    }
  }
}

/** Ports are those of clusters that the panel makes. */
const unusedPorts: Cluster['ports'] = { head: 6_379, agent: 6_380, api: 8_265 }

const refusal = ({ code, message }: NonNullable<RayPlan['problem']>): ClusterError =>
  new ClusterError(isErrorCode(code) ? code : 'internal', message)
