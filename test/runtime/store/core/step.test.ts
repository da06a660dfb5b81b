import { expect, test } from 'vitest'
import type { StoreEvent } from '#runtime/store/core/events.ts'
import { checkInvariants } from '#runtime/store/core/invariants.ts'
import { createStoreState, type Command, type StoreConfig, type StoreState } from '#runtime/store/core/objects.ts'
import { step } from '#runtime/store/core/step.ts'

const MB = 2 ** 20
type CommandTo<D extends Command['do'], C = Command> = C extends { do: infer K } ? (D extends K ? C : never) : never
type Untimed<E> = E extends unknown ? Omit<E, 'nowMs' | 'requestId'> & { nowMs?: number; requestId?: number } : never

/** A core with memory that is backed at once, which records what it commands. Disk work is left to the test. */
class Rig {
  readonly state: StoreState
  readonly commands: Command[] = []
  nowMs = 0
  #requests = 0
  backs: 'work' | 'fail' = 'work'

  constructor(config: Partial<StoreConfig> = {}) {
    this.state = createStoreState({
      capacityBytes: 10 * MB,
      segmentLimitBytes: 10 * MB,
      growStepBytes: 10 * MB,
      spillAbove: 0.8,
      spillTo: 0.7,
      spillBatchBytes: 4 * MB,
      spillsAtOnce: 2,
      keepWarmBytes: MB,
      idleMs: 1_000,
      waitingLimit: 100,
      ...config,
    })
  }

