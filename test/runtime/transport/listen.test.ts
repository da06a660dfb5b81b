import { chmodSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { encodeFrame } from '#runtime/protocol/frame.ts'
import { encodeHello } from '#runtime/protocol/hello.ts'
import { type DialOptions, dialUnix } from '#runtime/transport/dial.ts'
import { type Listener, type ListenOptions, listenUnix } from '#runtime/transport/listen.ts'
import { aFolder, aLogger, incoming, nodeA, note, type RecordingLogger } from './support.ts'

const Numbered = z.object({ number: z.int() })
const hello = { version: 'test', role: 'agent' } as const satisfies DialOptions['hello']

/** Accepts everybody as a link that answers requests with their own message. */
const echo: ListenOptions['onPeer'] = (_hello, peer) => {
  peer.accept({ incoming, logger: silentLogger }, { details: { proved: peer.node?.nodeId ?? 'nobody' } }).onRequest((message) => message)
}

type Options = Partial<ListenOptions>

async function aUnixListener(more: Options = {}): Promise<{ listener: Listener; logger: RecordingLogger; path: string }> {
  const logger = aLogger()
  const path = join(aFolder(), 'run', 'agent.sock')
  const listener = await listenUnix(path, { logger, self: { version: 'test', nodeId: nodeA }, onPeer: echo, ...more })
  onTestFinished(() => listener.close())
  return { listener, logger, path }
}

async function servesUnix(path: string): Promise<void> {
  const link = (await dialUnix(path, { hello })).link({ incoming, logger: silentLogger })
  expect(await link.request(note(4), { reply: Numbered })).toEqual({ number: 4 })
  link.close()
}

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

test('a unix listener is for this user alone, answers a hello, and leaves no file behind', async () => {
  const { path, listener } = await aUnixListener()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  const dialed = await dialUnix(path, { hello })
  expect(dialed.answer).toMatchObject({ nodeId: nodeA, details: { proved: 'nobody' } })
  dialed.raw().destroy()
  await servesUnix(path)
  listener.close()
  await expect(dialUnix(path, { hello })).rejects.toMatchObject({ code: 'link.closed' })
})

test('a folder that others may enter, a path too long and a path in use are refused', async () => {
  const { path } = await aUnixListener()
  const options = { logger: silentLogger, self: { version: 'test' }, onPeer: echo }
  await expect(listenUnix(path, options)).rejects.toThrow(/another process listens/)
  await expect(listenUnix(`/tmp/${'x'.repeat(120)}`, options)).rejects.toThrow(/125 bytes long, 107 fit/)
  const folder = aFolder()
  chmodSync(folder, 0o755)
  await expect(listenUnix(join(folder, 'a.sock'), options)).rejects.toThrow(/mode 0700/)
})

test('the socket file of a killed process is replaced', async () => {
  const folder = aFolder()
  const path = join(folder, 'agent.sock')
  const { spawnSync } = await import('node:child_process')
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
  expect(statSync(path).isSocket()).toBe(true)
  const listener = await listenUnix(path, { logger: silentLogger, self: { version: 'test' }, onPeer: echo })
  await servesUnix(path)
  listener.close()
})

test('a tunnel gets the very bytes behind the hello, also those sent with it', async () => {
  const { path } = await aUnixListener({
    onPeer: (_hello, peer) => {
      const socket = peer.acceptRaw()
      socket.pipe(socket)
    },
  })
  const raw = connect({ path })
  raw.write(Buffer.concat([encodeFrame(encodeHello({ ...hello, role: 'tunnel', type: 'hello', protocol: 1 })), Buffer.from('early ')]))
  const chunks: Buffer[] = []
  raw.on('data', (chunk) => chunks.push(chunk))
  raw.end('late')
  await closed(raw)
  expect(Buffer.concat(chunks).toString()).toMatch(/early late$/)

  const tunnel = (await dialUnix(path, { hello: { ...hello, role: 'tunnel', target: 'worker-1' } })).raw()
  tunnel.write('ping')
  expect(String(await new Promise((resolve) => tunnel.once('data', resolve).resume()))).toBe('ping')
  tunnel.destroy()
})

test('what the owner refuses or throws reaches the dialer as that error, and the log', async () => {
  const { path, logger } = await aUnixListener({
    onPeer: async (message, peer) => {
      if (message.role === 'worker') return peer.refuse(new ClusterError('auth.refused', 'no such worker'))
      if (message.role === 'driver') throw new ClusterError('cluster.not-found', 'no cluster of that name')
      throw new TypeError('x is undefined')
    },
  })
  await expect(dialUnix(path, { hello: { ...hello, role: 'worker' } })).rejects.toMatchObject({
    code: 'auth.refused',
    message: 'no such worker',
  })
  await expect(dialUnix(path, { hello: { ...hello, role: 'driver' } })).rejects.toMatchObject({ code: 'cluster.not-found' })
  await expect(dialUnix(path, { hello })).rejects.toMatchObject({ code: 'internal' })
  expect(await logger.heard('link.refused')).toMatchObject({ code: 'auth.refused', reason: 'no such worker' })
})

test.each([
  [
    'another protocol version',
    encodeFrame(Buffer.from('{"type":"hello","protocol":9,"role":"agent"}')),
    { code: 'protocol.version', reason: /speaks protocol 9/ },
  ],
  [
    'an unknown role',
    encodeFrame(Buffer.from('{"type":"hello","protocol":1,"role":"king"}')),
    { code: 'protocol.violation', reason: /unknown role "king"/ },
  ],
  ['no hello at all', Buffer.from('GET / HTTP/1.1\r\n\r\n'), { code: 'protocol.violation', reason: /over the limit of 65536/ }],
  ['a hello cut off', Buffer.from([100, 0, 0, 0, 1]), { code: 'link.closed', reason: /before its first frame/ }],
])('%s is refused with a log line, and others are served', async (_what, bytes, { code, reason }) => {
  const { path, logger } = await aUnixListener()
  const socket = connect({ path })
  socket.on('error', () => {}).resume()
  socket.end(bytes)
  expect(await logger.heard('link.refused')).toMatchObject({
    code,
    reason: expect.stringMatching(reason),
    peer: expect.stringContaining(path),
  })
  await closed(socket)
  await servesUnix(path)
})

test('random bytes of many strangers are all refused with a log line, and others are served', async () => {
  const { path, logger } = await aUnixListener()
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), async (bytes) => {
      const socket = connect({ path })
      socket.on('error', () => {}).resume()
      socket.end(bytes)
      expect(await logger.heard('link.refused')).toHaveProperty('reason')
      await closed(socket)
    }),
    { numRuns: 100 },
  )
  await servesUnix(path)
})

