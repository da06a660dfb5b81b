import { ClusterError } from '../../runtime/base/errors.ts'
import { plannedMember } from '../bootstrap/machine-target.ts'
import { keptPorts, takenPorts, withMovedPorts } from '../bootstrap/moved-ports.ts'
import type { MovedPort, OperationInput } from '../bootstrap/operation-input.ts'
import { runnableInput } from '../bootstrap/plan-of.ts'
import { type Cluster, ClusterSpec, type ExtraNode } from '../contract/clusters.ts'
import { type Machine, MachineSpec } from '../contract/machines.ts'
import type { Operation } from '../contract/operations.ts'
import { findFreePorts } from '../local/free-ports.ts'
import { inOrder } from '../storage/in-order.ts'
import { newClusterId } from '../storage/new-id.ts'
import type { ClusterLinks } from './cluster-links.ts'
import type { ClusterPlans } from './cluster-plans.ts'
import type { Clusters } from './clusters.ts'
import type { Machines } from './machines.ts'
import type { Operations } from './operations.ts'

export type LocalClusterIo = {
  readonly machines: Machines
  readonly clusters: Clusters
  readonly plans: ClusterPlans
  readonly operations: Operations
  readonly links: ClusterLinks
  readonly nowMs: () => number
}

type Wish = { readonly withSamples: boolean; readonly nodes: number }
type Started = { readonly clusterId: string; readonly operationId: string }

const machineName = 'this-computer'
const clusterName = 'local'
const mostNames = 100

/**
 * A cluster of this computer alone, to try things on before there is any other machine. It goes the way of every cluster, over a
 * connection that needs no SSH; the nodes beyond the first are more agents on the same machine, each with a folder, a port and a share of
 * the CPUs of its own, so that placement and the view of nodes have something to show.
 */
export class LocalCluster {
  readonly #io: LocalClusterIo
  /** Two calls at once must not make two. */
  readonly #inOrder = inOrder()

  constructor(io: LocalClusterIo) {
    this.#io = io
  }

  /** Goes on when whoever asked has gone away. @throws ClusterError `not-supported`, `wrong-state`, `machine.unfit`, `already-exists` */
  start(wish: Wish): Promise<Started> {
    if (process.platform !== 'linux') {
      throw new ClusterError(
        'not-supported',
        `nodes run on Linux, and this computer runs ${process.platform}; add a Linux machine over SSH, such as a virtual machine on it`,
      )
    }
    return this.#inOrder(() => this.#start(wish))
  }

  async #start(wish: Wish): Promise<Started> {
    const { clusters, operations } = this.#io
    const machine = await this.#machine()
    if (machine.clusterId === null) return this.#create(machine, wish)
    const cluster = clusters.get(machine.clusterId)
    if (cluster.members.length !== 1) {
      const message = `this computer is part of cluster ${cluster.name}, with other machines; remove it there first, or use that cluster`
      throw new ClusterError('wrong-state', message)
    }
    const last = (await operations.list()).find(({ clusterId }) => clusterId === cluster.id)
    if (last && (await this.#isUpOrComing(cluster, last))) return { clusterId: cluster.id, operationId: last.id }
    return this.#createAgain(cluster, wish)
  }

  async #machine(): Promise<Machine> {
    const { machines } = this.#io
    const known = machines.list().find(({ via }) => via === 'local')
    if (known) return known
    if (machines.find(machineName)) {
      throw new ClusterError(
        'already-exists',
        `a machine that is reached over SSH is called ${machineName}; give it another name, then this computer can have that one`,
      )
    }
    const [added] = await machines.add([MachineSpec.parse({ name: machineName, via: 'local', host: '127.0.0.1' })])
    if (added) return added
    throw new ClusterError('internal', `${machineName} was not added`)
  }

