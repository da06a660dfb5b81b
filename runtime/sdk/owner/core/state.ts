import type { ErrorCode } from '../../../base/errors.ts'
import type { ActorId, GroupId, JobId, NodeId, ObjectId, TaskId, WorkerId } from '../../../base/ids.ts'
import type { ActorStatus } from '../../../protocol/actors.ts'
import type { ProcessAddress } from '../../../protocol/addresses.ts'
import type { Failure, WorkerExit } from '../../../protocol/failures.ts'
import type { GroupStatus } from '../../../protocol/groups.ts'
import type { Shape } from '../../../protocol/scheduling.ts'
import type { TaskOutcome, TaskResult, TaskTemplate } from '../../../protocol/tasks.ts'
import type { ListedTask, LostAttempt } from './lost-attempts.ts'
import type { TaskDeque } from './task-deque.ts'

/** What many tasks have in common, and how long they have been running lately. One object for each remote function and its options. */
export type TaskKind = {
  readonly template: TaskTemplate
  readonly shape: Shape
  readonly shapeKey: string
  /** Mean time inside user code, ms, recent runs weighing more. Undefined before the first result. */
  meanRunMs: number | undefined
}

export type TaskPhase = 'waiting' | 'ready' | 'pushed' | 'ended'

/** A task or actor call of this owner, from submission to its outcome; kept longer only by those who may need it made again. */
export type OwnedTask = ListedTask & {
  readonly taskId: TaskId
  /** Set once; later than the rest when the function came from another process and its id is asked for. */
  kind: TaskKind
  /** Set for a call of an actor's method. */
  readonly call: {
    readonly actorId: ActorId
    readonly method: string
    readonly concurrencyGroup: string
    readonly returnCount: number
    readonly generatorBackpressure: number
    /** It may overtake calls that wait for their arguments: its actor runs several at a time. */
    readonly anyOrder?: boolean
  } | null
  readonly args: Uint8Array
  /** Top-level refs among the arguments: position and object. */
  readonly refArgs: readonly { readonly index: number; readonly objectId: ObjectId }[]
  /** Runs again this often when the system fails it; -1 without end. */
  readonly maxRetries: number
  /** User errors that are retried too: all, or those whose class has one of these names. */
  readonly retryErrors: boolean | readonly string[]
  retriesLeft: number
  attempt: number
  phase: TaskPhase
  /** Arguments that are not there yet. */
  waitingFor: number
  /** Items of a stream that have arrived; a run again repeats them and they are dropped. */
  yielded: number
  /** Items that the current run has made, where that is not the first. */
  repeated?: number
  /** The stream has ended: later runs make lost items again. `whole`: by itself, so that it has no more items. */
  streamEnd?: 'whole' | 'cut'
  /** It was in flight when a worker died: it goes alone, so that the next death shows which task causes it. */
  alone: boolean
  cancelled: boolean
  leaseId: string | null
  /** Times it was put back because an argument was lost. */
  recoveries: number
  /** Not before this time. */
  notBeforeMs: number
  /** Where the largest of its stored arguments lies: workers are asked for there first. Null agent: here. */
  near?: { readonly agent: AgentTarget; readonly sizeBytes: number }
}

/** An argument in the store of one node or several. */
export type StoredArgument = { readonly sizeBytes: number; readonly copies: readonly NonNullable<AgentTarget>[] }

export type Lease = {
  readonly leaseId: string
  readonly shapeKey: string
  readonly worker: ProcessAddress
  readonly agent: AgentTarget
  readonly grantedAtMs: number
  /** In the order they were pushed; a plain worker runs them one at a time in that order. */
  readonly inFlight: Map<TaskId, OwnedTask>
  /** Sum of the expected run times of what is in flight. */
  expectedMs: number
  idleSinceMs: number
  /** Its task waits for others' results and it gave back what was behind: no more pushes until something ends on it. */
  blocked: boolean
  /** No more pushes: others want it, the worker leaves, or it is broken. */
  closing: boolean
  /** The worker ends by itself: it is not to be used again. */
  workerLeaving: boolean
  /** The link to the worker was opened by a first push. */
  opened: boolean
  linkClosedAtMs: number | null
  lost: WorkerExit | null
  lostAtMs: number | null
  killedFor: 'cancel' | null
}

