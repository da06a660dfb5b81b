import { amountsFrom, type Amounts } from '../../base/fixed-point.ts'
import type { ActorId, GroupId, JobId, NodeId, RandomHex, WorkerId } from '../../base/ids.ts'
import type { Random } from '../../base/random.ts'
import type { ActorSpec } from '../../protocol/actors.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import type { GroupStatus } from '../../protocol/groups.ts'
import type { PlacementNode, PlacementShape } from '../../protocol/placement/shapes.ts'
import type { Labels, Resources, Shape } from '../../protocol/scheduling.ts'
import type { ToHead, ToOwner } from './messages.ts'
import { type Allocation, createPool, type Pool } from './pool.ts'
import type { LocalSubmission } from './submissions.ts'

/** Everything the decisions depend on besides events. Times are milliseconds. */
export type AgentCoreConfig = {
  readonly nodeId: NodeId
  readonly nodeName: string
  readonly agentAddress: string
  readonly resources: Resources
  readonly labels: Labels
  /** Device ids by position; the count of GPUs comes from `resources`. */
  readonly gpuIds: readonly string[]
  /** Task workers kept, idle or busy. */
  readonly preforkWorkers: number
  /** Processes that may be starting at once. */
  readonly maxStartingWorkers: number
  /** Task workers that may run at once; those that wait for others do not count. Bounds work that asks for no resources. */
  readonly maxRunningWorkers: number
  readonly idleWorkerMs: number
  /** A process that is not ready by then is ended. */
  readonly workerStartMs: number
  /** One that was asked to leave and does not is ended. */
  readonly workerLeaveMs: number
  /** A request that no node can hold is refused after this long. */
  readonly infeasibleTimeoutMs: number
  readonly reportIntervalMs: number
  readonly wantedIntervalMs: number
  readonly maxQueuedRequests: number
  /** Longer than `deadAfterMs` of the head, by this: then a node that does not hear the head finds out whether it is cut off. Pings overstate a silence by 2 s. */
  readonly fenceMarginMs: number
  /** Not on the head's own machine: a network lies between. */
  readonly canBeCutOff: boolean
  readonly random: Random
  readonly randomHex: RandomHex
}

export const defaultCoreSettings = {
  preforkWorkers: 0,
  maxStartingWorkers: 4,
  maxRunningWorkers: 256,
  idleWorkerMs: 60_000,
  workerStartMs: 60_000,
  workerLeaveMs: 5_000,
  infeasibleTimeoutMs: 60_000,
  reportIntervalMs: 100,
  wantedIntervalMs: 100,
  maxQueuedRequests: 200_000,
  fenceMarginMs: 3_000,
} as const

export type WorkerPhase =
  | { readonly kind: 'starting'; readonly sinceMs: number }
  | { readonly kind: 'idle'; readonly sinceMs: number }
  | { readonly kind: 'leased'; readonly leaseId: string }
  | { readonly kind: 'actor'; readonly actorId: ActorId }
  /** Nobody uses it any more. What it held stays taken until its process is gone: its memory and GPUs are. */
  | { readonly kind: 'leaving'; readonly kept: Allocation | null }

/** One worker process. */
export type Worker = {
  readonly workerId: WorkerId
  phase: WorkerPhase
  /** Known from `ready` on. */
  address: ProcessAddress | null
  /** The job it has run code of; it serves no other. Null: fresh. */
  jobId: JobId | null
  blocked: boolean
  /** Others use what it owns: it stays though it runs nothing. */
  owns: boolean
  /** It was told to end, or said that it will. `deadlineMs` null: it may take its time. */
  ending: { reason: string; readonly deadlineMs: number | null; forced: boolean } | null
  /** What the node used when this process was chosen to end for it. */
  endedForMemory?: { readonly usedBytes: number; readonly totalBytes: number }
}

/** A lease request that is not granted yet. */
export type LeaseWish = {
  readonly key: string
  readonly requestId: string
  readonly ownerId: WorkerId
  readonly jobId: JobId
  readonly queueKey: string
  readonly spills: number
  backlog: number
  readonly retriable: boolean
  /** Of arrival: lower ones are served first. */
  readonly order: number
  readonly arrivedMs: number
  /** Resources are set aside and a worker is awaited; null: it waits for resources. */
  allocation: Allocation | null
  /** Listed by its owner in none of the last so many `leases.held`. */
  unlisted: number
  toldWaiting: boolean
  gone: boolean
}

