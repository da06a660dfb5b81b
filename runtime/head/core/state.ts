import type { Amounts } from '../../base/fixed-point.ts'
import { type Random, seededRandom } from '../../base/random.ts'
import type { ActorDeath, ActorSpec } from '../../protocol/actors.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import type { Failure, WorkerExit } from '../../protocol/failures.ts'
import type { GroupSpec } from '../../protocol/groups.ts'
import type { NodeFacts, NodeReported } from '../../protocol/nodes.ts'
import type { PlacementNode, PlacementShape } from '../../protocol/placement/shapes.ts'
import type { HeadConfig } from './config.ts'
import type { Story } from './story.ts'
import { createSubmissions, type Submissions } from './submission.ts'

export type NodePhase =
  /** Its link is open. */
  | { readonly kind: 'linked'; readonly linkId: number }
  /** Its link closed, or the head started over: dead at `deadlineMs` when it does not come back. */
  | { readonly kind: 'suspect'; readonly deadlineMs: number; readonly why: string }
  | { readonly kind: 'dead'; readonly reason: string; readonly diedAtMs: number }

export type HeadNode = PlacementNode & {
  facts: NodeFacts
  readonly total: Amounts
  /** `reported` less `reservations`. */
  readonly available: Amounts
  isOpen: boolean
  phase: NodePhase
  /** Null: takes new work. */
  draining: { readonly reason: string; readonly deadlineMs: number } | null
  reported: Amounts
  /** Amounts promised to placements (`actor:<id>`, `group:<id>`) that no report shows yet. */
  readonly reservations: Map<string, { readonly amounts: Readonly<Amounts>; readonly atMs: number }>
  sequence: number
  storeUsedBytes: number
  heardAtMs: number
  demand: NodeReported['demand']
  /** Actors that start, live or are to end here. */
  readonly actors: Set<string>
  /** Groups with bundles here, or on their way here. */
  readonly groups: Set<string>
  readonly watchedActors: Set<string>
  readonly watchedGroups: Set<string>
  readonly story: Story
}

export type ActorPhase =
  /** In the queue of its shape. */
  | { readonly kind: 'pending'; readonly sinceMs: number }
  | { readonly kind: 'starting'; readonly nodeId: string; readonly sentAtMs: number; readonly sends: number }
  | { readonly kind: 'alive'; readonly nodeId: string; readonly address: ProcessAddress }
  | { readonly kind: 'dead'; readonly death: ActorDeath; readonly diedAtMs: number }

/** How an actor that starts or lives is to end. `graceful`: after its calls, for good. `restart`: now, then the restart rule. */
export type StopWish = 'graceful' | 'restart'

export type Actor = {
  readonly spec: ActorSpec
  readonly shapeKey: string
  /** Its life: 0 for the first. */
  restarts: number
  /** How often it was placed, over all its lives. Reports of older placements are late. */
  attempt: number
  version: number
  phase: ActorPhase
  wish: StopWish | null
  wishSent: Resend | null
  lastExit: WorkerExit | null
  readonly watchers: Set<string>
  readonly story: Story
}

export type Resend = { readonly sentAtMs: number; readonly sends: number }

/** Actors of one shape that wait for a node. */
export type ShapeQueue = {
  readonly key: string
  readonly shape: PlacementShape
  readonly actorIds: Set<string>
  /** Nothing more fits; something must free up first. */
  isBlocked: boolean
  /** Since when no node could ever hold it; null while one can. */
  infeasibleSinceMs: number | null
  why: string
  /** Nodes that said `no-room` and have not reported since. */
  readonly refusedBy: Set<string>
  /** When `why` was found, and for which nodes. */
  explained: { readonly nodes: readonly HeadNode[]; readonly atMs: number } | null
}

/** An order to end a life that is over for the head. Sent until the agent says that it is gone. */
export type PendingStop = {
  readonly nodeId: string
  readonly actorId: string
  readonly restarts: number
  readonly attempt: number
  readonly reason: string
  sent: Resend
}

export type PlacedBundle = { readonly nodeId: string; readonly round: number; committed: boolean }

export type GroupPhase =
  /** Bundles lack a node. */
  | { readonly kind: 'waiting'; readonly retryAtMs: number; readonly tries: number; readonly why: string; readonly infeasible: boolean }
  /** First phase under way: nodes that have not answered yet. */
  | { readonly kind: 'preparing'; readonly plan: ReadonlyMap<number, string>; readonly unanswered: Set<string>; sent: Resend }
  /** Second phase under way for the bundles that are not committed. */
  | { readonly kind: 'committing'; sent: Resend }
  | { readonly kind: 'created' }
  | { readonly kind: 'removed'; readonly failure: Failure; readonly removedAtMs: number }

