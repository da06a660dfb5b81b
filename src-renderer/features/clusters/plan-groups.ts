import type { Plan } from '../../../src-main/contract/clusters.ts'
import type { Finding } from '../../../src-main/contract/machines.ts'

type PlannedMachine = Plan['machines'][number]
/** Machines on which the same is done; what differs between them, such as paths, is told of the first. */
export type PlanGroup = { readonly role: PlannedMachine['role']; readonly machines: readonly PlannedMachine[] }

export function planGroups({ machines }: Plan): PlanGroup[] {
  const withSteps = machines.filter(({ steps }) => steps.length > 0)
  const alike = Map.groupBy(withSteps, ({ role, steps }) => JSON.stringify([role, steps.map(({ title }) => title)]))
  return [...alike.values()].map((group) => ({ role: group[0]?.role ?? 'none', machines: group }))
}

export type Blocked = {
  /** What stands in the way of the whole. */
  readonly whole: readonly Finding[]
  readonly machines: readonly {
    readonly machineId: string
    readonly name: string
    readonly role: PlannedMachine['role']
    readonly findings: readonly Finding[]
  }[]
}

export function blockedOf({ blockers, machines }: Plan): Blocked {
  const byMachine = Map.groupBy(
    blockers.filter(({ machineId }) => machineId !== null),
    ({ machineId }) => machineId ?? '',
  )
  return {
    whole: blockers.filter(({ machineId }) => machineId === null).map(({ finding }) => finding),
    machines: [...byMachine].map(([machineId, found]) => {
      const machine = machines.find((each) => each.machineId === machineId)
      return { machineId, name: machine?.name ?? machineId, role: machine?.role ?? 'none', findings: found.map(({ finding }) => finding) }
    }),
  }
}
