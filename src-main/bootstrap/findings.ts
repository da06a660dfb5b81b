import type { ClusterPorts, ServiceKind } from '../contract/clusters.ts'
import type { Finding, MachineFacts } from '../contract/machines.ts'
import type { RaySetup } from '../contract/ray-setup.ts'
import { diskFindings, placeFindings } from './findings-places.ts'
import { gpuFindings, leftoverFindings, pythonFindings } from './findings-guests.ts'
import { portFindings, serviceFindings } from './findings-network.ts'
import { rayFindings } from './ray/ray-findings.ts'
import { systemFindings } from './findings-system.ts'

export { findingOfError } from './findings-errors.ts'

/** What a machine is wanted for. `role` none: it is only looked at, so nothing that a cluster would need is missed. */
export type WantedOfMachine = {
  readonly role: 'head' | 'worker' | 'none'
  readonly ports: ClusterPorts
  readonly service: ServiceKind
  /** Null: which payload it would get is not known; the size of ours today is assumed. */
  readonly payload: { readonly packedBytes: number; readonly unpackedBytes: number } | null
  /** What runs there for this cluster is no hindrance: a start that was broken off goes on with it. */
  readonly clusterId?: string
  /** It is to be part of a cluster of Ray. */
  readonly ray?: RaySetup
  /** In the list of machines, for commands to type. @default what it calls itself */
  readonly name?: string
}

/** An environment with `ray[default]` takes 490 MB, and its wheels 110 MB before they are unpacked. */
const rayBytes = 700e6

const levels: readonly Finding['level'][] = ['blocker', 'warning', 'ok']

/** The preflight table of a machine: one line for each thing that was looked at, what stops it first. */
export function findingsOf(told: MachineFacts, wanted: WantedOfMachine): Finding[] {
  const facts = { ...told, hostname: wanted.name ?? told.hostname }
  const all = [
    ...systemFindings(facts),
    ...placeFindings(facts),
    ...diskFindings(facts, wanted.payload, wanted.ray ? rayBytes : 0),
    ...portFindings(facts, wanted),
    ...serviceFindings(facts, wanted.service),
    ...gpuFindings(facts),
    ...leftoverFindings(facts),
    ...pythonFindings(facts),
    ...(wanted.ray ? rayFindings(facts, wanted.ray) : []),
  ]
  return all.map(capped).toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level))
}

/** To the limits of the contract: names that a machine gave its things may be long. */
const capped = ({ command, ...finding }: Finding): Finding => ({
  ...finding,
  title: finding.title.slice(0, 256),
  detail: finding.detail.slice(0, 2_048),
  remedy: finding.remedy.slice(0, 2_048),
  ...(command !== undefined && canBePasted(command) && { command }),
})

/** A part of a command is another command, and names from a machine may hold what a terminal takes for an order. */
const canBePasted = (command: string): boolean => command.length <= 1_024 && !/[\p{Cc}\p{Cf}]/u.test(command)
