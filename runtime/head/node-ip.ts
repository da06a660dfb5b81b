import type { NodeFacts } from '../protocol/nodes.ts'

/** Without the port and without brackets. A node that only its own machine can reach is on loopback. */
export function nodeIpOf({ agentAddress }: Pick<NodeFacts, 'agentAddress'>): string {
  return hostOf(agentAddress) || '127.0.0.1'
}

export const hostOf = (address: string): string => address.slice(0, Math.max(0, address.lastIndexOf(':'))).replace(/^\[|\]$/g, '')

export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1)) || 0