/** The agent to ask: null means this process's own. */
export type AgentTarget = { readonly nodeId: NodeId; readonly agentAddress: string } | null

export type LeaseAsk = {
  readonly requestId: string
  readonly shapeKey: string
  agent: AgentTarget
  spills: number
  sentAtMs: number
}

export type ShapeQueue = {
  readonly shapeKey: string
  readonly shape: Shape
  readonly jobId: JobId
  /** Whom to ask for workers first: the agent of the node where the arguments lie. */
  near: AgentTarget
  readonly ready: TaskDeque
  readonly leases: Set<string>
  /** Leases with nothing in flight, and leases that may have room behind what is. A full one comes back when something ends on it. */
  readonly idle: Set<string>
  readonly roomy: Set<string>
  readonly asks: Set<string>
  /** Groups: where to ask next, round robin. */
  turn: number
  warned: boolean
}

/** `broken`: it closed and nobody said why yet. `ending`: the life it leads to is over, and what was written before may still come. */
export type ActorLink = 'none' | 'open' | 'broken' | 'ending'

/** The caller's side of one actor. */
export type ActorQueue = {
  readonly actorId: ActorId
  status: ActorStatus | null
  version: number
  /** Calls not sent yet, oldest first. One whose arguments are not there holds back those behind it. */
  readonly waiting: TaskDeque
  /** Calls in any order whose arguments are not there yet; they join the queue when they are. */
  readonly held: Set<OwnedTask>
  readonly inFlight: Map<TaskId, OwnedTask>
  link: ActorLink
  /** The life the link leads to. */
  linkRestarts: number
  /** Since when the link is broken or ending. */
  sinceMs: number
  /** No handle is left here: nobody will ask for it any more once its calls have ended. */
  unused: boolean
}

export type GroupWatch = { readonly groupId: GroupId; status: GroupStatus | null; version: number }

/** Another node's agent that we have talked to. It hears what we hold there until that has been nothing a few times. */
export type AgentContact = { readonly agent: NonNullable<AgentTarget>; quietRounds: number }

/** How often in a row an agent's link broke or never stood, and when it may be asked again. */
export type Unreachable = { failures: number; notBeforeMs: number }

export type OwnerConfig = {
  ownerId: WorkerId
  /** Our own node, so that what is sent on to it goes to our own agent. Empty: not known. */
  nodeId: NodeId | ''
  /** An idle lease is kept this long for the next task of its shape. */
  leaseIdleMs: number
  /** A lease held longer than this is given back when others wait. */
  leaseShareMs: number
  /** An unanswered lease request is sent again after this time. */
  askAgainMs: number
  heldEveryMs: number
  /** An agent that cannot be reached is asked again after this time, doubled each time up to the longest. */
  reachAgainMs: number
  longestReachAgainMs: number
  /** Work lined up at one worker, in expected run time. Keeps a worker busy across a round trip and no more. */
  pipelineMs: number
  maxPipelined: number
  maxAsksPerShape: number
  /** How long to wait for word of a worker whose link closed. */
  lostGraceMs: number
  /** A task killed for memory runs again after this time, doubled each time up to 30 s. */
  memoryRetryMs: number
  /** An argument that is lost once more is made again after this time, doubled each time up to 5 s. */
  recoveryMs: number
  maxRecoveries: number
  keptRemovedGroups: number
}

export const ownerDefaults: Omit<OwnerConfig, 'ownerId'> = {
  nodeId: '',
  leaseIdleMs: 1_000,
  leaseShareMs: 500,
  askAgainMs: 2_000,
  heldEveryMs: 5_000,
  reachAgainMs: 100,
  longestReachAgainMs: 5_000,
  pipelineMs: 4,
  maxPipelined: 1_000,
  maxAsksPerShape: 16,
  lostGraceMs: 3_000,
  memoryRetryMs: 500,
  recoveryMs: 100,
  maxRecoveries: 20,
  keptRemovedGroups: 1_000,
}

