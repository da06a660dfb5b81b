import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { VersionInfo } from '#runtime/api/version.ts'
import { commonFlags, FlagValues } from '#runtime/cli/command.ts'
import { ApiClient, openApi } from '#runtime/cli/http/api-client.ts'
import { apiFlags } from '#runtime/cli/http/api-target.ts'
import { forgetTempDir, rememberTempDir } from '#runtime/cli/known-temp-dirs.ts'
import { aFolder } from '../../head/head-process.ts'
import { aServedHead } from '../../head/http/served-head.ts'

const variables = [
  'SHOAL_API_ADDRESS',
  'SHOAL_API_TOKEN',
  'RAY_API_SERVER_ADDRESS',
  'RAY_ADDRESS',
  'RAY_AUTH_TOKEN',
  'RAY_AUTH_TOKEN_PATH',
  'SHOAL_TEMP_DIR',
] as const

afterEach(() => void vi.unstubAllEnvs())

function valuesOf(flags: Readonly<Record<string, string>>, env: Partial<Record<(typeof variables)[number], string>> = {}): FlagValues {
  for (const name of variables) vi.stubEnv(name, env[name])
  return new FlagValues({ ...commonFlags, ...apiFlags }, new Map(Object.entries(flags)))
}

/** A server that is no head, or a broken one. */
async function aServer(listener: RequestListener): Promise<{ url: string; server: ReturnType<typeof createServer> }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

test('the head of this machine is found by its folder, with its token', async () => {
  const head = await aServedHead()
  const client = openApi(valuesOf({ 'temp-dir': head.head.layout.tempDir }))
  expect(client.url).toBe(head.url)
  expect(await client.getJson('/api/version', VersionInfo)).toMatchObject({ version: '4' })
})

test('with several heads on the machine the variable chooses as the flag does, and the flag comes first', async () => {
  const [one, other] = [await aServedHead(), await aServedHead()]
  const [first, second] = [one.head.layout.tempDir, other.head.layout.tempDir]
  const urlOf = (flags: Record<string, string>, variable?: string) =>
    openApi(valuesOf(flags, variable === undefined ? {} : { SHOAL_TEMP_DIR: variable })).url
  vi.stubEnv('TMPDIR', aFolder())
  rememberTempDir(first)
  rememberTempDir(second)
  expect([urlOf({}, first), urlOf({}, second)]).toEqual([one.url, other.url])
  expect(urlOf({ 'temp-dir': first }, second)).toBe(one.url)
  expect(() => urlOf({})).toThrow(/several heads run on this machine.*--temp-dir/)
  expect(() => urlOf({}, '/nowhere')).toThrow(/in \/nowhere; .*heads run in /)
  forgetTempDir(second)
  expect(urlOf({})).toBe(one.url)
  expect(() => urlOf({}, '/nowhere')).toThrow(/in \/nowhere;/)
})

test('an address of this machine gets its token, however it is written, and another address never does', async () => {
  const head = await aServedHead()
  const folder = { 'temp-dir': head.head.layout.tempDir }
  const other = await aServer((request, response) => response.end(JSON.stringify({ came: request.headers.authorization ?? 'nothing' })))
  for (const address of [head.url, `${head.url}/`, `http://localhost:${head.port}`]) {
    await openApi(valuesOf({ ...folder, address })).getJson('/api/version', VersionInfo)
  }
  const Came = z.object({ came: z.string() })
  expect(await openApi(valuesOf({ ...folder, address: other.url })).getJson('/', Came)).toEqual({ came: 'nothing' })
  expect(await openApi(valuesOf({ ...folder, address: other.url }, { SHOAL_API_TOKEN: 'abc' })).getJson('/', Came)).toEqual({
    came: 'Bearer abc',
  })
})

