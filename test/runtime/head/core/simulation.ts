import { amountsFrom } from '#runtime/base/fixed-point.ts'
import { pickOne, type Random, randomBelow, seededRandom } from '#runtime/base/random.ts'
import { defaultHeadConfig } from '#runtime/head/core/config.ts'
import type { HeadCommand, HeadEvent } from '#runtime/head/core/events.ts'
import { checkInvariants } from '#runtime/head/core/invariants.ts'
import type { SavedRow } from '#runtime/head/core/rows.ts'
import { createHeadState, type HeadState } from '#runtime/head/core/state.ts'
import { step } from '#runtime/head/core/step.ts'
import type { EventBatch } from '#runtime/protocol/events.ts'
import type { ToAgentFromHead, ToHeadFromAgent } from '#runtime/protocol/nodes.ts'
import { actorIdOf, actorSpec, addressOf, groupIdOf, groupSpec, nodeIdOf, shapeOf, workerIdOf } from './builders.ts'
import { FakeAgent } from './fake-agent.ts'

type Link = { readonly linkId: number; readonly agent: FakeAgent; readonly toHead: ToHeadFromAgent[]; readonly toAgent: ToAgentFromHead[] }

/** A head core among agents that crash, links that break, and a head that dies between saving and sending. One seed, one history. */
export class HeadSimulation {
  readonly #random: Random
  #state: HeadState
  readonly #rows = new Map<string, SavedRow>()
  readonly #agents = new Map<string, FakeAgent>()
  readonly #links = new Map<string, Link>()
  #nowMs = 0
  #nextLink = 0
  #nextNode = 0
  #nextWorker = 0
  #nextActor = 0
  #nextGroup = 0
  readonly #actorIds: string[] = []
  readonly #groupIds: string[] = []
  readonly #seed: number
  #isQuiet = false
  restarts = 0
  deaths = 0

