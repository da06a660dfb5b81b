import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '#test/support/checks.ts'
import { type Answer, type Ask, type PanelWorld, servePanel } from './panel-world.ts'
import { calls, innerWords, ThingEvent } from './test-table.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-page-'))
const outside = 'outside-secret-4711'
let panel: PanelWorld
/** Every answer of the panel, so that the last test can search them all. */
const said: string[] = []

beforeAll(async () => {
  const assets = join(folder, 'page')
  mkdirSync(join(assets, 'deep'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), outside)
  writeFileSync(join(folder, 'secret.js'), outside)
  writeFileSync(join(assets, 'index.html'), '<title>page</title>')
  writeFileSync(join(assets, 'deep', 'app.js'), 'app()')
  writeFileSync(join(assets, 'notes.txt'), outside)
  symlinkSync('/etc/passwd', join(assets, 'passwd.js'))
  symlinkSync(folder, join(assets, 'up'))
  panel = await servePanel({ assets })
})
afterAll(async () => {
  await panel.stop()
  rmSync(folder, { recursive: true })
})

async function ask(path: string, options: Ask = {}): Promise<Answer> {
  const answer = await panel.ask(path, options)
  said.push(JSON.stringify(answer.headers), answer.body)
  if (answer.status === 101) return answer
  expect(answer.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
  })
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  return answer
}

const json = { 'content-type': 'application/json' }
const bearer = () => ({ authorization: `Bearer ${panel.token}` })

type Door = Ask & { readonly path: string }
/** Every way in that needs a token or a session. */
const doors = (): Door[] => [
  ...Object.keys(calls).map((method) => ({ path: `/call/${method}`, method: 'POST', headers: json, body: '{}' })),
  { path: '/call/nothing', method: 'POST', headers: json, body: '{}' },
  { path: '/session' },
  { path: '/ws', isUpgrade: true },
]
const knock = (door: Door, headers: Ask['headers']) => ask(door.path, { ...door, headers: { ...door.headers, ...headers } })
const posts = (door: Door) => door.method === 'POST' || door.isUpgrade === true

test('every way in refuses who has no token and no session, a wrong one, or half of one', async () => {
  const wrong = '0'.repeat(64)
  const session = await panel.openSession()
  const withOrigin = { origin: panel.origin }
  for (const door of doors()) {
    expect([door.path, (await knock(door, {})).status]).toEqual([door.path, 401])
    expect([door.path, (await knock(door, withOrigin)).status]).toEqual([door.path, 401])
    for (const authorization of [
      `Bearer ${wrong}`,
      panel.token,
      `Bearer ${panel.token.slice(0, -1)}`,
      `Bearer ${panel.token}0`,
      `Bearer ${panel.token} ${panel.token}`,
      `Basic ${panel.token}`,
      'Bearer ',
    ])
      expect([401, 403, 429], `${door.path} ${authorization}`).toContain(
        (await knock(door, { authorization, ...session, ...withOrigin })).status,
      )
    for (const value of [
      `${panel.cookieName}=${wrong}`,
      `${panel.cookieName}=${panel.token}`,
      `${panel.cookieName}=`,
      `other=${session.cookie.split('=')[1]}`,
      `${session.cookie}; ${panel.cookieName}=${wrong}`,
      `shoal-panel-1=${session.cookie.split('=')[1]}`,
    ])
      expect([door.path, value, (await knock(door, { ...session, cookie: value, ...withOrigin })).status]).toEqual([door.path, value, 401])
  }
})

test('a token that comes in the address, in a query or in a body, opens nothing', async () => {
  const { token } = panel
  expect((await ask(`/call/echo?token=${token}`, { method: 'POST', headers: json, body: JSON.stringify({ token }) })).status).toBe(401)
  expect((await ask(`/ws?token=${token}`, { isUpgrade: true })).status).toBe(401)
  expect((await ask(`/session?token=${token}`)).status).toBe(401)
  expect((await ask(`/${token}/../call/echo`, { method: 'POST' })).status).toBe(400)
})

