import { connect, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { encodeFrame, maxHelloFrameBytes, writeU32 } from '#runtime/protocol/frame.ts'
import { encodeHello } from '#runtime/protocol/hello.ts'
import { createClusterAuthority } from '#runtime/transport/certificates.ts'
import { type DialOptions, dialTls } from '#runtime/transport/dial.ts'
import { clientTlsOptions, serverTlsOptions } from '#runtime/transport/identity.ts'
import { hashJoinToken, isJoinToken, mintJoinToken } from '#runtime/transport/join-token.ts'
import { type ListenOptions, listenTls } from '#runtime/transport/listen.ts'
import { aLogger, anIdentity, incoming, nodeA, nodeB, note } from './support.ts'

const Numbered = z.object({ number: z.int() })
const hello = { version: 'test', role: 'agent' } as const satisfies DialOptions['hello']

/** Accepts everybody as a link that answers requests with their own message. */
const echo: ListenOptions['onPeer'] = (_hello, peer) => {
  peer.accept({ incoming, logger: silentLogger }, { details: { proved: peer.node?.nodeId ?? 'nobody' } }).onRequest((message) => message)
}

type Options = Partial<ListenOptions>

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

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

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
  // And here behind a leaf that claims to be signed by it, with another key.
  const forged = await impostor(serverTlsOptions(anIdentity({ caCertPem: authority.caCertPem, caKeyPem: other.caKeyPem }, nodeA, 'head')))
  const anAgent = await impostor(serverTlsOptions(anIdentity(authority, nodeB, 'agent')))
  for (const at of [otherCluster, borrowed, forged, anAgent]) {
    await expect(dialTls({ ...at, joinToken: mintJoinToken(authority) }, { hello })).rejects.toMatchObject({ code: 'auth.refused' })
  }
  expect(Buffer.concat(received)).toHaveLength(0)
})

test('connections that are not TLS go to who takes them, with their first byte, and TLS goes on beside them', async () => {
  const authority = createClusterAuthority()
  const plain: string[] = []
  const onPlain = (socket: Socket) => {
    socket.on('data', (bytes: Buffer) => {
      plain.push(bytes.toString())
      socket.end('taken')
    })
  }
  const listener = await listenTls(
    { host: '127.0.0.1', port: 0, identity: anIdentity(authority, nodeA, 'head'), onPlain },
    { logger: aLogger(), self: { version: 'test', nodeId: nodeA }, onPeer: echo },
  )
  onTestFinished(() => listener.close())
  const at = { host: '127.0.0.1', port: listener.port }
  const socket = connect(at)
  const answered = new Promise((resolve) => socket.once('data', (bytes: Buffer) => resolve(bytes.toString())))
  socket.write('PRI * HTTP/2.0')
  expect(await answered).toBe('taken')
  expect(plain).toEqual(['PRI * HTTP/2.0'])
  const link = (await dialTls({ ...at, identity: anIdentity(authority, nodeB), expectNodeId: nodeA }, { hello })).link({
    incoming,
    logger: silentLogger,
  })
  expect(await link.request(note(4), { reply: Numbered })).toEqual({ number: 4 })
  link.close()
})
