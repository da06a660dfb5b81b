import type { ActorChanged, ActorListing, ActorSpec, ActorStatus } from '../../protocol/actors.ts'
import { type Turn, send } from './events.ts'
import type { Actor, HeadState } from './state.ts'

function statusOf(state: HeadState, actor: Actor): ActorStatus {
  const { phase, restarts } = actor
  switch (phase.kind) {
    case 'alive':
      return { kind: 'alive', restarts, address: phase.address }
    case 'dead':
      return { kind: 'dead', death: phase.death }
    case 'pending':
    case 'starting': {
      if (restarts > 0) return { kind: 'restarting', restarts, lastExit: actor.lastExit }
      if (phase.kind === 'starting') return { kind: 'pending', why: `it starts on node ${phase.nodeId}` }
      return { kind: 'pending', why: state.queues.get(actor.shapeKey)?.why.slice(0, 4_096) ?? '' }
    }
  }
}

export const changedOf = (state: HeadState, actor: Actor): ActorChanged => ({
  type: 'actor.changed',
  actorId: actor.spec.actorId,
  version: actor.version,
  status: statusOf(state, actor),
})

/** Tells every agent that watches. What a closed link misses is told when its node registers again. */
export function publishActor(turn: Turn, actor: Actor): void {
  if (actor.watchers.size === 0) return
  const message = changedOf(turn.state, actor)
  for (const nodeId of actor.watchers) send(turn, nodeId, message)
}

export const listingOf = (spec: ActorSpec): ActorListing => ({
  actorId: spec.actorId,
  jobId: spec.jobId,
  owner: spec.owner,
  className: spec.className,
  name: spec.name,
  namespace: spec.namespace,
  detached: spec.detached,
  maxTaskRetries: spec.maxTaskRetries,
  maxPendingCalls: spec.maxPendingCalls,
  concurrent: spec.maxConcurrency > 1 || Object.keys(spec.concurrencyGroups).length > 0,
  methodReturns: spec.methodReturns,
  methodNames: spec.methodNames,
})
