import { afterEach, expect, test } from 'vitest'
import * as z from 'zod'
import { createLogger, silentLogger } from '#runtime/base/logger.ts'
import { topics as panelTopics } from '#src-main/contract/topics.ts'
import { createFamilyFinder, type TopicTable } from '#src-main/topics/topic-table.ts'
import type { TopicBatch } from '#src-main/topics/topic-batch.ts'
import { TopicHub, type TopicHubOptions } from '#src-main/topics/topic-hub.ts'
import { until } from '#test/support/checks.ts'

const table = {
  things: { pattern: 'things', event: z.object({ id: z.int(), value: z.int() }), key: 'id' },
  log: { pattern: 'log/:id', event: z.union([z.int(), z.string()]) },
  terminal: { pattern: 'terminal/:id', event: z.string(), isImmediate: true },
} as const satisfies TopicTable

const hubs: TopicHub<typeof table>[] = []
afterEach(() => {
  for (const hub of hubs.splice(0)) hub.close()
})
function makeHub(options: Partial<TopicHubOptions> = {}): TopicHub<typeof table> {
  const hub = new TopicHub(table, { logger: silentLogger, checkEvents: true, ...options })
  hubs.push(hub)
  return hub
}

function listen(hub: TopicHub<typeof table>, topic: string, resume: { epoch?: string; since?: number } = {}) {
  const batches: TopicBatch[] = []
  const atMs: number[] = []
  const subscription = hub.subscribe(topic, resume, (batch) => {
    batches.push(batch)
    atMs.push(performance.now())
  })
  const events = () => batches.flatMap((batch) => batch.events.map((text): unknown => JSON.parse(text)))
  return { batches, atMs, subscription, events, last: () => batches.at(-1) ?? expect.fail('no batch came') }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a new subscriber is told at once where it is, even when there is nothing', async () => {
  const { batches } = listen(makeHub(), 'log/a')
  expect(batches).toEqual([])
  await turn()
  expect(batches).toEqual([{ topic: 'log/a', epoch: expect.stringMatching(/^[0-9a-f]{16}-1$/), seq: 0, events: [] }])
})

test('events are gathered for 50 ms, and for 100 ms while the window is hidden', async () => {
  const hub = makeHub()
  const seen = listen(hub, 'log/a')
  const hidden = listen(hub, 'log/a')
  hidden.subscription.setHidden(true)
  const timer = setInterval(() => hub.publish('log/a', 1), 2)
  await pause(1_000)
  clearInterval(timer)
  await pause(150)
  expect(seen.batches.length).toBeGreaterThan(8)
  expect(seen.batches.length).toBeLessThanOrEqual(24)
  expect(hidden.batches.length).toBeLessThanOrEqual(13)
  expect(hidden.events()).toEqual(seen.events())
  expect(seen.last().seq).toBe(seen.events().length)
})

test('an immediate topic delivers in the next turn', async () => {
  const hub = makeHub({ batchMs: 10_000 })
  const { batches } = listen(hub, 'terminal/a')
  await turn()
  hub.publish('terminal/a', 'x')
  await turn()
  expect(batches.at(-1)).toMatchObject({ seq: 1, events: ['"x"'] })
})

test('a subscriber resumes by epoch and number, with nothing lost and nothing twice', async () => {
  const hub = makeHub()
  const first = listen(hub, 'log/a')
  for (let index = 1; index <= 10; index += 1) hub.publish('log/a', index)
  await until('ten came', () => first.events().length === 10)
  first.subscription.close()
  for (let index = 11; index <= 20; index += 1) hub.publish('log/a', index)
  const { epoch, seq } = first.last()
  const second = listen(hub, 'log/a', { epoch, since: seq })
  for (let index = 21; index <= 25; index += 1) hub.publish('log/a', index)
  await until('the rest came', () => second.events().length >= 15)
  expect(second.events()).toEqual(Array.from({ length: 15 }, (_, index) => index + 11))
  expect(second.batches.some(({ gap }) => gap !== undefined)).toBe(false)
  expect(first.events()).toHaveLength(10)
})

test('what is no longer known is a stated gap', async () => {
  const hub = makeHub()
  for (let index = 1; index <= 12_345; index += 1) hub.publish('log/a', index)
  const all = listen(hub, 'log/a', { since: 0 })
  await turn()
  expect(all.batches[0]?.gap).toEqual({ lost: 2_345 })
  expect(all.events()).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 2_346))
  expect(all.batches.slice(1).some(({ gap }) => gap !== undefined)).toBe(false)
})

