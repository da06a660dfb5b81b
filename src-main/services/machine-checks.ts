import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { findingOfError, findingsOf, type WantedOfMachine } from '../bootstrap/findings.ts'
import { foldersToEnd } from '../bootstrap/extra-nodes.ts'
import { findLeftovers, removeLeftovers } from '../bootstrap/leftovers.ts'
import { probeMachine } from '../bootstrap/probe.ts'
import { chooseNodeIp } from '../bootstrap/node-address.ts'
import { testReachability } from '../bootstrap/reachability.ts'
import { ClusterPorts, type Cluster, type Member } from '../contract/clusters.ts'
import type { Finding, Leftover, Machine, MachineFacts, ReachCell } from '../contract/machines.ts'
import type { ExecGroup } from '../contract/panel.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { Slots } from '../ssh/slots.ts'
import { groupOutcomes, type MachineOutcome } from './exec-groups.ts'
import type { Machines } from './machines.ts'

export type MachineChecksIo = {
  readonly machines: Machines
  readonly connect: (machineId: string, signal?: AbortSignal) => Promise<HostConnection>
  readonly clusterOf: (clusterId: string) => Cluster | undefined
  readonly nowMs: () => number
  /** Machines that are looked at at once. */
  readonly atOnce: number
}

type Checked = { machine: Machine; findings: Finding[] }

const defaultPorts = ClusterPorts.parse({})
const reachTimeoutMs = 3_000
const mostExecBytes = 1024 * 1024

/** What can be found out of machines, and done on many of them, without any cluster. */
export class MachineChecks {
  readonly #io: MachineChecksIo
  /** Taken only once there is a connection: what cannot be reached holds up nobody. */
  readonly #places: Slots

  constructor(io: MachineChecksIo) {
    this.#io = io
    this.#places = new Slots(io.atOnce, 'other machines to be looked at first')
  }

  /** Probes each and judges what it finds. One that cannot be reached has one finding that says why; it holds up no other. */
  check(machines: readonly Machine[], wanted: Partial<WantedOfMachine>, signal?: AbortSignal): Promise<Checked[]> {
    return Promise.all(machines.map((machine) => this.checkOne(machine, wanted, signal)))
  }

  async checkOne(machine: Machine, wanted: Partial<WantedOfMachine>, signal?: AbortSignal): Promise<Checked> {
    const cluster = machine.clusterId === null ? undefined : this.#io.clusterOf(machine.clusterId)
    const known = machine.clusterId === null ? {} : { clusterId: machine.clusterId }
    const all: WantedOfMachine = {
      role: 'none',
      ports: cluster?.ports ?? defaultPorts,
      service: 'none',
      payload: null,
      name: machine.name,
      ...known,
      ...wanted,
    }
    try {
      const facts = await this.probe(machine, { ports: all.ports, ...(signal ? { signal } : {}) })
      return await this.#keep(machine, { facts, findings: findingsOf(facts, all) })
    } catch (error) {
      if (signal?.aborted) throw error
      const findings = [findingOfError(asClusterError(error))]
      return this.#keep(machine, { findings })
    }
  }

  /** A shared connection may have broken some seconds ago without word: then a new one is tried, which knows how it is now. */
  async probe(machine: Machine, wanted: { ports: ClusterPorts; signal?: AbortSignal }): Promise<MachineFacts> {
    try {
      return await this.#probeOnce(machine, wanted)
    } catch (error) {
      if (wanted.signal?.aborted || !(error instanceof ClusterError) || error.code !== 'ssh.connection-lost') throw error
      return this.#probeOnce(machine, wanted)
    }
  }

