import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'
import { expect, onTestFinished, test } from 'vitest'
import { acceptSocket, type ClientSocket, type OpenedSocket, splitText } from '#runtime/head/http/websocket.ts'
import { askOver, connectTo } from './served-head.ts'
import { serveInProcess } from './in-process.ts'

/** A server that accepts every socket with `opened`; returns its url. */
async function serveSockets(opened: OpenedSocket, onFailed: (error: unknown) => void = () => {}): Promise<{ url: string; port: number }> {
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    acceptSocket({ request, socket, head }, opened, onFailed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `ws://127.0.0.1:${port}/`, port }
}

function dial(url: string): WebSocket {
  const socket = new WebSocket(url)
  socket.on('error', () => {})
  onTestFinished(() => socket.terminate())
  return socket
}

test('a long text comes in frames of at most 256 KiB, whole and in order, no letter split', async () => {
  const text = `${'a'.repeat(300_000)}${'😀'.repeat(200_000)}ende`
  const { url } = await serveSockets({
    run: async (socket) => {
      await socket.send(text)
      socket.close(1000, 'all sent')
    },
  })
  const client = dial(url)
  const frames: string[] = []
  client.on('message', (data) => frames.push(String(data as Buffer)))
  const [code] = (await once(client, 'close')) as [number]
  expect(code).toBe(1000)
  expect(frames.join('')).toBe(text)
  expect(Math.max(...frames.map((frame) => Buffer.byteLength(frame)))).toBeLessThanOrEqual(256 * 1024)
})

test('pieces never split a letter, whatever stands at the edge', () => {
  const edge = (256 * 1024) / 3
  for (const shift of [0, 1, 2]) {
    const text = `${'x'.repeat(Math.floor(edge) - shift)}😀${'y'.repeat(10)}`
    const pieces = [...splitText(text)]
    expect(pieces.join('')).toBe(text)
    expect(pieces.every((piece) => !piece.includes('\ufffd') && piece.isWellFormed())).toBe(true)
  }
  expect([...splitText('')]).toEqual([''])
})

test('what fails while a socket is served ends it as broken, which clients see as 1006', async () => {
  const failures: unknown[] = []
  const { url } = await serveSockets({ run: () => Promise.reject(new Error('the log is gone')) }, (error) => failures.push(error))
  const [code] = (await once(dial(url), 'close')) as [number]
  expect(code).toBe(1006)
  expect(failures).toHaveLength(1)
})

test('a client that does not read holds the sender back, and is cut with 1013 before memory grows', async () => {
  let peak = 0
  let sent = 0
  let seen: ClientSocket | undefined
  const stopped = Promise.withResolvers<unknown>()
  const { port } = await serveSockets({
    options: { slowMs: 1_000 },
    run: async (socket) => {
      seen = socket
      const piece = 'z'.repeat(200_000)
      try {
        for (;;) {
          await socket.send(piece)
          sent += piece.length
          peak = Math.max(peak, socket.waitingBytes)
        }
      } catch (error) {
        stopped.resolve(error)
      }
    },
  })
  const client = connectTo({ host: '127.0.0.1', port })
  client.pause()
  client.write(
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  expect(await stopped.promise).toMatchObject({ code: 'link.closed' })
  expect(sent).toBeGreaterThan(0)
  expect(peak).toBeLessThan(2 * 1024 * 1024)
  expect(seen?.signal.aborted).toBe(true)
})

test('a slow client of a stream whose end must not look like success is cut as 1006', async () => {
  const { url } = await serveSockets({
    options: { slowMs: 500, whenSlow: 'abort' },
    run: async (socket) => {
      for (;;) await socket.send('z'.repeat(200_000))
    },
  })
  const client = dial(url)
  await once(client, 'open')
  client.pause()
  await new Promise((resolve) => setTimeout(resolve, 2_500)) // longer than it has patience: there is nothing to wait for on a paused socket
  client.resume()
  const [code] = (await once(client, 'close')) as [number]
  expect(code).toBe(1006)
})

test('a message of a client beyond 64 KiB, or one that is not text, ends the socket with a code', async () => {
  const heard: string[] = []
  const { url } = await serveSockets({ run: (socket) => socket.onMessage((text) => heard.push(text)) })
  const big = dial(url)
  await once(big, 'open')
  big.send('x'.repeat(70_000))
  expect(((await once(big, 'close')) as [number])[0]).toBe(1009)
  const binary = dial(url)
  await once(binary, 'open')
  binary.send(Buffer.from([1, 2, 3]))
  expect(((await once(binary, 'close')) as [number])[0]).toBe(1003)
  expect(heard).toEqual([])
})

test('a WebSocket passes the same guards as every request, and an unknown path is a plain 404', async () => {
  const api = await serveInProcess()
  const upgrade = {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  }
  const statusOf = async (headers: Record<string, string>) =>
    (await askOver(api, '/api/shoal/v1/none', { headers: { ...upgrade, ...headers } })).status
  expect(await statusOf({})).toBe(401)
  expect(await statusOf({ authorization: 'Bearer no' })).toBe(403)
  expect(await statusOf({ authorization: `Bearer ${api.token}`, origin: 'http://evil.example' })).toBe(403)
  expect(await statusOf({ authorization: `Bearer ${api.token}` })).toBe(404)
})
