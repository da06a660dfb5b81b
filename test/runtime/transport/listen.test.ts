import { chmodSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { encodeFrame, maxHelloFrameBytes, writeU32 } from '#runtime/protocol/frame.ts'
import { encodeHello } from '#runtime/protocol/hello.ts'
import { createClusterAuthority } from '#runtime/transport/certificates.ts'
import { type DialOptions, dialTls, dialUnix } from '#runtime/transport/dial.ts'
import { clientTlsOptions, serverTlsOptions } from '#runtime/transport/identity.ts'
import { hashJoinToken, isJoinToken, mintJoinToken } from '#runtime/transport/join-token.ts'
import { type Listener, type ListenOptions, listenTls, listenUnix } from '#runtime/transport/listen.ts'
import { aFolder, aLogger, anIdentity, incoming, nodeA, nodeB, note, type RecordingLogger } from './support.ts'

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

async function aTlsListener(more: Options = {}) {
  const authority = createClusterAuthority()
  const logger = aLogger()
  const identity = anIdentity(authority, nodeA, 'head')
  const listener = await listenTls(
    { host: '127.0.0.1', port: 0, identity },
    { logger, self: { version: 'test', nodeId: nodeA }, onPeer: echo, ...more },
  )
  onTestFinished(() => listener.close())
  const at = { host: '127.0.0.1', port: listener.port }
  const member = anIdentity(authority, nodeB)
  const serves = async () => {
    const link = (await dialTls({ ...at, identity: member, expectNodeId: nodeA }, { hello })).link({ incoming, logger: silentLogger })
    expect(await link.request(note(4), { reply: Numbered })).toEqual({ number: 4 })
    link.close()
  }
  return { authority, logger, listener, at, identity, member, serves }
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
    'protocol.version',
    /speaks protocol 9/,
  ],
  ['an unknown role', encodeFrame(Buffer.from('{"type":"hello","protocol":1,"role":"king"}')), 'protocol.violation', /unknown role "king"/],
  ['no hello at all', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'protocol.violation', /over the limit of 65536/],
  ['a hello cut off', Buffer.from([100, 0, 0, 0, 1]), 'link.closed', /before its first frame/],
])('%s is refused with a log line, and others are served', async (_what, bytes, code, reason) => {
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

test('accepted links do not count as strangers', async () => {
  const { at, member } = await aTlsListener({ maxStrangersPerAddress: 2 })
  const links = []
  for (let count = 0; count < 5; count += 1)
    links.push((await dialTls({ ...at, identity: member }, { hello })).link({ incoming, logger: silentLogger }))
  expect(await links[4]?.request(note(5), { reply: Numbered })).toEqual({ number: 5 })
  for (const link of links) link.close()
})

test('one host that holds many connections open over TLS does not get more than its share', async () => {
  const { at, logger, serves } = await aTlsListener({ maxStrangersPerAddress: 2 })
  const idle = [connect(at), connect(at)]
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  const third = connect(at)
  third.on('error', () => {}).resume()
  await closed(third)
  expect(await logger.heard('link.refused')).toMatchObject({ code: 'link.overloaded' })
  for (const socket of idle) socket.destroy()
  for (let left = 2; left > 0; left -= 1) await logger.heard('link.refused')
  await serves()
})

test('over TLS both sides know each other by certificate', async () => {
  const { at, member } = await aTlsListener()
  const dialed = await dialTls({ ...at, identity: member, expectNodeId: nodeA }, { hello: { ...hello, nodeId: nodeB } })
  expect(dialed.node).toEqual({ nodeId: nodeA, role: 'head' })
  expect(dialed.answer.details).toEqual({ proved: nodeB })
  const link = dialed.link({ incoming, logger: silentLogger })
  expect(link.peer).toBe(`${nodeA}@127.0.0.1:${at.port}`)
  const bytes = new Uint8Array(3_000_000).fill(7)
  const Echo = z.object({ bytes: z.instanceof(Uint8Array) })
  const answer = await link.request({ type: 'blob.sent', name: 'big', bytes }, { reply: Echo })
  expect(Buffer.compare(answer.bytes, bytes)).toBe(0)
  link.close()
})

test('a certificate of another cluster is refused on both sides, and others are served', async () => {
  const { at, logger, serves } = await aTlsListener()
  const foreign = anIdentity(createClusterAuthority(), nodeB)
  await expect(dialTls({ ...at, identity: foreign }, { hello })).rejects.toMatchObject({
    code: 'auth.refused',
    message: /not of this cluster/,
  })
  // One that does not check whom it talks to gets no further.
  const careless = connectTls({ ...at, ...clientTlsOptions(foreign), rejectUnauthorized: false })
  careless.on('error', () => {}).resume()
  careless.write(encodeFrame(encodeHello({ ...hello, type: 'hello', protocol: 1 })))
  for (let seen = false; !seen; )
    seen = String((await logger.heard('link.refused'))['reason']).startsWith('its certificate is not of this cluster')
  await closed(careless)
  await serves()
})

test('without a certificate only the role join gets through', async () => {
  const { at, logger, serves } = await aTlsListener()
  const bare = connectTls({ ...at, rejectUnauthorized: false })
  bare.on('error', () => {}).resume()
  bare.write(encodeFrame(encodeHello({ ...hello, type: 'hello', protocol: 1 })))
  expect(await logger.heard('link.refused')).toMatchObject({
    code: 'auth.refused',
    reason: expect.stringContaining('needs a certificate'),
    peer: expect.stringContaining('127.0.0.1'),
  })
  await closed(bare)
  await serves()
})

test('a node that says it is another one than its certificate is refused', async () => {
  const { at, member, logger, serves } = await aTlsListener()
  await expect(dialTls({ ...at, identity: member }, { hello: { ...hello, nodeId: nodeA } })).rejects.toMatchObject({ code: 'auth.refused' })
  expect(await logger.heard('link.refused')).toMatchObject({ reason: `the hello says node ${nodeA}, the certificate is of node ${nodeB}` })
  await serves()
})

test('a dialer that expects another node leaves before it says anything', async () => {
  const { at, member, logger, serves } = await aTlsListener()
  await expect(dialTls({ ...at, identity: member, expectNodeId: nodeB }, { hello })).rejects.toMatchObject({
    code: 'auth.refused',
    message: expect.stringContaining(`is node ${nodeA}`),
  })
  expect(await logger.heard('link.refused')).toMatchObject({ peer: expect.stringContaining('127.0.0.1:') })
  await serves()
})

test('plain text and older TLS at the TLS port are refused with a log line, and others are served', async () => {
  const { at, logger, serves } = await aTlsListener()
  const plain = connect(at)
  plain.on('error', () => {}).resume()
  plain.end('GET / HTTP/1.1\r\n\r\n')
  expect(await logger.heard('link.refused')).toMatchObject({
    code: 'auth.refused',
    reason: expect.stringContaining('TLS'),
    peer: expect.stringContaining('127.0.0.1:'),
  })
  const old = connectTls({ ...at, rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
  old.on('error', () => {}).resume()
  expect(await logger.heard('link.refused')).toMatchObject({ code: 'auth.refused' })
  await closed(old)
  await serves()
})

test('a hello over the limit for strangers is refused over TLS too', async () => {
  const { at, logger, member, serves } = await aTlsListener()
  const socket = connectTls({ ...at, ...clientTlsOptions(member) })
  socket.on('error', () => {}).resume()
  const header = new Uint8Array(4)
  writeU32(header, 0, maxHelloFrameBytes + 1)
  socket.write(header)
  expect(await logger.heard('link.refused')).toMatchObject({ code: 'protocol.violation' })
  await closed(socket)
  await serves()
})

test('who has the right join token gets in without a certificate; a wrong one is refused', async () => {
  let hash = ''
  const { at, authority, logger, serves } = await aTlsListener({
    onPeer: (message, peer) => {
      if (message.role === 'join' && !isJoinToken(message.token ?? '', hash))
        throw new ClusterError('auth.refused', 'unknown join token; ask for a new one')
      return echo(message, peer)
    },
  })
  const token = mintJoinToken(authority)
  hash = hashJoinToken(token)
  const dialed = await dialTls({ ...at, joinToken: token }, { hello: { version: 'test', role: 'join' } })
  expect(dialed).toMatchObject({ node: { nodeId: nodeA, role: 'head' }, answer: { details: { proved: 'nobody' } } })
  dialed.raw().destroy()
  await expect(dialTls({ ...at, joinToken: mintJoinToken(authority) }, { hello })).rejects.toMatchObject({
    code: 'auth.refused',
    message: /unknown join token/,
  })
  expect(await logger.heard('link.refused')).toMatchObject({ code: 'auth.refused' })
  await serves()
})

test('a joiner sends its token to nobody but the head of the cluster that the token names', async () => {
  const authority = createClusterAuthority()
  const other = createClusterAuthority()
  const received: Buffer[] = []
  const impostor = async (options: Parameters<typeof createTlsServer>[0]) => {
    const server = createTlsServer({ ...options }, (socket) => socket.on('error', () => {}).on('data', (chunk) => received.push(chunk)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    return { host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
  }
  const foreign = anIdentity(other, nodeA, 'head')
  const otherCluster = await impostor(serverTlsOptions(foreign))
  // The right authority's certificate is public: here it is shown behind a leaf that it did not sign.
  const borrowed = await impostor({ ...serverTlsOptions(foreign), cert: `${foreign.certPem}\n${authority.caCertPem}` })
  const anAgent = await impostor(serverTlsOptions(anIdentity(authority, nodeB, 'agent')))
  for (const at of [otherCluster, borrowed, anAgent]) {
    await expect(dialTls({ ...at, joinToken: mintJoinToken(authority) }, { hello })).rejects.toMatchObject({ code: 'auth.refused' })
  }
  expect(Buffer.concat(received)).toHaveLength(0)
})
