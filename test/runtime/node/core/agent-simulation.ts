import { pickOne, randomBelow, type Random, seededRandom } from '#runtime/base/random.ts'
import type { AgentCommand } from '#runtime/node/core/events.ts'
import type { ActorConstruction, FromHead, FromOwner } from '#runtime/node/core/messages.ts'
import { amountsFrom } from '#runtime/base/fixed-point.ts'
import type { Shape } from '#runtime/protocol/scheduling.ts'
import { actorSpecOf, AgentHarness, groupId, idOf, jobId, shapeOf, viewOf } from './agent-core-harness.ts'

type Message = { from: 'owner'; message: FromOwner } | { from: 'head'; message: FromHead }

const shapes: readonly Shape[] = [
  shapeOf({ CPU: 1 }),
  shapeOf({ CPU: 0.5, GPU: 0.25 }),
  shapeOf({ GPU: 2 }),
  shapeOf({ CPU: 3, memory: 100 }),
  shapeOf({}),
  shapeOf({ CPU: 1 }, { strategy: { kind: 'spread' } }),
  shapeOf({ CPU: 99 }),
  shapeOf({ CPU: 1 }, { strategy: { kind: 'group', groupId, bundleIndex: -1, captureChildren: false } }),
  shapeOf({ CPU: 1 }, { strategy: { kind: 'group', groupId, bundleIndex: 1, captureChildren: false } }),
  shapeOf({ CPU: 1 }, { strategy: { kind: 'node', nodeId: idOf('b'), soft: true } }),
]

/** One agent among owners and a head that lose, repeat and delay messages, and workers that die at any time. Every step checks the invariants. */
export class AgentSimulation {
  readonly agent: AgentHarness
  readonly #random: Random
  /** Messages on their way to the agent. */
  #wire: Message[] = []
  readonly #owners = ['c', 'd', 'e'].map((digit) => idOf(digit))
  /** By owner: leases it holds, as it knows. */
  readonly #held = new Map<string, Set<string>>()
  readonly #asked = new Map<string, FromOwner & { type: 'lease.request' }>()
  readonly #grantsOfRequest = new Map<string, string>()
  readonly #constructing: { workerId: string; actorId: string; restarts: number }[] = []
  #counter = 0
  #round = 0
  grants = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.agent = new AgentHarness(
      { CPU: 4, GPU: 4, memory: 1_000 },
      { preforkWorkers: 2, idleWorkerMs: 2_000, infeasibleTimeoutMs: 5_000, random: seededRandom(seed + 1) },
    )
    this.#perform(this.agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 }))
    for (const ownerId of this.#owners) this.#perform(this.agent.send({ type: 'driver.connected', workerId: ownerId }))
  }

  run(steps: number): void {
    for (let at = 0; at < steps; at += 1) this.#act()
  }