export type OwnerState = {
  readonly config: OwnerConfig
  /** Tasks and calls that have not ended. */
  readonly tasks: Map<TaskId, OwnedTask>
  readonly shapes: Map<string, ShapeQueue>
  readonly leases: Map<string, Lease>
  /** By the node of the agent that lent them; our own agent's under ''. */
  readonly leasesOfAgent: Map<NodeId | '', Set<Lease>>
  readonly asks: Map<string, LeaseAsk>
  readonly actors: Map<ActorId, ActorQueue>
  readonly groups: Map<GroupId, GroupWatch>
  /** Of these groups, the ones that are removed, oldest first. */
  readonly removedGroups: Set<GroupId>
  /** Who waits for an object that is not there yet. */
  readonly dependents: Map<ObjectId, OwnedTask[]>
  /** Tasks that may run again only later, by time. */
  readonly delayed: Set<OwnedTask>
  /** Arguments that are to be made again, not before the time that their tasks say. */
  readonly lateRecoveries: Map<OwnedTask, ObjectId>
  /** Shapes and actors with something to send at the next flush. */
  readonly dirtyShapes: Set<string>
  readonly dirtyActors: Set<ActorId>
  /** Shapes to be looked at again with the first tick after this time, ms. */
  readonly laterShapes: Map<string, number>
  readonly contacts: Map<NodeId, AgentContact>
  /** Agents that could not be reached lately: they are asked again only later. */
  readonly unreachable: Map<NodeId, Unreachable>
  nextAsk: number
  heldAtMs: number
  closed: boolean
  /** Attempts that came to nothing, until the shell takes them for its next report, and how many more there were. */
  readonly lostAttempts: LostAttempt[]
  lostUncounted: number
}

export function createOwnerState(config: OwnerConfig): OwnerState {
  return {
    config,
    tasks: new Map(),
    shapes: new Map(),
    leases: new Map(),
    leasesOfAgent: new Map(),
    asks: new Map(),
    actors: new Map(),
    groups: new Map(),
    removedGroups: new Set(),
    dependents: new Map(),
    delayed: new Set(),
    lateRecoveries: new Map(),
    dirtyShapes: new Set(),
    dirtyActors: new Set(),
    laterShapes: new Map(),
    contacts: new Map(),
    unreachable: new Map(),
    nextAsk: 0,
    heldAtMs: 0,
    closed: false,
    lostAttempts: [],
    lostUncounted: 0,
  }
}

/** What became of a task, as its refs will show it. */
export type TaskEnd =
  | { readonly kind: 'outcome'; readonly outcome: TaskOutcome; readonly worker: ProcessAddress | null }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'crashed'; readonly exit: WorkerExit }
  | { readonly kind: 'actor-died'; readonly actorId: ActorId; readonly status: ActorStatus; readonly unavailable: boolean }
  /** An argument failed: the task fails as that object did. */
  | { readonly kind: 'as-object'; readonly objectId: ObjectId }

