import type { Duplex } from 'node:stream'
import { ClusterError } from '../base/errors.ts'
import type { NodeId, WorkerId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import type { Hello } from '../protocol/hello.ts'
import { toAgentFromOwner } from '../protocol/leases.ts'
import { HeadAsk, type HeadAskReply } from '../protocol/nodes.ts'
import { CopiesFree, ObjectRead } from '../protocol/objects.ts'
import type { StoreServer } from '../store/store-server.ts'
import { dialUnix } from '../transport/dial.ts'
import type { Link } from '../transport/link.ts'
import type { Peer } from '../transport/listen.ts'
import type { UntimedEvent } from './core-driver.ts'
import { raiseOwnerMessage } from './local-clients.ts'
import type { ObjectTransfer } from './object-transfer.ts'

export type RemotePeersIo = {
  readonly logger: Logger
  readonly version: string
  readonly store: StoreServer
  readonly transfer: ObjectTransfer
  /** Where a process of this node listens. */
  readonly socketOf: (workerId: WorkerId) => string | undefined
  readonly raise: (event: UntimedEvent) => void
  /** What we say of the head to a node that does not hear it. */
  readonly testify: (askerId: NodeId) => HeadAskReply
  /** How long an owner of another node may be away before its leases end. */
  readonly ownerGraceMs: number
}

type RemoteOwner = { readonly link: Link; readonly nodeId: NodeId }

const peerMessages = { 'object.read': ObjectRead, 'copies.free': CopiesFree, 'head.ask': HeadAsk } as const

/** Who comes from other machines: agents that read our objects, owners that lease our workers, and tunnels to our processes. */
export class RemotePeers {
  readonly #io: RemotePeersIo
  readonly #owners = new Map<WorkerId, RemoteOwner>()
  readonly #absent = new Map<WorkerId, { readonly timer: NodeJS.Timeout; readonly nodeId: NodeId }>()
  readonly #links = new Set<Link>()

  constructor(io: RemotePeersIo) {
    this.#io = io
  }

  /** @throws ClusterError for who may not come here, or cannot be served. */
  async accept(hello: Hello, peer: Peer): Promise<void> {
    if (!peer.node) throw new ClusterError('auth.refused', 'an agent takes no joiners; join at the head')
    switch (hello.role) {
      case 'peer-agent':
        return this.#acceptAgent(peer)
      case 'owner':
        return this.#acceptOwner(hello, peer)
      case 'tunnel':
        return this.#openTunnel(hello, peer)
      case 'agent':
      case 'worker':
      case 'driver':
      case 'join':
        throw new ClusterError('auth.refused', `role ${hello.role} is not served here`)
    }
  }

  /** False when that owner has no link here. */
  send(ownerId: WorkerId, message: object): boolean {
    return this.#owners.get(ownerId)?.link.send(message) ?? false
  }

  /** Owners of dead nodes do not come back. */
  nodesGone(nodeIds: readonly NodeId[]): void {
    const gone = new Set(nodeIds)
    for (const [ownerId, { nodeId, link }] of [...this.#owners]) {
      if (!gone.has(nodeId)) continue
      this.#owners.delete(ownerId)
      link.close('its node is gone')
      this.#io.raise({ type: 'owner.gone', ownerId })
    }
    for (const [ownerId, { nodeId }] of [...this.#absent]) if (gone.has(nodeId)) this.#giveUp(ownerId)
  }

  closeAll(): void {
    for (const { timer } of this.#absent.values()) clearTimeout(timer)
    for (const link of this.#links) link.close('the agent ends')
  }

  #acceptAgent(peer: Peer): void {
    const nodeId = peer.node?.nodeId ?? ''
    const link = peer.accept({ incoming: peerMessages, logger: this.#io.logger })
    this.#keep(link)
    link.onMessage((message) => {
      if (message.type === 'copies.free') this.#io.store.free(message.objectIds)
    })
    link.onRequest((message) => {
      if (message.type === 'head.ask') return this.#io.testify(nodeId)
      if (message.type === 'object.read') return this.#io.transfer.read(message, link)
      throw new ClusterError('protocol.violation', `${message.type} is a message, not a request`)
    })
  }

  #acceptOwner(hello: Hello, peer: Peer): void {
    const ownerId = hello.workerId
    if (ownerId === undefined || !peer.node) throw new ClusterError('protocol.violation', 'role owner without a worker id')
    const known = this.#owners.get(ownerId) ?? this.#absent.get(ownerId)
    if (known && known.nodeId !== peer.node.nodeId) {
      throw new ClusterError('auth.refused', `process ${ownerId} is of node ${known.nodeId}, and node ${peer.node.nodeId} came in its name`)
    }
    const link = peer.accept({ incoming: toAgentFromOwner, logger: this.#io.logger })
    this.#keep(link)
    clearTimeout(this.#absent.get(ownerId)?.timer)
    this.#absent.delete(ownerId)
    const entry = { link, nodeId: peer.node.nodeId }
    this.#owners.set(ownerId, entry)
    link.onMessage((message) => raiseOwnerMessage(this.#io.raise, ownerId, message))
    void link.closed.then(() => {
      if (this.#owners.get(ownerId) !== entry) return // a newer link, or its node is gone
      this.#owners.delete(ownerId)
      const timer = setTimeout(() => this.#giveUp(ownerId), this.#io.ownerGraceMs)
      this.#absent.set(ownerId, { timer, nodeId: entry.nodeId })
    })
  }

  #giveUp(ownerId: WorkerId): void {
    clearTimeout(this.#absent.get(ownerId)?.timer)
    this.#absent.delete(ownerId)
    this.#io.raise({ type: 'owner.gone', ownerId })
  }

  /** Greets our process in the name of who came, then pipes bytes both ways. */
  async #openTunnel(hello: Hello, peer: Peer): Promise<void> {
    const { target, workerId, nodeId } = hello
    const socketPath = target === undefined ? undefined : this.#io.socketOf(target)
    if (socketPath === undefined)
      throw new ClusterError('link.closed', `process ${target ?? 'without a name'} is not on this node any more`)
    const greeting = { role: 'owner', version: this.#io.version, ...(workerId && { workerId }), ...(nodeId && { nodeId }) } as const
    const dialed = await dialUnix(socketPath, { hello: greeting })
    join(peer.acceptRaw(), dialed.raw())
  }

  #keep(link: Link): void {
    this.#links.add(link)
    void link.closed.then(() => this.#links.delete(link))
  }
}

/** What comes out of one goes into the other; when one ends, both do. */
function join(one: Duplex, other: Duplex): void {
  one.pipe(other)
  other.pipe(one)
  for (const [stream, opposite] of [
    [one, other],
    [other, one],
  ] as const) {
    stream.on('error', () => opposite.destroy())
    stream.once('close', () => opposite.destroy())
  }
}
