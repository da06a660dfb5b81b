import type { Cluster } from '../contract/clusters.ts'
import type { Machine, MachineSpec } from '../contract/machines.ts'
import { RaySetup } from '../contract/ray-setup.ts'
import type { ClusterFile } from './cluster-file.ts'
import { specOf } from './export-inventory.ts'

/** What must be done so that a cluster becomes what a file says. All empty: it is so already. */
export type ClusterFileDiff = {
  /** Machines to take into the cluster. `spec`: as the file describes it; undefined when it only names one of the inventory. */
  readonly add: readonly {
    readonly name: string
    readonly role: 'head' | 'worker'
    readonly spec: MachineSpec | undefined
    readonly machineId: string | undefined
  }[]
  readonly remove: readonly { readonly name: string; readonly machineId: string; readonly role: 'head' | 'worker' }[]
  /** `subject`: `cluster`, or the name of a machine that stays. From and to as text; empty: nothing was said. */
  readonly change: readonly {
    readonly subject: string
    readonly machineId: string | undefined
    readonly field: string
    readonly from: string
    readonly to: string
  }[]
}

/**
 * Compares by names, without regard to case; a machine that has another name now counts as another. `machines`: the inventory.
 * What the file leaves out of a machine that it does describe counts as taken away.
 */
export function diffClusterFile(file: ClusterFile, current: { cluster: Cluster; machines: readonly Machine[] }): ClusterFileDiff {
  const { cluster, machines } = current
  const byName = new Map(machines.map((machine) => [comparable(machine.name), machine]))
  const byId = new Map(machines.map((machine) => [machine.id, machine]))
  const described = new Map(file.machines.map((spec) => [comparable(spec.name), spec]))
  const members = new Map(cluster.members.map((member) => [comparable(byId.get(member.machineId)?.name ?? member.machineId), member]))
  const wanted = [{ name: file.head, role: 'head' as const }, ...file.workers.map((name) => ({ name, role: 'worker' as const }))]
  const wantedNames = new Set(wanted.map(({ name }) => comparable(name)))
  return {
    add: wanted
      .filter(({ name }) => !members.has(comparable(name)))
      .map(({ name, role }) => ({ name, role, spec: described.get(comparable(name)), machineId: byName.get(comparable(name))?.id })),
    remove: [...members]
      .filter(([name]) => !wantedNames.has(name))
      .map(([name, { machineId, role }]) => ({ name: byId.get(machineId)?.name ?? name, machineId, role })),
    change: [
      ...clusterChanges(file, cluster),
      ...wanted.flatMap(({ name, role }) => {
        const member = members.get(comparable(name))
        if (!member) return []
        const machine = byName.get(comparable(name))
        const roles =
          member.role === role ? [] : [{ subject: name, machineId: member.machineId, field: 'role', from: member.role, to: role }]
        return [...roles, ...machineChanges(described.get(comparable(name)), machine)]
      }),
    ],
  }
}

/** Of a cluster of Ray that was made here, or is to be. Empty where the engine is another: that it differs is said already. */
const rayText = ({ engine, ray }: Pick<ClusterFile, 'engine' | 'ray'>, other: ClusterFile['engine']): string => {
  if (engine !== 'ray' || other !== 'ray') return ''
  const { version, python, wheels, packages } = ray ?? RaySetup.parse({})
  return [version, python, wheels ?? 'from the index', ...packages].join(' ')
}

const comparable = (name: string): string => name.normalize('NFC').toLowerCase()

function clusterChanges(file: ClusterFile, cluster: Cluster): ClusterFileDiff['change'] {
  const pairs = [
    ['name', cluster.name, file.name],
    ['engine', cluster.engine, file.engine],
    ['ray', rayText(cluster, file.engine), rayText(file, cluster.engine)],
    ['service', cluster.service, file.service],
    ['ports.head', cluster.ports.head, file.ports.head],
    ['ports.agent', cluster.ports.agent, file.ports.agent],
    ['ports.api', cluster.ports.api, file.ports.api],
  ] as const
  return pairs
    .filter(([, from, to]) => from !== to)
    .map(([field, from, to]) => ({ subject: 'cluster', machineId: undefined, field, from: String(from), to: String(to) }))
}

function machineChanges(spec: MachineSpec | undefined, machine: Machine | undefined): ClusterFileDiff['change'] {
  if (!spec || !machine) return [] // the file only names it, so it stays as it is
  const before = new Map(Object.entries(specOf(machine)))
  const after = new Map(Object.entries(spec))
  const fields = [...new Set([...before.keys(), ...after.keys()])].filter((field) => field !== 'name')
  return fields
    .map((field) => ({ subject: spec.name, machineId: machine.id, field, from: textOf(before.get(field)), to: textOf(after.get(field)) }))
    .filter(({ from, to }) => from !== to)
}

const textOf = (value: unknown): string => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value))
