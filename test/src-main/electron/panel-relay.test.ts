import { afterEach, beforeEach, expect, test } from 'vitest'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { PanelRelay } from '#src-main/electron/panel-relay.ts'
import { maxMessageBytes } from '#src-main/contract/socket-protocol.ts'
import { until } from '#test/support/checks.ts'
import { type PanelWorld, servePanel } from '../web/panel-world.ts'

let worlds: PanelWorld[]
let relays: PanelRelay[]
beforeEach(() => {
  worlds = []
  relays = []
})
afterEach(async () => {
  for (const relay of relays) relay.close()
  await Promise.all(worlds.map((world) => world.stop()))
})

async function serve(): Promise<PanelWorld> {
  const world = await servePanel()
  worlds.push(world)
  return world
}

type Place = { url: string; token: string }

function relayTo(place: () => Place | undefined) {
  const messages: string[] = []
  const states: string[] = []
  const relay = new PanelRelay({ endpoint: place, onMessage: (text) => messages.push(text), onState: (state) => states.push(state) })
  relays.push(relay)
  return { relay, messages, states }
}

const hellos = (messages: readonly string[]) => messages.filter((text) => text.includes('"hello"')).length

test('the page’s messages reach the panel as they are, and its answers the page', async () => {
  const world = await serve()
  const { relay, messages, states } = relayTo(() => world)
  relay.open()
  await until('hello', () => hellos(messages) === 1)
  relay.send(JSON.stringify({ id: 1, method: 'no.such', input: {} }))
  await until('an answer', () => messages.length === 2)
  expect(JSON.parse(messages[1] ?? '')).toMatchObject({ id: 1, ok: false, error: { code: 'not-found' } })
  expect(states).toEqual(['open'])
})

test('nothing is connected before the page listens, and nothing after it stopped', async () => {
  const world = await serve()
  let asked = 0
  const { relay, messages } = relayTo(() => {
    asked += 1
    return world
  })
  relay.retry()
  expect(asked).toBe(0)
  relay.open()
  await until('hello', () => hellos(messages) === 1)
  relay.close()
  relay.retry()
  relay.send('{"hidden":true}')
  expect(asked).toBe(1)
})

test('a page that is loaded again is greeted again', async () => {
  const world = await serve()
  const { relay, messages } = relayTo(() => world)
  relay.open()
  await until('hello', () => hellos(messages) === 1)
  relay.open()
  await until('another hello', () => hellos(messages) === 2)
  expect(messages).toEqual([messages[0], messages[0]])
})

test('a panel that comes later, or elsewhere, is connected to as soon as it is said', async () => {
  let place: Place | undefined
  const { relay, messages, states } = relayTo(() => place)
  relay.open()
  place = await serve()
  relay.retry()
  await until('hello', () => hellos(messages) === 1)
  await worlds[0]?.stop()
  worlds = []
  await until('lost', () => states.at(-1) === 'lost')
  place = await serve()
  relay.retry()
  await until('another hello', () => hellos(messages) === 2)
  expect(states).toEqual(['open', 'lost', 'open'])
})

test('a message that the panel would not take ends the connection here, and the next one is whole', async () => {
  const world = await serve()
  const { relay, messages, states } = relayTo(() => world)
  relay.open()
  await until('hello', () => hellos(messages) === 1)
  relay.send('x'.repeat(maxMessageBytes + 1))
  await until('open again', () => hellos(messages) === 2)
  expect(states).toEqual(['open', 'lost', 'open'])
})

test('a page that does not keep up stops what is read for it, until it has caught up', async () => {
  const server: Server = createServer()
  const acceptor = new WebSocketServer({ server })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  const opened = new Promise<WebSocket>((resolve) => acceptor.once('connection', resolve))
  const { relay, messages } = relayTo(() => ({ url: `http://127.0.0.1:${port}`, token: 'x' }))
  relay.open()
  const socket = await opened
  const part = 'x'.repeat(1024 * 1024)
  for (let count = 0; count < 64; count += 1) socket.send(part)
  await until('it stops', () => messages.length >= 16)
  await new Promise((resolve) => setTimeout(resolve, 300)) // long enough for all 64, were they read
  expect(messages.length).toBeLessThan(32)
  let taken = 0
  await until('all of it', () => {
    for (; taken < messages.length; taken += 1) relay.taken(part.length)
    return messages.length === 64
  })
  relay.close()
  acceptor.close()
  server.close()
})
