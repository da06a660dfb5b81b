import { createServer, connect, type Socket, type AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import type { FeedEvents } from '#src-main/contract/topic-feed.ts'
import { rejection, until } from '#test/support/checks.ts'
import { type PanelWorld, servePanel } from './panel-world.ts'
import { LogEvent, ThingEvent } from './test-table.ts'

let panel: PanelWorld
beforeAll(async () => {
  panel = await servePanel()
})
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})
afterAll(async () => panel.stop())

/** Follows `log/…`, and keeps what came. */
function follow(client: ReturnType<PanelWorld['client']>, topic: string, since?: number) {
  const numbers: number[] = []
  const gaps: FeedEvents<unknown>['gap'][] = []
  const stop = client.subscribe(topic, LogEvent, {
    ...(since === undefined ? {} : { since }),
    onEvents: ({ events, gap }) => {
      if (gap !== undefined) gaps.push(gap)
      for (const [number] of events) numbers.push(number)
    },
  })
  return { numbers, gaps, stop }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** Between client and panel; `cut` breaks all connections as a lost network does. */
async function startProxy(port: number) {
  const sockets = new Set<Socket>()
  let isDown = false
  const proxy = createServer((near) => {
    if (isDown) return void near.destroy()
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => [near, far].forEach((each) => each.destroy()))
    }
    // The panel answers to its own name only, so that stands in the first lines instead of the proxy's.
    near.once('data', (part: Buffer) => {
      far.write(part.toString('latin1').replace(/^Host: .*$/im, `Host: 127.0.0.1:${port}`), 'latin1')
      near.pipe(far).pipe(near)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
    sockets.clear()
  }
  closers.push(() => {
    cut()
    proxy.close()
  })
  return { port: (proxy.address() as AddressInfo).port, cut, setDown: (to: boolean) => void (isDown = to) } // it listens on a port
}

const clientThrough = (proxyPort: number) => panel.client({ url: `http://127.0.0.1:${proxyPort}` })

test('a call gives its output, an error of the panel its code, and the words inside stay inside', async () => {
  const client = panel.client()
  expect(await client.call('echo', { text: 'hello' })).toEqual({ text: 'hello' })
  expect(await rejection(client.call('fail', {}))).toMatchObject({
    code: 'internal',
    message: expect.not.stringContaining('words-that-stay'),
  })
  expect(await rejection(client.call('echo', { text: 7 } as unknown as { text: string }))).toMatchObject({ code: 'bad-argument' })
  expect(await rejection(client.call('large', { bytes: 9_000_000 }))).toMatchObject({ code: 'too-large' })
  expect((await client.call('large', { bytes: 8_000_000 })).length).toBe(8_000_000)
  expect(await rejection(client.call('echo', { text: 'x'.repeat(9_000_000) }))).toMatchObject({ code: 'too-large' })
})

test('a cancelled call, and one that takes too long, end here and in the panel', async () => {
  const client = panel.client()
  const before = await client.call('facts', {})
  const controller = new AbortController()
  const cancelled = rejection(client.call('wait', {}, { signal: controller.signal }))
  await until('it runs', async () => (await client.call('facts', {})).waiting === 1)
  controller.abort()
  expect(await cancelled).toMatchObject({ code: 'task.cancelled' })
  expect(await rejection(client.call('wait', {}, { timeoutMs: 50 }))).toMatchObject({ code: 'timeout' })
  await until('both were told', async () => (await client.call('facts', {})).aborted === before.aborted + 2)
})

test('events come in order, and a snapshot before them', async () => {
  const client = panel.client()
  await client.call('set', { id: 1, value: 1 })
  const came: FeedEvents<{ id: number; value: number }>[] = []
  client.subscribe('things', ThingEvent, { onEvents: (events) => came.push(events) })
  await until('the snapshot came', () => came.length === 1)
  expect(came[0]).toEqual({ isSnapshot: true, events: [{ id: 1, value: 1 }] })
  await client.call('set', { id: 1, value: 2 })
  await until('the change came', () => came.length === 2)
  expect(came[1]).toEqual({ isSnapshot: false, events: [{ id: 1, value: 2 }] })
})

test('a topic that is not there, and events that the client does not know, end a subscription with a reason', async () => {
  const client = panel.client()
  const errors: unknown[] = []
  client.subscribe('nothing/at-all', LogEvent, { onEvents: () => {}, onEnded: ({ code }) => errors.push(code) })
  client.subscribe('log/odd', z.string(), { onEvents: () => expect.unreachable(), onEnded: ({ code }) => errors.push(code), since: 0 })
  await client.call('publish', { topic: 'log/odd', from: 1, count: 1 })
  await until('both ended', () => errors.length === 2)
  expect(errors).toEqual(['not-found', 'protocol.violation'])
})

test('after a socket was cut, again and again, every event came once and in order', async () => {
  const proxy = await startProxy(panel.port)
  const client = clientThrough(proxy.port)
  const { numbers, gaps } = follow(client, 'log/cut')
  await client.call('echo', { text: 'there' })
  const publisher = panel.client()
  const published = publisher.call('publish', { topic: 'log/cut', from: 1, count: 6_000, perSecond: 2_000 })
  for (let cut = 0; cut < 5; cut += 1) {
    await new Promise((resolve) => setTimeout(resolve, 400))
    proxy.cut()
  }
  await published
  await until('all came', () => numbers.at(-1) === 6_000)
  expect(numbers).toEqual(range(1, 6_000))
  expect(gaps).toEqual([])
})

test('a client that was away for too long is told how much it missed', async () => {
  const proxy = await startProxy(panel.port)
  const client = clientThrough(proxy.port)
  const { numbers, gaps } = follow(client, 'log/away', 0)
  const publisher = panel.client()
  await publisher.call('publish', { topic: 'log/away', from: 1, count: 5 })
  await until('five came', () => numbers.length === 5)
  proxy.setDown(true)
  proxy.cut()
  await publisher.call('publish', { topic: 'log/away', from: 6, count: 15_000 })
  proxy.setDown(false)
  await until('the last came', () => numbers.at(-1) === 15_005)
  expect(gaps).toEqual([{ lost: 5_000 }])
  expect(numbers).toEqual([...range(1, 5), ...range(5_006, 15_005)])
})

test('a call whose connection is lost is rejected as one that may have run; one that was not sent waits', async () => {
  const proxy = await startProxy(panel.port)
  const client = clientThrough(proxy.port)
  const lost = rejection(client.call('wait', {}))
  const watcher = panel.client()
  await until('it runs', async () => (await watcher.call('facts', {})).waiting === 1)
  proxy.setDown(true)
  proxy.cut()
  expect(await lost).toMatchObject({ code: 'link.closed', retryable: true })
  await until('the panel ended it', async () => (await watcher.call('facts', {})).waiting === 0)
  const later = client.call('echo', { text: 'later' })
  proxy.setDown(false)
  expect(await later).toEqual({ text: 'later' })
})

test('a panel that is started again has another token, and who has the old one is told so', async () => {
  const first = await servePanel()
  const client = first.client()
  const { numbers } = follow(client, 'log/life', 0)
  await client.call('publish', { topic: 'log/life', from: 1, count: 3 })
  await until('three came', () => numbers.length === 3)
  await first.stop()
  const second = await servePanel({ port: first.port })
  const old = second.client({ token: first.token })
  expect(await rejection(old.call('echo', { text: 'x' }))).toMatchObject({
    code: 'auth.refused',
    message: expect.stringContaining('started again'),
  })
  await second.stop()
})

test('where no panel answers, the client says so in time', async () => {
  const client = panel.client({ url: 'http://127.0.0.1:1', connectTimeoutMs: 300 })
  expect(await rejection(client.call('echo', { text: 'x' }))).toMatchObject({
    code: 'timeout',
    message: expect.stringContaining('127.0.0.1:1'),
  })
})