test('every way in takes the token from a program, and a session with its own origin', async () => {
  const session = await panel.openSession()
  for (const door of doors().filter(({ path }) => path !== '/call/wait')) {
    expect([door.path, [200, 101, 400, 404, 500].includes((await knock(door, bearer())).status)]).toEqual([door.path, true])
    expect([door.path, [200, 101, 400, 404, 500].includes((await knock(door, { ...session, origin: panel.origin })).status)]).toEqual([
      door.path,
      true,
    ])
  }
  const localhost = { host: `localhost:${panel.port}`, origin: `http://localhost:${panel.port}`, 'sec-fetch-site': 'same-origin' }
  expect((await ask('/session', { headers: { ...session, ...localhost } })).status).toBe(200)
})

test('the cookie of a session is read by no script, sent by no other site, and another one for each', async () => {
  const headers = { ...json, origin: panel.origin }
  const answers = await Promise.all(
    [1, 2].map(() => ask('/session', { method: 'POST', headers, body: JSON.stringify({ token: panel.token }) })),
  )
  const cookies = answers.map((answer) => answer.headers['set-cookie']?.[0] ?? '')
  for (const cookie of cookies) {
    expect(cookie).toMatch(new RegExp(`^${panel.cookieName}=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict$`))
    expect(cookie).not.toContain(panel.token)
  }
  expect(cookies[0]).not.toBe(cookies[1])
})

test('every path refuses a foreign Host (DNS rebinding), the page too, whoever asks', async () => {
  const { port } = panel
  const hosts = [
    'evil.example',
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    '127.0.0.1',
    'localhost',
    '127.0.0.1:1',
    `0.0.0.0:${port}`,
    `127.1:${port}`,
    `2130706433:${port}`,
    `localhost.:${port}`,
    `user@127.0.0.1:${port}`,
  ]
  for (const host of hosts) {
    for (const door of [...doors(), { path: '/' }, { path: '/deep/app.js' }])
      expect([host, door.path, (await knock(door, { host, ...bearer() })).status]).toEqual([host, door.path, 421])
  }
  const twice = await panel.say(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`)
  expect(twice).toMatch(/^HTTP\/1.1 4/)
  expect(await panel.say('GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 421/)
  expect(await panel.say('GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
  expect(await panel.say(`GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 400/,
  )
})

test('every way in refuses a foreign Origin, even with the right token or session: no form, no fetch, no WebSocket of another page', async () => {
  const session = await panel.openSession()
  const origins = [
    'http://evil.example',
    'null',
    'file://',
    `https://127.0.0.1:${panel.port}`,
    `http://127.0.0.1:${panel.port + 1}`,
    'http://127.0.0.1',
    `http://localhost:${panel.port}`,
    `http://127.0.0.1:${panel.port}.evil.example`,
    `http://evil.example@127.0.0.1:${panel.port}`,
    '',
  ]
  for (const origin of origins) {
    for (const door of doors()) {
      for (const carrier of [bearer(), session])
        expect([origin, door.path, (await knock(door, { origin, ...carrier })).status]).toEqual([origin, door.path, 403])
    }
    const body = JSON.stringify({ token: panel.token })
    expect([origin, (await ask('/session', { method: 'POST', headers: { ...json, origin }, body })).status]).toEqual([origin, 403])
  }
})

test('a session without an Origin is no browser, and changes nothing', async () => {
  const session = await panel.openSession()
  for (const door of doors().filter(posts)) expect([door.path, (await knock(door, session)).status]).toEqual([door.path, 403])
  expect((await ask('/session', { method: 'POST', headers: json, body: JSON.stringify({ token: panel.token }) })).status).toBe(403)
})

