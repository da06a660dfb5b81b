import { describe, expect, test } from 'vitest'
import { randomBelow, seededRandom } from '#runtime/base/random.ts'
import { type Grouping, groupings, rowLimits } from '#src-renderer/ui/timeline/layout.ts'
import type { Row } from '#src-renderer/ui/timeline/row.ts'
import { type TimelineBar, TimelineStore } from '#src-renderer/ui/timeline/timeline-store.ts'
import { bar, keyOf, randomBars, reportsOf } from './random-bars.ts'

const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
const never = () => undefined

/** Each lane's rows as lists of keys, the last list being what found no room; the lanes by name. */
type Picture = Record<string, string[][]>

function pictureOf(store: TimelineStore): Picture {
  const { layout } = store
  if (!layout) throw new Error('The store has no layout: it was never flushed after group.')
  const keys = (row: Row) => Array.from(row.bar.subarray(0, row.count), (each) => keyOf(store.bar(each)))
  const name = (key: number) => {
    if (layout.grouping === 'function') return store.names.texts[key] ?? ''
    return (layout.grouping === 'node' ? store.nodes.texts[key] : store.workers[key]) ?? ''
  }
  return Object.fromEntries([...layout.lanes].map(([key, lane]) => [name(key), [...lane.rows.map(keys), keys(lane.overflow)]]))
}

/** The picture by its definition: each bar, by start, into the first row that is free. */
function naivePicture(bars: readonly TimelineBar[], grouping: Grouping, store: TimelineStore): Picture {
  const laneOf = {
    node: ({ nodeId }: TimelineBar) => nodeId,
    worker: ({ workerId }: TimelineBar) => workerId,
    function: ({ name }: TimelineBar) => name,
  }
  const order = (one: TimelineBar, other: TimelineBar) =>
    one.startMs - other.startMs || store.bars.compareKeys(store.find(one.taskId, one.attempt), store.find(other.taskId, other.attempt))
  const lanes: Record<string, { rows: TimelineBar[][]; overflow: TimelineBar[] }> = {}
  for (const each of [...bars].sort(order)) {
    const lane = (lanes[laneOf[grouping](each)] ??= { rows: [], overflow: [] })
    const free = lane.rows.find((row) => (row.at(-1)?.endMs ?? Infinity) <= each.startMs)
    if (free) free.push(each)
    else if (lane.rows.length < rowLimits[grouping]) lane.rows.push([each])
    else lane.overflow.push(each)
  }
  return Object.fromEntries(
    Object.entries(lanes).map(([name, { rows, overflow }]) => [name, [...rows, overflow].map((row) => row.map(keyOf))]),
  )
}

describe('what the store shows', () => {
  test.each(groupings.flatMap((grouping) => seeds.map((seed) => ({ grouping, seed }))))(
    'by $grouping it is the picture of a naive model, however the reports came (seed $seed)',
    ({ grouping, seed }) => {
      const bars = randomBars(seed, 600)
      const random = seededRandom(seed + 100)
      const store = new TimelineStore({ schedule: never })
      store.group(grouping)
      const reports = reportsOf(bars, random)
      expect([store.totals.crowd.count, store.totals.failures.count]).toEqual([0, 0]) // from now on they are kept up
      while (reports.length > 0) {
        store.upsert(reports.splice(0, 1 + randomBelow(random, 90)))
        if (random() < 0.7) store.flush()
        for (const group of store.layout?.groups.values() ?? []) expect(group.crowd.count).toBeGreaterThan(0)
      }
      store.flush()
      expect(store.bars.count).toBe(600)
      expect(pictureOf(store)).toEqual(naivePicture(bars, grouping, store))
      expect(Object.values(pictureOf(store)).some((rows) => rows.length > 2)).toBe(true)
      for (const each of bars) expect(store.bar(store.find(each.taskId, each.attempt))).toEqual(each)
      const fromMs = Math.min(...bars.map(({ startMs }) => startMs))
      const busyMs = bars.reduce((sum, { startMs, endMs }) => sum + Math.min(endMs ?? Infinity, fromMs + 5_000) - startMs, 0)
      expect(store.totals.crowd.busyMs(fromMs, fromMs + 5_000)).toBe(busyMs)
      const groups = [...(store.layout?.groups.values() ?? [])]
      const groupsMs = groups.reduce((sum, { crowd }) => sum + crowd.busyMs(fromMs, fromMs + 5_000), 0)
      expect(groupsMs).toBe(grouping === 'worker' ? busyMs : 0)
      expect(store.totals.failures.count).toBe(bars.filter(({ state }) => state === 'failed').length)
    },
  )

  test('no two bars of a row overlap, and what overlaps more than the limit is kept apart', () => {
    const store = new TimelineStore({ schedule: never })
    store.group('worker')
    store.upsert(Array.from({ length: 10 }, (_, attempt) => bar({ attempt, startMs: 1_000 + attempt, endMs: 5_000 })))
    store.flush()
    const lane = [...(store.layout?.lanes.values() ?? [])][0]
    expect(lane?.rows.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1])
    expect(lane?.overflow.count).toBe(4)
    expect(lane?.crowd.touching(4_000, 4_001)).toBe(4)
    expect(lane?.crowd.busyMs(2_000, 3_000)).toBe(4_000)
  })

  test('a bar that turns out to have run elsewhere, or from another time on, moves there', () => {
    const bars = randomBars(3, 300)
    const store = new TimelineStore({ schedule: never })
    store.group('worker')
    store.upsert(bars.map((each) => ({ ...each, workerId: 'worker-0-0', startMs: each.startMs - 5 })))
    store.flush()
    store.upsert(bars)
    store.flush()
    expect(pictureOf(store)).toEqual(naivePicture(bars, 'worker', store))
  })

  test('what an earlier report knew, a later one that knows less does not wipe out', () => {
    const store = new TimelineStore({ schedule: never })
    store.upsert([bar({ parentTaskId: 'p' })])
    store.upsert([bar({ state: 'running', endMs: null, nodeId: '', workerId: '' })])
    expect(store.bar(0)).toEqual(bar({ parentTaskId: 'p' }))
    store.upsert([bar({ state: 'failed', endMs: 1_500 })])
    expect(store.bar(0)).toEqual(bar({ parentTaskId: 'p', state: 'failed', endMs: 1_500 }))
  })

  test('the picture before is shown until the next grouping is ready, and reports that come meanwhile are in both', () => {
    const bars = randomBars(9, 10_000)
    const steps: (() => void)[] = []
    const store = new TimelineStore({ schedule: (step) => steps.push(step) })
    store.group('worker')
    store.upsert(bars.slice(0, 7_000))
    store.flush()
    store.group('function')
    expect(store.layout?.grouping).toBe('worker')
    expect(store.isRegrouping).toBe(true)
    store.upsert(bars.slice(7_000))
    while (store.isRegrouping) steps.shift()?.()
    expect(pictureOf(store)).toEqual(naivePicture(bars, 'function', store))
  })

  test('listeners are told once for all that came before a frame', () => {
    const steps: (() => void)[] = []
    let told = 0
    const store = new TimelineStore({ schedule: (step) => steps.push(step) })
    const stop = store.subscribe(() => (told += 1))
    store.upsert([bar()])
    store.upsert([bar({ attempt: 1 })])
    store.group('node')
    expect([steps.length, told]).toEqual([1, 0])
    steps.shift()?.()
    expect([told, store.layout?.grouping, store.version]).toEqual([1, 'node', 1])
    stop()
    store.flush()
    expect(told).toBe(1)
  })
})

