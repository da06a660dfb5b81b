import type { Machine, MachineSpec } from '../../src-main/contract/machines.ts'

/** How a host that was pasted stands to the machines that are known. */
type HostStanding =
  | { readonly kind: 'new' }
  | { readonly kind: 'known'; readonly machine: Machine }
  /** It is part of a cluster. */
  | { readonly kind: 'elsewhere'; readonly machine: Machine; readonly clusterId: string }
  /** It stands further above already. */
  | { readonly kind: 'twice'; readonly first: string }
  /** Another machine has its name. */
  | { readonly kind: 'taken'; readonly machine: Machine }
export type Host = { readonly spec: MachineSpec; readonly standing: HostStanding }

export function standingsOf(specs: readonly MachineSpec[], machines: readonly Machine[]): Host[] {
  const byName = new Map(machines.map((machine) => [machine.name.toLowerCase(), machine]))
  const reached = machines.filter(({ via }) => via === 'ssh')
  const byHost = Map.groupBy(reached, ({ host }) => host.toLowerCase())
  const fresh = new Map<string, MachineSpec[]>()
  return specs.map((spec) => {
    const same = byHost.get(spec.host.toLowerCase())?.find((machine) => isSameWay(machine, spec) || isNamed(machine, spec))
    if (same !== undefined) {
      const standing =
        same.clusterId === null
          ? ({ kind: 'known', machine: same } as const)
          : ({ kind: 'elsewhere', machine: same, clusterId: same.clusterId } as const)
      return { spec, standing }
    }
    const others = fresh.get(spec.host.toLowerCase()) ?? []
    const before = others.find((other) => isSameWay(other, spec))
    if (before !== undefined) return { spec, standing: { kind: 'twice', first: before.name } }
    fresh.set(spec.host.toLowerCase(), [...others, spec])
    const namesake = byName.get(spec.name.toLowerCase())
    return { spec, standing: namesake === undefined ? { kind: 'new' } : { kind: 'taken', machine: namesake } }
  })
}

type Place = Pick<MachineSpec, 'host' | 'port' | 'user'>
type Way = Place & Pick<MachineSpec, 'jump'>

/** What one of the two leaves to the defaults of ssh counts as the same. */
const isSamePlace = (one: Place, other: Place): boolean =>
  (one.port ?? 22) === (other.port ?? 22) && (one.user === undefined || other.user === undefined || one.user === other.user)

/** Behind two jump hosts one address may be two machines. */
const isSameWay = (one: Way, other: Way): boolean => isSamePlace(one, other) && (one.jump ?? []).join() === (other.jump ?? []).join()

/** Of a known machine a line may say the name alone, and leave the way there to what is known. */
const isNamed = (machine: Machine, { jump, name, ...place }: MachineSpec): boolean =>
  jump === undefined && machine.name.toLowerCase() === name.toLowerCase() && isSamePlace(machine, place)

/** `user@host:port`, with what is said of it. */
export const placeOf = ({ host, port, user }: Place): string =>
  `${user === undefined ? '' : `${user}@`}${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`

/** Those that come on the list, with what is the same for all of them. */
export function newSpecs(hosts: readonly Host[], { user, keyFile }: { readonly user: string; readonly keyFile: string }): MachineSpec[] {
  return hosts
    .filter(({ standing }) => standing.kind === 'new')
    .map(({ spec }) => ({
      ...spec,
      ...(user !== '' && spec.user === undefined && { user }),
      ...(keyFile !== '' && spec.keyFiles === undefined && { keyFiles: [keyFile] }),
    }))
}

/** Nothing, or a name that a user may have. */
export const isUser = (text: string): boolean => text === '' || /^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/.test(text)