  async #isUpOrComing(cluster: Cluster, last: Operation): Promise<boolean> {
    if (last.state === 'running') {
      if (last.kind === 'create') return true
      throw new ClusterError('wrong-state', `"${last.title}" goes on now; wait until it has ended`)
    }
    const [member] = cluster.members
    if (last.state !== 'done' || member?.state !== 'started') return false
    await this.#io.links.connect(cluster.id)
    return this.#io.clusters.get(cluster.id).link.state === 'connected'
  }

  async #create(machine: Machine, { nodes, withSamples }: Wish): Promise<Started> {
    const { clusters, plans, nowMs } = this.#io
    const [head = 0, agent = 0, ...others] = await findFreePorts(nodes + 1)
    const extraNodes = others.map((agentPort, index): ExtraNode => ({ name: `local-${index + 2}`, agentPort, nodeId: null }))
    // port 0: the head takes one that nobody has at that moment
    const spec = ClusterSpec.parse({ name: await this.#freeName(), head: machine.id, ports: { head, agent, api: 0 } })
    const clusterId = newClusterId()
    const planned = await plans.create(clusterId, spec, { probe: true, extraNodes })
    const input = { ...runnableInput(planned, { withoutBlocked: false }), withSamples }
    const { name, engine, ports, service } = spec
    await clusters.add({
      ...{ id: clusterId, name, engine, createdAtMs: nowMs(), ports, service, members: input.machines.map(plannedMember) },
      ...{ link: { state: 'off', sinceMs: nowMs(), message: null }, lease: { holder: null, isOurs: false } },
    })
    return this.#begin(machine.id, input)
  }

  /** With the nodes that it has, and its ports but for those that others took meanwhile. What runs of it as it should is left alone. */
  async #createAgain(kept: Cluster, { withSamples }: Wish): Promise<Started> {
    const { machines, clusters, plans } = this.#io
    const machineId = kept.members[0]?.machineId ?? ''
    const planned = await plans.createAgain(kept) // which looks at the machine
    const movedPorts = await movePorts(kept, machines.get(machineId))
    if (movedPorts.length === 0) return this.#begin(machineId, { ...runnableInput(planned, { withoutBlocked: false }), withSamples })
    const elsewhere = await plans.createAgain(withMovedPorts(kept, movedPorts))
    const input = { ...runnableInput(elsewhere, { withoutBlocked: false }), withSamples, movedPorts }
    return this.#begin(machineId, input, () => clusters.update(kept.id, (cluster) => withMovedPorts(cluster, movedPorts)))
  }

  async #begin(machineId: string, input: OperationInput, prepare?: () => Promise<unknown>): Promise<Started> {
    const { machines, operations } = this.#io
    await machines.setCluster([machineId], input.clusterId)
    return { clusterId: input.clusterId, operationId: await operations.start(input, prepare) }
  }

  /** A record of one that was taken down makes room: what is tried here is tried again and again. */
  async #freeName(): Promise<string> {
    const { clusters, links } = this.#io
    for (let count = 1; count <= mostNames; count += 1) {
      const name = count === 1 ? clusterName : `${clusterName}-${count}`
      const known = clusters.find(name)
      if (!known) return name
      if (known.members.length > 0) continue
      await links.forget(known.id)
      await clusters.remove(known.id)
      return name
    }
    throw new ClusterError('limit.reached', `there are ${mostNames} clusters called ${clusterName}; take some of them down`)
  }
}

/** Free ones for those that others have now; not ones that the cluster keeps, on which nobody listens before it is started. */
async function movePorts(cluster: Cluster, machine: Machine): Promise<MovedPort[]> {
  const taken = takenPorts(cluster, machine)
  if (taken.length === 0) return []
  const kept = keptPorts(cluster, machine).map(({ port }) => port)
  const free = (await findFreePorts(taken.length + kept.length)).filter((port) => !kept.includes(port))
  return taken.map(({ of, port, holder }, index) => ({
    of,
    from: port,
    to: of === 'api' ? 0 : (free[index] ?? 0),
    holder: holder.slice(0, 256),
  }))
}