export type OwnerEvent =
  /** `unready`: arguments that are not there yet. `stored`: of those that are, the ones that lie in stores. */
  | {
      readonly type: 'task.submit'
      readonly task: OwnedTask
      readonly unready: readonly ObjectId[]
      readonly stored?: readonly StoredArgument[]
      readonly nowMs: number
    }
  | { readonly type: 'object.ready'; readonly objectId: ObjectId; readonly stored?: StoredArgument; readonly nowMs: number }
  | { readonly type: 'object.failed'; readonly objectId: ObjectId; readonly nowMs: number }
  /** Sends what has gathered. The shell raises it once a turn after submissions. */
  | { readonly type: 'flush'; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number }
  | {
      readonly type: 'task.ended'
      readonly taskId: TaskId
      readonly attempt: number
      readonly outcome: TaskOutcome
      readonly runMs: number
      readonly nowMs: number
    }
  | {
      readonly type: 'task.yielded'
      readonly taskId: TaskId
      readonly attempt: number
      readonly index: number
      readonly result: TaskResult
      readonly nowMs: number
    }
  | {
      readonly type: 'tasks.returned'
      readonly leaseId: string
      readonly taskIds: readonly TaskId[]
      readonly leaving: boolean
      readonly nowMs: number
    }
  | { readonly type: 'task.cancel'; readonly taskId: TaskId; readonly force: boolean; readonly recursive: boolean; readonly nowMs: number }
  /** A finished task is needed again: its stored result was lost. */
  | { readonly type: 'task.resubmit'; readonly task: OwnedTask; readonly unready: readonly ObjectId[]; readonly nowMs: number }
  | {
      readonly type: 'lease.granted'
      readonly requestId: string
      readonly leaseId: string
      readonly worker: ProcessAddress
      readonly from: AgentTarget
      readonly nowMs: number
    }
  | {
      readonly type: 'lease.spilled'
      readonly requestId: string
      readonly nodeId: NodeId
      readonly agentAddress: string
      readonly nowMs: number
    }
  | { readonly type: 'lease.refused'; readonly requestId: string; readonly failure: Failure; readonly nowMs: number }
  | { readonly type: 'lease.waiting'; readonly requestId: string; readonly why: string; readonly nowMs: number }
  | { readonly type: 'lease.wanted'; readonly from: AgentTarget; readonly nowMs: number }
  | { readonly type: 'lease.lost'; readonly leaseId: string; readonly exit: WorkerExit; readonly nowMs: number }
  | { readonly type: 'worker.link-closed'; readonly leaseId: string; readonly nowMs: number }
  /** The link to another node's agent broke; null: our own. What was asked there is asked again. */
  | { readonly type: 'agent.link-closed'; readonly agent: AgentTarget; readonly nowMs: number }
  | {
      readonly type: 'processes.gone'
      readonly workerIds: readonly WorkerId[]
      readonly nodeIds: readonly NodeId[]
      readonly nowMs: number
    }
  | {
      readonly type: 'actor.changed'
      readonly actorId: ActorId
      readonly version: number
      readonly status: ActorStatus
      readonly nowMs: number
    }
  /** The last handle of it in this process is gone. */
  | { readonly type: 'actor.unused'; readonly actorId: ActorId; readonly nowMs: number }
  | { readonly type: 'actor.link-closed'; readonly actorId: ActorId; readonly restarts: number; readonly nowMs: number }
  | {
      readonly type: 'group.changed'
      readonly groupId: GroupId
      readonly version: number
      readonly status: GroupStatus
      readonly nowMs: number
    }

export type OwnerCommand =
  | { readonly do: 'send-agent'; readonly agent: AgentTarget; readonly message: AgentMessage }
  | { readonly do: 'push'; readonly lease: Lease; readonly tasks: readonly OwnedTask[] }
  | { readonly do: 'cancel'; readonly worker: ProcessAddress; readonly taskId: TaskId; readonly recursive: boolean }
  | { readonly do: 'close-worker'; readonly lease: Lease }
  | { readonly do: 'end'; readonly task: OwnedTask; readonly end: TaskEnd }
  | { readonly do: 'yield'; readonly task: OwnedTask; readonly index: number; readonly result: TaskResult }
  /** An argument of this task has no copy left: make it again, then say object.ready or object.failed. */
  | { readonly do: 'recover'; readonly task: OwnedTask; readonly objectId: ObjectId }
  | { readonly do: 'warn'; readonly message: string }
  | { readonly do: 'watch-actor'; readonly actorId: ActorId }
  | { readonly do: 'watch-group'; readonly groupId: GroupId }
  | {
      readonly do: 'call'
      readonly actorId: ActorId
      readonly address: ProcessAddress
      readonly restarts: number
      readonly tasks: readonly OwnedTask[]
    }

export type AgentMessage =
  | {
      readonly type: 'lease.request'
      readonly requestId: string
      readonly ownerId: WorkerId
      readonly jobId: JobId
      readonly shape: Shape
      readonly spills: number
      readonly backlog: number
      readonly retriable: boolean
    }
  | { readonly type: 'lease.cancel'; readonly requestId: string; readonly ownerId: WorkerId }
  | { readonly type: 'lease.return'; readonly leaseId: string; readonly ownerId: WorkerId; readonly workerLeaving: boolean }
  | { readonly type: 'leases.held'; readonly ownerId: WorkerId; readonly leaseIds: string[]; readonly requestIds: string[] }
  | { readonly type: 'lease.kill'; readonly leaseId: string; readonly ownerId: WorkerId; readonly reason: string }

export const failure = (code: ErrorCode, message: string, details: Record<string, string | number> = {}): Failure => ({
  code,
  message,
  details,
})