test('what a browser marks as coming from another site is refused, but for a link to the page', async () => {
  const session = await panel.openSession()
  for (const site of ['cross-site', 'same-site', 'nonsense']) {
    for (const door of doors())
      expect((await knock(door, { ...session, origin: panel.origin, 'sec-fetch-site': site })).status, `${site} ${door.path}`).toBe(403)
    expect(
      (await ask('/deep/app.js', { headers: { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' } })).status,
    ).toBe(403)
    const link = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect((await ask('/', { headers: link })).status).toBe(200)
    expect((await ask('/session', { headers: { ...link, ...session } })).status).toBe(403)
    expect((await ask('/', { headers: { ...link, 'sec-fetch-dest': 'iframe' } })).status).toBe(403)
  }
})

test('a body that a form can send is not taken, nor any other method, nor a preflight', async () => {
  const session = await panel.openSession()
  for (const type of [
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain; application/json',
    'application/jsonx',
    undefined,
  ]) {
    const headers = { ...session, origin: panel.origin, 'content-type': type }
    expect([type, (await ask('/call/echo', { method: 'POST', headers, body: '{"text":"x"}' })).status]).toEqual([type, 415])
  }
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
    for (const path of ['/', '/session', '/call/echo', '/ws', '/deep/app.js'])
      expect(
        (await ask(path, { method, headers: { ...bearer(), ...json, 'access-control-request-method': 'POST' } })).status,
        `${method} ${path}`,
      ).toBe(405)
  expect((await ask('/call/echo', { headers: bearer() })).status).toBe(405)
  expect((await ask('/ws', { headers: bearer() })).status).toBe(426)
  expect((await ask('/call/echo', { isUpgrade: true, headers: bearer() })).status).toBe(404)
})

test('no path leads out of the page’s folder, and links in it are not there', async () => {
  expect((await ask('/deep/app.js')).body).toBe('app()')
  expect((await ask('/')).body).toBe('<title>page</title>')
  expect((await ask('/clusters/c-1/nodes')).body).toBe('<title>page</title>')
  const ways = [
    '../secret.js',
    '../secret.txt',
    '..%2fsecret.js',
    '%2e%2e/secret.js',
    '%2e%2e%2fsecret.js',
    '..%5csecret.js',
    '..\\secret.js',
    '....//secret.js',
    '/etc/passwd',
    'passwd.js',
    'up/secret.js',
    'up/secret.txt',
    'notes.txt',
    'deep/../../secret.js',
    'deep/./app.js',
    '%252e%252e%252fsecret.js',
    '..;/secret.js',
    'app.js%00.html',
    '%c0%ae%c0%ae/secret.js',
    '__proto__',
    'constructor.js',
    'index.html/',
  ]
  for (const way of ways) {
    for (const path of [`/${way}`, `/deep/${way}`]) {
      const { status, body } = await ask(path)
      if (way === '__proto__') expect(body).toBe('<title>page</title>')
      else expect([path, [400, 404].includes(status)]).toEqual([path, true])
      expect(body).not.toContain(outside)
      expect(body).not.toContain('root:')
    }
  }
})

test('whatever stands in a body, nothing fails inside, and what fails inside stays there', async () => {
  const bodies = [
    '',
    'null',
    '[]',
    '7',
    '{',
    '{"text":',
    '['.repeat(300_000),
    '{"text":"\\ud800"}',
    '{"__proto__":{"text":"x"}}',
    '{"text":"x","more":1}',
    '\ufeff{}',
    '\u0000',
  ]
  for (const body of bodies) {
    const { status } = await ask('/call/echo', { method: 'POST', headers: { ...bearer(), ...json }, body })
    expect([body.slice(0, 30), [200, 400].includes(status)]).toEqual([body.slice(0, 30), true])
  }
  const answer = await ask('/call/fail', { method: 'POST', headers: { ...bearer(), ...json }, body: '{}' })
  expect(answer).toMatchObject({ status: 500, body: expect.not.stringContaining(innerWords) })
  expect(panel.log()).toContain(innerWords)
  for (const method of ['', 'nothing', '__proto__', 'echo/', '%65cho', 'constructor'])
    expect([method, (await ask(`/call/${method}`, { method: 'POST', headers: { ...bearer(), ...json }, body: '{}' })).status]).toEqual([
      method,
      404,
    ])
})

test('what is no message ends the WebSocket, and the panel serves on', async () => {
  const messages: (string | Buffer)[] = [
    '',
    '{',
    '7',
    'null',
    '[]',
    '{}',
    '{"id":-1,"method":"echo"}',
    '{"id":1}',
    '{"id":1,"method":"echo","surprise":1}',
    '{"subscribe":7}',
    '{"subscribe":"things","since":-1}',
    '['.repeat(1_000_000),
    Buffer.from('{"hidden":true}'),
  ]
  for (const message of messages) expect(await closeCode(message)).toBeOneOf([1003, 1008])
  expect(await closeCode('x'.repeat(9 * 1024 * 1024))).toBe(1009)
  expect((await ask('/session', { headers: bearer() })).status).toBe(200)
})

test('what comes behind the message that ended a WebSocket is not done', async () => {
  const client = panel.client()
  const seen: number[] = []
  client.subscribe('things', ThingEvent, { onEvents: ({ events }) => seen.push(...events.map(({ id }) => id)) })
  const order = (id: number) => JSON.stringify({ id, method: 'set', input: { id, value: 1 } })
  expect(await closeCode(order(1), '{', order(2))).toBe(1008)
  await client.call('set', { id: 3, value: 1 })
  await until('the last one came', () => seen.includes(3))
  expect(seen).toEqual([1, 3])
})

/** The code with which the panel closes a socket after these messages. */
function closeCode(...messages: (string | Buffer)[]): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${panel.port}/ws`, { headers: bearer() })
  return new Promise((resolve) => {
    socket.once('open', () => messages.forEach((message) => socket.send(message)))
    socket.on('message', (data) => said.push(String(data as Buffer)))
    socket.on('error', () => {}) // 'close' follows
    socket.once('close', resolve)
  })
}

test('wrong tokens are told to wait after a few, in every form, and the right one is still taken', async () => {
  const statuses = new Set<number>()
  for (let guess = 0; guess < 40; guess += 1) {
    const token = guess.toString(16).padStart(64, '0')
    statuses.add(
      (await ask('/session', { method: 'POST', headers: { ...json, origin: panel.origin }, body: JSON.stringify({ token }) })).status,
    )
    statuses.add((await ask('/session', { headers: { authorization: `Bearer ${token}` } })).status)
  }
  expect(statuses.has(429)).toBe(true)
  expect([...statuses].every((status) => status === 403 || status === 429)).toBe(true)
  expect((await ask('/session', { headers: bearer() })).status).toBe(200)
  expect((await panel.openSession()).cookie).toMatch(/=[0-9a-f]{64}$/)
})

test('no token, cookie or inner word stands in an answer, a log, or what other users see of the process', async () => {
  const session = await panel.openSession()
  const secrets = [panel.token, panel.readToken, session.cookie.split('=')[1] ?? '', session['x-shoal-page-key']]
  await ask(`/no/such?token=${panel.token}`, { headers: { ...session, referer: `http://evil.example/?${panel.token}` } })
  await ask(`/call/${panel.token}`, { method: 'POST', headers: { ...json, origin: 'http://evil.example', ...bearer() }, body: panel.token })
  await ask('/call/echo', { method: 'POST', headers: { ...json, ...bearer() }, body: `{"text": ${panel.token}` })
  await ask('/call/echo', {
    method: 'POST',
    headers: { ...json, ...bearer() },
    body: JSON.stringify({ text: { [panel.token]: panel.token } }),
  })
  const { title, argv } = await panel.client().call('facts', {})
  const places = { answers: said.join('\n'), log: panel.log(), title, argv: argv.join(' ') }
  for (const secret of secrets) {
    expect(Object.entries(places).flatMap(([place, text]) => (text.includes(secret) ? [place] : []))).toEqual([])
    for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) expect(commandLine(pid)).not.toContain(secret)
  }
  expect(places.answers).not.toContain(innerWords)
  expect(places.answers.length).toBeGreaterThan(10_000)
})

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return '' // it has ended
  }
}