/** Requests of one shape that wait for resources, oldest first. Gone ones are skipped when they reach the front. */
export type ShapeQueue = {
  readonly key: string
  readonly shapeKey: string
  readonly shape: Shape
  readonly placement: PlacementShape
  /** They came from another node: they wait here unless this node can never serve them. */
  readonly pinned: boolean
  items: LeaseWish[]
  front: number
  live: number
  readonly owners: Map<WorkerId, { count: number; backlog: number }>
  /** Tick of the view at which no node had room: until the next one only this node may have some. */
  fullAt: number
  /** Revision of the view at which `misfit` was found out. */
  checkedRevision: number
  /** Null while some node can serve it when empty. */
  misfit: {
    readonly sinceMs: number
    readonly why: string
    /** The one node that would do is gone, or has joined and is not known here yet. */
    readonly isFinal: boolean
  } | null
}

export type Lease = {
  readonly leaseId: string
  readonly wishKey: string
  readonly requestId: string
  readonly ownerId: WorkerId
  readonly jobId: JobId
  readonly shapeKey: string
  readonly workerId: WorkerId
  readonly allocation: Allocation
  readonly retriable: boolean
  readonly order: number
  unlisted: number
}

export type ActorPhase = 'placed' | 'constructing' | 'alive'
export type LocalActor = {
  readonly actorId: ActorId
  readonly restarts: number
  /** Of the head's placements of this actor. */
  readonly attempt: number
  readonly spec: ActorSpec
  readonly allocation: Allocation
  readonly order: number
  phase: ActorPhase
  workerId: WorkerId | null
  /** Why, once it was told to stop. */
  stopping: string | null
}

export type ActorEnd = {
  readonly message: Extract<ToHead, { type: 'actor.start-failed' | 'actor.exited' }>
  readonly atMs: number
}

export type Bundle = {
  readonly key: string
  readonly groupId: GroupId
  readonly index: number
  readonly round: number
  readonly allocation: Allocation
  readonly pool: Pool
  committed: boolean
  /** Given back by the head; it goes as soon as nobody holds a part of it. */
  returning: boolean
  users: number
}

export type ViewNode = PlacementNode & {
  total: Amounts
  available: Amounts
  labels: Labels
  isOpen: boolean
  readonly agentAddress: string
}

/** The head is not heard; `sinceMs` is when it last was. */
export type HeadAway = {
  readonly sinceMs: number
  /** Its machine answers, and says that nobody listens there. */
  isRefused: boolean
  askNotBeforeMs: number
  /** Numbers what is asked of other nodes: answers of an older round are late. */
  round: number
  inquiry: Inquiry | null
}
/** Other nodes were asked whether they hear the head. */
export type Inquiry = {
  readonly atMs: number
  readonly asked: number
  readonly open: Set<NodeId>
  hearing: number
  deaf: number
  isDead: boolean
}

