import type { ErrorCode, ErrorDetails } from '../../base/errors.ts'
import { invariant } from '../../base/invariant.ts'
import { Allocator, allocatedSize } from './allocator.ts'
import type { Range } from './free-ranges.ts'

/** A copy of an object inside a spill file. The checksum guards against a disk that gives back other bytes. */
export type SpillRef = { readonly fileId: number; readonly offset: number; readonly sizeBytes: number; readonly checksum: number }

export type Phase =
  | { readonly kind: 'creating'; readonly address: number; readonly clientId: string }
  | { readonly kind: 'sealed'; readonly address: number }
  | { readonly kind: 'spilling'; readonly address: number } // still readable
  | { readonly kind: 'spilled' }
  | { readonly kind: 'restoring'; readonly address: number }

export type StoredObject = {
  readonly id: string
  readonly sizeBytes: number
  primary: boolean
  phase: Phase
  /** Present once it was written to disk; a restored object keeps it, so that dropping it again costs nothing. */
  spill: SpillRef | undefined
  /** Goes when its last pin, or the disk work on it, is done. For gets it is gone already. */
  freed: boolean
  readonly pins: Map<string, number>
}

export type CreateRequest = {
  readonly requestId: number
  readonly clientId: string
  readonly objectId: string
  readonly sizeBytes: number
  readonly primary: boolean
  readonly sinceMs: number
  readonly deadlineMs: number
}
export type GetRequest = { readonly requestId: number; readonly clientId: string; readonly deadlineMs: number }
export type Client = { readonly pins: Map<string, number>; pinnedBytes: number }
export type Problem = { readonly code: ErrorCode; readonly message: string }

export type StoreConfig = {
  readonly capacityBytes: number
  readonly segmentLimitBytes: number
  /** The arena grows by this much, or by one object when that is larger. */
  readonly growStepBytes: number
  /** Share of the capacity above which unpinned primary copies go to disk; they go until `spillTo` is reached. */
  readonly spillAbove: number
  readonly spillTo: number
  /** One spill file holds objects up to about this much, at least one. */
  readonly spillBatchBytes: number
  readonly spillsAtOnce: number
  /** Free warm memory above this goes back to the system after `idleMs` without a creation. */
  readonly keepWarmBytes: number
  readonly idleMs: number
  /** How many gets and creations may wait; the next is refused. */
  readonly waitingLimit: number
}

export type StoreState = {
  readonly config: StoreConfig
  readonly arena: Allocator
  readonly objects: Map<string, StoredObject>
  readonly clients: Map<string, Client>
  /** Creations that wait for room, first come first served. */
  creates: CreateRequest[]
  /** Creations of an object that another client is writing just now. */
  readonly createsBehind: Map<string, CreateRequest[]>
  readonly gets: Map<string, GetRequest[]>
  /** Spilled objects that somebody waits for, in order. */
  readonly restores: Set<string>
  readonly creating: Map<string, StoredObject>
  /** Unpinned sealed copies in order of last use. Secondary ones may go; primary ones may go if disk has them, else must be spilled first. */
  readonly evictable: Map<string, StoredObject>
  readonly droppable: Map<string, StoredObject>
  readonly spillable: Map<string, StoredObject>
  readonly spilling: Map<number, readonly string[]>
  /** Room that evictable and droppable copies would give back at once. */
  reclaimableBytes: number
  pinnedBytes: number
  primaryBytes: number
  spilledBytes: number
  spilledTotalBytes: number
  restoredTotalBytes: number
  evictedTotalBytes: number
  waitingCount: number
  nextBatchId: number
  backing: number
  punching: number
  growStepBytes: number
  /** No attempt to grow, or to spill, before this time: the last one failed. */
  noGrowthUntilMs: number
  noSpillUntilMs: number
  growthProblem: Problem | undefined
  spillProblem: Problem | undefined
  lastCreateMs: number
  lastGcMs: number
}