  async #probeOnce(machine: Machine, { ports, signal }: { ports: ClusterPorts; signal?: AbortSignal }): Promise<MachineFacts> {
    const connection = await this.#io.connect(machine.id, signal)
    const release = await this.#places.take(signal)
    const wanted = [ports.head, machine.agentPort ?? ports.agent, ports.api]
    return probeMachine(connection, {
      ports: wanted,
      nowMs: this.#io.nowMs,
      ...(machine.folder === undefined ? {} : { folder: machine.folder }),
    }).finally(release)
  }

  /** Who reaches whom on a port. Machines that we cannot reach ourselves are cells that were not tested. */
  async reachability(machines: readonly Machine[], port: number | undefined, signal?: AbortSignal): Promise<ReachCell[]> {
    const connected = await Promise.all(
      machines.map(async (machine) => {
        try {
          const connection = await this.#io.connect(machine.id, signal)
          return { machine, connection, why: '' }
        } catch (error) {
          return { machine, connection: undefined, why: toError(error).message }
        }
      }),
    )
    const portOf = (machine: Machine) => port ?? machine.agentPort ?? defaultPorts.agent
    const tested = connected.flatMap(({ machine, connection }) =>
      connection ? [{ machineId: machine.id, connection, address: addressOf(machine), port: portOf(machine) }] : [],
    )
    const cells = await testReachability(tested, { timeoutMs: reachTimeoutMs, ...(signal ? { signal } : {}) })
    const untested = connected.flatMap(({ machine, connection, why }): ReachCell[] =>
      connection
        ? []
        : machines.flatMap((other) =>
            other.id === machine.id
              ? []
              : [
                  cellNotTested(machine, other, { port: portOf(other), why }),
                  cellNotTested(other, machine, { port: portOf(machine), why }),
                ],
          ),
    )
    const known = new Set(cells.map(({ from, to }) => `${from} ${to}`))
    return [...cells, ...untested.filter(({ from, to }) => !known.has(`${from} ${to}`) && known.add(`${from} ${to}`))]
  }

  /** Runs one command on each; those that ended alike stand together. */
  async exec(
    machines: readonly Machine[],
    command: string,
    { timeoutMs, signal }: { timeoutMs?: number | undefined; signal?: AbortSignal },
  ): Promise<ExecGroup[]> {
    const places = new Slots(this.#io.atOnce, 'other machines to be through first')
    const outcomes = machines.map(async (machine): Promise<MachineOutcome> => {
      let begunAtMs = performance.now()
      const durationMs = () => Math.round(performance.now() - begunAtMs)
      const named = { machineId: machine.id, name: machine.name }
      let release = () => {}
      try {
        const connection = await this.#io.connect(machine.id, signal)
        release = await places.take(signal)
        begunAtMs = performance.now()
        const limits = { maxOutputBytes: mostExecBytes, ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal ? { signal } : {}) }
        const ended = await connection.exec(command, limits)
        return { ...named, ...ended, durationMs: durationMs(), failure: null }
      } catch (error) {
        const { code, message } = asClusterError(error)
        return {
          ...named,
          code: null,
          signal: null,
          stdout: '',
          stderr: '',
          isTruncated: false,
          durationMs: durationMs(),
          failure: { code, message },
        }
      } finally {
        release()
      }
    })
    return groupOutcomes(await Promise.all(outcomes))
  }

  /** Of ours, and of no cluster that this panel knows there. */
  async leftovers(machine: Machine): Promise<Leftover[]> {
    const connection = await this.#io.connect(machine.id)
    const cluster = machine.clusterId === null ? undefined : this.#io.clusterOf(machine.clusterId)
    const member = cluster?.members.find(({ machineId }) => machineId === machine.id)
    const known = { sessionFolders: foldersOf(member), payloads: member?.payload ? [member.payload] : [] }
    return findLeftovers(connection, { known, ...(machine.folder === undefined ? {} : { folder: machine.folder }) })
  }

  async clean(machine: Machine, leftovers: readonly Leftover[]) {
    return removeLeftovers(await this.#io.connect(machine.id), leftovers)
  }

  async #keep(machine: Machine, seen: { facts?: MachineFacts; findings: Finding[] }): Promise<Checked> {
    return { machine: await this.#io.machines.record(machine.id, seen), findings: seen.findings }
  }
}

const foldersOf = (member: Member | undefined): string[] =>
  member?.sessionFolder ? foldersToEnd({ sessionFolder: member.sessionFolder, extraNodes: member.extraNodes }) : []

/** By which the other machines reach it. */
const addressOf = (machine: Machine): string =>
  (machine.facts && chooseNodeIp({ nodeIp: machine.nodeIp, host: machine.host, facts: machine.facts })) ?? machine.nodeIp ?? machine.host

const cellNotTested = (from: Machine, to: Machine, { port, why }: { port: number; why: string }): ReachCell => ({
  from: from.id,
  to: to.id,
  port,
  address: addressOf(to),
  verdict: 'not-tested',
  roundTripMs: null,
  detail: why.slice(0, 1_024),
})

export function asClusterError(thrown: unknown): ClusterError {
  if (thrown instanceof ClusterError) return thrown
  return new ClusterError('internal', toError(thrown).message, { cause: thrown })
}
