import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ClusterError, toError } from '../base/errors.ts'
import { encodeFrame } from '../protocol/frame.ts'
import { encodeHello, type Hello, type HelloAccepted, parseHello, protocolVersion, refusal } from '../protocol/hello.ts'
import type { CertifiedNode } from './certificates.ts'
import { handshakeTimeoutMs, ignoreErrors, type LinkSetup, linkOver, readFirstFrame } from './handshake.ts'
import { type KeepaliveOptions, pingsFor } from './keepalive.ts'
import type { Link, MessageOf, MessageSchemas } from './link.ts'
import type { StrangerLimits, Strangers } from './strangers.ts'

const refusalLingerMs = 1_000

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
  /** From now on listening does not keep the process alive. */
  unref(): void
  /** Takes no more connections and drops those not accepted yet. Accepted ones live on. */
  close(): void
}

/** What is known of a connection before its hello. */
export type Greeting = {
  options: ListenOptions
  strangers: Strangers
  address: string
  node: CertifiedNode | undefined
  isNetwork: boolean
  keepalive?: KeepaliveOptions
}

/** Reads the hello, has the owner decide, and answers. Never rejects: what goes wrong refuses the peer. */
export async function greet(socket: Socket, greeting: Greeting): Promise<void> {
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
    await greeting.options.onPeer(hello, peerOf(socket, { ...greeting, hello }, decide))
  } catch (error) {
    if (isDecided) greeting.options.logger.error('link.accept-failed', { peer: greeting.address, reason: toError(error).message })
    else {
      isDecided = true
      clearTimeout(timer)
      refuse(socket, greeting, error)
    }
  }
}

function peerOf(socket: Socket, greeting: Greeting & { hello: Hello }, decide: () => void): Peer {
  const { address, node, options, strangers, hello } = greeting
  const keepalive = greeting.keepalive && pingsFor(hello.role, 'listener', greeting.keepalive)
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
      return linkOver(socket, setup, { peer: node === undefined ? address : `${node.nodeId}@${address}`, keepalive })
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

/** Logs why, tells the peer, and closes. */
export function refuse(socket: Socket, { options, address }: Greeting, error: unknown): void {
  const answer = refusal(error)
  options.logger.warn('link.refused', { peer: address, code: answer.code, reason: answer.reason })
  socket.end(encodeFrame(encodeHello(answer)))
  const timer = setTimeout(() => socket.destroy(), refusalLingerMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}

export function closeListener(server: Server, strangers: Strangers): void {
  server.close()
  strangers.dropAll()
}

/** Resolves when `server` listens. @throws ClusterError `bad-argument` when it cannot. */
export function listening(server: Server, at: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = 'path' in at ? at.path : `${at.host}, port ${at.port}`
      reject(new ClusterError('bad-argument', `cannot listen on ${where}: ${listenProblems[cause.code ?? ''] ?? cause.message}`, { cause }))
    })
    server.listen(at, resolve)
  })
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; end that one, or choose another port, or 0 for a free one',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not; ports below 1024 are for root',
}