  /** Owners and head are whole again and give everything back; returns once nothing is on its way. */
  settle(): void {
    const groups = this.#round
    this.#wire = []
    for (const { actorId, restarts, attempt } of [...this.agent.state.actors.values()]) {
      const message = { type: 'actor.stop', actorId, restarts, attempt, graceful: false, reason: 'killed' } as const
      this.#say({ from: 'head', message })
    }
    this.#say({ from: 'head', message: { type: 'bundles.return', groupId, round: groups + 1, indexes: [0, 1, 2], endUsers: true } })
    for (let round = 0; round < 3; round += 1) {
      const owners = [...this.#owners, ...this.agent.state.workers.keys()]
      for (const ownerId of owners) this.#say({ from: 'owner', message: { type: 'leases.held', ownerId, leaseIds: [], requestIds: [] } })
    }
    while (this.#wire.length > 0) this.#deliver(0)
    for (let round = 0; round < 20; round += 1) {
      for (const worker of [...this.agent.state.workers.values()]) if (worker.ending) this.#perform(this.agent.exit(worker.workerId))
      this.#startAll()
      while (this.#wire.length > 0) this.#deliver(0)
      this.#perform(this.agent.tick(1_000))
    }
  }

  #act(): void {
    const roll = this.#random()
    if (roll < 0.28) this.#ask()
    else if (roll < 0.6) this.#deliverAny()
    else if (roll < 0.7) this.#startAll()
    else if (roll < 0.76) this.#returnOne()
    else if (roll < 0.8) this.#blockOrNot()
    else if (roll < 0.84) this.#crash()
    else if (roll < 0.9) this.#headActs()
    else if (roll < 0.93) this.#heldRound()
    else this.#perform(this.agent.tick(randomBelow(this.#random, 400)))
  }

  #ask(): void {
    const owner = this.#random() < 0.2 ? this.#anyWorker() : pickOne(this.#random, this.#owners)
    if (owner === undefined) return
    this.#counter += 1
    const message = {
      type: 'lease.request',
      requestId: `r${this.#counter}`,
      ownerId: owner,
      jobId,
      shape: pickOne(this.#random, shapes),
      spills: this.#random() < 0.2 ? 1 : 0,
      backlog: randomBelow(this.#random, 5),
      retriable: this.#random() < 0.5,
    } as const
    this.#asked.set(`${owner}/${message.requestId}`, message)
    this.#say({ from: 'owner', message })
    if (this.#random() < 0.2) this.#say({ from: 'owner', message })
    if (this.#random() < 0.1) this.#say({ from: 'owner', message: { type: 'lease.cancel', requestId: message.requestId, ownerId: owner } })
  }

  #returnOne(): void {
    const owners = [...this.#held].filter(([, leases]) => leases.size > 0)
    if (owners.length === 0) return
    const [ownerId, leases] = pickOne(this.#random, owners)
    const leaseId = pickOne(this.#random, [...leases])
    leases.delete(leaseId)
    const kill = this.#random() < 0.2
    this.#say({
      from: 'owner',
      message: kill
        ? { type: 'lease.kill', leaseId, ownerId, reason: 'cancelled' }
        : { type: 'lease.return', leaseId, ownerId, workerLeaving: this.#random() < 0.2 },
    })
  }

  #heldRound(): void {
    const ownerId = pickOne(this.#random, this.#owners)
    this.#say({
      from: 'owner',
      message: { type: 'leases.held', ownerId, leaseIds: [...(this.#held.get(ownerId) ?? [])], requestIds: [...this.#requestsOf(ownerId)] },
    })
  }

  *#requestsOf(ownerId: string): Generator<string> {
    for (const request of this.#asked.values()) if (request.ownerId === ownerId) yield request.requestId
  }

  #headActs(): void {
    const roll = this.#random()
    const actor = actorSpecOf(String(randomBelow(this.#random, 4) + 1), {
      shape: pickOne(this.#random, [shapeOf({ CPU: 1 }), shapeOf({ GPU: 0.5 }), shapes[7] ?? shapeOf({})]),
      heldResources: this.#random() < 0.5 ? {} : { GPU: 0.5 },
    })
    const attempt = randomBelow(this.#random, 8)
    const restarts = attempt >> 1 // every other life finds no room at first
    if (roll < 0.3) this.#say({ from: 'head', message: { type: 'actor.start', spec: actor, restarts, attempt } })
    else if (roll < 0.45)
      this.#say({
        from: 'head',
        message: { type: 'actor.stop', actorId: actor.actorId, restarts, attempt, graceful: this.#random() < 0.5, reason: 'killed' },
      })
    else if (roll < 0.6) {
      this.#round += 1
      const bundles = [0, 1, 2].slice(0, 1 + randomBelow(this.#random, 3)).map((index) => ({ index, resources: { CPU: 1, GPU: 0.5 } }))
      this.#say({ from: 'head', message: { type: 'bundles.prepare', groupId, round: this.#round, bundles } })
      this.#say({ from: 'head', message: { type: 'bundles.commit', groupId, round: this.#round } })
    } else if (roll < 0.72)
      this.#say({
        from: 'head',
        message: { type: 'bundles.return', groupId, round: this.#round, indexes: [0, 1, 2], endUsers: this.#random() < 0.7 },
      })
    else if (roll < 0.78) this.#perform(this.agent.send({ type: 'owner.gone', ownerId: pickOne(this.#random, this.#owners) }))
    else {
      const available = { CPU: randomBelow(this.#random, 5), GPU: randomBelow(this.#random, 3) }
      const node = viewOf(idOf('b'), { CPU: 4, GPU: 2 }, { available })
      const view = this.#random() < 0.2 ? { ...node, state: 'dead' as const } : node
      this.#say({ from: 'head', message: { type: 'cluster.changed', version: this.#counter, nodes: [view] } })
    }
  }

  #blockOrNot(): void {
    const workerId = this.#anyWorker()
    if (workerId !== undefined)
      this.#perform(this.agent.send({ type: this.#random() < 0.6 ? 'worker.blocked' : 'worker.unblocked', workerId }))
  }

  #crash(): void {
    const workerId = this.#anyWorker()
    if (workerId === undefined) return
    if (this.#random() < 0.2) this.#perform(this.agent.send({ type: 'worker.leaving', workerId, reason: 'max-calls' }))
    else this.#perform(this.agent.exit(workerId))
  }

  #anyWorker(): string | undefined {
    const ids = [...this.agent.state.workers.keys()]
    return ids.length === 0 ? undefined : pickOne(this.#random, ids)
  }

  #startAll(): void {
    for (const worker of [...this.agent.state.workers.values()]) {
      if (worker.phase.kind !== 'starting' || worker.ending) continue
      this.#perform(this.agent.send({ type: 'worker.ready', workerId: worker.workerId, socketPath: '/s/w.sock' }))
    }
    for (const order of this.#constructing.splice(0)) {
      const outcome: ActorConstruction =
        this.#random() < 0.8 ? { kind: 'ready' } : { kind: 'threw', error: { bytes: new Uint8Array(), classNames: [] } }
      this.#perform(this.agent.send({ type: 'actor.constructed', ...order, outcome }))
    }
  }

  #say(message: Message): void {
    this.#wire.push(message)
  }

  #deliverAny(): void {
    if (this.#wire.length === 0) return
    const at = this.#random() < 0.8 ? 0 : randomBelow(this.#random, this.#wire.length)
    if (this.#random() < 0.08) this.#wire.splice(at, 1)
    else this.#deliver(at)
  }

  #deliver(at: number): void {
    const [entry] = this.#wire.splice(at, 1)
    if (!entry) return
    if (entry.from === 'owner') this.#perform(this.agent.send({ type: 'owner.said', message: entry.message }))
    else this.#perform(this.agent.head(entry.message))
  }

  /** What comes from the agent. Some of it is lost. */
  #perform(commands: readonly AgentCommand[]): void {
    for (const command of commands) {
      if (command.do === 'construct-actor') {
        const { spec, restarts } = command.message
        this.#constructing.push({ workerId: command.workerId, actorId: spec.actorId, restarts })
      }
      if (command.do !== 'tell-owner') continue
      const { ownerId, message } = command
      if (message.type === 'lease.granted') {
        const key = `${ownerId}/${message.requestId}`
        const before = this.#grantsOfRequest.get(key)
        if (before !== undefined && before !== message.leaseId)
          throw new Error(`request ${key} was granted twice: ${before}, ${message.leaseId}`)
        if (before === undefined) this.grants += 1
        this.#grantsOfRequest.set(key, message.leaseId)
        this.#asked.delete(key)
        if (this.#random() < 0.05) continue // lost on the way: `leases.held` finds out
        const held = this.#held.get(ownerId)
        if (held) held.add(message.leaseId)
        else this.#held.set(ownerId, new Set([message.leaseId]))
      } else if (message.type === 'lease.lost') this.#held.get(ownerId)?.delete(message.leaseId)
      else if (message.type === 'lease.refused' || message.type === 'lease.spilled') this.#asked.delete(`${ownerId}/${message.requestId}`)
    }
  }

  /** Amounts that are missing from the pool although nobody should hold any. */
  isWhole(): boolean {
    const { pool } = this.agent.state
    return JSON.stringify(sorted(pool.available)) === JSON.stringify(sorted(amountsFrom({ CPU: 4, GPU: 4, memory: 1_000 })))
  }
}

const sorted = (amounts: Record<string, number>) => Object.entries(amounts).sort(([one], [other]) => (one < other ? -1 : 1))
