import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventKind } from '#runtime/api/events.ts'
import { ClusterEvent } from '#runtime/api/events.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { EventBus } from '#runtime/head/events/event-bus.ts'
import { EventStore, type EventStoreLimits } from '#runtime/head/events/event-store.ts'
import type { NewEvent } from '#runtime/head/events/new-event.ts'

let path: string
let nowMs = 1_000_000
let buses: EventBus[] = []
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shoal-bus-test-'))
  nowMs = 1_000_000
})
afterEach(() => {
  for (const bus of buses) bus.close()
  buses = []
  rmSync(path, { recursive: true, force: true })
})

function aBus(limits: Partial<EventStoreLimits> = {}): EventBus {
  const store = new EventStore({ path: join(path, 'bus.sqlite'), logger: silentLogger, limits })
  const bus = new EventBus({ store, clock: { nowMs: () => nowMs, monotonicMs: () => nowMs }, logger: silentLogger })
  buses.push(bus)
  return bus
}
function close(bus: EventBus): void {
  bus.close()
  buses = buses.filter((each) => each !== bus)
}
const anEvent = (kind: EventKind, id: string, row: NewEvent['row'] = {}): NewEvent => ({ kind, id, type: 'x', atMs: nowMs, row })
const kinds = new Set<EventKind>(['node', 'task', 'actor', 'alert'])
const seqs = (events: readonly { seq: number }[]) => events.map(({ seq }) => seq)

