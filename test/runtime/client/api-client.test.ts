import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { WebSocketServer } from 'ws'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { ClusterError } from '#runtime/base/errors.ts'
import { VersionInfo } from '#runtime/api/version.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { aServedHead } from '../head/http/served-head.ts'
import { aServer } from './a-server.ts'

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

/** A bare stream, as a channel of SSH is one: none of the methods of a socket. */
function bareStream(port: number, opened: { count: number }): () => Promise<Duplex> {
  return async () => {
    const socket = connectTcp(port, '127.0.0.1')
    await once(socket, 'connect')
    opened.count += 1
    return Duplex.from({ readable: socket, writable: socket })
  }
}

test('over streams that somebody else opens, requests share one and a socket has its own', async () => {
  const head = await aServedHead()
  const opened = { count: 0 }
  const client = new ApiClient({ url: 'http://127.0.0.1:1', token: head.token, connect: bareStream(head.port, opened) })
  onTestFinished(() => client.close())
  for (let round = 0; round < 5; round += 1) expect(await client.getJson('/api/version', VersionInfo)).toMatchObject({ version: '4' })
  expect(opened.count).toBe(1)
  const socket = await client.openSocket('/api/shoal/v1/events', { query: { since: 'latest' } })
  for await (const frame of socket) {
    expect(JSON.parse(frame)).toMatchObject({ type: 'batch' })
    socket.close()
  }
  expect(opened.count).toBeLessThanOrEqual(2)
})

test('a hop that fails is what the call says, for requests and for sockets', async () => {
  const connect = () => Promise.reject(new ClusterError('ssh.tunnel-refused', 'gpu01 cannot reach 127.0.0.1:8265'))
  const client = new ApiClient({ url: 'http://127.0.0.1:1', token: 't', connect })
  const refused = { code: 'ssh.tunnel-refused', message: 'gpu01 cannot reach 127.0.0.1:8265' }
  await expect(client.send({ method: 'GET', path: '/' })).rejects.toMatchObject(refused)
  await expect(client.openSocket('/')).rejects.toMatchObject(refused)
})

test('a stream that is cut in the middle of an answer is an error, and the next call takes another', async () => {
  const { url } = await aServer((request, response) => {
    if (request.url === '/ok') return void response.end('{}')
    response.writeHead(200, { 'content-length': 100 })
    response.write('x')
    setImmediate(() => response.destroy())
  })
  const opened = { count: 0 }
  const client = new ApiClient({ url, token: undefined, connect: bareStream(Number(new URL(url).port), opened) })
  onTestFinished(() => client.close())
  await expect(client.send({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'head.unavailable' })
  expect(await client.getJson('/ok', z.object({}))).toEqual({})
})

test('an answer that begins before the upload has ended may take its time', async () => {
  const head = await aServer((request, response) => {
    request.resume()
    response.write('begun ')
    request.once('end', () => setTimeout(() => response.end('ended'), 500))
  })
  const body = new PassThrough()
  const answer = new ApiClient({ url: head.url, token: undefined }).send({ method: 'PUT', path: '/', body, timeoutMs: 100 })
  body.write('x')
  setTimeout(() => body.end('y'), 50)
  expect(String(await answer)).toBe('begun ended')
})

test('the source of an upload that fails is closed', async () => {
  const body = new PassThrough()
  const sent = new ApiClient({ url: 'http://127.0.0.1:1', token: undefined }).send({ method: 'PUT', path: '/', body })
  await expect(sent).rejects.toMatchObject({ code: 'head.unavailable' })
  expect(body.destroyed).toBe(true)
})
