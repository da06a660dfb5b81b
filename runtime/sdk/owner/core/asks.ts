import type { NodeId } from '../../../base/ids.ts'
import type { AgentMessage, AgentTarget, LeaseAsk, OwnerCommand, OwnerState } from './state.ts'

/** The agent of a node as we address it: null when it is our own. */
export const agentOf = (state: OwnerState, nodeId: NodeId, agentAddress: string): AgentTarget =>
  nodeId === state.config.nodeId ? null : { nodeId, agentAddress }

export const sameAgent = (one: AgentTarget, other: AgentTarget): boolean => one?.nodeId === other?.nodeId

export function sendAsk(state: OwnerState, requestId: string, nowMs: number, out: OwnerCommand[]): void {
  const asked = state.asks.get(requestId)
  const queue = asked && state.shapes.get(asked.shapeKey)
  if (!asked || !queue) return
  asked.sentAtMs = nowMs
  noteContact(state, asked.agent)
  const { shape, jobId } = queue
  const { ownerId } = state.config
  const message: AgentMessage = {
    ...{ type: 'lease.request', requestId, ownerId, jobId, shape },
    ...{ spills: asked.spills, backlog: queue.ready.length },
  }
  out.push({ do: 'send-agent', agent: asked.agent, message })
}

export function dropAsk(state: OwnerState, requestId: string, out: OwnerCommand[]): void {
  const asked = forgetAsk(state, requestId)
  if (!asked) return
  out.push({ do: 'send-agent', agent: asked.agent, message: { type: 'lease.cancel', requestId, ownerId: state.config.ownerId } })
}

/** It is answered, or whom we asked is gone. */
export function forgetAsk(state: OwnerState, requestId: string): LeaseAsk | undefined {
  const asked = state.asks.get(requestId)
  state.asks.delete(requestId)
  if (asked) state.shapes.get(asked.shapeKey)?.asks.delete(requestId)
  return asked
}

/**
 * Drops what was asked of agents that cannot answer any more. The next tick asks anew: through our own agent, under new ids, as
 * under the old ones it would only be sent on to the same place again, and not at once, as our agent may not know yet either.
 */
export function abandonAsks(state: OwnerState, isLost: (asked: LeaseAsk) => boolean): void {
  for (const asked of state.asks.values()) {
    if (!isLost(asked)) continue
    forgetAsk(state, asked.requestId)
    const queue = state.shapes.get(asked.shapeKey)
    if (queue) queue.near = null // not again
    state.laterShapes.add(asked.shapeKey)
  }
}

/** From now on this agent is told what we hold there. */
export function noteContact(state: OwnerState, agent: AgentTarget): void {
  if (agent) state.contacts.set(agent.nodeId, { agent, quietRounds: 0 })
}

/** An agent takes back what it was not told of in two rounds: after these it knows that we hold nothing there. */
const roundsOfNothing = 3

/** Tells every agent involved what we hold there, so that a lost grant or return does not keep a worker for ever. */
export function sayHeld(state: OwnerState, nowMs: number, out: OwnerCommand[]): void {
  state.heldAtMs = nowMs
  const { ownerId } = state.config
  const held = new Map<NodeId | '', { agent: AgentTarget; leaseIds: string[]; requestIds: string[] }>()
  held.set('', { agent: null, leaseIds: [], requestIds: [] })
  for (const { agent } of state.contacts.values()) held.set(agent.nodeId, { agent, leaseIds: [], requestIds: [] })
  for (const lease of state.leases.values()) held.get(lease.agent?.nodeId ?? '')?.leaseIds.push(lease.leaseId)
  for (const asked of state.asks.values()) held.get(asked.agent?.nodeId ?? '')?.requestIds.push(asked.requestId)
  for (const [nodeId, { agent, leaseIds, requestIds }] of held) {
    out.push({ do: 'send-agent', agent, message: { type: 'leases.held', ownerId, leaseIds, requestIds } })
    const contact = nodeId === '' ? undefined : state.contacts.get(nodeId)
    if (!contact) continue
    contact.quietRounds = leaseIds.length + requestIds.length > 0 ? 0 : contact.quietRounds + 1
    if (contact.quietRounds >= roundsOfNothing) state.contacts.delete(nodeId)
  }
}
