import type { NodeStateRow } from '../../api/state/nodes.ts'
import type { HeadNode } from '../core/state.ts'
import { nodeIpOf } from '../node-ip.ts'

/** Draining and out of reach are no states of Ray's: its clients know two. They stand in the message. */
export function nodeStateRow({ facts, phase, draining }: HeadNode): NodeStateRow & { is_draining: boolean; is_linked: boolean } {
  const isDead = phase.kind === 'dead'
  const ip = nodeIpOf(facts)
  const why = isDead ? phase.reason : draining ? `draining: ${draining.reason}` : phase.kind === 'suspect' ? phase.why : null
  const marks = { [`node:${ip}`]: 1, ...(facts.isHead ? { 'node:__internal_head__': 1 } : {}) }
  return {
    node_id: facts.nodeId,
    node_ip: ip,
    is_head_node: facts.isHead,
    state: isDead ? 'DEAD' : 'ALIVE',
    state_message: why,
    node_name: facts.nodeName || ip,
    resources_total: isDead ? {} : { ...facts.resources, object_store_memory: facts.objectStoreBytes, ...marks },
    labels: { 'ray.io/node-id': facts.nodeId, ...facts.labels },
    start_time_ms: Math.round(facts.startedAtMs),
    end_time_ms: isDead ? Math.round(phase.diedAtMs) : 0,
    is_draining: !isDead && draining !== null,
    is_linked: phase.kind === 'linked',
  }
}
