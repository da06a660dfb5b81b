import { expect, test } from 'vitest'
import { invariant } from '#runtime/base/invariant.ts'
import { pickOne, randomBelow, seededRandom, type Random } from '#runtime/base/random.ts'
import type { StoreEvent } from '#runtime/store/core/events.ts'
import { checkInvariants } from '#runtime/store/core/invariants.ts'
import { createStoreState, type Command, type SpillRef } from '#runtime/store/core/objects.ts'
import { step } from '#runtime/store/core/step.ts'

const KiB = 1_024
const ids = Array.from({ length: 24 }, (_, index) => `object-${index}`)
const clients = ['w1', 'w2', 'w3', 'driver']

/** A node with a slow, unreliable disk, and clients that die; it checks what clients may rely on, not only the core's own sums. */
class World {
  readonly state = createStoreState({
    capacityBytes: 2_048 * KiB,
    segmentLimitBytes: 1_024 * KiB,
    growStepBytes: 128 * KiB,
    spillAbove: 0.8,
    spillTo: 0.6,
    spillBatchBytes: 400 * KiB,
    spillsAtOnce: 2,
    keepWarmBytes: 256 * KiB,
    idleMs: 200,
    waitingLimit: 40,
  })
  readonly random: Random
  nowMs = 0
  /** Work that was commanded and has not ended: the disk ends it in any order. */
  readonly work: Command[] = []
  readonly asked = new Map<number, StoreEvent>()
  readonly onDisk = new Map<number, number>()
  /** Where readers look, by client and object: nobody may be given that room before they let go. */
  readonly read = new Map<string, { address: number; sizeBytes: number; count: number }>()
  readonly written = new Map<string, { clientId: string; address: number; sizeBytes: number }>()
  requests = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  tell(event: StoreEvent): void {
    if ('requestId' in event) this.asked.set(event.requestId, event)
    for (const command of step(this.state, event)) this.take(command)
    checkInvariants(this.state)
    this.checkRoom()
  }

  take(command: Command): void {
    if (command.do === 'back' || command.do === 'punch' || command.do === 'spill' || command.do === 'restore') this.work.push(command)
    if (command.do === 'drop-spilled') this.onDisk.set(command.spill.fileId, (this.onDisk.get(command.spill.fileId) ?? 0) - 1)
    if (!('requestId' in command)) return
    const event = this.asked.get(command.requestId)
    if (!event || !('objectId' in event) || !('clientId' in event))
      throw new Error(`request ${command.requestId} was answered twice or never asked`)
    this.asked.delete(command.requestId)
    const { clientId, objectId } = event
    if (command.do === 'created') this.written.set(objectId, { clientId, address: command.address, sizeBytes: command.sizeBytes })
    if (command.do === 'found') {
      const key = `${clientId} ${objectId}`
      const before = this.read.get(key)
      invariant(!before || command.address === before.address, `${key} moved while it was pinned`)
      this.read.set(key, { address: command.address, sizeBytes: command.sizeBytes, count: (before?.count ?? 0) + 1 })
    }
  }

  /** Room that is being written or read belongs to one object only. */
  checkRoom(): void {
    const taken = new Map<number, { end: number; objectId: string }>()
    for (const [objectId, { address, sizeBytes }] of this.written) taken.set(address, { end: address + sizeBytes, objectId })
    for (const [key, { address, sizeBytes }] of this.read) {
      const objectId = key.split(' ')[1] as string // keys are made of two words
      invariant((taken.get(address)?.objectId ?? objectId) === objectId, `room ${address} was given twice`)
      taken.set(address, { end: address + sizeBytes, objectId })
    }
    const ordered = [...taken].sort(([a], [b]) => a - b)
    for (const [index, [address]] of ordered.entries())
      invariant((ordered[index - 1]?.[1].end ?? 0) <= address, `room ${address} was given twice`)
  }

  act(): void {
    this.nowMs += randomBelow(this.random, 20)
    const { nowMs, random } = this
    const base = { nowMs, clientId: pickOne(random, clients), objectId: pickOne(random, ids) }
    const requestId = (this.requests += 1)
    const dice = randomBelow(random, 100)
    if (dice < 25) {
      const sizeBytes = random() < 0.3 ? randomBelow(random, 60 * KiB) : randomBelow(random, 500 * KiB)
      this.tell({ type: 'create', requestId, sizeBytes, primary: random() < 0.6, deadlineMs: nowMs + randomBelow(random, 300), ...base })
    } else if (dice < 45) this.endWriting(requestId, dice < 42 ? 'seal' : 'abort')
    else if (dice < 60) this.tell({ type: 'get', requestId, deadlineMs: nowMs + randomBelow(random, 200), ...base })
    else if (dice < 78) this.release()
    else if (dice < 83) this.tell({ type: 'free', nowMs, objectIds: [base.objectId, pickOne(random, ids)] })
    else if (dice < 85) this.kill(base.clientId)
    else if (dice < 95) this.endWork()
    else this.tell({ type: 'tick', nowMs })
  }

