import { ClusterError } from '../../runtime/base/errors.ts'
import type { MachineTarget } from '../bootstrap/operation-input.ts'
import type { PayloadArchives } from '../bootstrap/payload-archive.ts'
import {
  planAdd,
  planCreate,
  planCreateAgain,
  planDown,
  planDrain,
  planRemove,
  planRestart,
  planUpgrade,
  type PlanWorld,
  raySetupOf,
  upgradedRay,
} from '../bootstrap/plan.ts'
import type { PlannedOperation } from '../bootstrap/plan-of.ts'
import type { WheelsArchives } from '../bootstrap/ray/wheels.ts'
import type { Cluster, ClusterSpec, ExtraNode } from '../contract/clusters.ts'
import type { Machine } from '../contract/machines.ts'
import type { RaySetup } from '../contract/ray-setup.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import type { MachineChecks } from './machine-checks.ts'
import type { Machines } from './machines.ts'

export type ClusterPlansIo = {
  readonly machines: Machines
  readonly checks: MachineChecks
  readonly payloads: PayloadArchives
  readonly wheels: WheelsArchives
  readonly connect: (machineId: string, signal?: AbortSignal) => Promise<HostConnection>
}

/** `signal` ends the looking for those that cannot be reached. */
type LeavingWish = { readonly force: boolean; readonly signal?: AbortSignal }

/** A payload's files take about three times the room of its archive, and both are there while it is unpacked. */
const unpackedTimes = 3
/** The look that the plan was made from is not repeated when it is no older, and found the machine fit. */
const freshMs = 30_000

/** What would be done to a cluster, from what is known of its machines now. */
export class ClusterPlans {
  readonly #io: ClusterPlansIo

  constructor(io: ClusterPlansIo) {
    this.#io = io
  }

