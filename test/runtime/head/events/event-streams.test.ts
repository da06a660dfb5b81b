import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EventFrame, type EventKind } from '#runtime/api/events.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { systemClock } from '#runtime/base/clock.ts'
import { EventBus } from '#runtime/head/events/event-bus.ts'
import { EventStore, type EventStoreLimits } from '#runtime/head/events/event-store.ts'
import { EventStreams, type EventStreamsOptions, type StreamOptions, type StreamSink } from '#runtime/head/events/event-streams.ts'
import type { NewEvent } from '#runtime/head/events/new-event.ts'

let path: string
let bus: EventBus
let streams: EventStreams
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shoal-streams-test-'))
  open()
})
afterEach(() => {
  streams.close()
  bus.close()
  rmSync(path, { recursive: true, force: true })
})

function open(limits: Partial<EventStoreLimits> = {}, options: Partial<EventStreamsOptions> = {}): void {
  bus = new EventBus({
    store: new EventStore({ path: join(path, 'bus.sqlite'), logger: silentLogger, limits }),
    clock: systemClock,
    logger: silentLogger,
  })
  const snapshot = () => ({ rows: [{ kind: 'node' as const, id: 'n', row: { node_id: 'n' } }], totals: {} })
  streams = new EventStreams({ bus, logger: silentLogger, snapshot, ...options })
}

/** A client that reads at once, or only when it is told. */
class Client implements StreamSink {
  readonly frames: EventFrame[] = []
  readonly texts: string[] = []
  closed: { code: number; reason: string } | undefined
  waitingBytes = 0
  #isStopped = false
  #blocked: (() => void)[] = []
  readonly stop: () => void

