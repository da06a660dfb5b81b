import { unreachable } from '../../base/invariant.ts'
import type { StoreEvent } from './events.ts'
import {
  changeObject,
  deleteObject,
  isReadable,
  pin,
  unpin,
  type Command,
  type CreateRequest,
  type RemovedReason,
  type SpillRef,
  type StoredObject,
  type StoreState,
} from './objects.ts'
import { makeRoom } from './room.ts'
import { answerExists, answerGets, expireWaiting, failGets, refuseBusy, refuseTooLarge } from './waiting.ts'

/** After disk or memory of the system ran out, this long passes before the next attempt. */
const retryAfterMs = 5_000

/** Objects below this size are not offered: to ask for one costs less than its bytes. */
const offerFromBytes = 1_000_000
/** A client that has more than this share of the store pinned is offered nothing: what it has not looked at yet must not be in the way. */
const offerUpToShare = 1 / 4

type EventOf<T extends StoreEvent['type']> = Extract<StoreEvent, { type: T }>

/** All decisions of one node's object store. Changes `state`, returns what the shell must do, in order. Same inputs, same outputs. */
export function step(state: StoreState, event: StoreEvent): Command[] {
  const out: Command[] = []
  decide(state, event, out)
  makeRoom(state, event.nowMs, out)
  return out
}

function decide(state: StoreState, event: StoreEvent, out: Command[]): void {
  switch (event.type) {
    case 'create':
      return onCreate(state, event, out)
    case 'seal':
      return onSeal(state, event, out)
    case 'abort':
      return onAbort(state, event, out)
    case 'get':
      return onGet(state, event, out)
    case 'release':
      return releasePins(state, event, out)
    case 'free':
      for (const objectId of event.objectIds) freeObject(state, objectId, out)
      return
    case 'client-gone':
      return onClientGone(state, event.clientId, out)
    case 'backed':
      state.backing -= 1
      state.growthProblem = undefined
      state.growStepBytes = Math.min(state.config.growStepBytes, state.growStepBytes * 2)
      return state.arena.land(event.range, 'warm')
    case 'back-failed':
      return onBackFailed(state, event)
    case 'punched':
    case 'punch-failed':
      state.punching -= 1
      if (event.type === 'punch-failed') state.lastCreateMs = event.nowMs // as if there had been use: tried again after the idle time
      return state.arena.land(event.range, event.type === 'punched' ? 'cold' : 'warm')
    case 'spilled':
      return onSpilled(state, event, out)
    case 'spill-failed':
      return onSpillFailed(state, event, out)
    case 'restored':
      return onRestored(state, event.objectId, out)
    case 'restore-failed':
      return onRestoreFailed(state, event, out)
    case 'tick':
      return expireWaiting(state, event.nowMs, out)
    default:
      return unreachable(event, 'store event')
  }
}

function onCreate(state: StoreState, event: EventOf<'create'>, out: Command[]): void {
  const object = state.objects.get(event.objectId)
  const request: CreateRequest = { ...event, sinceMs: event.nowMs }
  state.lastCreateMs = event.nowMs
  if (object && object.phase.kind !== 'creating') return answerExists(state, { object, request }, out)
  if (event.sizeBytes > state.arena.largestObjectBytes) return refuseTooLarge(state, request, out)
  if (state.waitingCount >= state.config.waitingLimit) return refuseBusy(state, request.requestId, out)
  state.waitingCount += 1
  state.creates.push(request)
}

function onSeal(state: StoreState, event: EventOf<'seal' | 'abort'>, out: Command[]): void {
  const object = state.objects.get(event.objectId)
  if (object && object.phase.kind !== 'creating') return void out.push({ do: 'done', requestId: event.requestId }) // a repeated message
  if (object?.phase.kind !== 'creating' || object.phase.clientId !== event.clientId) {
    const message = `client ${event.clientId} seals object ${event.objectId}, which it is not creating. Create it first; an aborted one must be created again.`
    return void out.push({
      do: 'fail',
      requestId: event.requestId,
      code: 'protocol.violation',
      message,
      details: { objectId: event.objectId },
    })
  }
  const { address } = object.phase
  changeObject(state, object, { phase: { kind: 'sealed', address } })
  if (event.type === 'seal' && event.offerTo !== undefined && isOffered(state, object, event.offerTo)) {
    pin(state, object, event.offerTo)
    out.push({ do: 'offer', clientId: event.offerTo, objectId: object.id, address, sizeBytes: object.sizeBytes })
  }
  out.push({ do: 'done', requestId: event.requestId })
  requeueBehind(state, object.id)
  if (object.freed) return removeObject(state, object, out)
  answerGets(state, object, out)
}

