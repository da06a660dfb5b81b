import { hostname } from 'node:os'
import { ClusterError, toError } from '../base/errors.ts'
import { unreachable } from '../base/invariant.ts'
import type { NodeId, WorkerId } from '../base/ids.ts'
import { ActorConstructed } from '../protocol/actors.ts'
import { GroupChanged } from '../protocol/groups.ts'
import type { NodeRegister, NodeRegistered } from '../protocol/nodes.ts'
import type { Hello } from '../protocol/hello.ts'
import type { NodeIdentity } from '../session/identity-file.ts'
import { createStoreServer, type StoreServer } from '../store/store-server.ts'
import { type Listener, listenTls, listenUnix, type Peer } from '../transport/listen.ts'
import { joinHostPort } from './addresses.ts'
import { AgentPool } from './agent-pool.ts'
import { type AgentOptions, agentVersion, coreConfigOf, workerCommand } from './agent-options.ts'
import { ClusterFeed } from './cluster-feed.ts'
import { CoreDriver } from './core-driver.ts'
import type { AgentCommand } from './core/events.ts'
import { testify } from './core/fencing.ts'
import type { ConstructActor } from './core/messages.ts'
import { registrationOf } from './core/reporting.ts'
import { answerHead } from './head-requests.ts'
import { type FromHeadLink, HeadLink } from './head-link.ts'
import { LocalClients } from './local-clients.ts'
import { watchMemory } from './memory-monitor.ts'
import { ObjectOwners } from './object-owners.ts'
import { ObjectFreeing } from './object-freeing.ts'
import { ObjectTransfer } from './object-transfer.ts'
import { RemotePeers } from './remote-peers.ts'
import { type NodeServices, openNodeServices } from './services.ts'
import { watchRequest, Watches } from './watches.ts'
import { askWitnesses } from './witnesses.ts'
import { WorkerPool } from './worker-pool.ts'

/** Why an agent ends: it was drained, or the head declared it dead and it has to start over as another node. */
export type AgentEnd = 'drained' | 'fenced'

const storeReportMs = 500
/** A node that leaves is not waited for longer than this by who stops it. */
const flushLogsWithinMs = 1_500

/** One node of the cluster: the core with its processes, its store and its links. */
export class Agent {
  readonly nodeId: NodeId
  readonly #options: AgentOptions
  readonly #identity: NodeIdentity | undefined
  readonly #core: CoreDriver
  readonly #pool: WorkerPool
  readonly #store: StoreServer
  readonly #owners = new ObjectOwners()
  readonly #freeing: ObjectFreeing
  readonly #transfer: ObjectTransfer
  readonly #agents: AgentPool
  readonly #head: HeadLink
  readonly #watches = new Watches()
  readonly #services: NodeServices
  readonly #clients: LocalClients
  readonly #remote: RemotePeers
  readonly #feed: ClusterFeed
  readonly #listeners: Listener[]
  readonly #timers: NodeJS.Timeout[] = []
  #stopWatchingMemory: () => void = () => {}
  readonly #startedAtMs = Date.now()
  readonly agentAddress: string
  clusterId = ''
  /** Resolves when it has to end by itself. */
  readonly ended: Promise<AgentEnd>
  #end: (end: AgentEnd) => void = () => {}

