import { ClusterError, toError } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import { clientRequests, JobRegistered, KvGetReply, toAgentFromClient, type HeadRequest } from '../protocol/clients.ts'
import type { EventBatch } from '../protocol/events.ts'
import type { Hello, HelloDetails } from '../protocol/hello.ts'
import type { ObjectsFree } from '../protocol/objects.ts'
import {
  StoreAbort,
  StoreContains,
  StoreCreate,
  StoreFree,
  StoreGet,
  StoreRelease,
  type StoreRequest,
  StoreSeal,
} from '../protocol/store.ts'
import type { StoreServer } from '../store/store-server.ts'
import type { Peer } from '../transport/listen.ts'
import type { Link, MessageOf } from '../transport/link.ts'
import type { UntimedEvent } from './core-driver.ts'
import type { FromOwner } from './core/messages.ts'
import { FunctionCache } from './function-cache.ts'
import type { HeadLink } from './head-link.ts'
import type { ObjectOwners } from './object-owners.ts'
import type { ObjectTransfer } from './object-transfer.ts'
import type { HeldPackage, PackageUser } from './packages/package-cache.ts'
import type { Watches } from './watches.ts'
import type { WorkerPool } from './worker-pool.ts'

const storeMessages = {
  'store.create': StoreCreate,
  'store.seal': StoreSeal,
  'store.abort': StoreAbort,
  'store.get': StoreGet,
  'store.release': StoreRelease,
  'store.free': StoreFree,
  'store.contains': StoreContains,
} as const
const incoming = { ...toAgentFromClient, ...clientRequests, ...storeMessages } as const
type FromClient = MessageOf<typeof incoming>

/** A process of this node: a worker of ours, or a driver. */
export type LocalClient = {
  readonly workerId: WorkerId
  readonly role: 'worker' | 'driver'
  readonly link: Link<FromClient>
  /** Where it listens, once it has said so. */
  socketPath: string | undefined
  /** 0 until it has said so. */
  pid: number
  /** When it said so, ms since 1970; 0 before. */
  readyAtMs: number
  /** Packages that its code imports from, by name. */
  readonly packages: Map<string, Promise<HeldPackage>>
}

export type LocalClientsIo = {
  readonly logger: Logger
  readonly pool: WorkerPool
  readonly store: StoreServer
  readonly owners: ObjectOwners
  readonly transfer: ObjectTransfer
  readonly head: HeadLink
  readonly watches: Watches
  /** What a client is told when it is accepted. */
  readonly welcome: () => { nodeId: string; clusterId: string; details: HelloDetails }
  readonly raise: (event: UntimedEvent) => void
  /** Whose task runs in this worker now: the owner of what it puts for others. */
  readonly leaseOwnerOf: (workerId: WorkerId) => WorkerId | undefined
  readonly freeObjects: (message: ReturnType<(typeof ObjectsFree)['parse']>) => void
  readonly usePackage: PackageUser
  readonly onDriverGone: (workerId: WorkerId, client: LocalClient) => void
  readonly forwardEvents: (batch: EventBatch) => void
  readonly onAccepted: (client: LocalClient) => void
}

/** A worker without a link is of no use; one whose link closed has this long to exit by itself. */
const exitGraceMs = 2_000
const functionCacheBytes = 256 * 1_048_576

/** The links of this node's workers and drivers. */
export class LocalClients {
  readonly #io: LocalClientsIo
  readonly #clients = new Map<WorkerId, LocalClient>()
  readonly #functions = new FunctionCache(functionCacheBytes)

  constructor(io: LocalClientsIo) {
    this.#io = io
    io.store.onOffered((clientId, offer) => this.send(clientId, offer))
  }

  find(workerId: WorkerId): LocalClient | undefined {
    return this.#clients.get(workerId)
  }

