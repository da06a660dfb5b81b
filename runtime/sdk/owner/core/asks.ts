import type { OwnerCommand, OwnerState, ShapeQueue } from './state.ts'

export function sendAsk(state: OwnerState, requestId: string, nowMs: number, out: OwnerCommand[]): void {
  const asked = state.asks.get(requestId)
  const queue = asked && state.shapes.get(asked.shapeKey)
  if (!asked || !queue) return
  asked.sentAtMs = nowMs
  const { shape, jobId } = queue
  out.push({
    do: 'send-agent',
    agent: asked.agent,
    message: {
      type: 'lease.request',
      requestId,
      ownerId: state.config.ownerId,
      jobId,
      shape,
      spills: asked.spills,
      backlog: queue.ready.length,
    },
  })
}

export function dropAsk(state: OwnerState, queue: ShapeQueue, requestId: string, out: OwnerCommand[]): void {
  const asked = state.asks.get(requestId)
  queue.asks.delete(requestId)
  if (!asked) return
  state.asks.delete(requestId)
  out.push({ do: 'send-agent', agent: asked.agent, message: { type: 'lease.cancel', requestId, ownerId: state.config.ownerId } })
}
