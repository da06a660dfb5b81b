import type { MachineTarget, OperationInput } from './operation-input.ts'
import { joinTokenFile } from './paths.ts'

const usualApiPort = 8_265

/** IPv6 addresses in brackets. */
export const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** Where nodes and programs reach the head. */
export const headAddress = ({ head, ports }: OperationInput): string => hostPort(head.nodeIp, ports.head)

/** What `shoal start` is told on a machine, after `--temp-dir`. */
export function startFlags(input: OperationInput, machine: MachineTarget): string[] {
  const own = ['--agent-port', String(machine.agentPort), '--node-ip-address', machine.nodeIp, '--node-name', machine.name]
  if (machine.role === 'worker') return ['--address', headAddress(input), '--join-token-file', joinTokenFile(machine.sessionFolder), ...own]
  // the usual port is not insisted on: where it is taken, the head takes another, and says which
  const api = input.ports.api === usualApiPort ? [] : ['--dashboard-port', String(input.ports.api)]
  return ['--port', String(input.ports.head), ...api, ...own]
}
