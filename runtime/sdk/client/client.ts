import * as z from 'zod'
import { ClusterError } from '../../base/errors.ts'
import { createTaskIds, type JobId, newWorkerId, type TaskId, type WorkerId } from '../../base/ids.ts'
import type { Logger } from '../../base/logger.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import { JobRegistered } from '../../protocol/clients.ts'
import { PackageUseReply } from '../../protocol/jobs.ts'
import { ObjectsBorrowed } from '../../protocol/objects.ts'
import { readIdentity } from '../../session/identity-file.ts'
import { sessionLayout } from '../../session/layout.ts'
import { createStoreClient, type StoreClient } from '../../store/store-client.ts'
import type { Link } from '../../transport/link.ts'
import type { Listener } from '../../transport/listen.ts'
import type { AgentMessage, AgentTarget } from '../owner/core/state.ts'
import { fromAgent, leaseNews } from './agent-messages.ts'
import { connectAgent, type FromAgent, OtherAgents } from './agent-connection.ts'
import { Actors } from './actors.ts'
import { cancelOwned } from './cancel-owned.ts'
import { accessOf, type Codec, createCodec, lazyKind } from './codec.ts'
import { collectGarbage } from './collect-garbage.ts'
import { Definitions } from './definitions.ts'
import { createErrorCodec, type ErrorCodec } from './error-codec.ts'
import { Functions } from './functions.ts'
import { groupKind, Groups } from './groups.ts'
import { refKind } from './host-kinds.ts'
import { listReferences } from './list-references.ts'
import { reconstruct } from './lost-objects.ts'
import { KeepAlive } from './keep-alive.ts'
import { OutgoingValues } from './outgoing-values.ts'
import { Ownership } from './ownership.ts'
import { OwnerShell } from './owner-shell.ts'
import { type Caller, serveOthers, type ToWorker } from './own-server.ts'
import { Peers } from './peers.ts'
import { locateForOthers, dropCopies, pullObject } from './places.ts'
import { Reader } from './read.ts'
import { References } from './references.ts'
import { TaskReporter } from './task-reporter.ts'
import { UnseenFailures } from './unseen-failures.ts'

export const clientVersion = '0.1.0'

export type ClientOptions = {
  readonly role: 'driver' | 'worker'
  readonly agentSocket: string
  readonly logger: Logger
  /** Set for workers: the agent made it up. */
  readonly workerId?: WorkerId
  readonly token?: string
  /** Where to listen. @default a socket of its own in the node's folder */
  readonly socketPath?: string
  /** Runs before anything can arrive. */
  readonly beforeReady?: (client: Client) => void
  /** Code of a function that came with a template. */
  readonly onCode?: (functionId: string, code: Uint8Array) => void
  readonly entrypoint: string
  readonly namespace: string | null
  readonly randomHex: (bytes: number) => string
  /** Answers `shoal` with this process' own SDK. */
  readonly importModule: (specifier: string) => Promise<unknown>
  readonly resolveSync?: (specifier: string) => unknown
  readonly warn: (message: string) => void
  /** Workers: tasks and calls to run. */
  readonly onWork?: (caller: Caller, message: ToWorker) => void
  readonly onCallerGone?: (caller: Caller) => void
  /** Workers: orders of the agent. */
  readonly onAgentMessage?: (message: FromAgent) => void
  readonly onAgentRequest?: (message: FromAgent) => unknown
  /** The agent is gone, and with it this node. */
  readonly onAgentGone?: () => void
}

const lookAtOwnershipMs = 1_000
const anything = z.unknown()

/** One process' part in the cluster: what it owns, what it borrows, and its links to its agent and to other processes. */
export class Client {
  readonly #options: ClientOptions
  readonly agent: Link<FromAgent>
  readonly references: References
  readonly peers: Peers
  readonly store: StoreClient
  readonly codec: Codec
  readonly errors: ErrorCodec
  readonly functions: Functions
  readonly definitions: Definitions
  readonly reader: Reader
  readonly owner: OwnerShell
  readonly actors: Actors
  readonly groups: Groups
  readonly values: OutgoingValues
  readonly ownership: Ownership
  readonly keepAlive = new KeepAlive()
  readonly unseen = new UnseenFailures()
  readonly others: OtherAgents
  readonly #taskReporter: TaskReporter
  readonly address: ProcessAddress
  readonly tempDir: string
  jobId: JobId = '00000000'
  namespace = ''
  newTaskId: (actorId?: string) => TaskId
  #listener: Listener | undefined
  #ownershipTimer: NodeJS.Timeout | undefined
  readonly #callers = new Set<Caller>()
  #closed = false