test('a stranger who says nothing, or whom nobody decides on, is refused when its time is up', async () => {
  const { path, logger } = await aUnixListener({ handshakeMs: 30, onPeer: () => {} })
  const silent = connect({ path })
  silent.resume()
  expect(await logger.heard('link.refused')).toMatchObject({ code: 'timeout', reason: 'no hello within 30 ms' })
  await closed(silent)
  await expect(dialUnix(path, { hello })).rejects.toMatchObject({ code: 'timeout', message: /no decision/ })
})

test('a dialer does not wait for ever for an answer', async () => {
  const path = join(aFolder(), 'mute.sock')
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(path, resolve))
  await expect(dialUnix(path, { hello, timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout' })
  server.close()
})

test('more strangers than the limit are dropped with a log line; when they leave, others get in', async () => {
  const { path, logger } = await aUnixListener({ maxStrangers: 3 })
  const idle = Array.from({ length: 3 }, () => connect({ path }))
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  await expect(dialUnix(path, { hello })).rejects.toMatchObject({ code: 'link.closed' })
  expect(await logger.heard('link.refused')).toMatchObject({ code: 'link.overloaded' })
  for (const socket of idle) socket.destroy()
  for (let left = 3; left > 0; left -= 1) await logger.heard('link.refused')
  await servesUnix(path)
})
