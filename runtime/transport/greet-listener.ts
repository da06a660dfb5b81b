import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ClusterError, toError } from '../base/errors.ts'
import { encodeFrame } from '../protocol/frame.ts'
import { encodeHello, type Hello, type HelloAccepted, parseHelloReply, protocolVersion } from '../protocol/hello.ts'
import type { CertifiedNode } from './certificates.ts'
import { handshakeTimeoutMs, ignoreErrors, type LinkSetup, linkOver, readFirstFrame } from './handshake.ts'
import type { KeepaliveOptions } from './keepalive.ts'
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

/** How to greet over one kind of connection. */
export type Greeting = {
  options: DialOptions
  ready: 'connect' | 'secureConnect'
  peer: string
  /** Throws when the listener is not who it should be: nothing has been sent then. */
  identify: () => CertifiedNode | undefined
  /** Whether it was the listener's certificate that ended the connection. */
  isUntrusted?: () => boolean
  keepalive: KeepaliveOptions | undefined
}

/** Waits until the connection is ready, knows who is there, says hello and returns what came of it. Owns the socket: destroys it on failure. */
export async function greetListener(socket: Socket, greeting: Greeting): Promise<Dialed> {
  const { options, ready, peer, identify, keepalive } = greeting
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
    throw describe(error, greeting)
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

function describe(thrown: unknown, { peer, isUntrusted }: Greeting): ClusterError {
  const error = toError(thrown)
  if (error instanceof ClusterError) return error
  if (isUntrusted?.() === true)
    return new ClusterError('auth.refused', `${peer} is not of this cluster: ${error.message}`, { cause: error })
  return new ClusterError('link.closed', `cannot reach ${peer}: ${error.message}`, { cause: error })
}