  /** Machines are named by id or name in `spec`. With `probe` they are looked at first. `extraNodes`: on the head's machine. */
  async create(
    clusterId: string,
    spec: ClusterSpec,
    { probe, signal, extraNodes = [] }: { probe: boolean; signal?: AbortSignal; extraNodes?: readonly ExtraNode[] },
  ): Promise<PlannedOperation> {
    raySetupOf(spec) // what cannot be is said before anybody is asked
    const [head, ...workers] = this.#io.machines.getAll([spec.head, ...spec.workers])
    if (head === undefined) throw new ClusterError('bad-argument', 'a cluster needs a head')
    if (probe) {
      const [asHead, asWorkers] = [
        this.#probe([head], { role: 'head', spec, signal }),
        this.#probe(workers, { role: 'worker', spec, signal }),
      ]
      await Promise.all([asHead, asWorkers])
    }
    const named = { ...spec, head: head.id, workers: workers.map(({ id }) => id) }
    return planCreate(clusterId, named, { ...(await this.#world(raySetupOf(spec))), extraNodes })
  }

  /** For one that is half way or down, over what there is of it. Its machines are looked at first. */
  async createAgain(cluster: Cluster): Promise<PlannedOperation> {
    const looks = cluster.members.map(({ machineId, role }) =>
      this.#probe([this.#io.machines.get(machineId)], { role, spec: cluster, signal: undefined }),
    )
    await Promise.all(looks)
    return planCreateAgain(cluster, await this.#world())
  }

  async add(cluster: Cluster, machineIds: readonly string[], signal?: AbortSignal): Promise<PlannedOperation> {
    const machines = machineIds.map((id) => this.#io.machines.get(id))
    await this.#probe(machines, { role: 'worker', spec: cluster, signal })
    return planAdd(cluster, machineIds, await this.#world(cluster.ray))
  }

  async drain(cluster: Cluster, machineIds: readonly string[], withinMs: number | null): Promise<PlannedOperation> {
    return planDrain(cluster, machineIds, { ...(await this.#world()), withinMs })
  }

  async remove(cluster: Cluster, machineIds: readonly string[], leaving: LeavingWish): Promise<PlannedOperation> {
    const { force } = leaving
    const unreachable = await this.#findUnreachable(machineIds, leaving)
    return planRemove(cluster, machineIds, { ...(await this.#world()), force, unreachable })
  }

  async down(cluster: Cluster, leaving: LeavingWish): Promise<PlannedOperation> {
    const { force } = leaving
    const machineIds = cluster.members.map(({ machineId }) => machineId)
    const unreachable = await this.#findUnreachable(machineIds, leaving)
    return planDown(cluster, { ...(await this.#world()), force, unreachable })
  }

  async restart(cluster: Cluster, machineIds: readonly string[]): Promise<PlannedOperation> {
    return planRestart(cluster, machineIds, await this.#world())
  }

  async upgrade(cluster: Cluster, machineIds: readonly string[], rayVersion?: string): Promise<PlannedOperation> {
    const ray = upgradedRay(cluster, machineIds, rayVersion)
    return planUpgrade(cluster, machineIds, { ...(await this.#world(ray)), rayVersion })
  }

  /** A look right before a machine is changed, by what it is to become. */
  async lookAgain(
    machineId: string,
    { role, cluster }: { role: MachineTarget['role']; cluster: Pick<Cluster, 'ports' | 'service' | 'ray'> & { clusterId: string } },
  ) {
    const machine = this.#io.machines.get(machineId)
    const { ports, service, clusterId, ray } = cluster
    const { facts, findings: before } = machine
    const isFresh = facts !== null && Date.now() - facts.probedAtMs < freshMs && !before.some(({ level }) => level === 'blocker')
    if (isFresh) return { facts, findings: before }
    const wanted = { role, ports, service, clusterId, payload: await this.#payloadOf(machine), ...(ray && { ray }) }
    const { machine: seen, findings } = await this.#io.checks.checkOne(machine, wanted)
    if (seen.facts) return { facts: seen.facts, findings }
    throw new ClusterError('machine.unfit', findings[0]?.detail ?? `nothing is known of ${machine.name}`)
  }

  async #probe(
    machines: readonly Machine[],
    {
      role,
      spec,
      signal,
    }: { role: 'head' | 'worker'; spec: Pick<ClusterSpec, 'ports' | 'service' | 'engine' | 'ray'>; signal: AbortSignal | undefined },
  ): Promise<void> {
    await Promise.all(
      machines.map(async (machine) => {
        const payload = await this.#payloadOf(machine)
        const ray = raySetupOf(spec)
        return this.#io.checks.checkOne(machine, { role, ports: spec.ports, service: spec.service, payload, ...(ray && { ray }) }, signal)
      }),
    )
  }

  async #payloadOf({ facts }: Machine): Promise<{ packedBytes: number; unpackedBytes: number } | null> {
    const archives = await this.#io.payloads.list()
    const archive = archives.find(({ arch }) => (arch === 'arm64') === (facts?.arch === 'aarch64'))
    return archive ? { packedBytes: archive.sizeBytes, unpackedBytes: archive.sizeBytes * unpackedTimes } : null
  }

  /** `ray`: what is to be installed, whose wheels are looked at. */
  async #world(ray?: RaySetup): Promise<PlanWorld> {
    const wheels = ray && ray.wheels !== null ? await this.#io.wheels.get({ folder: ray.wheels, version: ray.version }) : undefined
    const archives = await this.#io.payloads.list()
    const payloads = Object.fromEntries(archives.map(({ arch, sha256, sizeBytes }) => [arch, { sha256, sizeBytes }]))
    return {
      machines: this.#io.machines.list(),
      payloads,
      ...(wheels && { wheels: { sha256: wheels.sha256, sizeBytes: wheels.sizeBytes } }),
    }
  }

  /** Only force asks. */
  async #findUnreachable(machineIds: readonly string[], { force, signal }: LeavingWish): Promise<Set<string>> {
    if (!force) return new Set()
    const tried = await Promise.allSettled(machineIds.map((id) => this.#io.connect(id, signal)))
    signal?.throwIfAborted()
    return new Set(machineIds.filter((_, index) => tried[index]?.status === 'rejected'))
  }
}
