import { chmodSync, mkdirSync, statSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { ClusterError, toError } from '../base/errors.ts'
import { encodeFrame } from '../protocol/frame.ts'
import { encodeHello, type Hello, type HelloAccepted, parseHello, protocolVersion, refusal } from '../protocol/hello.ts'
import type { CertifiedNode } from './certificates.ts'
import { handshakeTimeoutMs, ignoreErrors, type LinkSetup, linkOver, readFirstFrame } from './handshake.ts'
import { type Identity, identifyClient, serverTlsOptions } from './identity.ts'
import { type KeepaliveOptions, networkKeepalive } from './keepalive.ts'
import type { Link, MessageOf, MessageSchemas } from './link.ts'
import { createStrangers, type StrangerLimits, type Strangers } from './strangers.ts'

/** What the listener says of itself when it accepts. */
export type HelloAnswer = Omit<HelloAccepted, 'type' | 'protocol'>

/** A greeted connection that waits for a decision. Exactly one of the three, within the handshake's time. */
export type Peer = {
  readonly address: string
  /** Proved by a certificate of this cluster. Absent on unix sockets, and for those who come to join. */
  readonly node: CertifiedNode | undefined
  accept<Schemas extends MessageSchemas>(setup: LinkSetup<Schemas>, answer?: Partial<HelloAnswer>): Link<MessageOf<Schemas>>
  /** For tunnels: the bytes behind the hello, untouched. The socket is paused; the caller owns it. */
  acceptRaw(answer?: Partial<HelloAnswer>): Duplex
  refuse(error: ClusterError): void
}

export type ListenOptions = StrangerLimits & {
  self: HelloAnswer
  /** May decide later. What it throws refuses the peer, with that code. */
  onPeer: (hello: Hello, peer: Peer) => void | Promise<void>
  /** For the hello, and again for the decision. @default 5 s */
  handshakeMs?: number | undefined
}

export type Listener = {
  /** The path, or `host:port`. */
  readonly address: string
  /** 0 for a unix socket. */
  readonly port: number
  /** Takes no more connections and drops those not accepted yet. Accepted ones live on. */
  close(): void
}

/** Longest path that fits into a unix socket's address. */
const maxSocketPathBytes = 107
const refusalLingerMs = 1_000

/**
 * Listens on a unix socket of mode 0600 in a folder of mode 0700, which is made when missing. A socket file that nobody listens on is replaced.
 * @throws ClusterError `bad-argument` when the path is too long, the folder is open to others, or somebody listens there.
 */
export async function listenUnix(path: string, options: ListenOptions): Promise<Listener> {
  if (Buffer.byteLength(path) > maxSocketPathBytes) {
    throw new ClusterError(
      'bad-argument',
      `the socket path ${path} is ${Buffer.byteLength(path)} bytes long, ${maxSocketPathBytes} fit; use a shorter folder`,
    )
  }
  preparePrivateFolder(dirname(path))
  await removeStaleSocket(path)
  // All of them are this user's own processes: no limit for each.
  const strangers = createStrangers({ ...options, maxStrangersPerAddress: Number.POSITIVE_INFINITY })
  let count = 0
  const server = createServer((socket) => {
    count += 1
    const address = `${path}#${count}`
    if (strangers.admit(socket, address, '')) void greet(socket, { options, strangers, address, node: undefined, isNetwork: false })
  })
  await listening(server, { path })
  chmodSync(path, 0o600)
  return { address: path, port: 0, close: () => closeListener(server, strangers) }
}

/**
 * Listens for TLS 1.3. Nodes prove themselves by a certificate of the cluster; without one, only the role `join` gets through.
 * Port 0 takes a free one.
 * @throws ClusterError `bad-argument` when the address cannot be listened on.
 */
export async function listenTls(
  at: { host: string; port: number; identity: Identity; keepalive?: KeepaliveOptions | undefined },
  options: ListenOptions,
): Promise<Listener> {
  const strangers = createStrangers(options)
  const tls = createTlsServer({
    ...serverTlsOptions(at.identity),
    noDelay: true,
    handshakeTimeout: options.handshakeMs ?? handshakeTimeoutMs,
  })
  const keepalive = at.keepalive ?? networkKeepalive
  /** Addresses of connections in the TLS handshake. A TLS socket whose peer has gone does not know its address any more, the TCP socket's owner does. */
  const inTls = new Set<string>()
  const refuseTls = (peer: string, reason: string) =>
    options.logger.warn('link.refused', { peer, code: 'auth.refused', reason: `TLS: ${reason}` })
  tls.on('secureConnection', (socket) => {
    const address = addressOf(socket)
    inTls.delete(address)
    greetSecure(socket, { options, strangers, address, node: undefined, isNetwork: true, keepalive })
  })
  tls.on('tlsClientError', (error, socket) => {
    if (inTls.delete(addressOf(socket))) refuseTls(addressOf(socket), error.message)
    socket.destroy()
  })
  // Plain TCP is taken first, so that connections are counted before any handshake costs us time.
  const server = createServer({ noDelay: true }, (socket) => {
    ignoreErrors(socket)
    const address = addressOf(socket)
    if (!strangers.admit(socket, address, socket.remoteAddress ?? '')) return
    inTls.add(address)
    socket.once('close', () => inTls.delete(address) && refuseTls(address, 'the connection closed in the handshake'))
    tls.emit('connection', socket)
  })
  await listening(server, { host: at.host, port: at.port })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : at.port
  return { address: `${at.host}:${port}`, port, close: () => closeListener(server, strangers) }
}

type Greeting = {
  options: ListenOptions
  strangers: Strangers
  address: string
  node: CertifiedNode | undefined
  isNetwork: boolean
  keepalive?: KeepaliveOptions
}

function greetSecure(socket: TLSSocket, greeting: Greeting): void {
  ignoreErrors(socket)
  socket.once('close', () => greeting.strangers.release(greeting.address))
  try {
    void greet(socket, { ...greeting, node: identifyClient(socket) })
  } catch (error) {
    refuse(socket, greeting, error)
  }
}

async function greet(socket: Socket, greeting: Greeting): Promise<void> {
  ignoreErrors(socket)
  const timeoutMs = greeting.options.handshakeMs ?? handshakeTimeoutMs
  let isDecided = false
  const decide = () => {
    if (isDecided) throw new ClusterError('bad-argument', `the peer ${greeting.address} was accepted or refused already`)
    isDecided = true
    clearTimeout(timer)
  }
  let timer: NodeJS.Timeout | undefined
  try {
    const hello = parseHello(await readFirstFrame(socket, timeoutMs))
    checkClaims(hello, greeting)
    timer = setTimeout(() => {
      isDecided = true
      refuse(socket, greeting, new ClusterError('timeout', `no decision on this peer within ${timeoutMs} ms`))
    }, timeoutMs)
    await greeting.options.onPeer(hello, peerOf(socket, greeting, decide))
  } catch (error) {
    if (isDecided) greeting.options.logger.error('link.accept-failed', { peer: greeting.address, reason: toError(error).message })
    else {
      isDecided = true
      clearTimeout(timer)
      refuse(socket, greeting, error)
    }
  }
}

function peerOf(socket: Socket, greeting: Greeting, decide: () => void): Peer {
  const { address, node, options, strangers } = greeting
  const answer = (more: Partial<HelloAnswer> | undefined) => {
    decide()
    strangers.release(address)
    socket.write(encodeFrame(encodeHello({ ...options.self, ...more, type: 'hello.accepted', protocol: protocolVersion })))
  }
  return {
    address,
    node,
    accept(setup, more) {
      answer(more)
      return linkOver(socket, setup, { peer: node === undefined ? address : `${node.nodeId}@${address}`, keepalive: greeting.keepalive })
    },
    acceptRaw(more) {
      answer(more)
      return socket
    },
    refuse(error) {
      decide()
      refuse(socket, greeting, error)
    },
  }
}

/** What a hello says must agree with what TLS proved. */
function checkClaims(hello: Hello, { node, isNetwork }: Greeting): void {
  if (!isNetwork) return
  if (node === undefined && hello.role !== 'join') {
    throw new ClusterError('auth.refused', `role ${hello.role} needs a certificate of this cluster, and none was shown; join first`)
  }
  if (node === undefined && hello.token === undefined) throw new ClusterError('auth.refused', 'role join needs a token')
  if (node !== undefined && hello.nodeId !== undefined && hello.nodeId !== node.nodeId) {
    throw new ClusterError('auth.refused', `the hello says node ${hello.nodeId}, the certificate is of node ${node.nodeId}`)
  }
}

function refuse(socket: Socket, { options, address }: Greeting, error: unknown): void {
  const answer = refusal(error)
  options.logger.warn('link.refused', { peer: address, code: answer.code, reason: answer.reason })
  socket.end(encodeFrame(encodeHello(answer)))
  const timer = setTimeout(() => socket.destroy(), refusalLingerMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}

const addressOf = (socket: Socket): string => `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`

function closeListener(server: Server, strangers: Strangers): void {
  server.close()
  strangers.dropAll()
}

function listening(server: Server, at: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new ClusterError('bad-argument', `cannot listen on ${JSON.stringify(at)}: ${cause.message}`, { cause })),
    )
    server.listen(at, resolve)
  })
}

function preparePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = statSync(folder)
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new ClusterError(
      'bad-argument',
      `${folder} must belong to this user with mode 0700, it has mode ${(mode & 0o777).toString(8)}; sockets in it would be open to others`,
    )
  }
}

/** A socket file stays behind when its process is killed. */
function removeStaleSocket(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      reject(new ClusterError('bad-argument', `another process listens on ${path}`))
    })
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') unlinkSync(path)
      resolve() // ENOENT is the usual case; anything else shows again when we listen
    })
  })
}