  /**
   * Starts a node: opens its store and its doors, and registers it with the head.
   * @throws ClusterError when a port or folder cannot be had, or the head refuses.
   */
  static async start(options: AgentOptions, node: { nodeId: NodeId; identity: NodeIdentity | undefined }): Promise<Agent> {
    const { layout, logger, listen } = options
    const doors: { onPeer: (hello: Hello, peer: Peer) => void | Promise<void>; onGarbage: () => void } = {
      onPeer: () => {
        throw new ClusterError('link.closed', 'this agent is starting; try again')
      },
      onGarbage: () => {},
    }
    const listeners: Listener[] = []
    const listenOptions = { self: { version: agentVersion, nodeId: node.nodeId }, logger }
    const onPeer = (hello: Hello, peer: Peer) => doors.onPeer(hello, peer)
    if (listen && node.identity) {
      listeners.push(await listenTls({ host: listen.host, port: listen.port, identity: node.identity }, { ...listenOptions, onPeer }))
    }
    const port = listeners[0]?.port
    const agentAddress = listen && port !== undefined ? joinHostPort(listen.advertise, port) : ''
    let store: StoreServer | undefined
    try {
      store = await createStoreServer({
        name: node.nodeId.slice(0, 24),
        capacityBytes: options.objectStoreBytes,
        spillRoot: layout.spillDir,
        memoryRoot: options.settings.storeRoot,
        createTimeoutMs: options.settings.storeCreateTimeoutMs,
        logger,
        requestGc: () => doors.onGarbage(),
      })
      const agent = new Agent(options, { ...node, agentAddress, store, listeners })
      doors.onPeer = (hello, peer) => agent.#accept(hello, peer)
      doors.onGarbage = () => agent.#clients.broadcast({ type: 'garbage.collect' })
      listeners.push(await listenUnix(layout.agentSocket, { ...listenOptions, onPeer }))
      await agent.#head.start()
      agent.#startTimers()
      return agent
    } catch (error) {
      for (const listener of listeners) listener.close()
      await store?.close()
      throw error
    }
  }

