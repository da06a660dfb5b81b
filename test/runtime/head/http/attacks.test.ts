import { readFileSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import { askOver, aServedHead, connectTo, isHeldOpenByServer, readToEnd } from './served-head.ts'
import { serveInProcess } from './in-process.ts'

test('who has no token, a wrong one, or one that may only read is refused by name, and a normal client is served', async () => {
  const head = await aServedHead()
  const none = await head.ask('/api/version', { headers: { authorization: undefined } })
  expect(none).toMatchObject({ status: 401, body: expect.stringContaining('missing authentication token') })
  const wrong = await head.ask('/api/version', { headers: { authorization: `Bearer ${'0'.repeat(64)}` } })
  expect(wrong.status).toBe(403)
  const readOnly = await head.ask('/api/shoal/v1/anything', { method: 'POST', headers: { authorization: `Bearer ${head.readToken}` } })
  expect(readOnly.status).toBe(403)
  expect(JSON.parse(readOnly.body)).toMatchObject({ error: { code: 'auth.refused', message: expect.stringContaining('may only read') } })
  expect((await head.ask('/api/version', { headers: { authorization: `Bearer ${head.readToken}` } })).status).toBe(200)
  const served = await head.ask('/api/version')
  expect(served.status).toBe(200)
  expect(served.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'content-type': 'application/json; charset=utf-8' })
  expect(served.headers).not.toHaveProperty('access-control-allow-origin')
})

test('the tokens are 64 hexadecimal letters, in files that only this user may read, and a restarted head keeps them', async () => {
  const head = await aServedHead()
  for (const access of ['full', 'read'] as const) {
    const file = tokenFileOf(head.head.layout, access)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
  }
  expect(head.token).not.toBe(head.readToken)
  await head.head.end('SIGKILL')
  const again = await aServedHead([], head.head.layout.tempDir)
  expect(again.token).toBe(head.token)
  expect(again.port).toBe(head.port) // so that a client finds it where it was
})

test('no token is written to the log, whatever is asked with it', async () => {
  const head = await aServedHead()
  let log = ''
  head.head.child.stderr?.on('data', (text: string) => (log += text))
  await head.ask(`/api/nothing?token=${head.token}`)
  await head.ask('/api/version', { headers: { authorization: head.token } })
  await head.ask(`/logical/actors?ids=${head.token}`)
  await head.head.end('SIGTERM')
  expect(log).toContain('head.stopping')
  expect(log).not.toContain(head.token)
})

test('a browser gets in with a cookie that no script can read, and may only read', async () => {
  const head = await aServedHead()
  const browser = { authorization: undefined, 'user-agent': 'Mozilla/5.0', origin: head.url }
  expect((await head.ask('/api/authenticate', { method: 'POST', headers: browser })).status).toBe(401)
  expect((await head.ask('/api/authenticate', { method: 'POST', headers: { ...browser, authorization: 'Bearer no' } })).status).toBe(403)
  const let_in = await head.ask('/api/authenticate', { method: 'POST', headers: { ...browser, authorization: `Bearer ${head.token}` } })
  const [cookie = ''] = let_in.headers['set-cookie'] ?? []
  expect(cookie).toMatch(/^ray-authentication-token=.*; HttpOnly; SameSite=Strict$/)
  const carried = { ...browser, cookie: cookie.split(';')[0] }
  expect((await head.ask('/api/version', { headers: carried })).status).toBe(200)
  expect((await head.ask('/api/jobs/', { method: 'POST', headers: carried, body: '{}' })).status).toBe(405)
})

test('a foreign Host or Origin is refused', async () => {
  const head = await aServedHead(['--dashboard-allowed-hosts', 'proxy.example'])
  expect(await head.ask('/api/version', { headers: { host: 'evil.example' } })).toMatchObject({
    status: 403,
    body: expect.stringContaining('evil.example'),
  })
  expect((await head.ask('/api/version', { headers: { origin: 'https://evil.example' } })).status).toBe(403)
  expect((await head.ask('/api/version', { headers: { host: 'proxy.example' } })).status).toBe(200)
})

