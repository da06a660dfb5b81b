import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '#test/support/checks.ts'
import { type PanelWorld, servePanel } from './panel-world.ts'

const mebibyte = 1024 * 1024
let panel: PanelWorld
beforeAll(async () => {
  panel = await servePanel({
    limits: {
      maxConnections: 60,
      maxSockets: 20,
      headersTimeoutMs: 1_000,
      requestTimeoutMs: 2_000,
      sockets: { slowMs: 2_000, maxCalls: 8, maxSubscriptions: 4 },
    },
  })
})
afterAll(async () => panel.stop())

const bearer = () => ({ authorization: `Bearer ${panel.token}` })
const expectServing = async () => expect((await panel.ask('/session', { headers: bearer() })).status).toBe(200)

/** Resident memory of the panel, in bytes. */
const memory = () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${panel.pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1_024

/** What the panel held at most while `work` ran, beyond what it held before. */
async function growthDuring(work: () => Promise<unknown>): Promise<number> {
  const before = memory()
  let most = before
  const timer = setInterval(() => (most = Math.max(most, memory())), 20)
  await work().finally(() => clearInterval(timer))
  return Math.max(most, memory()) - before
}

/** How many sockets the panel has open. */
const socketsOfPanel = (): number =>
  readdirSync(`/proc/${panel.pid}/fd`).filter((descriptor) => {
    try {
      return readlinkSync(`/proc/${panel.pid}/fd/${descriptor}`).startsWith('socket:')
    } catch {
      return false // closed meanwhile
    }
  }).length

/** Sends so much behind these headers as fast as it is taken, until it is through or the panel has hung up. */
function flood(headers: string, bytes: number): Promise<string> {
  const socket = panel.connectRaw()
  const piece = Buffer.alloc(mebibyte, 'x')
  const part = headers.includes('chunked') ? Buffer.concat([Buffer.from('100000\r\n'), piece, Buffer.from('\r\n')]) : piece
  let said = ''
  let sent = 0
  return new Promise((resolve) => {
    const send = () => {
      while (sent < bytes && !socket.destroyed) {
        sent += piece.length
        if (!socket.write(part)) return
      }
    }
    socket.setEncoding('latin1').on('data', (text: string) => (said += text))
    socket.on('drain', send)
    socket.once('close', () => resolve(said))
    socket.write(headers)
    send()
  })
}

test('a body of a gigabyte is refused on every path, whatever it says of its size, and is not held', async () => {
  const token = `Authorization: Bearer ${panel.token}\r\n`
  const starts: [string, RegExp][] = [
    [`POST /call/echo HTTP/1.1\r\n${token}`, /^HTTP\/1.1 413 /],
    ['POST /call/echo HTTP/1.1\r\n', /^HTTP\/1.1 401 /],
    [`POST /session HTTP/1.1\r\nOrigin: ${panel.origin}\r\n`, /^HTTP\/1.1 413 /],
    ['POST / HTTP/1.1\r\n', /^HTTP\/1.1 405 /],
  ]
  const growth = await growthDuring(async () => {
    for (const [start, wanted] of starts) {
      for (const size of ['Transfer-Encoding: chunked', `Content-Length: ${1_024 * mebibyte}`]) {
        const said = await flood(
          `${start}Host: 127.0.0.1:${panel.port}\r\nContent-Type: application/json\r\n${size}\r\n\r\n`,
          1_024 * mebibyte,
        )
        expect(said).toMatch(wanted)
      }
    }
  })
  expect(growth).toBeLessThan(100 * mebibyte)
  await expectServing()
}, 120_000)

test('headers without end are refused, by their size and by their number', async () => {
  expect(await panel.say(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${panel.port}\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 431 /,
  )
  expect(await panel.say(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: 127.0.0.1:${panel.port}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
  // Beyond a hundred Node drops the rest, so a Host that comes too late is none.
  const many = Array.from({ length: 200 }, (_, index) => `X-${index}: 1\r\n`).join('')
  expect(await panel.say(`GET / HTTP/1.1\r\n${many}Host: 127.0.0.1:${panel.port}\r\n\r\n`)).toMatch(/^HTTP\/1.1 4/)
  expect(await panel.say('\u0016\u0003\u0001 this is not HTTP\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
  await expectServing()
})

test('who sends headers or a body a letter at a time is told so and cut off, and others are served meanwhile', async () => {
  const head = `Host: 127.0.0.1:${panel.port}\r\nContent-Type: application/json\r\nAuthorization: Bearer ${panel.token}\r\n`
  const starts = [
    'GET / HTTP/1.1\r\nX-Slow: ',
    `POST /call/echo HTTP/1.1\r\n${head}Content-Length: 1000\r\n\r\n`,
    `POST /call/echo HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`,
  ]
  const slow = Array.from({ length: 30 }, (_, index) => {
    const client = { socket: panel.connectRaw(), said: '', start: starts[index % 3] ?? '' }
    client.socket.setEncoding('latin1').on('data', (text: string) => (client.said += text))
    client.socket.write(client.start)
    return { ...client, get: () => client.said, closed: new Promise((resolve) => client.socket.once('close', resolve)) }
  })
  const drip = setInterval(() => {
    for (const { socket, start } of slow) if (socket.writable) socket.write(start.includes('chunked') ? '1\r\nx\r\n' : 'x')
  }, 200)
  let isOver = false
  void Promise.all(slow.map(({ closed }) => closed)).then(() => (isOver = true))
  const startedMs = performance.now()
  while (!isOver) {
    const askedMs = performance.now()
    await expectServing()
    expect(performance.now() - askedMs).toBeLessThan(1_500)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  clearInterval(drip)
  expect(performance.now() - startedMs).toBeLessThan(10_000)
  for (const { get } of slow) expect(get()).toMatch(/^HTTP\/1.1 408 /)
})

test('hundreds of connections that say nothing end each other, and who has a token is served', async () => {
  const strangers: Socket[] = []
  for (let index = 0; index < 400; index += 1) strangers.push(panel.connectRaw().resume())
  for (let round = 0; round < 10; round += 1) await expectServing()
  await until('most of them are gone', () => strangers.filter((socket) => !socket.destroyed).length <= 60)
  for (const socket of strangers) socket.destroy()
})

/** An open WebSocket with the token. */
async function openSocket(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${panel.port}/ws`, { headers: bearer() })
  socket.on('error', () => {}) // 'close' follows
  await new Promise((resolve) => socket.once('open', resolve))
  return socket
}
const closed = (socket: WebSocket) => new Promise<number>((resolve) => socket.once('close', resolve))

test('windows beyond the limit are refused, and one that closes makes room', async () => {
  const sockets = await Promise.all(Array.from({ length: 20 }, openSocket))
  expect((await panel.ask('/ws', { isUpgrade: true, headers: bearer() })).status).toBe(503)
  sockets[0]?.terminate()
  await until('there is room', async () => (await panel.ask('/ws', { isUpgrade: true, headers: bearer() })).status === 101)
  for (const socket of sockets) socket.terminate()
})

test('calls and subscriptions of one socket have a limit, and all calls end with it', async () => {
  const socket = await openSocket()
  const said: unknown[] = []
  socket.on('message', (data) => said.push(JSON.parse(String(data as Buffer))))
  for (let id = 0; id < 9; id += 1) socket.send(JSON.stringify({ id, method: 'wait', input: {} }))
  for (let index = 0; index < 5; index += 1) socket.send(JSON.stringify({ subscribe: `log/${index}` }))
  const watcher = panel.client()
  await until('they run', async () => (await watcher.call('facts', {})).waiting === 8)
  await until('both were refused', () => said.some((message) => JSON.stringify(message).includes('"refused":"log/4"')))
  expect(said).toContainEqual({ id: 8, ok: false, error: expect.objectContaining({ code: 'too-many-requests' }) })
  expect(said).toContainEqual({ refused: 'log/4', error: expect.objectContaining({ code: 'limit.reached' }) })
  socket.terminate()
  await until('all have ended', async () => (await watcher.call('facts', {})).waiting === 0)
  watcher.close()
})

test('two calls with one number, and a frame over the limit, end the socket', async () => {
  const first = await openSocket()
  for (let time = 0; time < 2; time += 1) first.send(JSON.stringify({ id: 1, method: 'wait', input: {} }))
  expect(await closed(first)).toBe(1008)
  const second = await openSocket()
  const growth = await growthDuring(async () => {
    second.send('x'.repeat(64 * mebibyte))
    expect(await closed(second)).toBeOneOf([1009, 1006]) // as the rest of the frame is on its way when the panel hangs up
  })
  expect(growth).toBeLessThan(40 * mebibyte)
  await expectServing()
})

test('windows that read nothing cost no memory, are cut off, and are no obstacle for one that reads', async () => {
  const client = panel.client()
  await client.call('echo', { text: 'there' })
  const reader = await openSocket()
  const others = socketsOfPanel()
  const idle = await Promise.all(Array.from({ length: 10 }, openSocket))
  for (const socket of idle) {
    socket.send(JSON.stringify({ subscribe: 'log/heavy' }))
    socket.pause()
  }
  let last = 0
  let got = 0
  let lost = 0
  reader.on('message', (data) => {
    const message = JSON.parse(String(data as Buffer)) as { batches?: { events: [number, string][]; gap?: { lost: number } }[] } // as the panel sends it
    for (const { events, gap } of message.batches ?? []) {
      lost += gap?.lost ?? 0
      got += events.length
      last = events.at(-1)?.[0] ?? last
    }
  })
  reader.send(JSON.stringify({ subscribe: 'log/heavy' }))
  const growth = await growthDuring(async () => {
    await client.call('publish', { topic: 'log/heavy', from: 1, count: 30_000, bytes: 2_000, perSecond: 10_000 })
    await until('the reader has all', () => last === 30_000)
  })
  expect(got + lost).toBe(30_000)
  expect(got).toBeGreaterThan(5_000) // all of it, 20 MB/s, may be more than this process takes while others use the machine
  expect(growth).toBeLessThan(300 * mebibyte) // of the 600 MB that were sent to those who do not read
  await until('those who do not read are cut off', () => socketsOfPanel() <= others)
  for (const socket of idle) socket.resume() // only to see that it was cut: what was sent before comes first
  await Promise.all(idle.map((socket) => (socket.readyState === socket.CLOSED ? 0 : closed(socket))))
  reader.terminate()
  client.close()
  await expectServing()
})

test('a window that asks and asks and never reads the answers is no longer read', async () => {
  const socket = await openSocket()
  socket.pause()
  const growth = await growthDuring(async () => {
    const ended = closed(socket)
    for (let id = 0; id < 400 && socket.readyState === socket.OPEN; id += 1) {
      socket.send(JSON.stringify({ id, method: 'large', input: { bytes: 4 * mebibyte } }))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    socket.resume()
    await ended
  })
  expect(growth).toBeLessThan(200 * mebibyte)
  await expectServing()
})

test('the publisher of a terminal is held up by a window that reads nothing, until it is cut off', async () => {
  const client = panel.client()
  const socket = await openSocket()
  socket.send(JSON.stringify({ subscribe: 'terminal/t' }))
  socket.pause()
  for (let round = 0; round < 12; round += 1) {
    await client.call('publish', { topic: 'terminal/t', from: round * 10, count: 10, bytes: 64 * 1_024 })
  }
  const pressure = async () => (await client.call('facts', {})).pressure
  await until('the publisher was told', async () => (await pressure()).at(-1) === true)
  await until('it may go on', async () => (await pressure()).at(-1) === false)
  socket.resume()
  expect(await closed(socket)).toBe(1006)
  client.close()
})
