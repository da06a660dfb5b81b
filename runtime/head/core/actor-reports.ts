import type { ToHeadFromAgent } from '../../protocol/nodes.ts'
import { becomeDead, describe, endLife, mayRestart, moveActor, noRoom, orderStop, sendWish, stopKey, describeExit } from './actor-moves.ts'
import { noteRefusal } from './actor-queue.ts'
import type { Turn } from './events.ts'
import type { Actor } from './state.ts'

type Report<T extends ToHeadFromAgent['type']> = Extract<ToHeadFromAgent, { type: T }>

type Life = { readonly actorId: string; readonly restarts: number; readonly attempt: number }

/** The actor whose present placement starts or lives on this node; undefined for a report that is late or repeated. */
function findCurrent(turn: Turn, nodeId: string, report: Life): Actor | undefined {
  const actor = turn.state.actors.get(report.actorId)
  if (actor === undefined || actor.restarts !== report.restarts || actor.attempt !== report.attempt) return undefined
  return 'nodeId' in actor.phase && actor.phase.nodeId === nodeId ? actor : undefined
}

export function onActorStarted(turn: Turn, nodeId: string, report: Life & Pick<Report<'actor.started'>, 'address'>): void {
  const actor = findCurrent(turn, nodeId, report)
  if (actor === undefined) return endStranger(turn, nodeId, report)
  if (actor.phase.kind !== 'starting') return
  moveActor(turn, actor, { phase: { kind: 'alive', nodeId, address: report.address }, why: `life ${actor.restarts}` })
  sendWish(turn, actor)
}

/** A life that we do not count on runs there: it was given up while its node was out of reach, or is of before we forgot it. */
function endStranger(turn: Turn, nodeId: string, { actorId, restarts, attempt }: Life): void {
  if (turn.state.stops.has(stopKey({ nodeId, actorId, attempt }))) return // told already, and will be told again
  orderStop(turn, { nodeId, actorId, restarts, attempt, reason: 'stale' })
}

export function onActorStartFailed(turn: Turn, nodeId: string, report: Report<'actor.start-failed'>): void {
  turn.state.stops.delete(stopKey({ nodeId, ...report }))
  const actor = findCurrent(turn, nodeId, report)
  if (actor?.phase.kind !== 'starting') return
  const { reason } = report
  switch (reason.kind) {
    case 'no-room':
      moveActor(turn, actor, { phase: { kind: 'pending', sinceMs: turn.nowMs }, why: noRoom })
      return noteRefusal(turn, actor, nodeId)
    case 'threw': {
      const [className = 'an error'] = reason.error.classNames
      return becomeDead(turn, actor, {
        cause: 'constructor-threw',
        message: `the constructor of ${describe(actor)} threw ${className}`,
        error: reason.error,
      })
    }
    case 'failed':
      return becomeDead(turn, actor, {
        cause: 'constructor-failed',
        message: `${describe(actor)} could not be made: ${reason.failure.message}`,
      })
    case 'crashed': {
      if (mayRestart(actor)) return endLife(turn, actor, { exit: reason.exit, intended: false })
      const message = `${describe(actor)} died in its constructor: ${describeExit(reason.exit)}`
      return becomeDead(turn, actor, { cause: 'process-exited', message, exit: reason.exit })
    }
  }
}

export function onActorExited(turn: Turn, nodeId: string, report: Omit<Report<'actor.exited'>, 'type'>): void {
  turn.state.stops.delete(stopKey({ nodeId, ...report }))
  const actor = findCurrent(turn, nodeId, report)
  if (actor && actor.phase.kind !== 'dead') endLife(turn, actor, report)
}
