import { newNodeId } from '#runtime/base/ids.ts'
import type { CoreRequest } from '#runtime/head/core/events.ts'
import type { AgentCommand, AgentEvent } from '#runtime/node/core/events.ts'
import type { ActorConstruction, ToHead } from '#runtime/node/core/messages.ts'
import { checkInvariants } from '#runtime/node/core/invariants.ts'
import { registrationOf } from '#runtime/node/core/reporting.ts'
import { type AgentCoreConfig, type AgentState, createAgentState, defaultCoreSettings } from '#runtime/node/core/state.ts'
import { step } from '#runtime/node/core/step.ts'
import { ActorChanged } from '#runtime/protocol/actors.ts'
import { GroupChanged } from '#runtime/protocol/groups.ts'
import type { NodeFacts } from '#runtime/protocol/nodes.ts'
import type { AgentToClient, AgentToHead, Answer, Ask, ClientToAgent, HeadToAgent, OwnerToAgent } from './messages.ts'
import type { Port } from './network.ts'
import { headPlace } from './sim-head.ts'
import { SimWorker } from './sim-worker.ts'
import type { World } from './world.ts'

type EventBody = AgentEvent extends infer E ? (E extends AgentEvent ? Omit<E, 'nowMs'> : never) : never
type Client = { readonly port: Port; readonly isDriver: boolean }
type Pending = { readonly request: CoreRequest; readonly done: (answer: Answer) => void }

const tickMs = 100

/** One agent's process on a machine: its core, its links to the head, to its clients, and to owners elsewhere. */
export class SimAgent {
  readonly #world: World
  readonly place: string
  readonly nodeId: string
  readonly state: AgentState
  readonly #facts: NodeFacts
  isAlive = true
  clockOffsetMs = 0
  steps = 0
  readonly workers = new Map<string, SimWorker>()
  readonly #clients = new Map<string, Client>()
  readonly #owners = new Map<string, { port: Port; nodeId: string }>()
  /** Owners of other nodes whose link broke: they get a while to come back. */
  readonly #absent = new Map<string, { nodeId: string }>()
  #head: Port | undefined
  #isRegistered = false
  /** What happened since the registration that is under way was written. */
  #unsent: ToHead[] = []
  #nextKey = 0
  readonly #pending = new Map<number, Pending>()
  readonly #watchers = new Map<string, Set<Port>>()
  /** Results in this node's store. */
  readonly stored = new Map<string, number>()
  readonly #queue: EventBody[] = []
  #isRunning = false