  list(): readonly LocalClient[] {
    return [...this.#clients.values()]
  }

  /** False when there is no such client. */
  send(workerId: WorkerId, message: object): boolean {
    return this.#clients.get(workerId)?.link.send(message) ?? false
  }

  broadcast(message: object): void {
    for (const { link } of this.#clients.values()) link.send(message)
  }

  /** @throws ClusterError `auth.refused` for a worker that we did not start, or an id in use. */
  accept(hello: Hello, peer: Peer): void {
    const { workerId, role } = hello
    if (workerId === undefined || (role !== 'worker' && role !== 'driver')) {
      throw new ClusterError('protocol.violation', `role ${role} without a worker id`)
    }
    if (role === 'worker' && !this.#io.pool.isToken(workerId, hello.token ?? '')) {
      throw new ClusterError('auth.refused', `worker ${workerId} was not started by this agent`)
    }
    if (this.#clients.has(workerId)) throw new ClusterError('auth.refused', `a client with id ${workerId} is connected already`)
    const link = peer.accept({ incoming, logger: this.#io.logger, peer: `${role} ${workerId.slice(0, 8)}` }, this.#io.welcome())
    const client: LocalClient = { workerId, role, link, socketPath: undefined, pid: 0, readyAtMs: 0, packages: new Map() }
    this.#clients.set(workerId, client)
    if (role === 'driver') this.#io.raise({ type: 'driver.connected', workerId })
    link.onMessage((message) => this.#onMessage(client, message))
    link.onRequest((message) => this.#onRequest(client, message))
    void link.closed.then(() => this.#onClosed(client))
    this.#io.onAccepted(client)
  }

  closeAll(): void {
    for (const { link } of this.#clients.values()) link.close('the agent ends')
  }

  #onMessage(client: LocalClient, message: FromClient): void {
    const { workerId } = client
    switch (message.type) {
      case 'client.ready':
        client.socketPath = message.socketPath
        client.pid = message.pid
        client.readyAtMs = Date.now()
        if (client.role === 'worker') this.#io.raise({ type: 'worker.ready', workerId, socketPath: message.socketPath })
        return
      case 'worker.blocked':
      case 'worker.unblocked':
        return this.#io.raise({ type: message.type, workerId })
      case 'worker.leaving':
        return this.#io.raise({ type: 'worker.leaving', workerId, reason: message.reason })
      case 'worker.owns':
        return this.#io.raise({ type: 'worker.owns', workerId, owns: message.owns })
      case 'objects.free':
        return this.#io.freeObjects(message)
      case 'events.batch':
        return this.#io.forwardEvents(message)
      case 'lease.request':
      case 'lease.cancel':
      case 'lease.return':
      case 'leases.held':
      case 'lease.kill':
        return raiseOwnerMessage(this.#io.raise, workerId, message)
      default:
        // A request that nobody waits for, such as `store.release`.
        void Promise.resolve(this.#onRequest(client, message)).catch((thrown: unknown) =>
          this.#io.logger.debug('client.message-failed', { type: message.type, reason: toError(thrown).message }),
        )
    }
  }

  #onRequest(client: LocalClient, message: FromClient): unknown {
    switch (message.type) {
      case 'object.pull':
        return this.#io.transfer.pull(message).then(() => ({}))
      case 'package.use':
        return this.#usePackage(client, message.name)
      case 'store.create':
      case 'store.seal':
      case 'store.abort':
      case 'store.get':
      case 'store.release':
      case 'store.free':
      case 'store.contains':
        return this.#onStoreRequest(client, message)
      case 'client.ready':
      case 'worker.blocked':
      case 'worker.unblocked':
      case 'worker.leaving':
      case 'worker.owns':
      case 'objects.free':
      case 'events.batch':
      case 'lease.request':
      case 'lease.cancel':
      case 'lease.return':
      case 'leases.held':
      case 'lease.kill':
        throw new ClusterError('protocol.violation', `${message.type} is a message, not a request`)
      default:
        return this.#onHeadRequest(client, message)
    }
  }

  async #onStoreRequest(client: LocalClient, message: StoreRequest): Promise<object> {
    const { workerId } = client
    const ownerId = message.type === 'store.seal' ? this.#io.owners.find(message.objectId) : undefined
    const offerTo = ownerId !== undefined && ownerId !== workerId && this.#clients.has(ownerId) ? ownerId : undefined
    const reply = await this.#io.store.handle(workerId, message, offerTo)
    if (message.type === 'store.create' && message.primary && reply.type === 'store.created') {
      this.#io.owners.add(message.objectId, message.ownerId ?? this.#io.leaseOwnerOf(workerId) ?? workerId)
    }
    return reply
  }

  /** Once for each client; one that could not be had is tried again when it is asked for again. */
  async #usePackage({ packages, link }: LocalClient, name: string): Promise<{ folder: string }> {
    let using = packages.get(name)
    if (!using) {
      const gone = new AbortController()
      void link.closed.then(() => gone.abort(new Error('who asked for the package is gone')))
      using = this.#io.usePackage(name, gone.signal)
      packages.set(name, using)
      using.catch(() => packages.delete(name))
    }
    return { folder: (await using).folder }
  }

  async #onHeadRequest(client: LocalClient, message: HeadRequest): Promise<unknown> {
    const { head, watches, raise } = this.#io
    if (message.type === 'kv.get' && message.key.startsWith('function:')) return this.#getFunction(message)
    if (message.type === 'kv.put' || message.type === 'kv.delete') this.#functions.drop(message.key)
    if (message.type === 'actor.watch') watches.add(`actor:${message.actorId}`, client.link)
    if (message.type === 'group.watch') watches.add(`group:${message.groupId}`, client.link)
    const answer = await head.request(message)
    if (message.type === 'job.register') {
      const registered = JobRegistered.safeParse(answer)
      if (registered.success) raise({ type: 'driver.registered', workerId: client.workerId, jobId: registered.data.jobId })
    }
    return answer
  }

  async #getFunction(message: Extract<HeadRequest, { type: 'kv.get' }>): Promise<unknown> {
    const kept = this.#functions.find(message.key)
    if (kept) return { value: kept }
    const answer = KvGetReply.parse(await this.#io.head.request(message))
    if (answer.value) this.#functions.keep(message.key, answer.value)
    return answer
  }

  #onClosed(client: LocalClient): void {
    const { workerId, role } = client
    if (this.#clients.get(workerId) === client) this.#clients.delete(workerId)
    this.#io.watches.drop(client.link)
    for (const held of client.packages.values())
      held.then(
        ({ release }) => release(),
        () => {},
      ) // who asked was told why
    if (role === 'driver') this.#io.onDriverGone(workerId, client)
    else setTimeout(() => this.#io.pool.end(workerId, 'link-closed'), exitGraceMs).unref() // usually it is ending, and its exit says more
  }
}

/** @throws ClusterError `protocol.violation` when it speaks for another process. */
export function raiseOwnerMessage(raise: (event: UntimedEvent) => void, ownerId: WorkerId, message: FromOwner): void {
  if (message.ownerId !== ownerId)
    throw new ClusterError('protocol.violation', `${ownerId} sent ${message.type} in the name of ${message.ownerId}`)
  raise({ type: 'owner.said', message })
}
