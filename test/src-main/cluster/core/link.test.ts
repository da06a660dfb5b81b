import { expect, test } from 'vitest'
import { seededRandom } from '#runtime/base/random.ts'
import { type LinkEvent, type LinkState, newLink, shownState, stepLink } from '#src-main/cluster/core/link.ts'

const failure = { code: 'head.unavailable', message: 'no head', isRetryable: true }

class World {
  nowMs = 1_000
  readonly state: LinkState = newLink(seededRandom(7), 1_000)
  send(event: LinkEvent extends infer Each ? (Each extends LinkEvent ? Omit<Each, 'nowMs'> : never) : never) {
    return stepLink(this.state, { ...event, nowMs: this.nowMs } as LinkEvent) // the time is all that was left out
  }
  get shown() {
    return shownState(this.state, this.nowMs)
  }
  /** Lets every wait pass and every try fail, until `untilMs`; the waits. */
  failUntil(untilMs: number): number[] {
    const waits: number[] = []
    while (this.nowMs < untilMs) {
      const { phase } = this.state
      if (phase.kind === 'connecting') this.send({ type: 'try.failed', tryId: phase.tryId, failure })
      else if (phase.kind === 'waiting') {
        waits.push(phase.retryAtMs - this.nowMs)
        this.nowMs = phase.retryAtMs
        this.send({ type: 'timer.fired' })
      } else break
    }
    return waits
  }
}

test('it opens, is connected, and what breaks is opened again at once and shown as reconnecting', () => {
  const world = new World()
  expect(world.send({ type: 'link.start' })).toEqual([{ do: 'open', tryId: 1 }])
  expect(world.shown).toBe('connecting')
  world.send({ type: 'try.succeeded', tryId: 1 })
  expect(world.shown).toBe('connected')
  const commands = world.send({ type: 'try.failed', tryId: 1, failure })
  expect(commands).toEqual([
    { do: 'close', tryId: 1 },
    { do: 'set-timer', atMs: expect.any(Number) },
  ])
  expect([world.shown, world.state.message]).toEqual(['reconnecting', 'no head'])
})

test('waits grow to a limit with jitter, the record is shown after a while, and after minutes it is asked less often', () => {
  const world = new World()
  world.send({ type: 'link.start' })
  const waits = world.failUntil(2_000_000)
  expect(waits[0]).toBeGreaterThanOrEqual(250)
  expect(waits[0]).toBeLessThanOrEqual(500)
  const early = waits.slice(6, 20)
  expect(Math.max(...early)).toBeLessThanOrEqual(15_000)
  expect(Math.min(...early)).toBeGreaterThanOrEqual(7_500)
  expect(new Set(early).size).toBe(early.length)
  expect(Math.max(...waits)).toBeLessThanOrEqual(60_000)
  expect(waits.at(-1)).toBeGreaterThanOrEqual(30_000)
  expect(world.shown).toBe('record')
  const { phase } = world.state
  if (phase.kind !== 'connecting') throw new Error('it goes on trying')
  world.send({ type: 'try.succeeded', tryId: phase.tryId })
  expect(world.shown).toBe('connected')
})

test('what a person must put right is not tried again by itself', () => {
  const world = new World()
  world.send({ type: 'link.start' })
  expect(world.send({ type: 'try.failed', tryId: 1, failure: { ...failure, code: 'auth.refused', isRetryable: false } })).toEqual([
    { do: 'close', tryId: 1 },
  ])
  expect(world.shown).toBe('record')
  expect(world.send({ type: 'timer.fired' })).toEqual([])
  expect(world.send({ type: 'link.retry' })).toEqual([{ do: 'open', tryId: 2 }])
})

test('outcomes of older tries, and all that comes after it was stopped, change nothing', () => {
  const world = new World()
  world.send({ type: 'link.start' })
  world.send({ type: 'try.failed', tryId: 1, failure })
  world.nowMs += 1_000
  world.send({ type: 'timer.fired' })
  expect(world.send({ type: 'try.failed', tryId: 1, failure })).toEqual([])
  expect(world.send({ type: 'try.succeeded', tryId: 1 })).toEqual([])
  expect(world.state.phase).toMatchObject({ kind: 'connecting', tryId: 2 })
  expect(world.send({ type: 'link.stop' })).toEqual([{ do: 'clear-timer' }, { do: 'close', tryId: 2 }])
  expect(world.send({ type: 'try.succeeded', tryId: 2 })).toEqual([])
  expect(world.send({ type: 'timer.fired' })).toEqual([])
  expect(world.shown).toBe('off')
})