  /** Returns what this event, and the backing it asked for, brought about. */
  tell(event: Untimed<StoreEvent>): Command[] {
    this.#requests += 1
    const whole = { requestId: this.#requests, nowMs: this.nowMs, ...event } as StoreEvent // an event without request id ignores it
    const commands = step(this.state, whole)
    checkInvariants(this.state)
    this.commands.push(...commands)
    const more = commands.flatMap((command) => (command.do === 'back' ? this.#back(command) : []))
    return [...commands.filter((command) => command.do !== 'back'), ...more]
  }

  #back({ range }: CommandTo<'back'>): Command[] {
    if (this.backs === 'work') return this.tell({ type: 'backed', range })
    return this.tell({ type: 'back-failed', range, problem: { code: 'store.full', message: 'no pages left' } })
  }

  create(objectId: string, sizeBytes: number, more: { clientId?: string; primary?: boolean; deadlineMs?: number } = {}): Command[] {
    return this.tell({ type: 'create', clientId: 'w1', primary: true, deadlineMs: 100, objectId, sizeBytes, ...more })
  }
  put(objectId: string, sizeBytes: number, more: { clientId?: string; primary?: boolean } = {}): Command[] {
    const created = this.create(objectId, sizeBytes, more)
    return [...created, ...this.tell({ type: 'seal', clientId: more.clientId ?? 'w1', objectId })]
  }
  get(objectId: string, clientId = 'w2', deadlineMs = this.nowMs): Command[] {
    return this.tell({ type: 'get', clientId, objectId, deadlineMs })
  }
  tick(nowMs: number): Command[] {
    this.nowMs = nowMs
    return this.tell({ type: 'tick' })
  }
  /** Ends the oldest spill that was commanded and not ended. */
  spilled(): Command[] {
    const batchId = Math.min(...this.state.spilling.keys())
    const ids = this.state.spilling.get(batchId) ?? []
    const refs = ids.map((id, index) => ({
      fileId: batchId,
      offset: index * 10 * MB,
      sizeBytes: this.state.objects.get(id)?.sizeBytes ?? 0,
      checksum: 1,
    }))
    return this.tell({ type: 'spilled', batchId, refs })
  }
}

const doing = (commands: readonly Command[]): string[] => commands.map((command) => command.do)
const only = <D extends Command['do']>(commands: readonly Command[], kind: D): CommandTo<D>[] =>
  commands.filter((command) => command.do === kind) as CommandTo<D>[] // the filter is what the type says

test('an object is created, sealed, told of, and found by who waited for it', () => {
  const rig = new Rig()
  expect(rig.get('a', 'w2', 50)).toEqual([])
  expect(doing(rig.create('a', MB))).toEqual(['created'])
  expect(doing(rig.get('a'))).toEqual(['missing'])
  expect(doing(rig.tell({ type: 'seal', clientId: 'w1', objectId: 'a' }))).toEqual(['done', 'found'])
  expect(rig.state.pinnedBytes).toBe(MB)
})

test('a get that nothing answers ends as missing at its deadline, not before', () => {
  const rig = new Rig()
  rig.get('a', 'w2', 50)
  expect(rig.tick(49)).toEqual([])
  expect(doing(rig.tick(50))).toEqual(['missing'])
})

test('creating what is here already says so, whoever made it, and a repeated seal is no error', () => {
  const rig = new Rig()
  rig.put('a', MB)
  expect(doing(rig.create('a', MB, { clientId: 'w2' }))).toEqual(['exists'])
  expect(doing(rig.tell({ type: 'seal', clientId: 'w1', objectId: 'a' }))).toEqual(['done'])
})

test('a creation of what another client is writing waits for it, and goes ahead when that client dies', () => {
  const rig = new Rig()
  rig.create('a', MB, { clientId: 'w1' })
  rig.create('b', MB, { clientId: 'w1' })
  expect(rig.create('a', MB, { clientId: 'w2' })).toEqual([])
  expect(rig.create('b', MB, { clientId: 'w2' })).toEqual([])
  expect(doing(rig.tell({ type: 'seal', clientId: 'w1', objectId: 'b' }))).toContain('exists')
  expect(doing(rig.tell({ type: 'client-gone', clientId: 'w1' }))).toEqual(['created'])
  expect(rig.state.creating.get('a')?.phase).toMatchObject({ clientId: 'w2' })
})

test('a creation that waits for another writer too long names that writer', () => {
  const rig = new Rig()
  rig.create('a', MB, { clientId: 'w1' })
  rig.create('a', MB, { clientId: 'w2', deadlineMs: 30 })
  const [fail] = only(rig.tick(30), 'fail')
  expect(fail).toMatchObject({ code: 'timeout' })
  expect(fail?.message).toContain('written by client w1')
})

test('sealing what one is not creating is refused', () => {
  const rig = new Rig()
  rig.create('a', MB)
  expect(only(rig.tell({ type: 'seal', clientId: 'w2', objectId: 'a' }), 'fail')).toMatchObject([{ code: 'protocol.violation' }])
})

test('a full store drops secondary copies in order of last use, never a pinned or a primary one', () => {
  const rig = new Rig()
  rig.put('old', 3 * MB, { primary: false })
  rig.put('used', 3 * MB, { primary: false })
  rig.put('pinned', 3 * MB, { primary: false })
  rig.get('old')
  rig.tell({ type: 'release', clientId: 'w2', objectId: 'old', count: 1 })
  rig.get('pinned')
  const commands = rig.create('new', 3 * MB)
  expect(only(commands, 'tell-removed')).toEqual([{ do: 'tell-removed', objectId: 'used', reason: 'evicted' }])
  expect(doing(commands)).toContain('created')
  expect(rig.state.objects.has('old')).toBe(true)
})

test('above the threshold the least recently used primaries are spilled, in one batch down to the lower mark', () => {
  const rig = new Rig()
  for (const id of ['a', 'b', 'c', 'd']) expect(only(rig.put(id, 2 * MB), 'spill')).toEqual([])
  const [spill] = only(rig.put('e', MB), 'spill')
  expect(spill?.objects.map(({ objectId }) => objectId)).toEqual(['a'])
  rig.spilled()
  expect(rig.state.objects.get('a')?.phase.kind).toBe('spilled')
  expect(rig.state.spilledBytes).toBe(2 * MB)
})

test('a full store spills for a creation, which is answered when the spill is done', () => {
  const rig = new Rig({ spillAbove: 1, spillTo: 1 })
  for (const id of ['a', 'b', 'c']) rig.put(id, 3 * MB)
  const commands = rig.create('d', 3 * MB)
  expect(doing(commands)).toEqual(['spill', 'request-gc'])
  expect(doing(rig.spilled())).toEqual(['created'])
})

test('a spilled object is restored by a get, keeps its copy on disk, and is dropped the next time without writing', () => {
  const rig = new Rig({ spillAbove: 1, spillTo: 1 })
  for (const id of ['a', 'b', 'c']) rig.put(id, 3 * MB)
  rig.create('d', 3 * MB)
  rig.spilled()
  rig.tell({ type: 'abort', clientId: 'w1', objectId: 'd' })
  const [restore] = only(rig.get('a', 'w2', 500), 'restore')
  expect(restore).toMatchObject({ objectId: 'a', spill: { fileId: 1 } })
  expect(doing(rig.tell({ type: 'restored', objectId: 'a' }))).toEqual(['found'])
  rig.tell({ type: 'release', clientId: 'w2', objectId: 'a', count: 1 })
  expect(doing(rig.create('e', 3 * MB))).toEqual(['created'])
  expect(rig.state.objects.get('a')?.phase.kind).toBe('spilled')
})

test('an object that is pinned while it is spilled stays in memory', () => {
  const rig = new Rig({ spillAbove: 0.2, spillTo: 0.1 })
  rig.put('a', 3 * MB)
  expect(doing(rig.get('a'))).toEqual(['found'])
  rig.spilled()
  expect(rig.state.objects.get('a')?.phase.kind).toBe('sealed')
})

test('freeing lets an object go at its last release, and it is missing for others from the start', () => {
  const rig = new Rig()
  rig.put('a', MB)
  rig.get('a')
  rig.get('a')
  expect(doing(rig.tell({ type: 'free', objectIds: ['a', 'unknown'] }))).toEqual(['tell-removed'])
  expect(doing(rig.get('a', 'w3'))).toEqual(['missing'])
  rig.tell({ type: 'release', clientId: 'w2', objectId: 'a', count: 1 })
  expect(rig.state.arena.allocatedBytes).toBe(MB)
  rig.tell({ type: 'release', clientId: 'w2', objectId: 'a', count: 5 })
  expect(rig.state.arena.allocatedBytes).toBe(0)
})

test('a freed object that is still pinned comes back when it is created again', () => {
  const rig = new Rig()
  rig.put('a', MB)
  rig.get('a')
  rig.tell({ type: 'free', objectIds: ['a'] })
  rig.get('a', 'w3', 90)
  expect(doing(rig.create('a', MB))).toEqual(['exists', 'found'])
})

test('freeing while the disk works on an object waits for the disk, and then leaves nothing', () => {
  const rig = new Rig({ spillAbove: 0.2, spillTo: 0.1 })
  rig.put('a', 3 * MB)
  rig.tell({ type: 'free', objectIds: ['a'] })
  expect(rig.state.objects.get('a')?.phase.kind).toBe('spilling')
  expect(doing(rig.spilled())).toEqual(['drop-spilled'])
  rig.put('b', 3 * MB)
  rig.spilled()
  rig.get('b', 'w2', 50)
  rig.tell({ type: 'free', objectIds: ['b'] })
  expect(doing(rig.tell({ type: 'restored', objectId: 'b' }))).toEqual(['drop-spilled'])
  expect(rig.state.objects.size).toBe(0)
})

test('a client that is gone gives back its pins, its unfinished creations and its place in the queue', () => {
  const rig = new Rig()
  rig.put('a', 4 * MB)
  rig.get('a', 'w9')
  rig.create('half', 4 * MB, { clientId: 'w9' })
  rig.create('queued', 4 * MB, { clientId: 'w9' })
  rig.get('never', 'w9', 90)
  expect(rig.state.waitingCount).toBe(2)
  rig.tell({ type: 'client-gone', clientId: 'w9' })
  expect(rig.state).toMatchObject({ pinnedBytes: 0, waitingCount: 0, creates: [] })
  expect([...rig.state.objects.keys()]).toEqual(['a'])
})

test('a creation that finds no room in time fails and names sizes and who pins what', () => {
  const rig = new Rig()
  rig.put('a', 5 * MB)
  rig.put('b', 3 * MB)
  rig.get('a', 'greedy')
  rig.get('b', 'modest')
  expect(doing(rig.create('c', 4 * MB))).toEqual(['request-gc'])
  const [fail] = only(rig.tick(100), 'fail')
  expect(fail).toMatchObject({ code: 'store.full', details: { topPinner: 'greedy', topPinnerBytes: 5 * MB, sizeBytes: 4 * MB } })
  expect(fail?.message).toMatch(/object c of 4\.2 MB after 0\.1 s: 8\.4 MB of 10\.5 MB in use.*most by greedy 5\.2 MB, modest 3\.1 MB/)
})

test('an object larger than the store is refused at once', () => {
  const rig = new Rig()
  expect(only(rig.create('a', 11 * MB), 'fail')).toMatchObject([{ code: 'store.full' }])
})

test('a full disk is named, is not tried again for some seconds, and what exists stays readable', () => {
  const rig = new Rig({ spillAbove: 1, spillTo: 1 })
  rig.put('a', 8 * MB)
  const [spill] = only(rig.create('b', 8 * MB), 'spill')
  const problem = { code: 'store.disk-full', message: 'the disk is full' } as const
  expect(rig.tell({ type: 'spill-failed', batchId: spill?.batchId ?? 0, problem })).toEqual([])
  expect(only(rig.tick(100), 'fail')).toMatchObject([{ code: 'store.disk-full' }])
  expect(doing(rig.get('a'))).toEqual(['found'])
  rig.tell({ type: 'release', clientId: 'w2', objectId: 'a', count: 1 })
  rig.nowMs = 5_000
  expect(doing(rig.create('c', 8 * MB, { deadlineMs: 9_000 }))).toContain('spill')
})

test('a damaged spill file fails those who wait, and the object is missing from then on', () => {
  const rig = new Rig({ spillAbove: 0.2, spillTo: 0.1 })
  rig.put('a', 3 * MB)
  rig.spilled()
  rig.get('a', 'w2', 50)
  const commands = rig.tell({ type: 'restore-failed', objectId: 'a', problem: { code: 'store.corrupt', message: 'other bytes' } })
  expect(doing(commands)).toEqual(['fail', 'tell-removed', 'drop-spilled'])
  expect(doing(rig.get('a'))).toEqual(['missing'])
})

test('a spilled object that cannot be read back for another reason stays, and can be asked for again', () => {
  const rig = new Rig({ spillAbove: 0.2, spillTo: 0.1 })
  rig.put('a', 3 * MB)
  rig.spilled()
  rig.get('a', 'w2', 50)
  expect(doing(rig.tell({ type: 'restore-failed', objectId: 'a', problem: { code: 'internal', message: 'EMFILE' } }))).toEqual(['fail'])
  expect(doing(rig.get('a', 'w2', 50))).toEqual(['restore'])
})

test('when the system has no memory left the store makes do with what it has', () => {
  const rig = new Rig({ growStepBytes: MB })
  rig.put('a', MB, { primary: false })
  rig.backs = 'fail'
  expect(doing(rig.create('b', MB))).toEqual(['tell-removed', 'created'])
  rig.tell({ type: 'seal', clientId: 'w1', objectId: 'b' })
  rig.get('b')
  rig.create('c', MB, { deadlineMs: 50 })
  const [fail] = only(rig.tick(50), 'fail')
  expect(fail?.message).toContain('memory could not grow: no pages left')
})

test('free memory above what is kept warm goes back to the system after some idle time', () => {
  const rig = new Rig()
  rig.put('a', 2 * MB)
  rig.tell({ type: 'free', objectIds: ['a'] })
  expect(rig.tick(999)).toEqual([])
  const [punch] = only(rig.tick(1_000), 'punch')
  expect(punch?.range.lengthBytes).toBe(9 * MB)
  rig.tell({ type: 'punched', range: punch?.range ?? { address: 0, lengthBytes: 0 } })
  expect(rig.state.arena).toMatchObject({ coldBytes: 9 * MB, warmFreeBytes: MB })
})

test('more waiting requests than the limit are refused', () => {
  const rig = new Rig({ waitingLimit: 2 })
  rig.get('a', 'w1', 50)
  rig.get('b', 'w1', 50)
  expect(only(rig.get('c', 'w1', 50), 'fail')).toMatchObject([{ code: 'link.overloaded' }])
})
