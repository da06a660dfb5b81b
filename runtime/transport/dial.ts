import { connect } from 'node:net'
import type { TlsTarget } from './dial-tls.ts'
import { type Dialed, type DialOptions, greetListener } from './greet-listener.ts'

export type { TlsTarget } from './dial-tls.ts'
export type { Dialed, DialOptions } from './greet-listener.ts'

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
  const { connectOverTls } = await import('./dial-tls.ts') // TLS costs a process 5 ms at its start
  return connectOverTls(target, options)
}
