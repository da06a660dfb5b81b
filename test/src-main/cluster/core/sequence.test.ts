import { expect, test } from 'vitest'
import { SequenceTracker } from '#src-main/cluster/core/sequence.ts'

const batch = (from: number, to: number) => ({ type: 'batch', from, to }) as const
const snapshot = (to: number, reason: 'start' | 'too-old', part = 0) => ({ type: 'snapshot', to, reason, part }) as const

test('batches that follow each other have no gap, and what comes again is known', () => {
  const tracker = new SequenceTracker(10)
  expect(tracker.take(batch(11, 20))).toEqual({ seenTo: 10, gap: null })
  expect(tracker.take(batch(11, 25))).toEqual({ seenTo: 20, gap: null })
  expect(tracker.take(batch(26, 25))).toEqual({ seenTo: 25, gap: null }) // a heartbeat
  expect(tracker.last).toBe(25)
})

test('a hole is said, whatever made it', () => {
  expect(new SequenceTracker(10).take(batch(13, 20)).gap).toEqual({ fromSeq: 11, toSeq: 12, reason: 'left-out' })
  const old = new SequenceTracker(10)
  expect(old.take(snapshot(500, 'too-old')).gap).toEqual({ fromSeq: 11, toSeq: 500, reason: 'too-old' })
  expect(old.take(snapshot(500, 'too-old', 1)).gap).toBeNull()
  const anew = new SequenceTracker(500)
  expect(anew.take(snapshot(7, 'too-old')).gap).toEqual({ fromSeq: 1, toSeq: 7, reason: 'began-anew' })
  expect(anew.last).toBe(7)
})

test('who knows nothing yet misses nothing', () => {
  const tracker = new SequenceTracker(undefined)
  expect(tracker.take(snapshot(500, 'start'))).toEqual({ seenTo: 0, gap: null })
  expect(tracker.take(batch(501, 502)).gap).toBeNull()
})
