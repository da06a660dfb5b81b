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
    ...{ spills: asked.spills, backlog: queue.ready.length, retriable: queue.ready.peek()?.maxRetries !== 0 },
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
export function abandonAsks(state: OwnerState, isLost: (asked: LeaseAsk) => boolean, notBeforeMs: number): void {
  for (const asked of state.asks.values()) {
    if (!isLost(asked)) continue
    forgetAsk(state, asked.requestId)
    const queue = state.shapes.get(asked.shapeKey)
    if (queue) queue.near = null // not again
    askLater(state, asked.shapeKey, notBeforeMs)
  }
}

/** Looks at a shape again with the first tick after that time, or after a sooner one that it waits for already. */
export function askLater(state: OwnerState, shapeKey: string, notBeforeMs: number): void {
  state.laterShapes.set(shapeKey, Math.min(notBeforeMs, state.laterShapes.get(shapeKey) ?? Number.POSITIVE_INFINITY))
}

/** After this long without a failure the next one counts as the first. */
const forgiveAfterMs = 60_000

/** The link to an agent broke, or never stood. Returns when it may be asked again: later with each failure in a row. */
export function noteUnreachable(state: OwnerState, nodeId: NodeId, nowMs: number): number {
  const { reachAgainMs, longestReachAgainMs } = state.config
  const last = state.unreachable.get(nodeId)
  const failures = last && nowMs - last.notBeforeMs < forgiveAfterMs ? last.failures + 1 : 1
  const notBeforeMs = nowMs + Math.min(longestReachAgainMs, reachAgainMs * 2 ** Math.min(failures - 1, 20))
  state.unreachable.set(nodeId, { failures, notBeforeMs })
  return notBeforeMs
}

/** When this agent may be asked, if that is not now. */
export function reachableAgainMs(state: OwnerState, agent: AgentTarget, nowMs: number): number | undefined {
  const last = agent ? state.unreachable.get(agent.nodeId) : undefined
  return last && last.notBeforeMs > nowMs ? last.notBeforeMs : undefined
}

/** Forgets agents whose last failure is long ago. */
export function forgiveUnreachable(state: OwnerState, nowMs: number): void {
  for (const [nodeId, { notBeforeMs }] of state.unreachable) if (nowMs - notBeforeMs >= forgiveAfterMs) state.unreachable.delete(nodeId)
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
