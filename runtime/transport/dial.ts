import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { ClusterError, toError } from '../base/errors.ts'
import { encodeFrame } from '../protocol/frame.ts'
import { encodeHello, type Hello, type HelloAccepted, parseHelloReply, protocolVersion } from '../protocol/hello.ts'
import type { CertifiedNode } from './certificates.ts'
import { handshakeTimeoutMs, ignoreErrors, type LinkSetup, linkOver, readFirstFrame } from './handshake.ts'
import { checkPinnedServer, clientTlsOptions, type Identity, identifyServer, joinerTlsOptions } from './identity.ts'
import { parseJoinToken } from './join-token.ts'
import { type KeepaliveOptions, networkKeepalive } from './keepalive.ts'
import type { Link, MessageOf, MessageSchemas } from './link.ts'

export type DialOptions = {
  hello: Omit<Hello, 'type' | 'protocol'>
  /** For connecting, TLS and the answer together. @default 5 s */
  timeoutMs?: number | undefined
}

/** A connection that the listener accepted. Take it as a link or as a bare stream, once. */
export type Dialed = {
  /** What the listener said of itself. */
  readonly answer: HelloAccepted
  /** Who the listener is, by its certificate. Absent on unix sockets. */
  readonly node: CertifiedNode | undefined
  link<Schemas extends MessageSchemas>(setup: LinkSetup<Schemas>): Link<MessageOf<Schemas>>
  /** For tunnels: paused, with every byte behind the answer. */
  raw(): Duplex
}

export type TlsTarget = {
  host: string
  port: number
  /** Overrides the pings of links between machines, for tests. */
  keepalive?: KeepaliveOptions | undefined
} & ({ identity: Identity; expectNodeId?: string | undefined } | { joinToken: string })

/**
 * Connects to a listener on this machine.
 * @throws ClusterError `link.closed` when nobody listens, `timeout`, or the listener's own code when it refused.
 */
export async function dialUnix(path: string, options: DialOptions): Promise<Dialed> {
  const socket = connect({ path })
  return greetListener(socket, { options, ready: 'connect', peer: path, identify: () => undefined, keepalive: undefined })
}

/**
 * Connects to another machine. With a join token the listener is checked against the token before the token is sent, and the role must be `join`.
 * @throws ClusterError `auth.refused` when the listener is not of our cluster or not the expected node, else as `dialUnix`.
 */
export async function dialTls(target: TlsTarget, options: DialOptions): Promise<Dialed> {
  const { host, port } = target
  const joining =
    'joinToken' in target ? { token: target.joinToken, fingerprint: parseJoinToken(target.joinToken).caFingerprint } : undefined
  const tls = 'joinToken' in target ? joinerTlsOptions() : clientTlsOptions(target.identity)
  const socket = connectTls({ ...tls, host, port })
  socket.setNoDelay(true)
  const identify = () => {
    if (joining !== undefined) return checkPinnedServer(socket, joining.fingerprint)
    return identifyServer(socket, 'identity' in target ? target.expectNodeId : undefined)
  }
  const hello = joining === undefined ? options.hello : { ...options.hello, role: 'join' as const, token: joining.token }
  const keepalive = target.keepalive ?? networkKeepalive
  return greetListener(socket, { options: { ...options, hello }, ready: 'secureConnect', peer: `${host}:${port}`, identify, keepalive })
}

type Greeting = {
  options: DialOptions
  ready: 'connect' | 'secureConnect'
  peer: string
  /** Throws when the listener is not who it should be: nothing has been sent then. */
  identify: () => CertifiedNode | undefined
  keepalive: KeepaliveOptions | undefined
}

async function greetListener(socket: Socket, { options, ready, peer, identify, keepalive }: Greeting): Promise<Dialed> {
  ignoreErrors(socket)
  const timeoutMs = options.timeoutMs ?? handshakeTimeoutMs
  const timer = setTimeout(() => {
    socket.destroy(new ClusterError('timeout', `${peer} did not answer within ${timeoutMs} ms`, { details: { waitedMs: timeoutMs } }))
  }, timeoutMs)
  try {
    await readiness(socket, ready)
    const node = identify()
    socket.write(encodeFrame(encodeHello({ ...options.hello, type: 'hello', protocol: protocolVersion })))
    const answer = parseHelloReply(await readFirstFrame(socket, timeoutMs))
    return {
      answer,
      node,
      link: (setup) => linkOver(socket, setup, { peer: node === undefined ? peer : `${node.nodeId}@${peer}`, keepalive }),
      raw: () => socket,
    }
  } catch (error) {
    socket.destroy()
    throw describe(error, socket, peer)
  } finally {
    clearTimeout(timer)
  }
}

function readiness(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection closed')))
  })
}

function describe(thrown: unknown, socket: Socket, peer: string): ClusterError {
  const error = toError(thrown)
  if (error instanceof ClusterError) return error
  const isUntrusted = socket instanceof TLSSocket && !socket.authorized && Boolean(socket.authorizationError)
  if (isUntrusted) return new ClusterError('auth.refused', `${peer} is not of this cluster: ${error.message}`, { cause: error })
  return new ClusterError('link.closed', `cannot reach ${peer}: ${error.message}`, { cause: error })
}