  constructor(options: Partial<StreamOptions> = {}) {
    this.stop = streams.open(this, { filter: {}, ...options })
  }
  hold(): void {
    this.#isStopped = true
  }
  go(): void {
    this.#isStopped = false
    this.waitingBytes = 0
    for (const resolve of this.#blocked.splice(0)) resolve()
  }
  send(frame: string): Promise<void> {
    if (this.closed) return Promise.reject(new Error('closed'))
    expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(256 * 1024)
    this.texts.push(frame)
    this.frames.push(EventFrame.parse(JSON.parse(frame)))
    if (!this.#isStopped) return Promise.resolve()
    this.waitingBytes += frame.length
    return new Promise((resolve) => this.#blocked.push(resolve))
  }
  close(code: number, reason: string): void {
    this.closed = { code, reason }
  }
  get events() {
    return this.frames.flatMap((frame) => (frame.type === 'batch' ? frame.events : []))
  }
  get last(): number {
    return this.frames.findLast((each) => each.type !== 'metrics')?.to ?? 0
  }
}

const task = (id: number, row: NewEvent['row'] = {}): NewEvent => ({ kind: 'task', id: String(id), type: 'running', atMs: Date.now(), row })
const publish = (count: number, from = 0, row: NewEvent['row'] = {}) => {
  bus.publish(Array.from({ length: count }, (_, index) => task(from + index, row)))
  bus.flush()
}
/** Every number from the first to the last is covered once. */
function checkCover(client: Client, since: number): void {
  let next = since + 1
  for (const frame of client.frames) {
    if (frame.type !== 'batch' || (frame.events.length === 0 && frame.to < frame.from)) continue
    expect(frame.from).toBe(next)
    for (const { seq } of frame.events) expect(seq >= frame.from && seq <= frame.to).toBe(true)
    next = frame.to + 1
  }
  expect(next - 1).toBe(bus.newest)
}

describe('streams of events', () => {
  it('begin with what is, and go on with what comes', async () => {
    publish(3)
    const client = new Client()
    expect(client.frames).toMatchObject([{ type: 'snapshot', reason: 'start', to: 3, part: 0, isLast: true, rows: [{ id: 'n' }] }])
    publish(2, 3)
    await expect.poll(() => client.last).toBe(5)
    expect(client.frames.slice(1)).toMatchObject([{ type: 'batch', from: 4, to: 5, events: [{ seq: 4 }, { seq: 5 }] }])
  })

  it('resume where they were, whatever came meanwhile', async () => {
    const first = new Client({ since: 'latest' })
    publish(100)
    first.stop()
    expect(first.last).toBe(100)
    publish(9_000, 100)
    const again = new Client({ since: first.last })
    publish(10, 9_100)
    await expect.poll(() => again.last).toBe(bus.newest)
    publish(5, 9_110)
    await expect.poll(() => again.last).toBe(bus.newest)
    expect([...first.events, ...again.events].map(({ id }) => Number(id))).toEqual(Array.from({ length: 9_115 }, (_, index) => index))
    checkCover(again, 100)
  })

  it('get a snapshot instead of what is not kept any more, and instead of numbers that never were', () => {
    for (let round = 0; round < 20; round += 1) publish(50, round * 50)
    streams.close()
    bus.close()
    open({ packedEvents: 100 })
    publish(1)
    expect(bus.forgottenOf(new Set<EventKind>(['task']))).toBeGreaterThan(0)
    for (const since of [0, 1e9]) {
      const client = new Client({ since })
      expect(client.frames[0]).toMatchObject({ type: 'snapshot', reason: 'too-old', to: bus.newest })
    }
    // Kinds that are kept longer are still there.
    expect(new Client({ since: 0, filter: { kinds: new Set<EventKind>(['node']) } }).frames[0]).toMatchObject({ type: 'batch' })
  })

  it('hold only what was asked for, as text that is made once for all that ask alike', () => {
    const alike = [
      new Client({ since: 'latest', filter: { job: 'a' } }),
      new Client({ since: 'latest', filter: { job: 'a' } }),
      new Client({ since: 'latest', filter: { job: 'a' } }),
    ]
    const other = new Client({ since: 'latest', filter: { kinds: new Set<EventKind>(['alert']) } })
    bus.publish([task(1, { job_id: 'a' }), task(2, { job_id: 'b' }), { ...task(3), kind: 'alert' }])
    bus.flush()
    expect(alike.map((client) => client.events.map(({ id }) => id))).toEqual([['1'], ['1'], ['1']])
    expect(new Set(alike.map((client) => client.texts.at(-1))).size).toBe(1)
    expect(other.events.map(({ id }) => id)).toEqual(['3'])
    expect(other.last).toBe(3)
  })

  it('cut a client that takes too little with a code, and let it resume without loss', async () => {
    streams.close()
    bus.close()
    open({}, { bufferLimitBytes: 200_000 })
    const slow = new Client({ since: 'latest' })
    const quick = new Client({ since: 'latest' })
    slow.hold()
    for (let round = 0; round < 10 && slow.closed === undefined; round += 1) publish(500, round * 500, { text: 'x'.repeat(100) })
    expect(slow.closed).toMatchObject({ code: 4008, reason: expect.stringContaining('since=') })
    expect(slow.waitingBytes).toBeLessThan(400_000)
    expect(quick.closed).toBeUndefined()
    const since = Number(/since=(\d+)/.exec(slow.closed?.reason ?? '')?.[1])
    expect(since).toBe(slow.last)
    const again = new Client({ since })
    await expect.poll(() => again.last).toBe(bus.newest)
    expect(slow.events.length + again.events.length).toBe(bus.newest)
    checkCover(again, since)
  })

  it('catch up at the pace of the client, with what comes meanwhile in order', async () => {
    publish(10_000)
    const client = new Client({ since: 0 })
    client.hold()
    await expect.poll(() => client.waitingBytes).toBeGreaterThan(0)
    const heldAt = client.events.length
    publish(100, 10_000)
    expect(client.events.length).toBeLessThanOrEqual(heldAt + 2_000) // it is not given more than it takes
    client.go()
    await expect.poll(() => client.last).toBe(bus.newest)
    expect(client.events.map(({ id }) => Number(id))).toEqual(Array.from({ length: 10_100 }, (_, index) => index))
    checkCover(client, 0)
  })

  it('split large batches and snapshots so that each frame is whole', async () => {
    streams.close()
    bus.close()
    const rows = Array.from({ length: 3_000 }, (_, index) => ({ kind: 'node' as const, id: String(index), row: { text: 'ü'.repeat(80) } }))
    open({}, { snapshot: () => ({ rows, totals: { actor: 5 } }) })
    const client = new Client()
    publish(3_000, 0, { text: '漢'.repeat(60) })
    await expect.poll(() => client.last).toBe(3_000)
    const snapshots = client.frames.filter((frame) => frame.type === 'snapshot')
    expect(snapshots.length).toBeGreaterThan(1)
    expect(snapshots.map(({ part, isLast }) => [part, isLast])).toEqual(
      snapshots.map((_, index) => [index, index === snapshots.length - 1]),
    )
    expect(snapshots.flatMap((frame) => frame.rows)).toHaveLength(3_000)
    expect(client.events).toHaveLength(3_000)
    checkCover(client, 0)
  })

  it('send the latest figures to those that want them only', () => {
    const plain = new Client({ since: 'latest' })
    const wanting = new Client({ since: 'latest', wantsMetrics: true })
    streams.sendMetrics([{ nodeId: 'n', cpu: 1 }])
    expect(wanting.frames.at(-1)).toEqual({ type: 'metrics', nodes: [{ nodeId: 'n', cpu: 1 }] })
    expect(plain.frames.some(({ type }) => type === 'metrics')).toBe(false)
  })

  it('end with a code that says to come back when the head stops', () => {
    const client = new Client()
    streams.close()
    expect(client.closed?.code).toBe(4001)
  })

  it('lose none of many events that come while many follow', async () => {
    const clients = Array.from(
      { length: 20 },
      (_, index) => new Client({ since: 'latest', filter: index % 2 === 0 ? {} : { kinds: new Set<EventKind>(['task']) } }),
    )
    for (let round = 0; round < 40; round += 1) {
      bus.publish(Array.from({ length: 500 }, (_, index) => task(round * 500 + index)))
      await new Promise((resolve) => setImmediate(resolve))
    }
    bus.flush()
    for (const client of clients) {
      expect(client.events.length).toBe(20_000)
      expect(client.events.every(({ id }, index) => Number(id) === index)).toBe(true)
    }
  })
})
