import { addObject, changeObject, deleteObject, type Command, type SpillItem, type StoredObject, type StoreState } from './objects.ts'
import { allocatedSize } from './allocator.ts'
import { answerExists } from './waiting.ts'

const gcEveryMs = 1_000
const punchAtMostBytes = 256 * 2 ** 20

/** Serves who waits for memory, as far as there is some, and starts what makes more: growing, dropping, spilling, asking for collection. */
export function makeRoom(state: StoreState, nowMs: number, out: Command[]): void {
  const stuckRestore = serveRestores(state, nowMs, out)
  const stuckCreate = serveCreates(state, nowMs, out)
  const stuckBytes = Math.max(stuckRestore, stuckCreate)
  startSpills(state, { stuckBytes, nowMs }, out)
  if (stuckRestore > 0 && state.spilling.size === 0) lendFromDisk(state, out)
  if (stuckBytes > 0 && nowMs - state.lastGcMs >= gcEveryMs) {
    state.lastGcMs = nowMs
    out.push({ do: 'request-gc' })
  }
  givePagesBack(state, nowMs, out)
}

/** Returns the size of the first object that finds no room; 0 when none waits or memory is on its way. */
function serveRestores(state: StoreState, nowMs: number, out: Command[]): number {
  for (const objectId of state.restores) {
    const object = state.objects.get(objectId)
    if (object?.phase.kind !== 'spilled' || !object.spill || !state.gets.has(objectId)) {
      state.restores.delete(objectId)
      continue
    }
    const address = findRoom(state, { sizeBytes: object.sizeBytes, nowMs }, out)
    if (address === undefined) return state.backing > 0 ? 0 : object.sizeBytes
    state.restores.delete(objectId)
    changeObject(state, object, { phase: { kind: 'restoring', address } })
    out.push({ do: 'restore', objectId, address, spill: object.spill })
  }
  return 0
}

/** Nothing makes room, as all is in use or the disk is full: whoever waits for a spilled object gets a copy from the disk instead. */
function lendFromDisk(state: StoreState, out: Command[]): void {
  for (const objectId of state.restores) {
    const spill = state.objects.get(objectId)?.spill
    if (!spill) continue
    const waiting = state.gets.get(objectId) ?? []
    state.gets.delete(objectId)
    state.restores.delete(objectId)
    state.waitingCount -= waiting.length
    for (const { requestId } of waiting) out.push({ do: 'lend', requestId, spill })
  }
}

/**
 * A creation passes a restore that is stuck: the task behind it holds pins, and ends sooner that way. Creations do not pass one another.
 */
function serveCreates(state: StoreState, nowMs: number, out: Command[]): number {
  for (;;) {
    const request = state.creates[0]
    if (!request) return 0
    const object = state.objects.get(request.objectId)
    if (object?.phase.kind === 'creating') {
      state.creates.shift()
      state.createsBehind.set(request.objectId, [...(state.createsBehind.get(request.objectId) ?? []), request])
      continue
    }
    const address = object ? undefined : findRoom(state, { sizeBytes: request.sizeBytes, nowMs }, out)
    if (!object && address === undefined) return state.backing > 0 ? 0 : Math.max(1, request.sizeBytes)
    state.creates.shift()
    state.waitingCount -= 1
    if (object) answerExists(state, { object, request }, out)
    if (address === undefined) continue
    addObject(state, request, address)
    out.push({ do: 'created', requestId: request.requestId, address, sizeBytes: request.sizeBytes })
  }
}

/** Free warm memory first, then memory never used, then copies that exist elsewhere. Undefined: wait for what was started, or for others. */
function findRoom(state: StoreState, wanted: { sizeBytes: number; nowMs: number }, out: Command[]): number | undefined {
  const { arena } = state
  const { sizeBytes, nowMs } = wanted
  const free = arena.allocate(sizeBytes)
  if (free !== undefined) return free
  if (state.backing > 0) return undefined
  const range = nowMs >= state.noGrowthUntilMs ? arena.takeCold(sizeBytes, state.growStepBytes) : undefined
  if (range) {
    state.backing += 1
    out.push({ do: 'back', range })
    return undefined
  }
  if (allocatedSize(sizeBytes) > arena.warmFreeBytes + state.reclaimableBytes) return undefined // dropping all would not be enough
  for (const list of [state.evictable, state.droppable]) {
    for (const object of list.values()) {
      dropFromMemory(state, object, out)
      const address = arena.allocate(sizeBytes)
      if (address !== undefined) return address
    }
  }
  return undefined
}

function dropFromMemory(state: StoreState, object: StoredObject, out: Command[]): void {
  if (object.phase.kind !== 'sealed') return
  const { address } = object.phase
  state.arena.free(address)
  if (object.primary && object.spill) return changeObject(state, object, { phase: { kind: 'spilled' } })
  state.evictedTotalBytes += object.sizeBytes
  if (object.spill) out.push({ do: 'drop-spilled', spill: object.spill })
  out.push({ do: 'tell-removed', objectId: object.id, reason: 'evicted' })
  deleteObject(state, object)
}

/** Above the threshold, or when somebody is stuck, the least recently used primary copies go to disk, many in one file. */
function startSpills(state: StoreState, why: { stuckBytes: number; nowMs: number }, out: Command[]): void {
  const { config, arena } = state
  while (why.nowMs >= state.noSpillUntilMs && state.spilling.size < config.spillsAtOnce && state.spillable.size > 0) {
    const usableBytes = state.noGrowthUntilMs > why.nowMs ? arena.capacityBytes - arena.coldBytes : arena.capacityBytes
    const keptBytes = arena.allocatedBytes - state.reclaimableBytes
    const excessBytes = keptBytes > config.spillAbove * usableBytes ? keptBytes - config.spillTo * usableBytes : 0
    const wantedBytes = Math.max(excessBytes, why.stuckBytes) - spillingBytes(state)
    if (wantedBytes <= 0) return
    const objects: SpillItem[] = []
    let batchBytes = 0
    for (const object of state.spillable.values()) {
      if (object.phase.kind !== 'sealed') continue
      if (batchBytes > 0 && batchBytes + object.sizeBytes > config.spillBatchBytes) break
      objects.push({ objectId: object.id, address: object.phase.address, sizeBytes: object.sizeBytes })
      batchBytes += Math.max(1, object.sizeBytes)
      if (batchBytes >= wantedBytes) break
    }
    const batchId = state.nextBatchId
    state.nextBatchId += 1
    for (const { objectId, address } of objects)
      changeObject(state, state.objects.get(objectId) as StoredObject, { phase: { kind: 'spilling', address } }) // just listed
    state.spilling.set(
      batchId,
      objects.map(({ objectId }) => objectId),
    )
    out.push({ do: 'spill', batchId, objects })
  }
}

function spillingBytes(state: StoreState): number {
  let sum = 0
  for (const ids of state.spilling.values()) for (const id of ids) sum += allocatedSize(state.objects.get(id)?.sizeBytes ?? 0)
  return sum
}

function givePagesBack(state: StoreState, nowMs: number, out: Command[]): void {
  const { arena, config } = state
  if (state.punching > 0 || state.backing > 0 || state.creates.length > 0 || nowMs - state.lastCreateMs < config.idleMs) return
  const excessBytes = arena.warmFreeBytes - config.keepWarmBytes
  if (excessBytes < 2 ** 20) return
  const range = arena.takeWarm(Math.min(excessBytes, punchAtMostBytes))
  if (!range) return
  state.punching += 1
  out.push({ do: 'punch', range })
}
