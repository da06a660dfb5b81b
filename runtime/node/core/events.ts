import type { GroupId, JobId, NodeId, WorkerId } from '../../base/ids.ts'
import type { WorkerExit } from '../../protocol/failures.ts'
import type { ActorConstruction, AssignWorker, ConstructActor, FromHead, FromOwner, ToHead, ToOwner } from './messages.ts'
import type { SubmissionOrder, SubmissionOutcome } from '../../protocol/jobs.ts'
import type { Devices } from '../../protocol/scheduling.ts'
import type { HeadAskReply } from '../../protocol/nodes.ts'
import type { AgentState } from './state.ts'

/** What happens to an agent. `nowMs` is wall time that never runs backwards. */
export type AgentEvent = { readonly nowMs: number } & (
  | { readonly type: 'tick' }
  /** The head took our registration; `heartbeatMs` is how often it wants to hear of us. The view it sends next is whole. */
  | { readonly type: 'head.registered'; readonly heartbeatMs: number; readonly deadAfterMs: number }
  /** `silentMs`: for so long before nothing had come over the link. */
  | { readonly type: 'head.lost'; readonly silentMs: number }
  /** A new link could not be made. `isRefused`: the head's machine answered, and nobody listens there. */
  | { readonly type: 'head.unreachable'; readonly isRefused: boolean }
  /** Of a node that was asked whether it hears the head; null: no answer came. */
  | { readonly type: 'witness.answered'; readonly round: number; readonly nodeId: NodeId; readonly answer: HeadAskReply | null }
  | { readonly type: 'head.said'; readonly message: FromHead }
  /** The head knows no such group. */
  | { readonly type: 'group.unknown'; readonly groupId: GroupId }
  | { readonly type: 'owner.said'; readonly message: FromOwner }
  /** A process that asked for leases is gone, or out of reach for too long. */
  | { readonly type: 'owner.gone'; readonly ownerId: WorkerId }
  | { readonly type: 'driver.connected'; readonly workerId: WorkerId }
  | { readonly type: 'driver.registered'; readonly workerId: WorkerId; readonly jobId: JobId }
  | { readonly type: 'driver.gone'; readonly workerId: WorkerId }
  | { readonly type: 'worker.ready'; readonly workerId: WorkerId; readonly socketPath: string }
  | { readonly type: 'worker.blocked'; readonly workerId: WorkerId }
  | { readonly type: 'worker.unblocked'; readonly workerId: WorkerId }
  | { readonly type: 'worker.leaving'; readonly workerId: WorkerId; readonly reason: string }
  | { readonly type: 'worker.owns'; readonly workerId: WorkerId; readonly owns: boolean }
  | { readonly type: 'worker.exited'; readonly workerId: WorkerId; readonly exit: WorkerExit }
  | {
      readonly type: 'actor.constructed'
      readonly workerId: WorkerId
      readonly actorId: string
      readonly restarts: number
      readonly outcome: ActorConstruction
    }
  | { readonly type: 'submission.progress'; readonly submissionId: string; readonly attempt: number; readonly what: string }
  | { readonly type: 'submission.running'; readonly submissionId: string; readonly attempt: number; readonly pid: number }
  | { readonly type: 'submission.ended'; readonly submissionId: string; readonly attempt: number; readonly outcome: SubmissionOutcome }
  /** The node is nearly out of memory: end one worker. */
  | { readonly type: 'memory.short'; readonly usedBytes: number; readonly totalBytes: number }
  | { readonly type: 'store.used'; readonly usedBytes: number }
)

/** What the shell must do. */
export type AgentCommand =
  | { readonly do: 'tell-head'; readonly message: ToHead }
  | { readonly do: 'tell-owner'; readonly ownerId: WorkerId; readonly message: ToOwner }
  | { readonly do: 'spawn-worker'; readonly workerId: WorkerId }
  | { readonly do: 'assign-worker'; readonly workerId: WorkerId; readonly message: AssignWorker }
  | { readonly do: 'construct-actor'; readonly workerId: WorkerId; readonly message: ConstructActor }
  | { readonly do: 'ask-worker-to-leave'; readonly workerId: WorkerId; readonly graceful: boolean; readonly reason: string }
  /** SIGKILL. */
  | { readonly do: 'end-worker'; readonly workerId: WorkerId; readonly reason: string }
  | { readonly do: 'start-submission'; readonly order: SubmissionOrder; readonly devices: Devices }
  | { readonly do: 'stop-submission'; readonly submissionId: string; readonly attempt: number }
  | { readonly do: 'watch-group'; readonly groupId: GroupId }
  /** Each of them is to be answered by `witness.answered`, within seconds. */
  | { readonly do: 'ask-witnesses'; readonly round: number; readonly nodes: readonly Witness[] }
  /** Drained: say goodbye and end. */
  | { readonly do: 'leave-cluster'; readonly reason: string }
  /** Fenced: this state is dead. End what is left and register anew under a fresh node id. */
  | { readonly do: 'start-over' }

export type Witness = { readonly nodeId: NodeId; readonly agentAddress: string }

/** One step in the making: what the functions of the core hand around. */
export type Turn = {
  readonly state: AgentState
  readonly nowMs: number
  readonly out: AgentCommand[]
  /** Something became free on this node: waiting requests may be placed now. */
  roomChanged: boolean
  /** Other nodes changed. */
  viewChanged: boolean
  /** Queues that got a request; looked at even when no room changed. */
  readonly touched: Set<string>
}
