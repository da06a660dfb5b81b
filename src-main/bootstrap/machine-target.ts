import type { Cluster, ClusterPorts, ExtraNode, Member } from '../contract/clusters.ts'
import type { Finding, Machine, MachineFacts } from '../contract/machines.ts'
import { shareOf } from './extra-nodes.ts'
import { blocker } from './findings-words.ts'
import { chooseNodeIp } from './node-address.ts'
import type { MachineTarget } from './operation-input.ts'
import { clusterFolder, rootOfSession } from './paths.ts'
import type { Arch } from './payload-archive.ts'

/** What there is to send, by processor. */
export type Payloads = Partial<Readonly<Record<Arch, { readonly sha256: string; readonly sizeBytes: number }>>>

export type Blocker = { readonly machineId: string | null; readonly finding: Finding }

export function archOf(facts: Pick<MachineFacts, 'arch'>): Arch | undefined {
  if (facts.arch === 'x86_64' || facts.arch === 'amd64') return 'x64'
  return facts.arch === 'aarch64' || facts.arch === 'arm64' ? 'arm64' : undefined
}

type NewTarget = {
  readonly machine: Machine
  readonly role: 'head' | 'worker'
  readonly cluster: { readonly clusterId: string; readonly clusterName: string }
  readonly ports: ClusterPorts
  readonly payloads: Payloads
  /** Session folders that are taken already. */
  readonly taken: ReadonlySet<string>
  /** No other machine is part of the cluster. */
  readonly isAlone: boolean
  readonly extraNodes?: readonly ExtraNode[]
}

/** A machine that is to be part of a cluster, or why it cannot be. */
export function newTarget({
  machine,
  role,
  cluster,
  ports,
  payloads,
  taken,
  isAlone,
  extraNodes = [],
}: NewTarget): MachineTarget | Finding {
  const { facts, id: machineId, name } = machine
  if (!facts) {
    return blocker('machine.not-checked', 'Not checked yet', {
      detail: `nothing is known of ${name}${machine.reach.message === null ? '' : `: ${machine.reach.message}`}`,
      remedy: 'Check the machine, then plan again.',
    })
  }
  const arch = archOf(facts)
  if (arch === undefined) {
    return blocker('arch.unsupported', 'Unknown processor', {
      detail: `it has ${facts.arch}`,
      remedy: 'Take a machine with x86_64 or aarch64.',
    })
  }
  const payload = payloads[arch]
  if (!payload) {
    const command = `npm run payload -- --arch ${arch}`
    return blocker('payload.missing', 'No payload for this processor', {
      detail: `this computer holds none for linux-${arch}`,
      remedy: `Make it with "${command}".`,
      command,
    })
  }
  const isLocal = machine.via === 'local'
  // a cluster of this computer alone needs no network, and nobody on one reaches it
  const nodeIp = chooseNodeIp({ nodeIp: machine.nodeIp ?? (isLocal && isAlone ? '127.0.0.1' : undefined), host: machine.host, facts })
  if (nodeIp === undefined) {
    return blocker('address.none', 'No address for the others', {
      detail: `it has only ${facts.addresses.map(({ address }) => address).join(', ') || 'no address'}`,
      remedy: 'Say in the machine’s settings by which address the other machines reach it.',
    })
  }
  const folder = `${clusterFolder(facts.folder.path, cluster)}/${facts.hostname.replace(/[^\w.-]/g, '_').slice(0, 64) || machineId}`
  return {
    machineId,
    name,
    role,
    isReachable: true,
    arch,
    root: facts.folder.path,
    // two machines of one host name may have one home between them: the second one's folder carries its id too
    sessionFolder: taken.has(folder) ? `${folder}-${machineId.slice(2, 8)}` : folder,
    nodeIp,
    agentPort: machine.agentPort ?? ports.agent,
    payload: payload.sha256,
    previousPayload: null,
    nodeId: null,
    firewall: firewallOf(facts),
    ...(isLocal ? { isLocal } : {}),
    ...withExtraNodes(facts, extraNodes),
  }
}

const withExtraNodes = (facts: MachineFacts, extraNodes: readonly ExtraNode[]): Pick<MachineTarget, 'extraNodes' | 'share'> =>
  extraNodes.length === 0 ? {} : { extraNodes: [...extraNodes], share: shareOf(facts, extraNodes.length + 1) }

function firewallOf({ tools }: Pick<MachineFacts, 'tools'>): MachineTarget['firewall'] {
  if (tools['firewall-cmd'] !== undefined) return 'firewalld'
  return tools['ufw'] === undefined ? 'unknown' : 'ufw'
}

/** A machine that is part of the cluster already, as the cluster's record has it; undefined when nothing was ever put there. */
export function memberTarget(cluster: Cluster, member: Member, machine: Machine | undefined): MachineTarget | undefined {
  const { machineId, role, sessionFolder, payload, address, nodeId, extraNodes = [] } = member
  const { facts } = machine ?? {}
  if (sessionFolder === null || payload === null) return undefined
  return {
    machineId,
    name: machine?.name ?? machineId,
    role,
    isReachable: true,
    arch: (facts && archOf(facts)) ?? 'x64',
    root: rootOfSession(sessionFolder),
    sessionFolder,
    nodeIp: hostOf(address) ?? machine?.nodeIp ?? machine?.host ?? '',
    agentPort: agentPortOf(cluster, member, machine),
    payload,
    previousPayload: null,
    nodeId,
    firewall: facts ? firewallOf(facts) : 'unknown',
    ...(machine?.via === 'local' ? { isLocal: true } : {}),
    ...(facts ? withExtraNodes(facts, extraNodes) : extraNodes.length === 0 ? {} : { extraNodes }),
  }
}

/** Where the member's own node listens for the others. */
export const agentPortOf = ({ ports }: Pick<Cluster, 'ports'>, { address }: Member, machine: Machine | undefined): number =>
  portOf(address) ?? machine?.agentPort ?? ports.agent

/** As the cluster's record begins: with where things will lie, so that a removal finds them even when the start went wrong. */
export const plannedMember = ({ machineId, role, payload, sessionFolder, extraNodes }: MachineTarget): Member => ({
  machineId,
  role,
  state: 'planned',
  payload,
  address: null,
  nodeId: null,
  sessionFolder,
  ...(extraNodes === undefined ? {} : { extraNodes }),
})

const hostOf = (address: string | null): string | undefined => address?.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')

function portOf(address: string | null): number | undefined {
  const port = Number(address?.slice(address.lastIndexOf(':') + 1))
  return Number.isInteger(port) && port > 0 ? port : undefined
}