test('the flag comes before the variables, ours before those of Ray, and RAY_ADDRESS counts when it is HTTP', () => {
  const urlOf = (flags: Record<string, string>, env: Parameters<typeof valuesOf>[1]) =>
    openApi(valuesOf({ 'temp-dir': '/nowhere', ...flags }, env)).url
  const ray = { RAY_API_SERVER_ADDRESS: 'http://b:2', RAY_ADDRESS: 'http://c:3' }
  expect(urlOf({ address: 'http://f:9/' }, { SHOAL_API_ADDRESS: 'http://a:1', ...ray })).toBe('http://f:9')
  expect(urlOf({}, { SHOAL_API_ADDRESS: 'http://a:1', ...ray })).toBe('http://a:1')
  expect(urlOf({}, ray)).toBe('http://b:2')
  expect(urlOf({}, { RAY_ADDRESS: 'http://c:3' })).toBe('http://c:3')
  expect(() => urlOf({}, { RAY_ADDRESS: '10.0.0.5:6379' })).toThrow(/no head with an HTTP API runs on this machine/)
  expect(() => urlOf({ address: 'ftp://x' }, {})).toThrow(/http:\/\/HOST:PORT/)
  expect(() => urlOf({ address: '10.0.0.5:6379' }, {})).toThrow(/http:\/\/HOST:PORT/)
})

test('a token comes from its file, which must be there', async () => {
  const head = await aServedHead()
  const file = join(aFolder(), 'token')
  writeFileSync(file, `${head.readToken}\n`)
  const client = openApi(valuesOf({ 'temp-dir': '/nowhere', address: head.url, 'token-file': file }))
  expect(await client.getJson('/api/version', VersionInfo)).toBeDefined()
  await expect(client.send({ method: 'POST', path: '/api/jobs/', json: { entrypoint: 'true' } })).rejects.toMatchObject({
    code: 'auth.refused',
    message: expect.stringContaining('may only read'),
  })
  expect(() => openApi(valuesOf({ address: head.url, 'token-file': '/nowhere/token' }))).toThrow(/\/nowhere\/token cannot be read/)
})

test('each way to fail has its code and says what to do', async () => {
  const head = await aServedHead()
  const at = (url: string, token?: string) => new ApiClient({ url, token })
  await expect(at('http://127.0.0.1:1').getJson('/api/version', VersionInfo)).rejects.toMatchObject({
    code: 'head.unavailable',
    message: expect.stringContaining('nothing listens there'),
  })
  await expect(at(head.url).getJson('/api/version', VersionInfo)).rejects.toMatchObject({
    code: 'auth.missing',
    message: expect.stringContaining('--token-file'),
  })
  await expect(at(head.url, 'no').getJson('/api/version', VersionInfo)).rejects.toMatchObject({ code: 'auth.refused' })
  await expect(at(head.url, head.token).getJson('/api/shoal/v1/none', z.unknown())).rejects.toMatchObject({ code: 'not-found' })
  await expect(at(head.url, head.token).getJson('/api/v0/none', z.unknown())).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('/api/v0/none'),
  })
  const page = await aServer((_request, response) => response.end('<html>hello</html>'))
  await expect(at(page.url).getJson('/api/version', VersionInfo)).rejects.toMatchObject({
    code: 'protocol.violation',
    message: expect.stringContaining('not what a Shoal or Ray head answers'),
  })
  const silent = await aServer(() => {})
  await expect(at(silent.url).getJson('/', z.unknown(), { timeoutMs: 200 })).rejects.toMatchObject({ code: 'timeout' })
  const cut = await aServer((_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('x')
    setImmediate(() => response.destroy())
  })
  await expect(at(cut.url).send({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'head.unavailable' })
})

test('a socket gives its messages in order; an end that is none is an error, and a refusal the same as of a request', async () => {
  const { url, server } = await aServer((_request, response) => response.writeHead(404).end('no such job'))
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/none')
      return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 11\r\nConnection: close\r\n\r\nno such job')
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      for (let line = 0; line < 500; line += 1) accepted.send(`line ${line}`)
      if (request.url === '/broken') setTimeout(() => accepted.terminate(), 20)
      else accepted.close(1000)
    })
  })
  const client = new ApiClient({ url, token: 't' })
  const lines: string[] = []
  for await (const line of await client.openSocket('/whole')) lines.push(line)
  expect(lines).toEqual(Array.from({ length: 500 }, (_, line) => `line ${line}`))
  const broken = await client.openSocket('/broken')
  await expect(
    (async () => {
      for await (const line of broken) expect(line).toMatch(/^line/)
    })(),
  ).rejects.toMatchObject({ code: 'link.closed', details: { closeCode: 1006 } })
  await expect(client.openSocket('/none')).rejects.toMatchObject({ code: 'not-found', message: 'no such job' })
})