export type AgentState = {
  readonly config: AgentCoreConfig
  readonly pool: Pool
  readonly workers: Map<WorkerId, Worker>
  /** Idle workers by job, '' for fresh ones, the last used last. */
  readonly idle: Map<string, WorkerId[]>
  startingCount: number
  startFailures: number
  lastStartFailure: string
  /** No process is started before. */
  spawnNotBeforeMs: number
  /** Drivers of this node, with their job once known. */
  readonly drivers: Map<WorkerId, JobId | null>
  readonly wishes: Map<string, LeaseWish>
  readonly queues: Map<string, ShapeQueue>
  /** Who has resources and waits for a worker, in order. */
  starts: ({ readonly kind: 'wish'; readonly wish: LeaseWish } | { readonly kind: 'actor'; readonly actor: LocalActor })[]
  readonly leases: Map<string, Lease>
  /** Leases whose workers wait for others. */
  blockedLeases: number
  readonly leaseOfWish: Map<string, string>
  readonly leasesOfOwner: Map<WorkerId, Set<string>>
  readonly wishesOfOwner: Map<WorkerId, Set<string>>
  /** Answers given, by wish and spills: a repeated request gets the same one. Oldest first, bounded. Null: cancelled. */
  readonly settled: Map<string, ToOwner | null>
  /** Processes that ended for good: what still comes from them is late. Oldest first, bounded. */
  readonly gone: Map<WorkerId, true>
  readonly actors: Map<ActorId, LocalActor>
  /** How the last placement of an actor here ended. Oldest first, bounded. */
  readonly actorEnds: Map<ActorId, ActorEnd>
  /** Runs of submitted jobs. */
  readonly submissions: Map<string, LocalSubmission>
  readonly bundles: Map<string, Bundle>
  readonly bundlesOfGroup: Map<GroupId, Set<string>>
  /** Highest round refused or given back, by group and index: what comes later of it is late. Bounded. */
  readonly closedRounds: Map<string, number>
  /** Groups that requests here wait for, as the head last said; null: asked, not answered yet. Bounded. */
  readonly groups: Map<GroupId, { version: number; status: GroupStatus } | null>
  /** This node first. */
  nodes: ViewNode[]
  readonly nodeById: Map<NodeId, ViewNode>
  /** Grows with what decides who could ever serve a shape. */
  viewRevision: number
  /** Counts every change of what other nodes have free. */
  viewTick: number
  viewSynced: boolean
  /** Of the last view taken in; older ones come late and could bring back who is gone. */
  viewVersion: number
  spreadCursor: { at: number }
  draining: { readonly reason: string; readonly deadlineMs: number } | null
  left: boolean
  headConnected: boolean
  heartbeatMs: number
  /** The head counts a node that it does not hear of for so long as dead. */
  deadAfterMs: number
  /** Set while the head is away, as far as we hear. */
  headAway: HeadAway | null
  reportSequence: number
  lastReportMs: number
  reportDue: boolean
  storeUsedBytes: number
  lastWantedMs: number
  lastSweepMs: number
  /** Orders requests, leases and actors by age. */
  nextOrder: number
  readonly leasePrefix: string
}

/** A node with nothing running and a view of itself only. */
export function createAgentState(config: AgentCoreConfig): AgentState {
  const pool = createPool(amountsFrom(config.resources), config.gpuIds)
  const self: ViewNode = {
    nodeId: config.nodeId,
    nodeName: config.nodeName,
    agentAddress: config.agentAddress,
    labels: config.labels,
    total: pool.total,
    available: pool.available,
    isOpen: true,
  }
  return {
    config,
    pool,
    workers: new Map(),
    idle: new Map(),
    startingCount: 0,
    startFailures: 0,
    lastStartFailure: '',
    spawnNotBeforeMs: 0,
    drivers: new Map(),
    wishes: new Map(),
    queues: new Map(),
    starts: [],
    leases: new Map(),
    blockedLeases: 0,
    leaseOfWish: new Map(),
    leasesOfOwner: new Map(),
    wishesOfOwner: new Map(),
    settled: new Map(),
    gone: new Map(),
    actors: new Map(),
    actorEnds: new Map(),
    submissions: new Map(),
    bundles: new Map(),
    bundlesOfGroup: new Map(),
    closedRounds: new Map(),
    groups: new Map(),
    nodes: [self],
    nodeById: new Map([[config.nodeId, self]]),
    viewRevision: 0,
    viewTick: 0,
    viewSynced: false,
    viewVersion: -1,
    spreadCursor: { at: 0 },
    draining: null,
    left: false,
    headConnected: false,
    heartbeatMs: 1_000,
    deadAfterMs: 10_000,
    headAway: null,
    reportSequence: 0,
    lastReportMs: Number.NEGATIVE_INFINITY,
    reportDue: true,
    storeUsedBytes: 0,
    lastWantedMs: Number.NEGATIVE_INFINITY,
    lastSweepMs: 0,
    nextOrder: 1,
    leasePrefix: `${config.nodeId.slice(0, 12)}-${config.randomHex(6)}`,
  }
}

/** Adds to a map that remembers at most `limit` entries: the oldest goes. */
export function remember<Key, Value>(map: Map<Key, Value>, entry: readonly [Key, Value], limit: number): void {
  map.delete(entry[0])
  map.set(entry[0], entry[1])
  if (map.size <= limit) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}
