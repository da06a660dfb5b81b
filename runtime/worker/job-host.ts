import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { ExecutionServices } from '../sdk/execution.ts'
import type { Invocation } from './invocation.ts'
import type { LaneIo } from './invocation-lane.ts'
import type { AgentPort } from './messages.ts'
import type { ResultSender } from './result-sender.ts'
import type { TaskRunner } from './run-task.ts'

/** What a host of jobs is built from. */
export type HostIo = {
  readonly services: ExecutionServices
  readonly runner: TaskRunner
  readonly sender: ResultSender
  readonly agent: AgentPort
  readonly clock: Clock
  readonly logger: Logger
  isCancelAsked(taskId: string): boolean
  /** Ends this process, everything flushed. The agent is told why. */
  leaveNow(reason: string): void
  /** The same as soon as nothing lives that would end with it. False: not yet. */
  leaveWhenUnowned(reason: string): boolean
}

/** Owns the order and concurrency of its jobs. There is one for plain tasks and one for the actor of a worker that has one. */
export type JobHost = {
  findRunning(taskId: string): Invocation | undefined
  listRunning(): readonly Invocation[]
  /** Takes jobs that have not begun out of every line. */
  take(isWanted: (job: Invocation) => boolean): Invocation[]
  /** Takes no more work; settles when what may finish has finished. */
  drain(): Promise<void>
}

export function laneIo(io: HostIo, hooks: Pick<LaneIo, 'ended' | 'rested'>): LaneIo {
  return {
    runner: io.runner,
    clock: io.clock,
    isCancelAsked: io.isCancelAsked,
    prefetch: (job) => io.services.prefetch(job.refArgs),
    ...hooks,
  }
}