test('an epoch of another life, and a number from the future, are a gap of unknown size', async () => {
  const hub = makeHub()
  hub.publish('log/a', 1)
  const { epoch } = await firstBatch(hub, 'log/a', { since: 0 })
  expect(await firstBatch(hub, 'log/a', { epoch: 'old', since: 1 })).toMatchObject({ epoch, seq: 1, events: ['1'], gap: { lost: null } })
  expect(await firstBatch(hub, 'log/a', { epoch, since: 7 })).toMatchObject({ seq: 1, events: ['1'], gap: { lost: null } })
  expect(await firstBatch(hub, 'log/a', { epoch, since: 1 })).toEqual({ topic: 'log/a', epoch, seq: 1, events: [] })
})

async function firstBatch(hub: TopicHub<typeof table>, topic: string, resume: { epoch?: string; since?: number }): Promise<TopicBatch> {
  const { batches, subscription } = listen(hub, topic, resume)
  await turn()
  subscription.close()
  return batches[0] ?? expect.fail('no batch came')
}

test('a paused subscriber holds nobody up, and gets its gap and the rest when it goes on', async () => {
  const hub = makeHub()
  const slow = listen(hub, 'log/a')
  const fast = listen(hub, 'log/a')
  await turn()
  slow.subscription.pause()
  for (let index = 1; index <= 30_000; index += 1) hub.publish('log/a', index)
  await until('the fast one has all', () => fast.events().length === 30_000)
  expect(fast.batches.some(({ gap }) => gap !== undefined)).toBe(false)
  expect(slow.events()).toEqual([])
  slow.subscription.resume()
  await until('the slow one has the rest', () => slow.last().seq === 30_000)
  expect(slow.batches.filter(({ gap }) => gap !== undefined).map(({ gap }) => gap)).toEqual([{ lost: 20_000 }])
  expect(slow.events()).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 20_001))
})

test('of a topic with a key a slow subscriber gets the latest of each, however many there were, and no gap', async () => {
  const hub = makeHub()
  const slow = listen(hub, 'things')
  await turn()
  slow.subscription.pause()
  for (let value = 1; value <= 50_000; value += 1) hub.publish('things', { id: value % 7, value })
  slow.subscription.resume()
  await until('it has all', () => slow.last().seq === 50_000)
  expect(slow.events()).toEqual(Array.from({ length: 7 }, (_, index) => ({ id: (49_994 + index) % 7, value: 49_994 + index })))
  expect(slow.batches.some(({ gap }) => gap !== undefined)).toBe(false)
})

test('a snapshot comes first, as of the moment, and again after a gap', async () => {
  const hub = makeHub()
  const state = new Map<number, number>()
  const set = (id: number, value: number) => {
    state.set(id, value)
    hub.publish('things', { id, value })
  }
  hub.provide('things', { snapshot: () => [...state].map(([id, value]) => ({ id, value })) })
  set(1, 10)
  set(2, 20)
  const first = listen(hub, 'things')
  set(1, 11)
  await turn()
  expect(first.batches).toMatchObject([{ seq: 3, snapshot: 'last', events: ['{"id":1,"value":11}', '{"id":2,"value":20}'] }])
  set(2, 21)
  await until('the change came', () => first.batches.length === 2)
  expect(first.last()).toMatchObject({ seq: 4, events: ['{"id":2,"value":21}'] })
  expect(first.last().snapshot).toBeUndefined()
  expect(await firstBatch(hub, 'things', { epoch: 'old', since: 3 })).toMatchObject({ seq: 4, snapshot: 'last', gap: { lost: null } })
  expect((await firstBatch(hub, 'things', { epoch: first.last().epoch, since: 3 })).events).toEqual(['{"id":2,"value":21}'])
})

test('a large snapshot comes in parts, and only its last part moves the place to resume from', async () => {
  const hub = makeHub()
  hub.provide('things', { snapshot: () => Array.from({ length: 4_500 }, (_, id) => ({ id, value: 0 })) })
  hub.publish('things', { id: 1, value: 1 })
  const { batches } = listen(hub, 'things', { epoch: 'old', since: 5 })
  await turn()
  expect(batches.map(({ seq, snapshot, events }) => [seq, snapshot, events.length])).toEqual([
    [0, 'part', 2_000],
    [0, 'part', 2_000],
    [1, 'last', 500],
  ])
})

test('the publisher of a terminal is told when a reader falls behind, and when it has caught up or is gone', async () => {
  const hub = makeHub()
  const told: [string, boolean][] = []
  hub.provide('terminal/:id', { onPressure: (topic, isHigh) => void told.push([topic, isHigh]) })
  const slow = listen(hub, 'terminal/a')
  const other = listen(hub, 'terminal/a')
  await turn()
  slow.subscription.pause()
  for (let round = 0; round < 10; round += 1) {
    hub.publish('terminal/a', 'x'.repeat(32 * 1024))
    await turn()
  }
  expect(told).toEqual([['terminal/a', true]])
  slow.subscription.resume()
  await turn()
  expect(told).toEqual([
    ['terminal/a', true],
    ['terminal/a', false],
  ])
  expect(slow.events()).toEqual(other.events())
  slow.subscription.pause()
  hub.publish('terminal/a', 'x'.repeat(300 * 1024))
  slow.subscription.close()
  await turn()
  expect(told.slice(2)).toEqual([
    ['terminal/a', true],
    ['terminal/a', false],
  ])
})