describe('the event bus', () => {
  it('numbers what is published, and tells it once it is written', async () => {
    const bus = aBus()
    const told = new Promise<[number[], object]>((resolve) => bus.onBatch((events, range) => resolve([seqs(events), range])))
    bus.publish([anEvent('node', 'n'), anEvent('task', 't')])
    bus.publish([anEvent('alert', 'a')])
    expect(await told).toEqual([[1, 2, 3], { from: 1, to: 3 }])
    expect(bus.newest).toBe(3)
    const { events, to } = bus.readAfter(0, kinds, 10)
    expect(to).toBe(3)
    expect(events.map(({ json }) => ClusterEvent.parse(JSON.parse(json)))).toMatchObject([
      { seq: 1, kind: 'node', id: 'n' },
      { seq: 2 },
      { seq: 3 },
    ])
  })

  it('goes on with higher numbers after a restart, clean or not, and has what was written', () => {
    const first = aBus()
    first.publish([anEvent('node', 'n'), anEvent('task', 't')])
    close(first)
    const second = aBus()
    expect(second.newest).toBe(2)
    second.publish([anEvent('task', 'u')])
    second.flush()
    const before = second.newest
    expect(before).toBe(3)
    // A kill leaves the database as it is, with nothing said at the end.
    const third = aBus()
    expect(third.newest).toBeGreaterThanOrEqual(before)
    third.publish([anEvent('node', 'm')])
    third.flush()
    expect(third.newest).toBeGreaterThan(before)
    expect(third.readAfter(0, kinds, 10).events.map(({ json }) => ClusterEvent.parse(JSON.parse(json)).id)).toEqual(['n', 't', 'u', 'm'])
    expect(third.forgottenOf(kinds)).toBe(0)
  })

  it('reads on in pages from any number, over rows and packs, without a gap or a double', () => {
    const bus = aBus()
    const all: EventKind[] = ['task', 'node', 'actor', 'task', 'alert', 'task']
    for (let round = 0; round < 50; round += 1) {
      bus.publish(all.map((kind) => anEvent(kind, `${kind}-${round}`)))
      bus.flush()
    }
    for (const [wanted, expected] of [
      [kinds, 300],
      [new Set<EventKind>(['task']), 150],
      [new Set<EventKind>(['actor', 'node']), 100],
    ] as const) {
      const found: number[] = []
      for (let since = 0; since < bus.newest; ) {
        const { events, to } = bus.readAfter(since, wanted, 7)
        expect(to).toBeGreaterThan(since)
        found.push(...seqs(events))
        since = to
      }
      expect(found).toHaveLength(expected)
      expect(found).toEqual([...new Set(found)].sort((one, other) => one - other))
    }
  })

  it('has pages, newest first, narrowed to a job or a node', () => {
    const bus = aBus()
    for (let index = 0; index < 100; index += 1) {
      bus.publish([
        anEvent('task', `t${index}`, { job_id: index % 10 === 0 ? 'job-a' : 'job-b', node_id: `n${index % 2}` }),
        anEvent('job', 'job-a'),
      ])
    }
    const found: string[] = []
    let before: number | undefined
    for (let page = 0; page < 100; page += 1) {
      const { events, next, newest, oldest } = bus.readPage({ job: 'job-a' }, { limit: 9, ...(before === undefined ? {} : { before }) })
      expect([newest, oldest]).toEqual([200, 1])
      found.push(...events.map(({ id, seq }) => `${id} ${seq}`))
      if (next === null) break
      before = Number(next)
    }
    expect(found).toHaveLength(110)
    expect(new Set(found).size).toBe(110)
    expect(bus.readPage({ node: 'n1', kinds: new Set<EventKind>(['task']) }, { limit: 3 }).events.map(({ id }) => id)).toEqual([
      't99',
      't97',
      't95',
    ])
  })

  it('forgets by count and by age, and says from where on it has everything', () => {
    const bus = aBus({ packedEvents: 1_000, rowEvents: 50, packedMs: 60_000, rowMs: 3_600_000 })
    for (let round = 0; round < 40; round += 1) {
      bus.publish([anEvent('node', `n${round}`), ...Array.from({ length: 99 }, (_, index) => anEvent('task', `t${index}`))])
      bus.flush()
      nowMs += 1_000
    }
    nowMs += 20_000
    bus.publish([anEvent('node', 'last')])
    bus.flush()
    const tasks = new Set<EventKind>(['task'])
    const forgotten = bus.forgottenOf(tasks)
    expect(forgotten).toBeGreaterThan(0)
    const kept = bus.readAfter(forgotten, tasks, 10_000).events
    expect(kept.length).toBeGreaterThan(800)
    expect(kept.length).toBeLessThanOrEqual(1_000)
    expect(bus.readAfter(0, tasks, 10_000).events).toHaveLength(kept.length)
    expect(bus.forgottenOf(new Set<EventKind>(['node']))).toBe(0)
    nowMs += 61_000
    bus.publish([anEvent('node', 'later')])
    bus.flush()
    expect(bus.readAfter(0, tasks, 10_000).events).toEqual([])
    close(bus)
    expect(aBus().forgottenOf(tasks)).toBeGreaterThanOrEqual(4_000 - 1)
  })

  it('goes on without its disk, and says that it has lost something, with numbers that are not given again', () => {
    const bus = aBus()
    bus.publish([anEvent('node', 'kept')])
    bus.flush()
    const other = new DatabaseSync(join(path, 'bus.sqlite'))
    other.exec('BEGIN EXCLUSIVE') // as a full disk does: no write gets through
    const told: number[] = []
    bus.onBatch((events) => told.push(...seqs(events)))
    bus.publish([anEvent('node', 'lost')])
    bus.flush()
    other.exec('ROLLBACK')
    other.close()
    bus.publish([anEvent('node', 'kept too')])
    bus.flush()
    expect(told).toEqual([2, 3])
    expect(bus.forgottenOf(kinds)).toBe(2)
    expect(seqs(bus.readAfter(2, kinds, 10).events)).toEqual([3])
  })

  it('keeps what it could not forget, and forgets it later', () => {
    const bus = aBus({ rowEvents: 1, packedEvents: 1 })
    bus.publish([anEvent('node', 'n'), anEvent('task', 't')])
    const disk = new DatabaseSync(join(path, 'bus.sqlite'))
    disk.exec("CREATE TRIGGER full BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    for (let round = 0; round < 3; round += 1) {
      nowMs += 20_000
      bus.publish([anEvent('node', 'n'), anEvent('task', 't')])
      bus.flush()
    }
    expect(seqs(bus.readAfter(0, kinds, 100).events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(bus.forgottenOf(kinds)).toBe(0)

    disk.exec('DROP TRIGGER full')
    disk.close()
    nowMs += 20_000
    bus.publish([anEvent('node', 'n'), anEvent('task', 't')])
    bus.flush()
    expect(seqs(bus.readAfter(8, kinds, 100).events)).toEqual([9, 10])
    expect(bus.forgottenOf(kinds)).toBe(8)
  })

  it('shortens what is too long for a frame, and says what', () => {
    const bus = aBus()
    bus.publish([
      anEvent('job', 'j', { entrypoint: 'x'.repeat(200_000), status: 'RUNNING', many: Array.from({ length: 50_000 }, () => 1) }),
    ])
    const [event] = bus.readPage({}).events
    expect(event?.row).toMatchObject({ status: 'RUNNING', cut: ['entrypoint', 'many'] })
    expect(JSON.stringify(event).length).toBeLessThan(10_000)
  })
})