/** Not while anybody waits for room: a pin that is not used would be in its way. */
function isOffered(state: StoreState, object: StoredObject, clientId: string): boolean {
  if (object.freed || object.sizeBytes < offerFromBytes || state.waitingCount > 0) return false
  return (state.clients.get(clientId)?.pinnedBytes ?? 0) + object.sizeBytes <= state.config.capacityBytes * offerUpToShare
}

function onAbort(state: StoreState, event: EventOf<'seal' | 'abort'>, out: Command[]): void {
  const object = state.objects.get(event.objectId)
  if (object?.phase.kind === 'creating' && object.phase.clientId === event.clientId) abortCreation(state, object)
  out.push({ do: 'done', requestId: event.requestId })
}

function abortCreation(state: StoreState, object: StoredObject): void {
  if (object.phase.kind === 'creating') state.arena.free(object.phase.address)
  deleteObject(state, object)
  requeueBehind(state, object.id)
}

function requeueBehind(state: StoreState, objectId: string): void {
  state.creates.push(...(state.createsBehind.get(objectId) ?? []))
  state.createsBehind.delete(objectId)
}

function onGet(state: StoreState, event: EventOf<'get'>, out: Command[]): void {
  const object = state.objects.get(event.objectId)
  if (isReadable(object)) {
    pin(state, object, event.clientId)
    return void out.push({ do: 'found', requestId: event.requestId, address: object.phase.address, sizeBytes: object.sizeBytes })
  }
  const onDisk = object !== undefined && !object.freed && object.phase.kind !== 'creating'
  if (!onDisk && event.deadlineMs <= event.nowMs) return void out.push({ do: 'missing', requestId: event.requestId })
  if (state.waitingCount >= state.config.waitingLimit) return refuseBusy(state, event.requestId, out)
  state.waitingCount += 1
  const waiting = state.gets.get(event.objectId) ?? []
  waiting.push({ requestId: event.requestId, clientId: event.clientId, deadlineMs: event.deadlineMs })
  state.gets.set(event.objectId, waiting)
  if (onDisk && object.phase.kind === 'spilled') state.restores.add(object.id)
}

function releasePins(state: StoreState, released: { objectId: string; clientId: string; count: number }, out: Command[]): void {
  const object = state.objects.get(released.objectId)
  if (!object) return
  unpin(state, object, { clientId: released.clientId, times: released.count })
  if (object.freed && object.pins.size === 0 && object.phase.kind === 'sealed') removeObject(state, object, out)
}

function freeObject(state: StoreState, objectId: string, out: Command[]): void {
  const object = state.objects.get(objectId)
  if (!object || object.freed) return
  if (object.phase.kind !== 'creating') tellRemoved(objectId, 'freed', out)
  state.restores.delete(objectId)
  changeObject(state, object, { freed: true })
  const idle = object.phase.kind === 'sealed' || object.phase.kind === 'spilled'
  if (idle && object.pins.size === 0) removeObject(state, object, out) // else at its last release, its seal, or the end of the disk's work
}

/** Gives back all that an unpinned object holds, in memory and on disk, and forgets it. */
function removeObject(state: StoreState, object: StoredObject, out: Command[]): void {
  if (object.phase.kind !== 'spilled') state.arena.free(object.phase.address)
  if (object.spill) out.push({ do: 'drop-spilled', spill: object.spill })
  deleteObject(state, object)
}

function tellRemoved(objectId: string, reason: RemovedReason, out: Command[]): void {
  out.push({ do: 'tell-removed', objectId, reason })
}

