import { ClusterError, toError } from '../../base/errors.ts'
import type { NodeId, WorkerId } from '../../base/ids.ts'
import type { Logger } from '../../base/logger.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import { type TaskTemplate, toOwnerFromWorker } from '../../protocol/tasks.ts'
import { type Dialed, dialTls, dialUnix } from '../../transport/dial.ts'
import type { Identity } from '../../transport/identity.ts'
import type { Link, MessageOf } from '../../transport/link.ts'

export type FromWorker = MessageOf<typeof toOwnerFromWorker>

export type PeersIo = {
  readonly self: () => ProcessAddress
  readonly version: string
  readonly logger: Logger
  /** This node's certificate; read when another machine is first dialed. */
  readonly identity: () => Promise<Identity>
  readonly onMessage: (peer: Peer, message: FromWorker) => void
  readonly onClosed: (peer: Peer) => void
}

/** Messages that wait for a link to stand; what is sent beyond is refused. */
const maxEarly = 100_000

type Early = { readonly message: object; readonly onRefused: ((error: Error) => void) | undefined }

export type PeerIo = {
  readonly onClosed: (peer: Peer) => void
  /** A message could not be sent, and its sender did not want to know. */
  readonly onLost: (peer: Peer, message: object, error: Error) => void
  /** @default 100,000 */
  readonly maxEarly?: number
}

/** A link to another process that owns objects or runs our tasks. Messages sent before it stands are sent once it does. */
export class Peer {
  readonly address: ProcessAddress
  /** Templates the other side knows, by number. They end with the link. */
  readonly templates = new Map<TaskTemplate, number>()
  readonly #opening: Promise<Link<FromWorker>>
  readonly #io: PeerIo
  #link: Link<FromWorker> | undefined
  #early: Early[] = []
  isClosed = false

  constructor(address: ProcessAddress, opening: Promise<Link<FromWorker>>, io: PeerIo) {
    this.address = address
    this.#opening = opening
    this.#io = io
    const closed = () => {
      this.isClosed = true
      this.#early = []
      io.onClosed(this)
    }
    opening.then((link) => {
      this.#link = link
      for (const early of this.#early.splice(0)) this.#sendNow(link, early)
      void link.closed.then(closed)
    }, closed)
  }

  /**
   * Does not throw. `onRefused` is called, now or when the link stands, with why the message itself cannot be sent: ClusterError
   * `bad-argument` when it is over the limit of a frame, `link.overloaded` when too many wait. A link that closes is told otherwise.
   */
  send(message: object, onRefused?: (error: Error) => void): void {
    const early = { message, onRefused }
    if (this.#link) this.#sendNow(this.#link, early)
    else if (!this.isClosed && this.#early.length < (this.#io.maxEarly ?? maxEarly)) this.#early.push(early)
    else if (!this.isClosed) {
      const why = `${this.#early.length} messages wait for the link to worker ${this.address.workerId.slice(0, 8)} to stand; send fewer at once`
      this.#refuse(early, new ClusterError('link.overloaded', why))
    }
  }

  /** @throws ClusterError `link.closed` when the process is gone or cannot be reached. */
  async request<T>(message: object, options: Parameters<Link['request']>[1] & { reply: { parse(value: unknown): T } }): Promise<T> {
    const link = await this.#opening
    return (await link.request(message, options)) as T // `reply` has parsed it
  }

  close(): void {
    void this.#opening.then(
      (link) => link.close(),
      () => {}, // it never stood
    )
  }

  #sendNow(link: Link<FromWorker>, early: Early): void {
    try {
      link.send(early.message)
    } catch (error) {
      this.#refuse(early, toError(error))
    }
  }

  #refuse({ message, onRefused }: Early, error: Error): void {
    if (onRefused) onRefused(error)
    else this.#io.onLost(this, message, error)
  }
}

/** Links to other processes, one for each, made when first needed and kept while they stand. */
export class Peers {
  readonly #io: PeersIo
  readonly #peers = new Map<WorkerId, Peer>()

  constructor(io: PeersIo) {
    this.#io = io
  }

  to(address: ProcessAddress): Peer {
    const known = this.#peers.get(address.workerId)
    if (known && !known.isClosed) return known
    const peer: Peer = new Peer(
      address,
      this.#open(address).then((link) => {
        link.onMessage((message) => this.#io.onMessage(peer, message))
        return link
      }),
      {
        onClosed: (closed) => {
          if (this.#peers.get(address.workerId) === closed) this.#peers.delete(address.workerId)
          this.#io.onClosed(closed)
        },
        onLost: (_peer, message, { message: reason }) =>
          this.#io.logger.error('peer.message-lost', { workerId: address.workerId, type: typeOf(message), reason }),
      },
    )
    this.#peers.set(address.workerId, peer)
    return peer
  }

  find(workerId: WorkerId): Peer | undefined {
    return this.#peers.get(workerId)
  }

  /** A dead node may never answer nor close: what waits for its processes is told now. */
  nodesGone(nodeIds: readonly NodeId[]): void {
    if (nodeIds.length === 0) return
    const gone = new Set(nodeIds)
    for (const peer of this.#peers.values()) if (gone.has(peer.address.nodeId)) peer.close()
  }

  closeAll(): void {
    for (const peer of this.#peers.values()) peer.close()
  }

  async #open(address: ProcessAddress): Promise<Link<FromWorker>> {
    const dialed = address.nodeId === this.#io.self().nodeId ? await this.#dialHere(address) : await this.#dialThere(address)
    const link = dialed.link({ incoming: toOwnerFromWorker, logger: this.#io.logger, peer: `worker ${address.workerId.slice(0, 8)}` })
    link.unref() // a call that waits keeps a driver alive, and its agent's link a worker
    return link
  }

  #dialHere(address: ProcessAddress): Promise<Dialed> {
    const { workerId, nodeId } = this.#io.self()
    return dialUnix(address.socketPath, { hello: { version: this.#io.version, role: 'owner', workerId, nodeId } })
  }

  /** Through the other node's agent, which pipes the bytes to the process' own socket. */
  async #dialThere(address: ProcessAddress): Promise<Dialed> {
    const { workerId, nodeId } = this.#io.self()
    const { host, port } = splitAddress(address.agentAddress)
    const identity = await this.#io.identity()
    return dialTls(
      { host, port, identity, expectNodeId: address.nodeId },
      { hello: { version: this.#io.version, role: 'tunnel', workerId, nodeId, target: address.workerId } },
    )
  }
}

const typeOf = (message: object): string => ('type' in message ? String(message.type) : '')

/** @throws ClusterError `bad-argument` when it is not `host:port`. */
export function splitAddress(hostPort: string): { host: string; port: number } {
  const colon = hostPort.lastIndexOf(':')
  const port = Number(hostPort.slice(colon + 1))
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ClusterError('bad-argument', `${JSON.stringify(hostPort)} is not HOST:PORT, such as 10.0.0.5:6379`)
  }
  return { host: hostPort.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port }
}
