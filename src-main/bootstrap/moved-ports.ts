import type { Cluster, Member } from '../contract/clusters.ts'
import type { Machine } from '../contract/machines.ts'
import { holderOfPort } from './findings-network.ts'
import { agentPortOf } from './machine-target.ts'
import type { MovedPort } from './operation-input.ts'

/** What listens there: `head`, `agent` (the machine's own node), `api`, or the name of a node beside it. */
export type KeptPort = { readonly of: string; readonly port: number; readonly isPublic: boolean }
export type TakenPort = KeptPort & { readonly holder: string }

/** Those of a cluster that has one machine. One that a person gave the machine itself is not among them: it stays as it is. */
export function keptPorts({ ports, members }: Cluster, machine: Machine): KeptPort[] {
  const member = members.find(({ machineId }) => machineId === machine.id)
  const agentPort = member ? agentPortOf({ ports }, member, machine) : ports.agent
  return [
    { of: 'head', port: ports.head, isPublic: true },
    ...(agentPort === machine.agentPort ? [] : [{ of: 'agent', port: agentPort, isPublic: true }]),
    ...(ports.api === 0 ? [] : [{ of: 'api', port: ports.api, isPublic: false }]),
    ...(member?.extraNodes ?? []).map(({ name, agentPort: port }) => ({ of: name, port, isPublic: true })),
  ]
}

/** Which of them others had at the last look at the machine. */
export function takenPorts(cluster: Cluster, machine: Machine): TakenPort[] {
  const { facts } = machine
  if (!facts) return []
  return keptPorts(cluster, machine).flatMap((kept) => {
    const holder = holderOfPort(facts, { ...kept, clusterId: cluster.id })
    return holder === undefined || holder.isOwn ? [] : [{ ...kept, holder: holder.process ?? 'another program' }]
  })
}

/** The cluster with its new ports; a node that moved has no address until it is started. */
export function withMovedPorts(cluster: Cluster, moved: readonly MovedPort[]): Cluster {
  const portOf = (part: string, kept: number) => moved.find(({ of }) => of === part)?.to ?? kept
  const hasMoved = moved.some(({ of }) => of === 'agent')
  const moveMember = ({ extraNodes, ...member }: Member): Member => ({
    ...member,
    ...(hasMoved ? { address: null } : {}),
    ...(extraNodes && { extraNodes: extraNodes.map((extra) => ({ ...extra, agentPort: portOf(extra.name, extra.agentPort) })) }),
  })
  const { head, agent, api } = cluster.ports
  return {
    ...cluster,
    ports: { head: portOf('head', head), agent: portOf('agent', agent), api: portOf('api', api) },
    members: cluster.members.map(moveMember),
  }
}

/** For the log of the operation. */
export function movedText({ of, from, to, holder }: MovedPort, nodeName: string): string {
  const words: Readonly<Record<string, string>> = { head: 'the head', agent: `the node ${nodeName}`, api: 'the HTTP API' }
  const place = to === 0 ? 'a free port' : `port ${to}`
  return `port ${from} is taken by ${holder}: ${words[of] ?? `the node ${of}`} listens on ${place} from now on\n`
}