export type Group = {
  readonly spec: GroupSpec
  readonly creatorNodeId: string
  version: number
  /** The number of the last attempt. */
  round: number
  phase: GroupPhase
  /** Was it ever complete? From then on lost bundles are replaced one by one. */
  wasCreated: boolean
  /** By bundle index. */
  readonly placed: Map<number, PlacedBundle>
  /** Actors that are placed in it. */
  readonly actors: Set<string>
  readonly watchers: Set<string>
  readonly story: Story
}

export type PendingReturn = {
  readonly nodeId: string
  readonly groupId: string
  readonly round: number
  readonly indexes: readonly number[]
  sent: Resend
}

export type Job = {
  readonly jobId: string
  readonly driverId: string
  readonly nodeId: string
  readonly pid: number
  readonly entrypoint: string
  readonly namespace: string
  readonly startedAtMs: number
  endedAtMs: number | null
  /** The submitted job that its driver is part of. */
  readonly submissionId?: string
}

/** A process that owns actors or made groups. */
export type Owner = { readonly nodeId: string; readonly actors: Set<string>; readonly groups: Set<string> }

/** All that the head knows. Only `step` changes it. */
export type HeadState = {
  readonly config: HeadConfig
  readonly random: Random
  readonly spreadCursor: { at: number }
  readonly nodes: Map<string, HeadNode>
  /** Those that are not dead, in the order they came; made anew on each change. */
  livingNodes: readonly HeadNode[]
  readonly deadNodes: Set<string>
  readonly actors: Map<string, Actor>
  readonly deadActors: Set<string>
  readonly names: Map<string, string>
  /** Which living actor a process is. */
  readonly actorOfWorker: Map<string, string>
  readonly queues: Map<string, ShapeQueue>
  /** Keys of queues that may have something to place. */
  readonly unblocked: Set<string>
  readonly starting: Set<string>
  readonly wished: Set<string>
  readonly stops: Map<string, PendingStop>
  readonly groups: Map<string, Group>
  readonly deadGroups: Set<string>
  readonly waitingGroups: Set<string>
  readonly busyGroups: Set<string>
  readonly returns: Map<string, PendingReturn>
  readonly jobs: Map<string, Job>
  readonly jobOfDriver: Map<string, string>
  readonly endedJobs: Set<string>
  readonly actorsOfJob: Map<string, Set<string>>
  readonly groupsOfJob: Map<string, Set<string>>
  nextJob: number
  readonly submissions: Submissions
  readonly owners: Map<string, Owner>
  /** Processes that ended, oldest first, and those not told to the agents yet. */
  readonly gone: Set<string>
  untoldWorkers: string[]
  untoldNodes: string[]
  readonly view: {
    version: number
    readonly urgent: Set<string>
    readonly changed: Set<string>
    readonly newcomers: Set<string>
    urgentAtMs: number
    changedAtMs: number
  }
  /** Grows when a node gains room: waiting groups try again. */
  roomVersion: number
  groupsTriedAt: { roomVersion: number; atMs: number }
  resentAtMs: number
  /** 0 before the first tick. */
  tickedAtMs: number
}

export function createHeadState(config: HeadConfig): HeadState {
  return {
    config,
    random: seededRandom(config.seed),
    spreadCursor: { at: 0 },
    nodes: new Map(),
    livingNodes: [],
    deadNodes: new Set(),
    actors: new Map(),
    deadActors: new Set(),
    names: new Map(),
    actorOfWorker: new Map(),
    queues: new Map(),
    unblocked: new Set(),
    starting: new Set(),
    wished: new Set(),
    stops: new Map(),
    groups: new Map(),
    deadGroups: new Set(),
    waitingGroups: new Set(),
    busyGroups: new Set(),
    returns: new Map(),
    jobs: new Map(),
    jobOfDriver: new Map(),
    endedJobs: new Set(),
    actorsOfJob: new Map(),
    groupsOfJob: new Map(),
    nextJob: 1,
    submissions: createSubmissions(),
    owners: new Map(),
    gone: new Set(),
    untoldWorkers: [],
    untoldNodes: [],
    view: { version: 0, urgent: new Set(), changed: new Set(), newcomers: new Set(), urgentAtMs: 0, changedAtMs: 0 },
    roomVersion: 0,
    groupsTriedAt: { roomVersion: 0, atMs: 0 },
    resentAtMs: 0,
    tickedAtMs: 0,
  }
}
