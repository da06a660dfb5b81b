// Loaded by dial.ts when somebody dials another machine: processes that never do need not load TLS.
import { connect } from 'node:tls'
import { type Dialed, type DialOptions, greetListener } from './greet-listener.ts'
import { checkPinnedServer, clientTlsOptions, type Identity, identifyServer, joinerTlsOptions } from './identity.ts'
import { parseJoinToken } from './join-token.ts'
import { kernelKeepaliveMs, type KeepaliveOptions, networkKeepalive, pingsFor } from './keepalive.ts'

export type TlsTarget = {
  host: string
  port: number
  /** Overrides the pings of links between machines, for tests. */
  keepalive?: KeepaliveOptions | undefined
} & ({ identity: Identity; expectNodeId?: string | undefined } | { joinToken: string })

/** What `dialTls` does. */
export async function connectOverTls(target: TlsTarget, options: DialOptions): Promise<Dialed> {
  const { host, port } = target
  const joining =
    'joinToken' in target ? { token: target.joinToken, fingerprint: parseJoinToken(target.joinToken).caFingerprint } : undefined
  const tls = 'joinToken' in target ? joinerTlsOptions() : clientTlsOptions(target.identity)
  const socket = connect({ ...tls, host, port })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, kernelKeepaliveMs)
  const identify = () => {
    if (joining !== undefined) return checkPinnedServer(socket, joining.fingerprint)
    return identifyServer(socket, 'identity' in target ? target.expectNodeId : undefined)
  }
  const hello = joining === undefined ? options.hello : { ...options.hello, role: 'join' as const, token: joining.token }
  const keepalive = pingsFor(hello.role, 'dialer', target.keepalive ?? networkKeepalive)
  const isUntrusted = () => !socket.authorized && Boolean(socket.authorizationError)
  return greetListener(socket, {
    options: { ...options, hello },
    ready: 'secureConnect',
    peer: `${host}:${port}`,
    identify,
    isUntrusted,
    keepalive,
  })
}
