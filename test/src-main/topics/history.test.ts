import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventRing } from '#src-main/topics/event-ring.ts'
import { LatestByKey } from '#src-main/topics/latest-by-key.ts'
import type { History } from '#src-main/topics/history.ts'

/** Reads to the end; every event, and what was lost before the first. */
function readAll(history: History, from: number): { events: unknown[]; lost: number | null } {
  const events: unknown[] = []
  let lost: number | null = 0
  for (let seq = from; ; ) {
    const part = history.read(seq)
    if (part.lost !== 0) lost = part.lost
    if (part.events.length === 0) return { events, lost }
    events.push(...part.events.map((text): unknown => JSON.parse(text)))
    seq = part.seq
  }
}

test('a ring gives what came after any place, or says how many are gone, as a plain list would', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 200 }),
      fc.array(fc.string({ maxLength: 30 }), { maxLength: 60 }),
      (maxEvents, maxBytes, texts) => {
        const ring = new EventRing({ maxEvents, maxBytes })
        for (const text of texts) ring.push(text)
        let kept = texts.slice(-maxEvents)
        while (kept.length > 1 && kept.reduce((sum, text) => sum + JSON.stringify(text).length, 0) > maxBytes) kept = kept.slice(1)
        expect(ring.lastSeq).toBe(texts.length)
        expect(ring.bytes).toBe(kept.reduce((sum, text) => sum + JSON.stringify(text).length, 0))
        for (let from = 0; from <= texts.length; from += 1) {
          const gone = Math.max(0, texts.length - kept.length - from)
          expect(readAll(ring, from)).toEqual({ events: texts.slice(from + gone), lost: gone })
          expect(ring.bytesAfter(from)).toBe(texts.slice(from + gone).reduce((sum, text) => sum + JSON.stringify(text).length, 0))
        }
      },
    ),
  )
})

test('a ring of many events stays within its limits, and its oldest half can be taken away', () => {
  const ring = new EventRing({ maxEvents: 1_000 })
  for (let index = 1; index <= 50_000; index += 1) ring.push(index)
  expect(readAll(ring, 0)).toEqual({ events: Array.from({ length: 1_000 }, (_, index) => 49_001 + index), lost: 49_000 })
  ring.trim()
  expect(readAll(ring, 0).lost).toBe(49_500)
  expect(ring.bytes).toBe(500 * 5)
})

test('one batch of a ring is limited by count and by bytes, and an event larger than a batch goes alone', () => {
  const ring = new EventRing({ maxBytes: 10_000_000 })
  for (let index = 0; index < 5_000; index += 1) ring.push(index)
  expect(ring.read(0).events).toHaveLength(2_000)
  ring.push('x'.repeat(3_000_000))
  ring.push('after')
  expect(ring.read(4_000).events).toHaveLength(1_000)
  expect(ring.read(5_000).events).toHaveLength(1)
  expect(ring.read(5_001)).toEqual({ events: ['"after"'], seq: 5_002, lost: 0 })
})

test('what is kept by key gives each reader no more than the latest of each that it has not seen, oldest first', () => {
  const change = fc.record({ id: fc.integer({ min: 0, max: 6 }), value: fc.nat() })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 50 }), (changes) => {
      const latest = new LatestByKey('id')
      for (const each of changes) latest.push(each)
      for (let from = 0; from <= changes.length; from += 1) {
        const unseen = changes.slice(from)
        const expected = unseen.filter((each, index) => !unseen.slice(index + 1).some(({ id }) => id === each.id))
        expect(readAll(latest, from)).toEqual({ events: expected, lost: 0 })
      }
    }),
  )
})

test('keys beyond the limit are forgotten, and who has not seen them is told that something is missing', () => {
  const latest = new LatestByKey('id', { maxEvents: 10 })
  for (let id = 1; id <= 15; id += 1) latest.push({ id })
  expect(readAll(latest, 0)).toEqual({ events: Array.from({ length: 10 }, (_, index) => ({ id: index + 6 })), lost: null })
  expect(readAll(latest, 5).lost).toBe(0)
})

test('what is kept by key stays within its bytes', () => {
  const latest = new LatestByKey('id', { maxBytes: 10_000 })
  for (let round = 0; round < 5; round += 1) {
    for (let id = 0; id < 100; id += 1) latest.push({ id, text: 'x'.repeat(1_000) })
    readAll(latest, 0)
    expect(latest.bytes).toBeLessThanOrEqual(10_000)
  }
})

test('an event without its key, or that is no JSON, is a fault of its publisher', () => {
  const latest = new LatestByKey('id')
  for (const event of [null, 'x', {}, { id: {} }, { id: undefined }])
    expect(() => latest.push(event)).toThrow(/must have a text or a number as id/)
  expect(() => new EventRing().push(undefined)).toThrow(/must be a JSON value/)
})
