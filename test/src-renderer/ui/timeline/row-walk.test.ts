import { describe, expect, test } from 'vitest'
import { barStates } from '#src-renderer/ui/timeline/bar-table.ts'
import { type PixelSpan, walkRow, wideBarPx } from '#src-renderer/ui/timeline/row-walk.ts'
import { classCount, dimClass, seriesOf, Shading, type ShadingChoice } from '#src-renderer/ui/timeline/shading.ts'
import { type TimelineBar, TimelineStore } from '#src-renderer/ui/timeline/timeline-store.ts'
import { bar, randomBars } from './random-bars.ts'

const never = () => undefined
const plain: ShadingChoice = { colourBy: 'function', isolated: new Set(), litTasks: undefined }
const nowMs = 1_700_000_100_000

function storeOf(bars: readonly TimelineBar[]): TimelineStore {
  const store = new TimelineStore({ schedule: never })
  store.group('worker')
  store.upsert(bars)
  store.flush()
  return store
}

/** Time of each class in each pixel, and the pixels with a failure, of all rows together; both of what the walk tells and of a count bar by bar. */
function sumsOf(store: TimelineStore, shading: Shading, span: PixelSpan) {
  const walked = { ms: new Float64Array(span.width * classCount), failed: new Set<number>() }
  const counted = { ms: new Float64Array(span.width * classCount), failed: new Set<number>() }
  const spread = (into: typeof walked, number: number, startMs: number, endMs: number) => {
    const firstPx = Math.max(0, Math.floor((startMs - span.fromMs) / span.msPerPx))
    for (let px = firstPx; px < span.width && span.fromMs + px * span.msPerPx < endMs; px += 1) {
      const leftMs = Math.max(startMs, span.fromMs + px * span.msPerPx)
      const rightMs = Math.min(endMs, span.fromMs + (px + 1) * span.msPerPx)
      if (rightMs <= leftMs) continue
      const at = px * classCount + shading.classOf(number)
      into.ms[at] = (into.ms[at] ?? 0) + rightMs - leftMs
      if (shading.isFailed(number)) into.failed.add(px)
    }
  }
  let steps = 0
  for (const row of [...(store.layout?.lanes.values() ?? [])].flatMap((lane) => lane.rows)) {
    walkRow(row, shading, {
      ...span,
      sink: {
        bar(number, startMs, endMs) {
          steps += 1
          spread(walked, number, startMs, endMs)
        },
        pixel(px, sums, { hasFailed }) {
          steps += 1
          for (let each = 0; each < classCount; each += 1)
            walked.ms[px * classCount + each] = (walked.ms[px * classCount + each] ?? 0) + (sums[each] ?? 0)
          if (hasFailed && sums.some((ms) => ms > 0)) walked.failed.add(px)
        },
      },
    })
    for (let index = 0; index < row.count; index += 1) {
      const number = row.bar[index] ?? 0
      spread(counted, number, row.start[index] ?? 0, Math.min(row.end[index] ?? 0, span.nowMs))
    }
  }
  return { walked, counted, steps }
}