describe('the limit of a store', () => {
  test('the bars that ended first go, a part at a time, and the store says how many and until when', () => {
    const store = new TimelineStore({ maxBars: 800, schedule: never })
    store.group('worker')
    const bars = Array.from({ length: 1_000 }, (_, number) =>
      bar({ taskId: `task ${number}`, startMs: number * 10, endMs: number * 10 + 10 }),
    )
    store.upsert([bar({ taskId: 'long', startMs: 0, endMs: null, state: 'running' }), ...bars])
    store.flush()
    expect(store.bars.count).toBeLessThanOrEqual(800)
    expect(store.dropped.bars + store.bars.count).toBe(1_001)
    expect(store.find('long', 0)).toBeGreaterThanOrEqual(0)
    expect(store.dropped.beforeMs).toBe(store.dropped.bars * 10)
    expect(bars.filter(({ taskId }) => store.find(taskId, 0) < 0)).toEqual(bars.slice(0, store.dropped.bars))
    expect(store.names.texts.map((name, number) => [name, store.totals.countOfName[number]])).toEqual([['train', store.bars.count]])
    const shown = Object.values(pictureOf(store)).flat(2)
    expect(new Set(shown).size).toBe(store.bars.count)
  })

  test('what is older than all that is kept is not taken in again', () => {
    const store = new TimelineStore({ maxBars: 80, schedule: never })
    store.upsert(Array.from({ length: 81 }, (_, number) => bar({ taskId: `task ${number}`, startMs: number, endMs: number + 1 })))
    const { bars } = store.dropped
    expect(bars).toBe(10)
    store.upsert([bar({ taskId: 'task 0', startMs: 0, endMs: 1 })])
    expect(store.find('task 0', 0)).toBe(-1)
    expect(store.dropped.bars).toBe(11)
  })

  test('bars keep their rows when others go, and new ones still do not overlap them', () => {
    const store = new TimelineStore({ maxBars: 400, schedule: never })
    store.group('worker')
    const bars = randomBars(5, 3_000).filter(({ endMs }) => endMs !== null)
    for (const each of [...bars].sort((one, other) => one.startMs - other.startMs)) {
      store.upsert([each])
      store.flush()
    }
    expect(store.dropped.bars).toBeGreaterThan(2_000)
    const rows = [...(store.layout?.lanes.values() ?? [])].flatMap((lane) => lane.rows)
    expect(rows.length).toBeGreaterThan(12)
    for (const row of rows) {
      for (let index = 1; index < row.count; index += 1) expect(row.start[index]).toBeGreaterThanOrEqual(row.end[index - 1] ?? Infinity)
    }
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(store.bars.count)
  })
})
