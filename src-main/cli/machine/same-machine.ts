import type { Machine, MachineSpec } from '../../contract/machines.ts'

type Place = Pick<MachineSpec, 'host' | 'port' | 'user'>

/** The machine of the list that is at the same place. What one of the two leaves to the defaults of ssh counts as the same. */
export function findSameMachine(machines: readonly Machine[], spec: Place): Machine | undefined {
  return machines.find((machine) => isSamePlace(machine, spec))
}

export const isSamePlace = (one: Place, other: Place): boolean =>
  one.host.toLowerCase() === other.host.toLowerCase() &&
  (one.port ?? 22) === (other.port ?? 22) &&
  (one.user === undefined || other.user === undefined || one.user === other.user)