describe('a row drawn by pixels', () => {
  const bars = randomBars(11, 8_000)
  const fromMs = 1_700_000_000_000
  test.each([1, 3, 16, 64, 1_024, 8_192])('has the busy time of every class that its bars have, at %i ms for each pixel', (msPerPx) => {
    const store = storeOf(bars)
    const shading = new Shading(store)
    const { walked, counted } = sumsOf(store, shading, { fromMs: fromMs + 512, msPerPx, width: 300, nowMs })
    expect(Array.from(walked.ms)).toEqual(Array.from(counted.ms))
    expect(counted.ms.some((ms) => ms > 0)).toBe(true)
    // A bar that took no time may mark its pixel beside: more pixels than counted, never fewer.
    expect([...counted.failed].filter((px) => !walked.failed.has(px))).toEqual([])
    expect(counted.failed.size).toBeGreaterThan(0)
  })

  test('follows changes of bars that are already in blocks', () => {
    const store = storeOf(bars.map((each) => ({ ...each, endMs: each.endMs === null ? null : Math.min(each.endMs, each.startMs + 1) })))
    const shading = new Shading(store)
    const span = { fromMs, msPerPx: 512, width: 150, nowMs }
    const before = sumsOf(store, shading, span).walked.ms
    store.upsert(bars)
    store.upsert(bars.slice(0, 500).map((each) => ({ ...each, state: 'failed' as const, endMs: each.endMs ?? nowMs })))
    store.flush()
    const { walked, counted } = sumsOf(store, shading, span)
    expect(Array.from(walked.ms)).toEqual(Array.from(counted.ms))
    expect(Array.from(walked.ms)).not.toEqual(Array.from(before))
  })

  test('costs a step for each pixel, however many bars there are', () => {
    const many = Array.from({ length: 100_000 }, (_, number) => bar({ taskId: `task ${number}`, startMs: number, endMs: number + 1 }))
    const store = storeOf(many)
    const shading = new Shading(store)
    let read = 0
    const classes = { version: shading.version, isFailed: () => false, classOf: (each: number) => ((read += 1), shading.classOf(each)) }
    const [lane] = [...(store.layout?.lanes.values() ?? [])]
    const row = lane?.rows[0]
    if (!row) throw new Error('There is no row.')
    row.prepare(classes)
    read = 0
    let pixels = 0
    walkRow(row, classes, { fromMs: 0, msPerPx: 1_000, width: 100, nowMs, sink: { bar: never, pixel: () => (pixels += 1) } })
    expect(pixels).toBe(100)
    expect(read).toBeLessThan(100 * 32)
  })

  test('tells bars one by one where they are wide enough', () => {
    const store = storeOf([bar({ startMs: 0, endMs: 30 }), bar({ attempt: 1, startMs: 40, endMs: 40 + wideBarPx })])
    const shading = new Shading(store)
    const [lane] = [...(store.layout?.lanes.values() ?? [])]
    const told: number[][] = []
    const sink = { bar: (...each: number[]) => told.push(each), pixel: () => told.push([]) }
    if (lane?.rows[0]) walkRow(lane.rows[0], shading, { fromMs: 10, msPerPx: 1, width: 100, nowMs, sink })
    expect(told).toEqual([
      [0, 0, 30],
      [1, 40, 43],
    ])
  })
})

describe('colours', () => {
  test('a name has the same series wherever it comes up, and names are spread over all eight', () => {
    const counts = new Map<number, number>()
    for (let number = 0; number < 800; number += 1) {
      const series = seriesOf(`function_${number}`)
      expect(seriesOf(`function_${number}`)).toBe(series)
      counts.set(series, (counts.get(series) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(Math.min(...counts.values())).toBeGreaterThan(60)
  })

  test('by state each state has its own, and what is not isolated is dimmed', () => {
    const store = storeOf(barStates.map((state, attempt) => bar({ attempt, state })))
    const shading = new Shading(store)
    shading.choose({ ...plain, colourBy: 'state' })
    expect(barStates.map((_, number) => shading.classOf(number))).toEqual([0, 1, 2, 3, 4])
    shading.choose({ ...plain, colourBy: 'state', isolated: new Set(['failed']) })
    expect(barStates.map((_, number) => shading.classOf(number))).toEqual([dimClass, dimClass, dimClass, 3, dimClass])
  })

  test('the attempts of lit tasks keep their colour, those that come later too', () => {
    const store = storeOf([bar({ taskId: 'one' }), bar({ taskId: 'two' })])
    const shading = new Shading(store)
    shading.choose({ ...plain, litTasks: new Set(['two', 'three']) })
    shading.follow()
    expect([shading.classOf(0), shading.classOf(1), shading.litBars]).toEqual([dimClass, seriesOf('train'), [1]])
    const { version } = shading
    store.upsert([bar({ taskId: 'three' })])
    store.flush()
    shading.follow()
    expect([shading.classOf(2), shading.litBars]).toEqual([seriesOf('train'), [1, 2]])
    expect(shading.version).toBeGreaterThan(version)
    shading.choose(plain)
    shading.follow()
    expect(shading.classOf(0)).toBe(seriesOf('train'))
  })
})
