import type { Socket } from 'node:net'
import { ClusterError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Hello } from '../protocol/hello.ts'
import { type Listener, type ListenOptions, listenTls, listenUnix, type Peer } from '../transport/listen.ts'
import type { Gate } from './authority.ts'
import { fromAgent, type Head } from './head.ts'

export type HeadServerOptions = {
  readonly head: Head
  readonly clusterId: string
  readonly version: string
  readonly socketPath: string
  readonly logger: Logger
  /** Absent: only this machine can reach the head. */
  readonly network?: {
    readonly host: string
    readonly port: number
    readonly gate: Gate
    /** For connections to the TLS port that are not TLS. */
    readonly onPlain?: ((socket: Socket) => void) | undefined
  }
}

export type HeadServer = {
  /** Of the TLS port; 0 without one. */
  readonly port: number
  close(): void
}

/**
 * Takes agents on the unix socket, where the folder's mode is the proof of who they are, and on the TLS port, where a certificate is.
 * @throws ClusterError `bad-argument` when an address cannot be listened on.
 */
export async function serveHead(options: HeadServerOptions): Promise<HeadServer> {
  const { clusterId, version, socketPath, logger, network } = options
  const listen = (isLocal: boolean): ListenOptions => ({
    self: { version, clusterId },
    logger,
    onPeer: (hello, peer) => greetPeer(options, { hello, peer, isLocal }),
  })
  const listeners: Listener[] = [await listenUnix(socketPath, listen(true))]
  try {
    if (network) listeners.push(await listenTls({ ...network, identity: network.gate.identity }, listen(false)))
  } catch (error) {
    for (const listener of listeners) listener.close()
    throw error
  }
  return {
    port: listeners.at(-1)?.port ?? 0,
    close: () => {
      for (const listener of listeners) listener.close()
    },
  }
}

type Visit = { readonly hello: Hello; readonly peer: Peer; readonly isLocal: boolean }

function greetPeer(options: HeadServerOptions, visit: Visit): void {
  const { hello, peer } = visit
  const { head, clusterId, logger } = options
  if (hello.clusterId !== undefined && hello.clusterId !== clusterId) {
    throw new ClusterError('auth.refused', `this is cluster ${clusterId}, the peer belongs to ${hello.clusterId}; check the head's address`)
  }
  if (hello.role === 'join') return admit(options, visit)
  if (hello.role !== 'agent' || (peer.node !== undefined && peer.node.role !== 'agent')) {
    throw new ClusterError('auth.refused', `the head takes agents and joiners, not ${hello.role}`)
  }
  const nodeId = peer.node?.nodeId ?? hello.nodeId
  if (nodeId === undefined) throw new ClusterError('protocol.violation', 'the hello of an agent must name its node')
  head.attach(peer.accept({ incoming: fromAgent, logger, peer: nodeId }), nodeId)
}

/** Over TLS the token is the proof; on the unix socket, the user. The answer's details hold the certificate; the connection ends with it. */
function admit({ network, logger }: HeadServerOptions, { hello, peer, isLocal }: Visit): void {
  if (network === undefined)
    throw new ClusterError('auth.refused', 'this head is open to its own machine only: start it with --listen to let others join')
  if (!isLocal && !network.gate.isToken(hello.token ?? '')) {
    throw new ClusterError('auth.refused', 'the join token is not of this cluster; copy it again from the head')
  }
  const publicKey = hello.details?.['publicKey']
  if (typeof publicKey !== 'string')
    throw new ClusterError('protocol.violation', 'a joiner must send details.publicKey, its public key as PEM')
  const { nodeId, certPem, caCertPem } = network.gate.admit(publicKey)
  logger.info('node.admitted', { nodeId, peer: peer.address })
  peer.acceptRaw({ nodeId, details: { certificate: certPem, authority: caCertPem } }).end()
}