function onClientGone(state: StoreState, clientId: string, out: Command[]): void {
  const isOthers = (request: { clientId: string }) => request.clientId !== clientId
  const before = state.creates.length
  state.creates = state.creates.filter(isOthers)
  state.waitingCount -= before - state.creates.length
  for (const lists of [state.createsBehind, state.gets]) {
    for (const [objectId, requests] of lists) {
      const others = requests.filter(isOthers)
      state.waitingCount -= requests.length - others.length
      if (others.length === 0) lists.delete(objectId)
      else if (others.length < requests.length) (lists as Map<string, typeof others>).set(objectId, others) // same list, same kind of request
    }
  }
  for (const object of state.creating.values()) {
    if (object.phase.kind === 'creating' && object.phase.clientId === clientId) abortCreation(state, object)
  }
  const pins = [...(state.clients.get(clientId)?.pins ?? [])]
  for (const [objectId, count] of pins) releasePins(state, { objectId, clientId, count }, out)
}

function onBackFailed(state: StoreState, event: EventOf<'back-failed'>): void {
  state.backing -= 1
  state.arena.land(event.range, 'cold')
  state.growthProblem = event.problem
  // A large step may fail where a small one works: go down to 1 MiB before giving up for a while.
  if (state.growStepBytes > 2 ** 20) state.growStepBytes = Math.max(2 ** 20, Math.floor(state.growStepBytes / 4))
  else state.noGrowthUntilMs = event.nowMs + retryAfterMs
}

function onSpilled(state: StoreState, event: EventOf<'spilled'>, out: Command[]): void {
  state.spillProblem = undefined
  for (const [object, spill] of endBatch(state, event.batchId, event.refs)) {
    if (object.phase.kind !== 'spilling') continue
    const { address } = object.phase
    state.spilledTotalBytes += object.sizeBytes
    changeObject(state, object, { spill: spill as SpillRef }) // the shell answers with one reference for each object
    if (object.pins.size === 0 && !object.freed) {
      changeObject(state, object, { phase: { kind: 'spilled' } })
      state.arena.free(address)
    } else {
      changeObject(state, object, { phase: { kind: 'sealed', address } })
      if (object.pins.size === 0) removeObject(state, object, out)
    }
  }
}

function onSpillFailed(state: StoreState, event: EventOf<'spill-failed'>, out: Command[]): void {
  state.spillProblem = event.problem
  state.noSpillUntilMs = event.nowMs + retryAfterMs
  for (const [object] of endBatch(state, event.batchId, [])) {
    if (object.phase.kind !== 'spilling') continue
    changeObject(state, object, { phase: { kind: 'sealed', address: object.phase.address } })
    if (object.freed && object.pins.size === 0) removeObject(state, object, out)
  }
}

function endBatch(state: StoreState, batchId: number, refs: readonly SpillRef[]): [StoredObject, SpillRef | undefined][] {
  const ids = state.spilling.get(batchId) ?? []
  state.spilling.delete(batchId)
  return ids.flatMap((id, index) => {
    const object = state.objects.get(id)
    return object ? [[object, refs[index]] as [StoredObject, SpillRef | undefined]] : []
  })
}

function onRestored(state: StoreState, objectId: string, out: Command[]): void {
  const object = state.objects.get(objectId)
  if (object?.phase.kind !== 'restoring') return
  state.restoredTotalBytes += object.sizeBytes
  changeObject(state, object, { phase: { kind: 'sealed', address: object.phase.address } })
  if (object.freed) removeObject(state, object, out)
  else answerGets(state, object, out)
}

function onRestoreFailed(state: StoreState, event: EventOf<'restore-failed'>, out: Command[]): void {
  const { objectId, problem } = event
  const object = state.objects.get(objectId)
  if (object?.phase.kind !== 'restoring') return
  state.arena.free(object.phase.address)
  changeObject(state, object, { phase: { kind: 'spilled' } })
  if (!object.freed) failGets(state, { objectId, problem }, out)
  const corrupt = problem.code === 'store.corrupt'
  if (!object.freed && corrupt) tellRemoved(objectId, 'corrupt', out)
  if (object.freed || corrupt) removeObject(state, object, out) // a corrupt copy is no copy: its owner must hear `missing` and make it again
}