  private constructor(options: ClientOptions, agent: Link<FromAgent>, facts: { address: ProcessAddress; tempDir: string }) {
    this.#options = options
    this.agent = agent
    this.address = facts.address
    this.tempDir = facts.tempDir
    const { logger } = options
    const self = () => this.address
    const identity = async () => readIdentity(sessionLayout(this.tempDir).identityDir)
    this.newTaskId = createTaskIds(options.randomHex, this.jobId)
    this.references = this.#makeReferences(self)
    this.peers = new Peers({
      self,
      version: clientVersion,
      logger,
      identity,
      onMessage: (peer, message) => this.owner.onPeerMessage(peer, message),
      onClosed: (peer) => this.owner.onPeerClosed(peer),
    })
    this.others = new OtherAgents({
      self: { workerId: this.address.workerId, nodeId: this.address.nodeId, version: clientVersion },
      logger,
      identity,
      onMessage: (from, message) => leaseNews(this, from, message),
      onClosed: (gone) => this.owner.raise({ type: 'agent.link-closed', agent: gone, nowMs: performance.now() }),
    })
    this.store = createStoreClient({
      request: (message) => agent.request(message, { reply: anything }),
      send: (message) => void agent.send(message),
      logger,
    })
    this.definitions = new Definitions({
      functions: () => this.functions,
      randomHex: options.randomHex,
      request: (message, reply) => this.request(message, reply),
    })
    const modules = {
      ...accessOf(options),
      findPackage: async (name: string) => (await this.request({ type: 'package.use', name }, PackageUseReply)).folder,
    }
    this.codec = createCodec(
      [refKind(this.references, self), ...this.definitions.kinds, groupKind, lazyKind('actor', () => this.actors.hostKind)],
      this.references,
      modules,
    )
    this.errors = createErrorCodec(this.codec)
    this.functions = new Functions({ hosts: this.codec.hosts, modules, request: (message, reply) => this.request(message, reply) })
    this.owner = this.#makeOwner(self)
    this.#taskReporter = new TaskReporter({
      self,
      state: this.owner.state,
      send: (batch) => void agent.send(batch),
      monotonicMs: () => performance.now(),
    })
    this.actors = new Actors(this)
    this.groups = new Groups(this)
    this.values = new OutgoingValues(this)
    this.ownership = this.#makeOwnership()
    this.reader = this.#makeReader()
    this.owner.onLost = (state) => this.reader.lost(state)
  }

  #makeReferences(self: () => ProcessAddress): References {
    const { logger } = this.#options
    return new References({
      self,
      borrow: async (owner, objectIds) => {
        await this.peers
          .to(owner)
          .request({ type: 'objects.borrow', borrower: this.address.workerId, objectIds }, { reply: ObjectsBorrowed })
          .catch((error: unknown) => logger.debug('objects.borrow-failed', { reason: String(error) })) // the owner is gone; a get will say so
      },
      returnBorrowed: (owner, objectIds) =>
        this.peers.find(owner.workerId)?.send({ type: 'objects.returned', borrower: this.address.workerId, objectIds }),
      freeCopies: ({ objectId, copies }) => {
        this.store.dropOffer(objectId)
        this.agent.send({ type: 'objects.free', objects: [{ objectId, copies }] })
      },
      actorOutOfScope: (actorId) => void this.actors.outOfScope(actorId),
    })
  }

  #makeOwner(self: () => ProcessAddress): OwnerShell {
    return new OwnerShell({
      config: { ownerId: this.address.workerId, nodeId: this.address.nodeId },
      self,
      peers: this.peers,
      references: this.references,
      logger: this.#options.logger,
      sendAgent: (to, message) => this.#sendAgent(to, message),
      actorIdOf: (queueId) => this.actors.actorIdOf(queueId),
      watchActor: (actorId) => this.actors.watch(actorId),
      watchGroup: (groupId) => this.groups.watch(groupId),
      warn: this.#options.warn,
      codeOf: (functionId) => this.functions.codeOf(functionId),
      nowMs: () => performance.now(),
      unseen: this.unseen,
      storeInline: (state) => this.values.storeInline(state),
      onFailed: (task, end, failure) => this.#taskReporter.failed(task, end, failure),
    })
  }

  #makeOwnership(): Ownership {
    return new Ownership({
      references: this.references,
      owner: this.owner,
      actors: () => this.actors,
      say: (owns) => {
        this.agent.send({ type: 'worker.owns', owns })
        this.agent.flush()
      },
      collectGarbage,
      nowMs: () => performance.now(),
    })
  }

  #makeReader(): Reader {
    return new Reader({
      nodeId: () => this.address.nodeId,
      agentAddress: () => this.address.agentAddress,
      store: this.store,
      codec: this.codec,
      errors: this.errors,
      references: this.references,
      peers: this.peers,
      logger: this.#options.logger,
      onShown: (state) => this.unseen.seen(state.objectId),
      pull: (state) => pullObject(this, state),
      reconstruct: (state) => reconstruct(state, this.owner),
    })
  }

  /**
   * Joins the cluster through this node's agent.
   * @throws ClusterError `link.closed` when no agent listens, or why it or the head refused.
   */
  static async connect(options: ClientOptions): Promise<Client> {
    const workerId = options.workerId ?? newWorkerId(options.randomHex)
    const introduction = {
      role: options.role,
      workerId,
      version: clientVersion,
      ...(options.token === undefined ? {} : { token: options.token }),
    }
    const { link, answer } = await connectAgent(options.agentSocket, introduction, options.logger)
    const tempDir = String(answer.details?.['tempDir'] ?? '')
    const socketPath = options.socketPath ?? `${sessionLayout(tempDir).socketDir}/${options.role[0]}-${workerId.slice(0, 16)}.sock`
    const address = { workerId, nodeId: answer.nodeId ?? '', socketPath, agentAddress: String(answer.details?.['agentAddress'] ?? '') }
    const client = new Client(options, link, { address, tempDir })
    options.beforeReady?.(client)
    await client.#start()
    return client
  }

  async #start(): Promise<void> {
    const { logger, onWork, onCode, onCallerGone } = this.#options
    this.#listener = await serveOthers({
      socketPath: this.address.socketPath,
      version: clientVersion,
      workerId: this.address.workerId,
      logger,
      references: this.references,
      locate: (state) => locateForOthers(this, state),
      missing: (state, nodeIds) => dropCopies(this, state, nodeIds),
      onWork: (caller, message) => {
        if (message.type === 'task.define') this.serveJob(message.template.jobId, message.template.namespace)
        if (message.type === 'task.define' && message.code) onCode?.(message.template.functionId, message.code)
        onWork?.(caller, message)
      },
      onCaller: (caller) => this.#callers.add(caller),
      onCallerGone: (caller) => {
        this.#callers.delete(caller)
        onCallerGone?.(caller)
      },
      refuse: ({ role }) => (role === 'owner' ? undefined : new ClusterError('auth.refused', `a worker takes role owner, not ${role}`)),
    })
    this.#listener.unref()
    this.agent.onMessage((message) => fromAgent(this, message, this.#options.onAgentMessage))
    this.agent.onRequest((message) => {
      if (message.type === 'task.cancel-owned') return cancelOwned(this.owner, message)
      return message.type === 'references.list' ? listReferences(this, message) : this.#options.onAgentRequest?.(message)
    })
    void this.agent.closed.then(() => this.#agentGone())
    this.agent.send({ type: 'client.ready', workerId: this.address.workerId, pid: process.pid, socketPath: this.address.socketPath })
    if (this.#options.role === 'driver') {
      await this.#registerJob()
      this.agent.unref()
    } else this.#ownershipTimer = setInterval(() => this.ownership.look(), lookAtOwnershipMs).unref()
  }

  async #registerJob(): Promise<void> {
    const { entrypoint, namespace } = this.#options
    const submissionId = process.env['SHOAL_JOB_SUBMISSION_ID'] // set by the supervisor of a submitted job
    const job = await this.request(
      {
        type: 'job.register',
        driverId: this.address.workerId,
        pid: process.pid,
        entrypoint,
        namespace,
        ...(submissionId ? { submissionId } : {}),
      },
      JobRegistered,
    )
    this.serveJob(job.jobId, job.namespace)
  }

  /** Whose tasks this process makes from now on. */
  serveJob(jobId: JobId, namespace: string): void {
    this.namespace = namespace
    if (jobId === this.jobId) return
    this.jobId = jobId
    this.newTaskId = createTaskIds(this.#options.randomHex, jobId)
  }

  /** A request that the agent passes on to the head, or answers itself. */
  async request<T>(message: object, reply: { parse(value: unknown): T }): Promise<T> {
    return reply.parse(await this.agent.request(message, { reply: anything }))
  }

  #sendAgent(to: AgentTarget, message: AgentMessage): void {
    if (to === null || to.nodeId === this.address.nodeId) this.agent.send(message)
    else this.others.send(to, message)
  }

  #agentGone(): void {
    if (this.#closed) return
    this.owner.raise({ type: 'agent.link-closed', agent: null, nowMs: performance.now() })
    this.#options.onAgentGone?.()
  }

  /** Resolves when the sockets have taken what was sent. */
  async drained(): Promise<void> {
    await Promise.all([this.agent.drained(), ...[...this.#callers].map((link) => link.drained())])
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#ownershipTimer)
    this.keepAlive.stop()
    this.owner.stop()
    this.#taskReporter.stop()
    this.store.close()
    this.peers.closeAll()
    this.others.closeAll()
    this.#listener?.close()
    this.agent.close()
  }
}