  constructor(seed: number) {
    this.#seed = seed
    this.#random = seededRandom(seed)
    this.#state = this.#newState()
    const nodes = 2 + randomBelow(this.#random, 4)
    for (let index = 0; index < nodes; index += 1) this.#addNode()
  }

  get state(): HeadState {
    return this.#state
  }

  /** Things happen at random, faults among them. */
  run(steps: number): void {
    for (let index = 0; index < steps; index += 1) this.#something()
  }

  /** No more faults and no more wishes: everything under way comes to its end. */
  settle(): void {
    this.#isQuiet = true
    for (let round = 0; round < 400; round += 1) {
      for (const agent of this.#agents.values()) {
        if (agent.isFenced) this.#restartAgent(agent)
        else if (!this.#links.has(agent.nodeId)) this.#connect(agent)
        for (const actorId of [...agent.lives.keys()]) this.#say(agent.nodeId, agent.finishStart(actorId, 'ready'))
      }
      for (const link of [...this.#links.values()]) this.#deliverAll(link)
      for (const link of this.#links.values()) link.toHead.push(link.agent.report())
      this.#tick(500)
      if (round > 40 && this.disagreements().length === 0) return
    }
  }

  /** Head and agents must now agree on every actor, every bundle and every amount. */
  disagreements(): string[] {
    const found: string[] = []
    for (const actor of this.#state.actors.values()) {
      const { actorId } = actor.spec
      const homes = [...this.#agents.values()].filter((agent) => agent.lives.has(actorId))
      const { phase } = actor
      if (phase.kind === 'starting') found.push(`${actorId} still starts`)
      if (phase.kind === 'alive') {
        const life = homes[0]?.lives.get(actorId)
        if (homes.length !== 1 || homes[0]?.nodeId !== phase.nodeId || life?.restarts !== actor.restarts)
          found.push(`${actorId} is not where it should be`)
      } else if (homes.length > 0) found.push(`${actorId} is ${phase.kind} and lives on ${homes.length} nodes`)
    }
    for (const agent of this.#agents.values()) this.#compareNode(agent, found)
    if (this.#state.stops.size > 0) found.push(`${this.#state.stops.size} stops are unanswered`)
    if (this.#state.returns.size > 0) found.push(`${this.#state.returns.size} returns are unanswered`)
    if (this.#state.busyGroups.size > 0) found.push(`${this.#state.busyGroups.size} groups are still being placed`)
    return found
  }

  #compareNode(agent: FakeAgent, found: string[]): void {
    const node = this.#state.nodes.get(agent.nodeId)
    if (node?.phase.kind !== 'linked') return void found.push(`${agent.nodeId} is not linked`)
    if (JSON.stringify(sorted(node.available)) !== JSON.stringify(sorted(positive(agent.available))))
      found.push(`${agent.nodeId}: amounts differ`)
    const held = [...agent.bundles.values()].flatMap(({ groupId, round, indexes, committed }) =>
      [...indexes].map((index) => `${groupId} ${index} ${round} ${committed}`),
    )
    const expected: string[] = []
    for (const [groupId, group] of this.#state.groups) {
      for (const [index, bundle] of group.placed) {
        if (bundle.nodeId === agent.nodeId) expected.push(`${groupId} ${index} ${bundle.round} ${bundle.committed}`)
      }
    }
    if (held.sort().join() !== expected.sort().join()) found.push(`${agent.nodeId}: it holds ${held.join()}, expected ${expected.join()}`)
  }

  #newState(): HeadState {
    return createHeadState({
      ...defaultHeadConfig,
      seed: this.#seed,
      keptDeadActors: 20,
      keptDeadNodes: 5,
      keptDeadGroups: 5,
      keptGoneProcesses: 50,
    })
  }

  #something(): void {
    const dice = randomBelow(this.#random, 100)
    if (dice < 50) this.#deliverOne()
    else if (dice < 60) this.#tick(randomBelow(this.#random, 700))
    else if (dice < 72) this.#agentMoves()
    else if (dice < 88) this.#clientAsks()
    else if (dice < 91) this.#breakLink()
    else if (dice < 97) this.#mend()
    else if (dice < 98) this.#killAgent()
    else if (dice < 99) this.#restartHead()
    else this.#clientEnds()
  }

  #perform(body: EventBody): void {
    const commands = step(this.#state, { ...body, nowMs: this.#nowMs })
    checkInvariants(this.#state)
    for (const command of commands) this.#save(command)
    if (!this.#isQuiet && randomBelow(this.#random, 400) === 0) return this.#restartHead() // between saving and sending
    for (const command of commands) this.#send(command)
  }

  #save(command: HeadCommand): void {
    if (command.type === 'save') this.#rows.set(`${command.row.table} ${command.row.key}`, structuredClone(command.row))
    if (command.type === 'delete') this.#rows.delete(`${command.table} ${command.key}`)
  }

  #send(command: HeadCommand): void {
    if (command.type === 'send') this.#links.get(command.nodeId)?.toAgent.push(command.message)
    if (command.type === 'close-link') {
      for (const [nodeId, link] of this.#links) if (link.linkId === command.linkId) this.#cut(nodeId)
    }
  }

  #restartHead(): void {
    this.restarts += 1
    this.#links.clear()
    this.#state = this.#newState()
    const rows = [...this.#rows.values()].map((row) => structuredClone(row))
    for (const command of step(this.#state, { type: 'state.loaded', rows, nowMs: this.#nowMs })) this.#save(command)
    checkInvariants(this.#state)
  }

  #tick(afterMs: number): void {
    this.#nowMs += afterMs
    this.#perform({ type: 'tick' })
  }

  #connect(agent: FakeAgent): void {
    this.#nextLink += 1
    const link: Link = { linkId: this.#nextLink, agent, toHead: [], toAgent: [] }
    this.#links.set(agent.nodeId, link)
    const wasDead = this.#state.nodes.get(agent.nodeId)?.phase.kind === 'dead'
    this.#perform({ type: 'agent.registered', linkId: link.linkId, requestKey: 0, register: agent.register() })
    if (wasDead) this.#restartAgent(agent)
  }

  /** A fenced agent, or its successor, starts over under a new id. */
  #restartAgent(agent: FakeAgent): void {
    this.#agents.delete(agent.nodeId)
    this.#cut(agent.nodeId)
    this.#addNode()
  }

  #addNode(): void {
    this.#nextNode += 1
    const agent = new FakeAgent(nodeIdOf(this.#nextNode), { CPU: 1 + randomBelow(this.#random, 4) })
    for (let index = 0; index < 2; index += 1) {
      this.#nextWorker += 1
      agent.clients.set(workerIdOf(this.#nextWorker), null)
    }
    this.#agents.set(agent.nodeId, agent)
    this.#connect(agent)
  }

  #cut(nodeId: string): void {
    const link = this.#links.get(nodeId)
    if (link === undefined) return
    this.#links.delete(nodeId)
    this.#perform({ type: 'agent.link-closed', linkId: link.linkId, nodeId })
  }

  #breakLink(): void {
    if (this.#links.size > 0) this.#cut(pickOne(this.#random, [...this.#links.keys()]))
  }

  #killAgent(): void {
    this.deaths += 1
    const agent = pickOne(this.#random, [...this.#agents.values()])
    this.#restartAgent(agent)
  }

  #mend(): void {
    const lonely = [...this.#agents.values()].filter((agent) => !this.#links.has(agent.nodeId) || agent.isFenced)
    if (lonely.length === 0) return
    const agent = pickOne(this.#random, lonely)
    if (agent.isFenced) this.#restartAgent(agent)
    else this.#connect(agent)
  }

  #deliverOne(): void {
    const busy = [...this.#links.values()].filter((link) => link.toHead.length + link.toAgent.length > 0)
    if (busy.length === 0) return
    const link = pickOne(this.#random, busy)
    const toHead = link.toAgent.length === 0 || (link.toHead.length > 0 && this.#random() < 0.5)
    if (toHead) this.#deliverToHead(link)
    else this.#deliverToAgent(link)
  }

  #deliverAll(link: Link): void {
    for (let left = 10_000; left > 0 && link.toHead.length + link.toAgent.length > 0; left -= 1) {
      if (link.toAgent.length > 0) this.#deliverToAgent(link)
      else this.#deliverToHead(link)
    }
  }

  #deliverToHead(link: Link): void {
    const message = link.toHead.shift() as Exclude<ToHeadFromAgent, EventBatch> | undefined // agents here send no events
    if (message === undefined) return
    if (!this.#isQuiet && this.#random() < 0.1) link.toHead.push(message) // repeated, and late
    this.#perform({ type: 'agent.message', linkId: link.linkId, nodeId: link.agent.nodeId, message })
  }

  #deliverToAgent(link: Link): void {
    const message = link.toAgent.shift()
    if (message) link.toHead.push(...link.agent.receive(message))
  }

  #agentMoves(): void {
    const agent = pickOne(this.#random, [...this.#agents.values()])
    if (this.#random() < 0.4) return this.#say(agent.nodeId, [agent.report()])
    if (agent.lives.size === 0) return
    const actorId = pickOne(this.#random, [...agent.lives.keys()])
    const how = this.#random() < 0.8 ? 'ready' : this.#random() < 0.5 ? 'threw' : 'crashed'
    this.#say(agent.nodeId, this.#random() < 0.8 ? agent.finishStart(actorId, how) : agent.crash(actorId))
  }

  #say(nodeId: string, messages: ToHeadFromAgent[]): void {
    this.#links.get(nodeId)?.toHead.push(...messages)
  }

  #clientEnds(): void {
    const agent = pickOne(this.#random, [...this.#agents.values()])
    if (agent.clients.size === 0) return
    const workerId = pickOne(this.#random, [...agent.clients.keys()])
    agent.clients.delete(workerId)
    this.#say(agent.nodeId, [{ type: 'clients.gone', nodeId: agent.nodeId, workerIds: [workerId] }])
  }

  #clientAsks(): void {
    const agents = [...this.#agents.values()].filter((agent) => this.#links.has(agent.nodeId) && agent.clients.size > 0)
    if (agents.length === 0) return
    const { nodeId, clients } = pickOne(this.#random, agents)
    const workerId = pickOne(this.#random, [...clients.keys()])
    this.#perform({ type: 'client.request', from: { nodeId, workerId }, requestKey: 0, request: this.#wish(nodeId, workerId) })
  }

  #wish(nodeId: string, workerId: string): Extract<HeadEvent, { type: 'client.request' }>['request'] {
    const dice = randomBelow(this.#random, 10)
    if (dice < 4) return this.#newActor(nodeId, workerId)
    if (dice < 6) return this.#newGroup(workerId)
    if (dice < 7 && this.#groupIds.length > 0) return { type: 'group.remove', groupId: pickOne(this.#random, this.#groupIds) }
    if (dice < 8 || this.#actorIds.length === 0)
      return { type: 'job.register', driverId: workerId, pid: 1, entrypoint: 'sim', namespace: null }
    const actorId = pickOne(this.#random, this.#actorIds)
    if (dice < 9) return { type: 'actor.kill', actorId, noRestart: this.#random() < 0.5 }
    return { type: this.#random() < 0.5 ? 'actor.out-of-scope' : 'actor.watch', actorId }
  }

  #newActor(nodeId: string, workerId: string): Extract<HeadEvent, { type: 'client.request' }>['request'] {
    this.#nextActor += 1
    const actorId = actorIdOf(this.#nextActor, this.#someJob())
    this.#actorIds.push(actorId)
    const inGroup = this.#groupIds.length > 0 && this.#random() < 0.3
    const strategy = inGroup
      ? { kind: 'group' as const, groupId: pickOne(this.#random, this.#groupIds), bundleIndex: -1, captureChildren: false }
      : { kind: this.#random() < 0.5 ? ('default' as const) : ('spread' as const) }
    const spec = actorSpec(actorId, {
      owner: { ...addressOf(nodeId, workerId), workerId },
      name: this.#random() < 0.2 ? `n${randomBelow(this.#random, 3)}` : null,
      detached: this.#random() < 0.2,
      maxRestarts: randomBelow(this.#random, 4) - 1,
      shape: shapeOf({ CPU: randomBelow(this.#random, 3) }, strategy),
      heldResources: this.#random() < 0.5 ? {} : { CPU: 0.5 },
    })
    return { type: 'actor.create', spec, getIfExists: this.#random() < 0.5 }
  }

  #newGroup(workerId: string): Extract<HeadEvent, { type: 'client.request' }>['request'] {
    this.#nextGroup += 1
    const groupId = groupIdOf(this.#nextGroup, this.#someJob())
    this.#groupIds.push(groupId)
    const bundles = Array.from({ length: 1 + randomBelow(this.#random, 3) }, () => ({ CPU: 0.5 + randomBelow(this.#random, 3) / 2 }))
    const strategy = pickOne(this.#random, ['PACK', 'SPREAD', 'STRICT_PACK', 'STRICT_SPREAD'] as const)
    return { type: 'group.create', spec: groupSpec(groupId, bundles, { strategy, creatorId: workerId, detached: this.#random() < 0.3 }) }
  }

  #someJob(): string {
    const jobs = [...this.#state.jobs.keys()]
    return jobs.length === 0 ? '00000001' : pickOne(this.#random, jobs)
  }
}

type EventBody = HeadEvent extends infer E ? (E extends HeadEvent ? Omit<E, 'nowMs'> : never) : never

const sorted = (amounts: Record<string, number>) => Object.entries(amounts).sort(([one], [other]) => (one < other ? -1 : 1))
const positive = (amounts: Record<string, number>) =>
  amountsFrom(Object.fromEntries(Object.entries(amounts).flatMap(([name, units]) => (units > 0 ? [[name, units / 10_000]] : []))))
