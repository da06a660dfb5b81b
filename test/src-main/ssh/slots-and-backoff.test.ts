import { expect, test } from 'vitest'
import { seededRandom } from '#runtime/base/random.ts'
import { Backoff } from '#src-main/ssh/backoff.ts'
import { Slots } from '#src-main/ssh/slots.ts'
import { failureOf } from './bed.ts'

test('places are given in order, and one who left the line is passed over', async () => {
  const slots = new Slots(2, 'a place')
  const first = await slots.take()
  await slots.take()
  const order: string[] = []
  const leave = new AbortController()
  const gone = failureOf(slots.take(leave.signal))
  const third = slots.take().then((release) => (order.push('third'), release))
  const fourth = slots.take().then((release) => (order.push('fourth'), release))
  leave.abort()
  expect(await gone).toMatchObject({ code: 'link.closed' })
  first()
  first() // twice gives one place back
  const release = await third
  expect(order).toEqual(['third'])
  expect(slots.taken).toBe(2)
  release()
  await fourth
  expect(order).toEqual(['third', 'fourth'])
})

test('a line that is full refuses, and fewer places are given once it is known that there are fewer', async () => {
  const slots = new Slots(3, 'a place', 1)
  const releases = [await slots.take(), await slots.take(), await slots.take()]
  const waiting = slots.take()
  expect(await failureOf(slots.take())).toMatchObject({ code: 'too-many-requests' })
  slots.lower(2)
  releases[0]?.()
  expect(slots.taken).toBe(2)
  releases[1]?.()
  await waiting
  expect(slots.taken).toBe(2)
})

test('waiting grows to its limit with jitter, the same for the same seed, and starts over after a reset', () => {
  const waits = (seed: number) => {
    const backoff = new Backoff({ baseMs: 100, maxMs: 1_000, random: seededRandom(seed) })
    return Array.from({ length: 8 }, () => backoff.nextMs())
  }
  expect(waits(1)).toEqual(waits(1))
  expect(waits(1)).not.toEqual(waits(2))
  for (const [index, waitMs] of waits(3).entries()) {
    const full = Math.min(1_000, 100 * 2 ** index)
    expect(waitMs).toBeGreaterThanOrEqual(full / 2)
    expect(waitMs).toBeLessThanOrEqual(full)
  }
  const backoff = new Backoff({ baseMs: 100, maxMs: 1_000, random: () => 0 })
  backoff.nextMs()
  backoff.nextMs()
  backoff.reset()
  expect(backoff.nextMs()).toBe(50)
})