  endWriting(requestId: number, type: 'seal' | 'abort'): void {
    const [objectId, writing] = [...this.written][0] ?? []
    if (!objectId || !writing) return
    this.written.delete(objectId)
    this.tell({ type, requestId, nowMs: this.nowMs, clientId: writing.clientId, objectId })
  }

  release(key = [...this.read.keys()][randomBelow(this.random, this.read.size)]): void {
    const reading = this.read.get(key ?? '')
    if (!key || !reading) return
    reading.count -= 1
    if (reading.count === 0) this.read.delete(key)
    const [clientId, objectId] = key.split(' ') as [string, string] // keys are made of two words
    this.tell({ type: 'release', nowMs: this.nowMs, clientId, objectId, count: 1 })
  }

  kill(clientId: string): void {
    for (const key of this.read.keys()) if (key.startsWith(`${clientId} `)) this.read.delete(key)
    for (const [objectId, writing] of this.written) if (writing.clientId === clientId) this.written.delete(objectId)
    for (const [requestId, event] of this.asked) if ('clientId' in event && event.clientId === clientId) this.asked.delete(requestId)
    this.tell({ type: 'client-gone', nowMs: this.nowMs, clientId })
  }

  endWork(reliable = false): void {
    const command = this.work.splice(randomBelow(this.random, this.work.length), 1)[0]
    if (!command) return
    const { nowMs } = this
    const fails = !reliable && this.random() < 0.15
    const problem = { code: pickOne(this.random, ['store.corrupt', 'store.disk-full', 'internal'] as const), message: 'broken' }
    if (command.do === 'back')
      this.tell(fails ? { type: 'back-failed', nowMs, range: command.range, problem } : { type: 'backed', nowMs, range: command.range })
    if (command.do === 'punch') this.tell({ type: fails ? 'punch-failed' : 'punched', nowMs, range: command.range })
    if (command.do === 'restore') {
      const { objectId } = command
      invariant((this.onDisk.get(command.spill.fileId) ?? 0) > 0, `file ${command.spill.fileId} is gone and is read`)
      this.tell(fails ? { type: 'restore-failed', nowMs, objectId, problem } : { type: 'restored', nowMs, objectId })
    }
    if (command.do === 'spill') {
      const { batchId } = command
      if (fails) return this.tell({ type: 'spill-failed', nowMs, batchId, problem })
      this.onDisk.set(batchId, command.objects.length)
      const refs = command.objects.map(({ sizeBytes }): SpillRef => ({ fileId: batchId, offset: 0, sizeBytes, checksum: 0 }))
      this.tell({ type: 'spilled', nowMs, batchId, refs })
    }
  }

  /** Everybody ends well: all disk work, all writing, all reading; time passes; all objects are freed. */
  end(): void {
    for (let round = 0; round < 200; round += 1) {
      while (this.work.length > 0) this.endWork(true)
      while (this.written.size > 0) this.endWriting((this.requests += 1), 'seal')
      while (this.read.size > 0) this.release()
      this.nowMs += 100
      this.tell({ type: 'tick', nowMs: this.nowMs })
      if (round === 100) this.tell({ type: 'free', nowMs: this.nowMs, objectIds: ids })
    }
  }
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'seed %i: sums hold, no room is given twice, every request is answered, nothing is left',
  (seed) => {
    const world = new World(seed)
    for (let turn = 0; turn < 600; turn += 1) world.act()
    expect(world.requests).toBe(600)
    world.end()
    expect([...world.asked.values()]).toEqual([])
    expect(world.state.objects.size).toBe(0)
    expect(world.state.arena.allocatedBytes).toBe(0)
    expect([...world.onDisk.values()].filter((live) => live !== 0)).toEqual([])
    expect(world.state).toMatchObject({ waitingCount: 0, pinnedBytes: 0, spilledBytes: 0, primaryBytes: 0 })
  },
)

test('the same seed gives the same commands', () => {
  const run = () => {
    const world = new World(11)
    for (let turn = 0; turn < 300; turn += 1) world.act()
    return { used: world.state.arena.allocatedBytes, read: [...world.read], work: world.work, nowMs: world.nowMs }
  }
  expect(run()).toEqual(run())
})

test('the simulated worlds reach spilling, restoring, evicting, punching and refusals', () => {
  const reached = { spilled: 0, restored: 0, evicted: 0, punched: 0, refused: 0 }
  for (let seed = 0; seed < 20; seed += 1) {
    const world = new World(seed)
    const take = world.take.bind(world)
    world.take = (command) => {
      if (command.do === 'punch') reached.punched += 1
      if (command.do === 'fail') reached.refused += 1
      take(command)
    }
    for (let turn = 0; turn < 600; turn += 1) world.act()
    world.end()
    reached.spilled += world.state.spilledTotalBytes
    reached.restored += world.state.restoredTotalBytes
    reached.evicted += world.state.evictedTotalBytes
  }
  expect(Object.entries(reached).filter(([, times]) => times === 0)).toEqual([])
})
