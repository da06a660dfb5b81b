import { invariant } from '../../base/invariant.ts'
import { allocatedSize } from './allocator.ts'
import type { StoredObject, StoreState } from './objects.ts'

/** Throws when the parts of `state` contradict each other. Run after every step in tests and simulation. */
export function checkInvariants(state: StoreState): void {
  state.arena.checkInvariants()
  const sums = { memory: 0, pinned: 0, primary: 0, spilled: 0, reclaimable: 0 }
  for (const object of state.objects.values()) {
    checkObject(state, object)
    if (object.phase.kind !== 'spilled') sums.memory += allocatedSize(object.sizeBytes)
    if (object.phase.kind === 'spilled') sums.spilled += object.sizeBytes
    if (object.pins.size > 0) sums.pinned += object.sizeBytes
    if (object.primary) sums.primary += object.sizeBytes
    if (isIdle(object) && (!object.primary || object.spill)) sums.reclaimable += allocatedSize(object.sizeBytes)
  }
  invariant(sums.memory === state.arena.allocatedBytes, `objects take ${sums.memory} bytes, the arena says ${state.arena.allocatedBytes}`)
  invariant(sums.pinned === state.pinnedBytes, `pinned ${sums.pinned}, counted ${state.pinnedBytes}`)
  invariant(sums.primary === state.primaryBytes, `primary ${sums.primary}, counted ${state.primaryBytes}`)
  invariant(sums.spilled === state.spilledBytes, `spilled ${sums.spilled}, counted ${state.spilledBytes}`)
  invariant(sums.reclaimable === state.reclaimableBytes, `reclaimable ${sums.reclaimable}, counted ${state.reclaimableBytes}`)
  checkWaiting(state)
  checkClients(state)
}

const isIdle = (object: StoredObject): boolean => object.phase.kind === 'sealed' && object.pins.size === 0 && !object.freed

function checkObject(state: StoreState, object: StoredObject): void {
  const { kind } = object.phase
  const what = `object ${object.id} (${kind})`
  invariant(kind !== 'spilled' || object.spill !== undefined, `${what} has no copy on disk`)
  invariant(object.pins.size === 0 || kind === 'sealed' || kind === 'spilling', `${what} is pinned`)
  invariant(!(object.freed && object.pins.size === 0 && (kind === 'sealed' || kind === 'spilled')), `${what} was freed and is still here`)
  invariant(state.creating.has(object.id) === (kind === 'creating'), `${what} and the list of creations disagree`)
  const list = !object.primary ? state.evictable : object.spill ? state.droppable : state.spillable
  for (const other of [state.evictable, state.droppable, state.spillable]) {
    invariant(other.has(object.id) === (isIdle(object) && other === list), `${what} is in the wrong list of what may go`)
  }
  const batches = [...state.spilling.values()].filter((ids) => ids.includes(object.id)).length
  invariant(batches === (kind === 'spilling' ? 1 : 0), `${what} is in ${batches} spill batches`)
  const readable = (kind === 'sealed' || kind === 'spilling') && !object.freed
  invariant(!(readable && state.gets.has(object.id)), `${what} is readable while a get waits for it`)
}

function checkWaiting(state: StoreState): void {
  let waiting = state.creates.length
  for (const requests of state.createsBehind.values()) waiting += requests.length
  for (const requests of state.gets.values()) waiting += requests.length
  invariant(waiting === state.waitingCount, `${waiting} requests wait, counted ${state.waitingCount}`)
  invariant(waiting <= state.config.waitingLimit, `${waiting} requests wait, the limit is ${state.config.waitingLimit}`)
  for (const objectId of state.createsBehind.keys()) {
    invariant(state.creating.has(objectId), `creations of ${objectId} wait behind nobody`)
  }
  for (const objectId of state.gets.keys()) {
    const object = state.objects.get(objectId)
    const forgotten = object?.phase.kind === 'spilled' && !object.freed && !state.restores.has(objectId)
    invariant(!forgotten, `a get waits for spilled object ${objectId}, and nobody restores it`)
  }
}

function checkClients(state: StoreState): void {
  for (const [clientId, client] of state.clients) {
    let bytes = 0
    for (const [objectId, count] of client.pins) {
      const object = state.objects.get(objectId)
      invariant(object?.pins.get(clientId) === count, `client ${clientId} and object ${objectId} disagree about pins`)
      bytes += object.sizeBytes
    }
    invariant(client.pins.size > 0, `client ${clientId} is kept without a pin`)
    invariant(bytes === client.pinnedBytes, `client ${clientId} pins ${bytes} bytes, counted ${client.pinnedBytes}`)
  }
}
