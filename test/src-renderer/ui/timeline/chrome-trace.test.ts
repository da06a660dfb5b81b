import { describe, expect, test } from 'vitest'
import { chromeTrace } from '#src-renderer/ui/timeline/chrome-trace.ts'
import { type TimelineBar, TimelineStore } from '#src-renderer/ui/timeline/timeline-store.ts'
import type { TimeSpan } from '#src-renderer/ui/timeline/view-window.ts'
import { bar, keyOf, randomBars } from './random-bars.ts'

const nowMs = 1_700_000_100_000

type Event = { name: string; ph: string; pid: number; tid?: number; ts?: number; dur?: number; args: Record<string, string | number> }

async function traceOf(bars: readonly TimelineBar[], span?: TimeSpan) {
  const store = new TimelineStore({ schedule: () => undefined })
  store.upsert(bars)
  const pieces: string[] = []
  for await (const piece of chromeTrace(store, { nowMs, ...(span && { span }) })) pieces.push(piece)
  const { traceEvents } = JSON.parse(pieces.join('')) as { traceEvents: Event[] } // what it is, the tests say
  return { pieces, traceEvents }
}

/** The bars again, from nothing but the trace. */
function barsOf(events: readonly Event[]): TimelineBar[] {
  const names = new Map(events.filter(({ ph }) => ph === 'M').map(({ pid, tid, args }) => [`${pid} ${tid ?? ''}`, String(args['name'])]))
  return events
    .filter(({ ph }) => ph === 'X')
    .map(({ name, ts = 0, dur = 0, pid, tid, args }) => ({
      taskId: String(args['taskId']),
      attempt: Number(args['attempt']),
      name,
      state: args['state'] as TimelineBar['state'], // compared with the real one
      startMs: ts / 1_000,
      endMs: args['state'] === 'running' ? null : (ts + dur) / 1_000,
      nodeId: names.get(`${pid} `) ?? '',
      workerId: (names.get(`${pid} ${tid}`) ?? '').replace(/ \(\d+\)$/, ''),
      parentTaskId: args['parentTaskId'] === undefined ? null : String(args['parentTaskId']),
    }))
}

const inOrder = (bars: readonly TimelineBar[]) => [...bars].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))

describe('the Chrome trace of a store', () => {
  test('has every bar with all that is known of it, in pieces', async () => {
    const bars = randomBars(21, 9_000)
    const { pieces, traceEvents } = await traceOf(bars)
    expect(inOrder(barsOf(traceEvents))).toEqual(inOrder(bars))
    expect(pieces.length).toBeGreaterThan(4)
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(1_000_000)
  })

  test('has no two events of a thread that overlap, and bars that run end now', async () => {
    const { traceEvents } = await traceOf(randomBars(22, 3_000))
    const ends = new Map<number | undefined, number>()
    for (const { ph, tid, ts = 0, dur = 0 } of traceEvents) {
      if (ph !== 'X') continue
      expect(ts).toBeGreaterThanOrEqual(ends.get(tid) ?? 0)
      ends.set(tid, ts + dur)
    }
    const running = traceEvents.filter(({ args }) => args['state'] === 'running')
    expect(running.length).toBeGreaterThan(10)
    for (const { ts = 0, dur = 0 } of running) expect(ts + dur).toBe(nowMs * 1_000)
  })

  test('of a span has what lies at least partly in it', async () => {
    const bars = [
      bar({ taskId: 'before', startMs: 0, endMs: 900 }),
      bar({ taskId: 'into', startMs: 900, endMs: 1_100 }),
      bar({ taskId: 'over', startMs: 0, endMs: 9_000 }),
      bar({ taskId: 'after', startMs: 2_000, endMs: 2_500 }),
    ]
    const { traceEvents } = await traceOf(bars, { fromMs: 1_000, toMs: 2_000 })
    expect(
      barsOf(traceEvents)
        .map(({ taskId }) => taskId)
        .sort(),
    ).toEqual(['into', 'over'])
  })

  test('of an empty store is a trace without events', async () => {
    expect((await traceOf([])).traceEvents).toEqual([])
  })
})