export type Command =
  | { readonly do: 'created' | 'found'; readonly requestId: number; readonly address: number; readonly sizeBytes: number }
  /** The client has one pin on it now, which it did not ask for. */
  | { readonly do: 'offer'; readonly clientId: string; readonly objectId: string; readonly address: number; readonly sizeBytes: number }
  | { readonly do: 'exists' | 'missing' | 'done'; readonly requestId: number }
  /** It is to be read from the disk where it lies: nothing is pinned. */
  | { readonly do: 'lend'; readonly requestId: number; readonly spill: SpillRef }
  | { readonly do: 'fail'; readonly requestId: number; readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
  | { readonly do: 'back' | 'punch'; readonly range: Range }
  | { readonly do: 'spill'; readonly batchId: number; readonly objects: readonly SpillItem[] }
  | { readonly do: 'restore'; readonly objectId: string; readonly address: number; readonly spill: SpillRef }
  | { readonly do: 'drop-spilled'; readonly spill: SpillRef }
  | { readonly do: 'request-gc' }
  | { readonly do: 'tell-removed'; readonly objectId: string; readonly reason: RemovedReason }
export type SpillItem = { readonly objectId: string; readonly address: number; readonly sizeBytes: number }
export type RemovedReason = 'freed' | 'evicted' | 'corrupt'

const moves: Record<Phase['kind'], readonly Phase['kind'][]> = {
  creating: ['sealed'],
  sealed: ['spilling', 'spilled'], //    spilled at once: a copy from an earlier spill is on disk
  spilling: ['spilled', 'sealed'], //    sealed again: it was pinned meanwhile, or the disk failed
  spilled: ['restoring'],
  restoring: ['sealed', 'spilled'], //   spilled again: the read failed
}

export function createStoreState(config: StoreConfig): StoreState {
  return {
    config,
    arena: new Allocator(config.capacityBytes, config.segmentLimitBytes),
    objects: new Map(),
    clients: new Map(),
    creates: [],
    createsBehind: new Map(),
    gets: new Map(),
    restores: new Set(),
    creating: new Map(),
    evictable: new Map(),
    droppable: new Map(),
    spillable: new Map(),
    spilling: new Map(),
    reclaimableBytes: 0,
    pinnedBytes: 0,
    primaryBytes: 0,
    spilledBytes: 0,
    spilledTotalBytes: 0,
    restoredTotalBytes: 0,
    evictedTotalBytes: 0,
    waitingCount: 0,
    nextBatchId: 1,
    backing: 0,
    punching: 0,
    growStepBytes: config.growStepBytes,
    noGrowthUntilMs: 0,
    noSpillUntilMs: 0,
    growthProblem: undefined,
    spillProblem: undefined,
    lastCreateMs: 0,
    lastGcMs: Number.NEGATIVE_INFINITY,
  }
}

export function addObject(state: StoreState, request: CreateRequest, address: number): void {
  const phase: Phase = { kind: 'creating', address, clientId: request.clientId }
  const object: StoredObject = {
    id: request.objectId,
    sizeBytes: request.sizeBytes,
    primary: request.primary,
    phase,
    spill: undefined,
    freed: false,
    pins: new Map(),
  }
  state.objects.set(object.id, object)
  count(state, object, 1)
}

/** The one way to change an object: the totals and the lists of what may go follow. A move that the table lacks is a broken assumption. */
export function changeObject(
  state: StoreState,
  object: StoredObject,
  change: { phase?: Phase; spill?: SpillRef; freed?: boolean; primary?: boolean },
): void {
  count(state, object, -1)
  if (change.phase && change.phase.kind !== object.phase.kind) {
    invariant(
      moves[object.phase.kind].includes(change.phase.kind),
      `object ${object.id} may not move ${object.phase.kind} → ${change.phase.kind} (${object.pins.size} clients pin it, freed: ${object.freed})`,
    )
  }
  object.phase = change.phase ?? object.phase
  object.spill = change.spill ?? object.spill
  object.freed = change.freed ?? object.freed
  object.primary = change.primary ?? object.primary
  count(state, object, 1)
}

/** Forgets the object. Its room and its copy on disk are the caller's to give back. */
export function deleteObject(state: StoreState, object: StoredObject): void {
  invariant(object.pins.size === 0, `object ${object.id} is pinned by ${object.pins.size} clients and cannot go`)
  count(state, object, -1)
  state.objects.delete(object.id)
}

export function pin(state: StoreState, object: StoredObject, clientId: string): void {
  count(state, object, -1)
  const client = state.clients.get(clientId) ?? { pins: new Map<string, number>(), pinnedBytes: 0 }
  state.clients.set(clientId, client)
  const pins = object.pins.get(clientId) ?? 0
  if (pins === 0) client.pinnedBytes += object.sizeBytes
  object.pins.set(clientId, pins + 1)
  client.pins.set(object.id, pins + 1)
  count(state, object, 1)
}

/** Takes back up to `times` pins; more than there are is a late or repeated message and does no harm. */
export function unpin(state: StoreState, object: StoredObject, by: { clientId: string; times: number }): void {
  const { clientId, times } = by
  const client = state.clients.get(clientId)
  const pins = object.pins.get(clientId)
  if (!client || pins === undefined) return
  count(state, object, -1)
  if (pins > times) {
    object.pins.set(clientId, pins - times)
    client.pins.set(object.id, pins - times)
  } else {
    object.pins.delete(clientId)
    client.pins.delete(object.id)
    client.pinnedBytes -= object.sizeBytes
    if (client.pins.size === 0) state.clients.delete(clientId)
  }
  count(state, object, 1)
}

export const isReadable = (object: StoredObject | undefined): object is StoredObject & { phase: { address: number } } =>
  object !== undefined && !object.freed && (object.phase.kind === 'sealed' || object.phase.kind === 'spilling')

/** Adds or takes away what the object contributes to totals and lists. Adding makes it the most recently used. */
function count(state: StoreState, object: StoredObject, sign: 1 | -1): void {
  const bytes = sign * object.sizeBytes
  if (object.pins.size > 0) state.pinnedBytes += bytes
  if (object.primary) state.primaryBytes += bytes
  if (object.phase.kind === 'spilled') state.spilledBytes += bytes
  if (object.phase.kind === 'creating') putOrDelete(state.creating, object, sign)
  if (object.phase.kind !== 'sealed' || object.pins.size > 0 || object.freed) return
  putOrDelete(listOf(state, object), object, sign)
  if (!object.primary || object.spill) state.reclaimableBytes += sign * allocatedSize(object.sizeBytes)
}

function listOf(state: StoreState, object: StoredObject): Map<string, StoredObject> {
  if (!object.primary) return state.evictable
  return object.spill ? state.droppable : state.spillable
}

function putOrDelete(list: Map<string, StoredObject>, object: StoredObject, sign: 1 | -1): void {
  if (sign === 1) list.set(object.id, object)
  else list.delete(object.id)
}
