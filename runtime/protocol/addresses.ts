import * as z from 'zod'
import { NodeId, WorkerId } from './ids.ts'

/** `host:port` of an agent's or the head's TLS port; empty for a node that only its own machine can reach. */
export const HostPort = z.string().max(261)

/**
 * Where a process that owns objects or runs code listens. From its own node: `socketPath`. From another: a tunnel
 * through `agentAddress`, which is that node's one open port.
 */
export const ProcessAddress = z.object({
  workerId: WorkerId,
  nodeId: NodeId,
  socketPath: z.string().min(1).max(108),
  agentAddress: HostPort,
})
export type ProcessAddress = z.infer<typeof ProcessAddress>
