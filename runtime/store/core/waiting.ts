import {
  changeObject,
  isReadable,
  pin,
  type Command,
  type CreateRequest,
  type Problem,
  type StoredObject,
  type StoreState,
} from './objects.ts'

/** An object is its id: whoever makes it again makes the same. One that was freed and is still pinned comes back to life. */
export function answerExists(state: StoreState, answered: { object: StoredObject; request: CreateRequest }, out: Command[]): void {
  const { object, request } = answered
  const revived = object.freed
  changeObject(state, object, { freed: false, primary: object.primary || request.primary })
  out.push({ do: 'exists', requestId: request.requestId })
  if (revived && isReadable(object)) answerGets(state, object, out)
}

/** Pins the object for all who wait for it, and tells them. */
export function answerGets(state: StoreState, object: StoredObject, out: Command[]): void {
  const waiting = state.gets.get(object.id) ?? []
  state.gets.delete(object.id)
  state.waitingCount -= waiting.length
  for (const { requestId, clientId } of waiting) {
    if (!isReadable(object)) continue
    pin(state, object, clientId)
    out.push({ do: 'found', requestId, address: object.phase.address, sizeBytes: object.sizeBytes })
  }
}

/** Answers every request whose time is over. */
export function expireWaiting(state: StoreState, nowMs: number, out: Command[]): void {
  if (state.waitingCount === 0) return
  const stays = (request: CreateRequest) => {
    if (request.deadlineMs > nowMs) return true
    failCreate(state, { ...request, waitedMs: nowMs - request.sinceMs }, out)
    return false
  }
  state.creates = state.creates.filter(stays)
  for (const [objectId, requests] of state.createsBehind) {
    const left = requests.filter(stays)
    if (left.length === 0) state.createsBehind.delete(objectId)
    else if (left.length < requests.length) state.createsBehind.set(objectId, left)
  }
  for (const [objectId, requests] of state.gets) {
    const left = requests.filter((request) => request.deadlineMs > nowMs)
    if (left.length === requests.length) continue
    for (const { requestId, deadlineMs } of requests) if (deadlineMs <= nowMs) expireGet(state, { objectId, requestId }, out)
    state.waitingCount -= requests.length - left.length
    if (left.length === 0) state.gets.delete(objectId)
    else state.gets.set(objectId, left)
  }
}

function failCreate(state: StoreState, request: CreateRequest & { waitedMs: number }, out: Command[]): void {
  state.waitingCount -= 1
  const waited = `${(request.waitedMs / 1_000).toFixed(1)} s`
  const writer = state.creating.get(request.objectId)?.phase
  if (writer?.kind === 'creating') {
    const message = `object ${request.objectId} is still being written by client ${writer.clientId} after ${waited}. Try again when that client has sealed it or ended.`
    return void out.push({ do: 'fail', requestId: request.requestId, code: 'timeout', message, details: { objectId: request.objectId } })
  }
  const code = state.spillProblem?.code === 'store.disk-full' ? 'store.disk-full' : 'store.full'
  out.push({
    do: 'fail',
    requestId: request.requestId,
    code,
    message: `no room for object ${request.objectId} of ${megabytes(request.sizeBytes)} after ${waited}: ${describeUse(state)}. Drop references to large objects, use smaller ones, or start the node with a larger object store.`,
    details: {
      ...useDetails(state),
      objectId: request.objectId,
      sizeBytes: request.sizeBytes,
      waitedMs: Math.round(request.waitedMs),
    },
  })
}

function expireGet(state: StoreState, get: { objectId: string; requestId: number }, out: Command[]): void {
  const object = state.objects.get(get.objectId)
  if (!object || object.freed || object.phase.kind === 'creating') return void out.push({ do: 'missing', requestId: get.requestId })
  const message = `object ${get.objectId} of ${megabytes(object.sizeBytes)} is on disk and was not read back in time: ${describeUse(state)}. Try again with a longer timeout.`
  out.push({
    do: 'fail',
    requestId: get.requestId,
    code: 'timeout',
    message,
    details: { objectId: get.objectId, sizeBytes: object.sizeBytes },
  })
}

/** Answers all who wait for an object with what went wrong. */
export function failGets(state: StoreState, failed: { objectId: string; problem: Problem }, out: Command[]): void {
  const { objectId, problem } = failed
  const waiting = state.gets.get(objectId) ?? []
  state.gets.delete(objectId)
  state.waitingCount -= waiting.length
  for (const { requestId } of waiting) {
    out.push({ do: 'fail', requestId, code: problem.code, message: problem.message, details: { objectId } })
  }
}

export function refuseTooLarge(state: StoreState, request: CreateRequest, out: Command[]): void {
  out.push({
    do: 'fail',
    requestId: request.requestId,
    code: 'store.full',
    message: `object ${request.objectId} of ${megabytes(request.sizeBytes)} can never fit: this store takes objects up to ${megabytes(state.arena.largestObjectBytes)} (capacity ${megabytes(state.arena.capacityBytes)}). Split the value, or start the node with a larger object store.`,
    details: { ...useDetails(state), objectId: request.objectId, sizeBytes: request.sizeBytes },
  })
}

export function refuseBusy(state: StoreState, requestId: number, out: Command[]): void {
  const message = `${state.waitingCount} requests wait for this object store already, its limit. Wait for some results before asking for more.`
  out.push({ do: 'fail', requestId, code: 'link.overloaded', message, details: { waiting: state.waitingCount } })
}

function describeUse(state: StoreState): string {
  const { arena } = state
  const pinners = topPinners(state).map(({ clientId, bytes }) => `${clientId} ${megabytes(bytes)}`)
  return [
    `${megabytes(arena.allocatedBytes)} of ${megabytes(arena.capacityBytes)} in use, largest free range ${megabytes(arena.largestFreeBytes)}`,
    `pinned ${megabytes(state.pinnedBytes)}${pinners.length > 0 ? ` (most by ${pinners.join(', ')})` : ''}`,
    `being written ${state.creating.size} objects, spilled ${megabytes(state.spilledBytes)}`,
    ...(state.growthProblem ? [`memory could not grow: ${state.growthProblem.message}`] : []),
    ...(state.spillProblem ? [`spilling failed: ${state.spillProblem.message}`] : []),
  ].join('; ')
}

function useDetails(state: StoreState): Record<string, string | number> {
  const top = topPinners(state)[0]
  return {
    usedBytes: state.arena.allocatedBytes,
    capacityBytes: state.arena.capacityBytes,
    pinnedBytes: state.pinnedBytes,
    ...(top ? { topPinner: top.clientId, topPinnerBytes: top.bytes } : {}),
  }
}

/** The three clients that pin the most bytes. */
function topPinners(state: StoreState): { clientId: string; bytes: number }[] {
  const all = [...state.clients].map(([clientId, client]) => ({ clientId, bytes: client.pinnedBytes }))
  return all.sort((a, b) => b.bytes - a.bytes || (a.clientId < b.clientId ? -1 : 1)).slice(0, 3)
}

const megabytes = (bytes: number): string => (bytes >= 100_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${bytes} bytes`)