  constructor(world: World, place: string, config: Partial<AgentCoreConfig>) {
    this.#world = world
    this.place = place
    this.nodeId = newNodeId(world.newHex)
    const resources = config.resources ?? { CPU: 4 }
    this.state = createAgentState({
      ...defaultCoreSettings,
      ...{ nodeId: this.nodeId, nodeName: place, agentAddress: `${place}:7000`, resources, labels: {}, gpuIds: [] },
      ...{ random: world.random, randomHex: world.newHex, canBeCutOff: true },
      ...config,
    })
    this.#facts = {
      ...{ nodeId: this.nodeId, agentAddress: `${place}:7000`, hostname: place, pid: 1, isHead: false, resources, labels: {} },
      ...{ objectStoreBytes: 0, startedAtMs: world.nowMs, nodeName: '', version: 'sim' },
    }
    this.#dialHead()
    this.#tick()
  }

  /** The process is gone, and with it its store; its clients notice. */
  die(): void {
    if (!this.isAlive) return
    this.isAlive = false
    for (const worker of this.workers.values()) worker.die()
    for (const port of [
      this.#head,
      ...[...this.#clients.values()].map(({ port }) => port),
      ...[...this.#owners.values()].map(({ port }) => port),
    ])
      port?.close()
  }

  raise(event: EventBody): void {
    this.#queue.push(event)
    if (this.#isRunning) return
    this.#isRunning = true
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next)
    this.#isRunning = false
  }

  #step(event: EventBody): void {
    if (!this.isAlive) return
    this.steps += 1
    const commands = step(this.state, { ...event, nowMs: this.#world.nowMs + this.clockOffsetMs })
    if (event.type !== 'tick' || commands.length > 0)
      this.#world.check(() => checkInvariants(this.state), `agent ${this.place} after ${event.type}`)
    for (const command of commands) this.#perform(command)
  }

  #tick(): void {
    this.#world.scheduler.after(tickMs, () => {
      if (!this.isAlive) return
      this.raise({ type: 'tick' })
      this.#tick()
    })
  }

  // --- the head

  #dialHead(): void {
    if (!this.isAlive) return
    const port = this.#world.dialHead(this.place)
    if (!port) {
      this.raise({ type: 'head.unreachable', isRefused: this.#world.network.canReach(this.place, headPlace) })
      return this.#world.scheduler.after(200 + this.#world.random() * 300, () => this.#dialHead())
    }
    this.#head = port
    port.onMessage = (message: HeadToAgent) => this.#onHead(message)
    port.onClosed = (silentMs) => this.#onHeadLost(silentMs)
    this.#unsent = []
    this.#say({ kind: 'register', register: { type: 'node.register', facts: this.#facts, ...registrationOf(this.state) } })
  }

  #onHeadLost(silentMs: number): void {
    this.#head = undefined
    if (this.#isRegistered) this.raise({ type: 'head.lost', silentMs })
    this.#isRegistered = false
    this.#world.scheduler.after(100 + this.#world.random() * 200, () => this.#dialHead())
  }

  #onHead(message: HeadToAgent): void {
    if (!this.isAlive) return
    if (message.kind === 'answer') {
      const pending = this.#pending.get(message.key)
      this.#pending.delete(message.key)
      return pending?.done(message)
    }
    if (message.kind === 'registered') return this.#onRegistered(message.answer)
    const said = message.message
    if (said.type === 'actor.changed') this.#publish(`actor:${said.actorId}`, { kind: 'actor', changed: said })
    if (said.type === 'group.changed') this.#publish(`group:${said.groupId}`, { kind: 'group', changed: said })
    if (said.type === 'processes.gone') {
      for (const { port } of this.#clients.values()) port.send({ kind: 'gone', gone: said } satisfies AgentToClient)
      this.#nodesGone(new Set(said.nodeIds))
    }
    this.raise({ type: 'head.said', message: said })
  }

  #onRegistered({ fenced, heartbeatMs, deadAfterMs }: Extract<HeadToAgent, { kind: 'registered' }>['answer']): void {
    if (fenced) return this.#world.startOver(this)
    this.#isRegistered = true
    for (const message of this.#unsent.splice(0)) this.#say({ kind: 'say', message })
    this.raise({ type: 'head.registered', heartbeatMs, deadAfterMs })
    for (const [key, { request }] of this.#pending) this.#say({ kind: 'ask', key, request })
    for (const key of this.#watchers.keys()) this.#watchAgain(key)
  }

  #watchAgain(key: string): void {
    const [kind, id = ''] = key.split(':')
    const request: CoreRequest = kind === 'actor' ? { type: 'actor.watch', actorId: id } : { type: 'group.watch', groupId: id }
    this.ask(request, (answer) => {
      if (answer.code !== null) return
      if (kind === 'actor') this.#publish(key, { kind: 'actor', changed: ActorChanged.parse(answer.value) })
      else this.#publish(key, { kind: 'group', changed: GroupChanged.parse(answer.value) })
    })
  }

  #publish(key: string, message: AgentToClient): void {
    for (const port of this.#watchers.get(key) ?? []) port.send(message)
  }

  #say(message: AgentToHead): void {
    this.#head?.send(message)
  }

  /** Asks the head, again after each break of the link, until it answers. */
  ask(request: CoreRequest, done: (answer: Answer) => void): void {
    this.#nextKey += 1
    const key = this.#nextKey
    this.#pending.set(key, { request, done })
    if (this.#isRegistered) this.#say({ kind: 'ask', key, request })
  }

  // --- clients of this machine

  acceptClient(workerId: string, port: Port, isDriver: boolean): void {
    this.#clients.set(workerId, { port, isDriver })
    port.onMessage = (message: ClientToAgent) => this.#onClient(workerId, port, message)
    port.onClosed = () => {
      this.#clients.delete(workerId)
      for (const watchers of this.#watchers.values()) watchers.delete(port)
      if (isDriver) this.raise({ type: 'driver.gone', workerId })
    }
    if (isDriver) this.raise({ type: 'driver.connected', workerId })
  }

  #onClient(workerId: string, port: Port, message: ClientToAgent): void {
    if (!this.isAlive) return
    switch (message.kind) {
      case 'lease':
        return this.raise({ type: 'owner.said', message: message.message })
      case 'ask':
        return this.#onClientAsk(workerId, port, message)
      case 'ready':
        return this.raise({ type: 'worker.ready', workerId, socketPath: `/s/${workerId.slice(0, 8)}.sock` })
      case 'blocked':
        return this.raise({ type: 'worker.blocked', workerId })
      case 'unblocked':
        return this.raise({ type: 'worker.unblocked', workerId })
      case 'leaving':
        return this.raise({ type: 'worker.leaving', workerId, reason: 'exit-actor' })
      case 'constructed': {
        const outcome: ActorConstruction = message.threw
          ? { kind: 'threw', error: { bytes: new Uint8Array(), classNames: ['Error'] } }
          : { kind: 'ready' }
        return this.raise({ type: 'actor.constructed', workerId, actorId: message.actorId, restarts: message.restarts, outcome })
      }
    }
  }

  #onClientAsk(workerId: string, port: Port, { key, request }: Ask): void {
    const watched =
      request.type === 'actor.watch' ? `actor:${request.actorId}` : request.type === 'group.watch' ? `group:${request.groupId}` : undefined
    if (watched !== undefined) {
      const watchers = this.#watchers.get(watched) ?? new Set()
      this.#watchers.set(watched, watchers.add(port))
    }
    this.ask(request, (answer) => {
      if (request.type === 'job.register' && answer.code === null) {
        const { jobId } = answer.value as { jobId: string } // what the head answers to this request
        this.raise({ type: 'driver.registered', workerId, jobId })
      }
      port.send({ ...answer, key } satisfies AgentToClient)
    })
  }

  // --- owners of other machines

  acceptOwner(ownerId: string, nodeId: string, port: Port): void {
    this.#absent.delete(ownerId)
    const entry = { port, nodeId }
    this.#owners.set(ownerId, entry)
    port.onMessage = (message: OwnerToAgent) => this.isAlive && this.raise({ type: 'owner.said', message: message.message })
    port.onClosed = () => {
      if (this.#owners.get(ownerId) !== entry) return
      this.#owners.delete(ownerId)
      const absence = { nodeId }
      this.#absent.set(ownerId, absence)
      this.#world.scheduler.after(this.#world.settings.ownerGraceMs, () => this.#absent.get(ownerId) === absence && this.#giveUp(ownerId))
    }
  }

  #giveUp(ownerId: string): void {
    this.#absent.delete(ownerId)
    this.raise({ type: 'owner.gone', ownerId })
  }

  #nodesGone(nodeIds: ReadonlySet<string>): void {
    for (const [ownerId, { nodeId, port }] of [...this.#owners]) {
      if (!nodeIds.has(nodeId)) continue
      this.#owners.delete(ownerId)
      port.close()
      this.raise({ type: 'owner.gone', ownerId })
    }
    for (const [ownerId, { nodeId }] of [...this.#absent]) if (nodeIds.has(nodeId)) this.#giveUp(ownerId)
  }

  // --- what the core wants done

  #perform(command: AgentCommand): void {
    switch (command.do) {
      case 'tell-head':
        return this.#isRegistered ? this.#say({ kind: 'say', message: command.message }) : void this.#unsent.push(command.message)
      case 'tell-owner': {
        const port = this.#clients.get(command.ownerId)?.port ?? this.#owners.get(command.ownerId)?.port
        return port?.send({ kind: 'lease', message: command.message } satisfies AgentToClient)
      }
      case 'spawn-worker':
        return this.#spawn(command.workerId)
      case 'assign-worker':
      case 'construct-actor':
      case 'ask-worker-to-leave':
        return this.#clients.get(command.workerId)?.port.send({ kind: 'order', command } satisfies AgentToClient)
      case 'end-worker':
        return this.workers.get(command.workerId)?.die()
      case 'watch-group':
        return this.#watchOwn(command.groupId)
      case 'ask-witnesses':
        return this.#askWitnesses(command)
      case 'start-submission':
      case 'stop-submission':
        return undefined // nobody submits jobs here: they have a simulation of their own, test/runtime/head/core/submission-simulation.test.ts
      case 'leave-cluster':
        this.#say({ kind: 'say', message: { type: 'node.leaving', nodeId: this.nodeId } })
        return this.#world.startOver(this)
      case 'start-over':
        this.#world.note(`${this.place} fences itself`)
        return this.#world.startOver(this)
    }
  }

  #askWitnesses({ round, nodes }: Extract<AgentCommand, { do: 'ask-witnesses' }>): void {
    for (const { nodeId } of nodes) {
      this.#world.askWitness(this, nodeId, (answer) => this.isAlive && this.raise({ type: 'witness.answered', round, nodeId, answer }))
    }
  }

  #watchOwn(groupId: string): void {
    this.ask({ type: 'group.watch', groupId }, (answer) => {
      if (answer.code !== null) return this.raise({ type: 'group.unknown', groupId })
      this.raise({ type: 'head.said', message: GroupChanged.parse(answer.value) })
    })
  }

  #spawn(workerId: string): void {
    const worker = new SimWorker(this.#world, this, workerId)
    this.workers.set(workerId, worker)
    this.#world.workers.set(workerId, worker)
  }

  /** The operating system tells us that a child ended. */
  workerEnded(worker: SimWorker): void {
    this.#world.scheduler.after(this.#world.network.latency(this.place, this.place), () => {
      if (!this.workers.delete(worker.workerId)) return
      this.raise({
        type: 'worker.exited',
        workerId: worker.workerId,
        exit: { exitCode: 1, signal: null, pid: 7, reason: null, lastLines: [] },
      })
    })
  }
}