test('headers beyond 16 KiB, too many of them, and what is no HTTP are refused with a reason', async () => {
  const head = await aServedHead()
  const long = head.connect()
  long.write(`GET /api/version HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
  expect(await readToEnd(long)).toMatch(/^HTTP\/1.1 431 [^]*larger than the 16384 bytes/)
  const noise = head.connect()
  noise.write('\u0016\u0003\u0001 this is TLS, or nearly\r\n\r\n')
  expect(await readToEnd(noise)).toMatch(/^HTTP\/1.1 400 /)
  const smuggled = head.connect()
  smuggled.write('POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
  expect(await readToEnd(smuggled)).toMatch(/^HTTP\/1.1 400 /)
  expect((await head.ask('/api/version')).status).toBe(200)
})

test('a body of a gigabyte is refused by its size, before any of it is read, and chunked while it is', async () => {
  const head = await aServedHead()
  const announced = head.connect()
  announced.write(
    `POST /api/shoal/v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${head.token}\r\nContent-Length: 1073741824\r\nConnection: close\r\n\r\n`,
  )
  const [answer] = (await once(announced, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1.1 413 [^]*"too-large"/)
  const awaited = head.connect()
  awaited.write(
    `PUT /api/packages/gcs/x.zip HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${head.token}\r\nContent-Length: 10737418240\r\nExpect: 100-continue\r\n\r\n`,
  )
  const [refusal] = (await once(awaited, 'data')) as [Buffer]
  expect(refusal.toString()).toMatch(/^HTTP\/1.1 413 [^]*package x\.zip has 10737418240 bytes; this head takes 536870912/)
})

test('a package is not taken from who has no token, and the sender comes to read why', async () => {
  const head = await aServedHead()
  const answer = await head.ask('/api/packages/gcs/x.zip', {
    method: 'PUT',
    headers: { authorization: undefined },
    body: 'z'.repeat(8_000_000),
  })
  expect(answer.status).toBe(401)
})

test('path parameters that lead elsewhere are refused and name the parameter', async () => {
  const head = await aServedHead()
  for (const evil of [
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e%2f%2e%2e',
    '....%2f',
    'x%00y',
    '%2Fetc%2Fpasswd',
    `${'a'.repeat(10_000)}`,
    '%3Cscript%3E',
  ]) {
    for (const path of [`/nodes/${evil}`, `/logical/actors/${evil}`]) {
      const answer = await head.ask(path)
      expect([path, answer.status]).toEqual([path, 400])
      expect(answer.body).toMatch(/path parameter "(node|actor)_id"|the path of this request/)
    }
  }
  for (const path of ['/static/../api/jobs/', '/static/%2e%2e/api/version', '/nodes/..', '/nodes/%2E./x']) {
    expect([path, (await head.ask(path, { headers: { authorization: undefined } })).status]).toEqual([path, 400])
  }
})

test('a client that sends its headers a letter at a time is cut off with 408, while others are served', async () => {
  const api = await serveInProcess({ headersTimeoutMs: 1_000 })
  const slow = connectTo(api)
  slow.write('GET /api/version HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ')
  const ended = readToEnd(slow)
  const served = await askOver(api, '/api/version', { headers: { authorization: `Bearer ${api.token}` } })
  expect(served.status).toBe(200)
  expect(await ended).toMatch(/^HTTP\/1.1 408 [^]*too slowly/)
})

test('a client that sends its body a letter at a time is cut off with 408, and so is one whose chunks never end', async () => {
  const api = await serveInProcess({ slowBody: { windowMs: 500, minBytes: 1_000 } })
  for (const length of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
    const slow = connectTo(api)
    slow.write(`POST /api/jobs/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${api.token}\r\n${length}\r\n\r\n`)
    const dripping = setInterval(() => slow.write(length.startsWith('C') ? '{' : '1\r\n{\r\n'), 100)
    const text = await readToEnd(slow)
    clearInterval(dripping)
    expect(text).toMatch(/^HTTP\/1.1 408 [^]*less than 1000 bytes in 0.5 s/)
  }
  expect((await askOver(api, '/api/version', { headers: { authorization: `Bearer ${api.token}` } })).status).toBe(200)
})

test('a client that asks much and reads nothing is cut off, while a stream that has nothing to say stays', async () => {
  const api = await serveInProcess({ slowReaderMs: 500 })
  const asked = `GET /api/shoal/v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${api.token}\r\n\r\n`
  const greedy = connectTo(api).pause()
  greedy.write(asked.repeat(500))
  const upgrade =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
  const quiet = connectTo(api).resume()
  quiet.write(`GET /api/shoal/v1/events?since=latest HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${api.token}\r\n${upgrade}\r\n`)
  await expect.poll(() => quiet.bytesRead, { timeout: 30_000 }).toBeGreaterThan(0)
  await expect.poll(() => isHeldOpenByServer(greedy), { timeout: 30_000 }).toBe(false)
  const got = await readToEnd(greedy)
  expect(got.split('HTTP/1.1 200').length - 1).toBeLessThan(500)
  expect(quiet.destroyed).toBe(false)
})

test('a flood of idle connections ends itself, and who has a token is served meanwhile', async () => {
  const api = await serveInProcess({ connections: { max: 200, maxPerAddress: 200 } })
  const flood = Array.from({ length: 1_000 }, () => connectTo(api).resume())
  const closed = flood.map((socket) => once(socket, 'close'))
  await Promise.all(flood.map((socket) => once(socket, 'connect').catch(() => undefined)))
  for (let round = 0; round < 5; round += 1) {
    const served = await askOver(api, '/api/version', { headers: { authorization: `Bearer ${api.token}` } })
    expect(served.status).toBe(200)
  }
  await Promise.all(closed.slice(0, 700)) // the oldest made room
  expect(flood.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(200)
})

test('what a client names in a path or a query never comes back as HTML', async () => {
  const head = await aServedHead()
  const answer = await head.ask('/%3Cimg%20src=x%3E?x=<script>')
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
  expect(answer.headers['x-content-type-options']).toBe('nosniff')
  expect(join('/', answer.body)).not.toContain('\u001b')
})