test('topics that nobody listens to are forgotten after a while, and those that are listened to never', async () => {
  const hub = makeHub({ forgetAfterMs: 50 })
  hub.publish('log/a', 1)
  const { subscription } = listen(hub, 'log/b')
  const old = await firstBatch(hub, 'log/a', { since: 0 })
  await until('one of them is gone', () => hub.topicCount === 1)
  expect(hub.bytes).toBe(0)
  hub.publish('log/a', 2)
  expect(await firstBatch(hub, 'log/a', { epoch: old.epoch, since: 1 })).toMatchObject({ seq: 1, events: ['2'], gap: { lost: null } })
  subscription.close()
  await until('all are gone', () => hub.topicCount === 0)
})

test('at the limit of topics the one that nobody touched longest makes room; when all are in use, a new one is refused', () => {
  const hub = makeHub({ maxTopics: 3 })
  const kept = listen(hub, 'log/0')
  for (let index = 1; index <= 10; index += 1) hub.publish(`log/${index}`, index)
  expect(hub.topicCount).toBe(3)
  listen(hub, 'log/9')
  listen(hub, 'log/10')
  expect(() => hub.publish('log/11', 1)).toThrow(/all 3 topics are listened to/)
  kept.subscription.close()
  hub.publish('log/11', 1)
})

test('all topics together stay within a limit of bytes, and who still listens is told what it lost', async () => {
  const hub = makeHub({ maxBytes: 1_000_000 })
  const slow = listen(hub, 'log/slow')
  await turn()
  slow.subscription.pause()
  for (let index = 0; index < 900; index += 1) hub.publish('log/slow', 'x'.repeat(1_000))
  for (let index = 0; index < 3_000; index += 1) {
    hub.publish(`log/${index % 100}`, 'y'.repeat(1_000))
    expect(hub.bytes).toBeLessThanOrEqual(1_003_000)
  }
  slow.subscription.resume()
  await until('it has caught up', () => slow.last().seq === 900)
  const lost = slow.batches.find(({ gap }) => gap !== undefined)?.gap?.lost ?? 0
  expect(lost + slow.events().length).toBe(900)
})

test('a subscriber that throws is ended alone, and the log says so', async () => {
  let text = ''
  const hub = makeHub({ logger: createLogger('test', (line) => void (text += line)) })
  let calls = 0
  let failed = 0
  const broken = hub.subscribe('log/a', {}, () => {
    calls += 1
    throw new Error('broken')
  })
  broken.onFailed(() => (failed += 1))
  const other = listen(hub, 'log/a')
  await turn()
  hub.publish('log/a', 1)
  await until('the other one has it', () => other.events().length === 1)
  expect([calls, failed]).toEqual([1, 1])
  expect(text).toContain('topics.delivery-failed')
})

test('a topic that no pattern has is refused, whatever it looks like', () => {
  const hub = makeHub()
  for (const name of ['', 'nothing', 'things/1', 'log', 'log/', 'log/a/b', 'log/a b', 'log/\u0000', '__proto__', `log/${'x'.repeat(300)}`])
    expect(() => hub.subscribe(name, {}, () => {})).toThrow(/there is no topic/)
  expect(hub.topicCount).toBe(0)
})

test('every topic of the panel’s contract is found by its name', () => {
  const find = createFamilyFinder(panelTopics)
  for (const family of Object.values(panelTopics)) expect(find(family.pattern.replace(':id', 'c-0123456789ab'))).toBe(family)
})

test('an event of another kind than the topic’s does not pass the compiler, nor the check', () => {
  const hub = makeHub()
  // @ts-expect-error a log takes no object
  expect(() => hub.publish('log/a', { id: 1 })).toThrow(z.ZodError)
  // @ts-expect-error there is no such topic
  expect(() => hub.publish('nothing', 1)).toThrow(/there is no topic/)
})

test('a publisher is told how many listen, when one comes and when one goes', () => {
  const hub = makeHub()
  const told: [string, number][] = []
  hub.provide('log/:id', { onListeners: (topic, count) => void told.push([topic, count]) })
  const first = listen(hub, 'log/a')
  const second = listen(hub, 'log/a')
  listen(hub, 'things')
  first.subscription.close()
  first.subscription.close()
  second.subscription.close()
  expect(told).toEqual([
    ['log/a', 1],
    ['log/a', 2],
    ['log/a', 1],
    ['log/a', 0],
  ])
})
