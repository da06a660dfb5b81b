import type { NodeSession } from './extra-nodes.ts'
import type { MachineTarget, OperationInput } from './operation-input.ts'
import { headJoinTokenFile, joinTokenFile } from './paths.ts'

const usualApiPort = 8_265

/** IPv6 addresses in brackets. */
export const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** Where nodes and programs reach the head. */
export const headAddress = ({ head, ports }: OperationInput): string => hostPort(head.nodeIp, ports.head)

/** What `shoal start` is told on a machine, after `--temp-dir`. */
export function startFlags(input: OperationInput, machine: MachineTarget): string[] {
  const own = nodeFlags(machine, machine)
  if (machine.role === 'worker') return ['--address', headAddress(input), '--join-token-file', joinTokenFile(machine.sessionFolder), ...own]
  // the usual port is not insisted on: where it is taken, the head takes another, and says which
  const api = input.ports.api === usualApiPort ? [] : ['--dashboard-port', String(input.ports.api)]
  return ['--port', String(input.ports.head), ...api, ...own]
}

/** The same for a node beside that of the head's machine. GPUs are not divided: the machine's own node has them. */
export const extraStartFlags = (input: OperationInput, machine: MachineTarget, session: NodeSession): string[] => [
  ...['--address', headAddress(input), '--join-token-file', headJoinTokenFile(machine.sessionFolder)],
  ...nodeFlags(machine, session),
  ...['--num-gpus', '0'],
]

function nodeFlags({ nodeIp, share }: MachineTarget, { agentPort, name }: Pick<NodeSession, 'agentPort' | 'name'>): string[] {
  const own = ['--agent-port', String(agentPort), '--node-ip-address', nodeIp, '--node-name', name]
  if (!share) return own
  const { cpus, memoryBytes, storeBytes } = share
  return [...own, '--num-cpus', String(cpus), '--memory', String(memoryBytes), '--object-store-memory', String(storeBytes)]
}