  private constructor(
    options: AgentOptions,
    node: { nodeId: NodeId; identity: NodeIdentity | undefined; agentAddress: string; store: StoreServer; listeners: Listener[] },
  ) {
    const { logger, settings } = options
    const { nodeId, identity, agentAddress, store } = node
    this.nodeId = nodeId
    this.agentAddress = agentAddress
    this.#options = options
    this.#identity = identity
    this.#store = store
    this.#listeners = node.listeners
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#core = new CoreDriver(coreConfigOf(options, node), { perform: (command) => this.#perform(command), logger })
    const raise = this.#core.raise.bind(this.#core)
    this.#pool = this.#newPool()
    this.#agents = new AgentPool({ nodeId, version: agentVersion, identity, logger })
    this.#transfer = new ObjectTransfer({ store, nodeId, logger, linkTo: (copy) => this.#agents.linkTo(copy) })
    this.#freeing = new ObjectFreeing({ store, nodeId, owners: this.#owners, linkTo: (copy) => this.#agents.linkTo(copy) })
    this.#head = this.#newHeadLink()
    this.#services = openNodeServices({
      ...{ ...options, nodeId, store, pool: this.#pool, core: this.#core, owners: this.#owners },
      clients: () => this.#clients,
      request: (message) => this.#head.request(message),
      send: (message) => this.#head.send(message),
    })
    this.#clients = this.#newClients()
    this.#feed = new ClusterFeed(this.#clients)
    this.#remote = new RemotePeers({
      logger,
      version: agentVersion,
      store,
      transfer: this.#transfer,
      socketOf: (workerId) => this.#clients.find(workerId)?.socketPath,
      raise,
      testify: (askerId) => testify(this.#core.state, askerId),
      ownerGraceMs: settings.ownerGraceMs,
    })
    store.onRemoved(({ objectId }) => this.#owners.remove(objectId))
  }

  /** Ends everything: workers, links, the store and its files. `leave`: the head is told that it is on purpose. */
  async stop({ leave }: { leave: boolean }): Promise<void> {
    this.#core.stop()
    if (leave) await this.#services.logs.flush(flushLogsWithinMs)
    this.#services.close()
    for (const timer of this.#timers) clearInterval(timer)
    this.#stopWatchingMemory()
    for (const listener of this.#listeners) listener.close()
    if (leave) this.#head.send({ type: 'node.leaving', nodeId: this.nodeId })
    await Promise.all([this.#pool.endAll('node-lost'), this.#services.jobs.endAll()])
    this.#head.close()
    this.#clients.closeAll()
    this.#remote.closeAll()
    this.#agents.closeAll()
    this.#transfer.close()
    await this.#store.close()
  }

  #newPool(): WorkerPool {
    const { layout, logger, settings } = this.#options
    return new WorkerPool({
      storeDirectory: this.#store.directory,
      layout,
      nodeId: this.nodeId,
      logger,
      command: workerCommand(settings),
      onExit: (workerId, exit) => {
        this.#services.inspector.noteWorkerExit(workerId, exit)
        this.#store.clientGone(workerId)
        this.#freeing.freeOf(workerId)
        this.#services.metrics.noteExit(exit)
        this.#core.raise({ type: 'worker.exited', workerId, exit })
      },
    })
  }

  #newHeadLink(): HeadLink {
    const { logger, settings } = this.#options
    return new HeadLink({
      target: this.#options.head,
      nodeId: this.nodeId,
      version: agentVersion,
      identity: this.#identity,
      logger,
      registration: () => this.#registration(),
      onRegistered: (answer) => this.#onRegistered(answer),
      onFenced: () => this.#end('fenced'),
      onMessage: (message) => this.#onHeadMessage(message),
      onRequest: (message) => answerHead(this.#services.handlers, message),
      onLost: (silentMs) => this.#core.raise({ type: 'head.lost', silentMs }),
      onUnreachable: (isRefused) => this.#core.raise({ type: 'head.unreachable', isRefused }),
      patienceMs: settings.headPatienceMs,
      ...(this.#options.isRejoining && { firstAttempts: Number.POSITIVE_INFINITY }),
    })
  }

  #newClients(): LocalClients {
    return new LocalClients({
      logger: this.#options.logger,
      pool: this.#pool,
      store: this.#store,
      owners: this.#owners,
      transfer: this.#transfer,
      head: this.#head,
      watches: this.#watches,
      welcome: () => this.#welcome(),
      raise: (event) => this.#core.raise(event),
      leaseOwnerOf: (workerId) => this.#leaseOwnerOf(workerId),
      freeObjects: (message) => this.#freeing.free(message),
      onDriverGone: (workerId, client) => {
        this.#services.inspector.noteDriverGone(client)
        this.#store.clientGone(workerId)
        this.#freeing.freeOf(workerId)
        this.#core.raise({ type: 'driver.gone', workerId })
      },
      forwardEvents: (batch) => this.#services.events.forward(batch),
      onAccepted: (client) => this.#feed.greet(client.link),
      usePackage: (name, signal) => this.#services.jobs.usePackage(name, signal),
    })
  }

  #accept(hello: Hello, peer: Peer): void | Promise<void> {
    if (peer.node) return this.#remote.accept(hello, peer)
    return this.#clients.accept(hello, peer)
  }

  #perform(command: AgentCommand): void {
    switch (command.do) {
      case 'tell-head':
        return this.#head.send(command.message)
      case 'tell-owner':
        // One that is out of reach finds out by `leases.held` when it is back.
        if (!this.#clients.send(command.ownerId, command.message)) this.#remote.send(command.ownerId, command.message)
        return
      case 'spawn-worker':
        return this.#spawn(command.workerId)
      case 'assign-worker':
        this.#pool.serve(command.workerId, command.message.jobId)
        return void this.#clients.send(command.workerId, command.message)
      case 'construct-actor':
        this.#pool.serve(command.workerId, command.message.spec.jobId)
        return void this.#construct(command.workerId, command.message)
      case 'ask-worker-to-leave': {
        const { graceful, reason, workerId } = command
        if (!this.#clients.send(workerId, { type: 'worker.leave', graceful, reason })) this.#pool.end(workerId, reason)
        return
      }
      case 'end-worker':
        return this.#pool.end(command.workerId, command.reason)
      case 'start-submission':
        return this.#services.jobs.start(command.order, command.devices)
      case 'stop-submission':
        return this.#services.jobs.stop(command)
      case 'watch-group':
        return void this.#watchGroup(command.groupId)
      case 'ask-witnesses':
        return this.#askWitnesses(command)
      case 'leave-cluster':
        return this.#end('drained')
      case 'start-over':
        return this.#end('fenced')
      default:
        return unreachable(command, 'command of the agent core')
    }
  }

  #askWitnesses({ round, nodes }: Extract<AgentCommand, { do: 'ask-witnesses' }>): void {
    this.#options.logger.warn('head.witnesses-asked', { round, witnesses: nodes.length })
    askWitnesses(this.#agents, nodes, (nodeId, answer) => this.#core.raise({ type: 'witness.answered', round, nodeId, answer }))
  }

  #spawn(workerId: WorkerId): void {
    try {
      this.#services.inspector.noteStart(workerId)
      this.#pool.spawn(workerId)
    } catch (thrown) {
      const exit = { exitCode: null, signal: null, pid: 0, reason: null, lastLines: [toError(thrown).message.slice(0, 2_048)] }
      this.#core.raise({ type: 'worker.exited', workerId, exit })
    }
  }

  async #construct(workerId: WorkerId, message: ConstructActor): Promise<void> {
    const link = this.#clients.find(workerId)?.link
    if (!link) return // it is going; its exit says so
    const { spec, restarts } = message
    try {
      const outcome = await link.request(message, { reply: ActorConstructed })
      this.#core.raise({ type: 'actor.constructed', workerId, actorId: spec.actorId, restarts, outcome })
    } catch (thrown) {
      const error = toError(thrown)
      if (link.isClosed) return // its exit says so
      const failure = { code: error instanceof ClusterError ? error.code : 'internal', message: error.message, details: {} } as const
      this.#core.raise({ type: 'actor.constructed', workerId, actorId: spec.actorId, restarts, outcome: { kind: 'failed', failure } })
    }
  }

  async #watchGroup(groupId: string): Promise<void> {
    try {
      const changed = GroupChanged.parse(await this.#head.request({ type: 'group.watch', groupId }))
      this.#core.raise({ type: 'head.said', message: changed })
    } catch (thrown) {
      const error = toError(thrown)
      this.#options.logger.info('group.watch-failed', { groupId, reason: error.message })
      if (error instanceof ClusterError && !error.retryable) this.#core.raise({ type: 'group.unknown', groupId })
    }
  }

  #onRegistered(answer: ReturnType<(typeof NodeRegistered)['parse']>): void {
    this.clusterId = answer.clusterId
    const { heartbeatMs, deadAfterMs } = answer
    this.#core.raise({ type: 'head.registered', heartbeatMs, deadAfterMs })
    for (const key of this.#watches.keys()) {
      this.#head.request(watchRequest(key)).then(
        (changed) => this.#watches.publish(changed as Parameters<Watches['publish']>[0]), // the head's own answer to a watch; clients parse it
        (thrown: unknown) => this.#options.logger.info('watch.failed', { key, reason: toError(thrown).message }),
      )
    }
  }

  #onHeadMessage(message: FromHeadLink): void {
    switch (message.type) {
      case 'actor.changed':
        return this.#watches.publish(message)
      case 'group.changed':
        this.#watches.publish(message)
        break
      case 'cluster.changed':
        this.#feed.onChanged(message)
        break
      case 'processes.gone':
        this.#clients.broadcast(message)
        for (const workerId of message.workerIds) this.#freeing.freeOf(workerId)
        this.#remote.nodesGone(message.nodeIds)
        break
      default:
        break
    }
    this.#core.raise({ type: 'head.said', message })
  }

  #registration(): NodeRegister {
    const { nodeName, isHead, resources, objectStoreBytes } = this.#options
    const facts = {
      nodeId: this.nodeId,
      agentAddress: this.agentAddress,
      hostname: hostname(),
      pid: process.pid,
      isHead,
      resources,
      labels: this.#core.state.config.labels,
      objectStoreBytes,
      startedAtMs: this.#startedAtMs,
      nodeName,
      version: agentVersion,
    }
    return { type: 'node.register', facts, ...registrationOf(this.#core.state) }
  }

  #welcome() {
    const { layout, isHead } = this.#options
    const { tempDir, socketDir, logDir, identityDir } = layout
    const storeDir = this.#store.directory
    const details = { tempDir, socketDir, logDir, identityDir, storeDir, agentAddress: this.agentAddress, isHead }
    return { nodeId: this.nodeId, clusterId: this.clusterId, details }
  }

  #leaseOwnerOf(workerId: WorkerId): WorkerId | undefined {
    const phase = this.#core.state.workers.get(workerId)?.phase
    return phase?.kind === 'leased' ? this.#core.state.leases.get(phase.leaseId)?.ownerId : undefined
  }

  #startTimers(): void {
    const { settings, logger } = this.#options
    this.#core.startTicking()
    this.#services.start()
    this.#timers.push(setInterval(() => this.#core.raise({ type: 'store.used', usedBytes: this.#store.stats().usedBytes }), storeReportMs))
    const { memoryLimit: limit, memoryCheckMs: everyMs } = settings
    this.#stopWatchingMemory = watchMemory({ logger, limit, everyMs, onShort: (use) => this.#core.raise({ type: 'memory.short', ...use }) })
  }
}
