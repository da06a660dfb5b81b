import { newActorId, newGroupId, newWorkerId } from '#runtime/base/ids.ts'
import { pickOne, type Random, randomBelow } from '#runtime/base/random.ts'
import type { ActorSpec } from '#runtime/protocol/actors.ts'
import type { GroupSpec } from '#runtime/protocol/groups.ts'
import type { Shape } from '#runtime/protocol/scheduling.ts'
import type { AgentToClient } from './messages.ts'
import type { Port } from './network.ts'
import type { CallPlan, TaskPlan } from './plans.ts'
import type { SimAgent } from './sim-agent.ts'
import { SimOwner } from './sim-owner.ts'
import type { Host, SimTask } from './sim-task.ts'
import type { World } from './world.ts'

export type SimActor = { readonly spec: ActorSpec; isMade: boolean; isFragile: boolean; calls: number }
export type MadeTask = { readonly made: SimTask; readonly actor: SimActor | null }

const loadMs = 4_000
const plainShape = (cpu: number, strategy: Shape['strategy'] = { kind: 'default' }): Shape => ({
  ...{ resources: cpu === 0 ? {} : { CPU: cpu }, labels: [], fallbackLabels: [], strategy },
})

/** A program: what it asks for, and when, comes from the seed. */
export class SimDriver {
  readonly #world: World
  readonly #random: Random
  readonly workerId: string
  readonly #agent: SimAgent
  readonly #port: Port
  readonly #host: Host
  readonly #hasPlan: boolean
  owner: SimOwner | undefined
  readonly tasks: MadeTask[] = []
  readonly actors: SimActor[] = []
  readonly #groups: GroupSpec[] = []
  #planned = 0
  #done = 0

  /** `hasPlan` false: it does nothing by itself. */
  constructor(world: World, agent: SimAgent, hasPlan = true) {
    this.#world = world
    this.#hasPlan = hasPlan
    this.#random = world.random
    this.#agent = agent
    this.workerId = newWorkerId(world.newHex)
    const [near, far] = world.network.connect(agent.place, agent.place)
    this.#port = near
    const address = { workerId: this.workerId, nodeId: agent.nodeId, socketPath: '/s/d.sock', agentAddress: `${agent.place}:7000` }
    this.#host = { address, place: agent.place, agent: near, isAlive: true }
    agent.acceptClient(this.workerId, far, true)
    near.onMessage = (message: AgentToClient) => (this.owner ? this.owner.onAgentMessage(message) : this.#onJob(message))
    near.onClosed = () => this.#agentGone()
    const request = { type: 'job.register', driverId: this.workerId, pid: 1, entrypoint: 'sim', namespace: 'sim' } as const
    near.send({ kind: 'ask', key: 0, request })
  }

  get isAlive(): boolean {
    return this.#host.isAlive
  }
  /** Everything it wanted to do it has done, and every task has ended. */
  get isDone(): boolean {
    if (!this.isAlive) return true
    return this.owner !== undefined && this.#done === this.#planned && this.owner.state.tasks.size === 0
  }

  exit(): void {
    if (!this.isAlive) return
    this.#host.isAlive = false
    this.#port.close()
    this.owner?.closeAll()
  }

  #agentGone(): void {
    this.owner?.raise({ type: 'agent.link-closed', agent: null })
    this.exit()
  }

  #onJob(message: AgentToClient): void {
    if (message.kind !== 'answer' || !this.isAlive) return
    const { jobId } = message.value as { jobId: string } // what the head answers to job.register
    this.owner = this.#world.addOwner(new SimOwner(this.#world, this.#host, jobId))
    if (this.#hasPlan) this.#plan(jobId)
  }

  #soon(go: () => void, withinMs = loadMs): void {
    this.#planned += 1
    this.#world.scheduler.after(this.#random() * withinMs, () => {
      if (!this.isAlive) return
      this.#done += 1
      go()
    })
  }

  #chance(chance: number): boolean {
    return this.#random() < chance
  }

  #plan(jobId: string): void {
    const { groups, actors, tasks } = this.#world.profile
    for (let count = randomBelow(this.#random, groups + 1); count > 0; count -= 1) this.#soon(() => this.#makeGroup(jobId), loadMs / 2)
    for (let count = randomBelow(this.#random, actors + 1); count > 0; count -= 1) this.#soon(() => this.#makeActor(jobId))
    const burst = this.#chance(0.3)
    for (let count = 5 + randomBelow(this.#random, tasks); count > 0; count -= 1) this.#soon(() => this.#submit(), burst ? 10 : loadMs)
    if (this.#chance(0.15)) this.#soon(() => this.#leaveEarly(), loadMs * 2)
  }

  #leaveEarly(): void {
    this.#world.note(`driver ${this.workerId.slice(0, 6)} ends`)
    this.exit()
  }

  // --- tasks

  #submit(): void {
    const { owner } = this
    if (!owner) return
    const count = Math.min(this.tasks.length, randomBelow(this.#random, 4))
    const args = Array.from({ length: count }, () => pickOne(this.#random, this.tasks).made)
    const made = owner.submit(this.#taskPlan(this.#shape(), true), args)
    this.tasks.push({ made, actor: null })
    if (this.#chance(0.1)) this.#soon(() => owner.cancel(made, this.#chance(0.5)), 1_000)
  }

  #taskPlan(shape: Shape, mayHaveChildren: boolean): TaskPlan {
    const random = this.#random
    const hasChildren = mayHaveChildren && this.#chance(this.#world.profile.nestedShare)
    const isShort = this.#chance(this.#world.profile.shortShare)
    return {
      ...{ kind: 'task', name: `${isShort ? 'short' : 'long'}${randomBelow(random, 2)}`, shape },
      ...{ runMs: isShort ? random() * 2 : random() * 600, seed: randomBelow(random, 1e9) },
      ...{
        maxRetries: pickOne(random, hasChildren ? [3, 1, 0] : [3, 3, -1, -1, 0, 1]),
        throwsFor: this.#chance(0.1) ? 1 : 0,
        retryErrors: this.#chance(0.7),
      },
      ...{ crashesFor: this.#chance(0.07) ? 1 + randomBelow(random, 2) : 0, isStored: this.#chance(0.3), items: this.#chance(0.1) ? 3 : 0 },
      children: hasChildren
        ? Array.from({ length: 1 + randomBelow(random, 2) }, () => ({
            ...this.#taskPlan(plainShape(pickOne(random, [0, 1, 0.5])), false),
            isStored: false,
          }))
        : [],
    }
  }

  #shape(): Shape {
    const random = this.#random
    if (this.#groups.length > 0 && this.#chance(0.3)) return plainShape(1, this.#inGroup())
    const { nodeId } = pickOne(random, this.#world.machines).agent ?? this.#agent
    const roll = random()
    if (roll < 0.03) return plainShape(99)
    if (roll < 0.1) return plainShape(1, { kind: 'node', nodeId, soft: this.#chance(0.5) })
    if (roll < 0.25) return plainShape(1, { kind: 'spread' })
    return plainShape(pickOne(random, [1, 1, 1, 0.5, 2, 0]))
  }

  #inGroup(): Shape['strategy'] {
    const { groupId, bundles } = pickOne(this.#random, this.#groups)
    return {
      kind: 'group',
      groupId,
      bundleIndex: this.#chance(0.5) ? -1 : randomBelow(this.#random, bundles.length),
      captureChildren: false,
    }
  }

  // --- actors

  #makeActor(jobId: string): void {
    const { owner } = this
    if (!owner) return
    const random = this.#random
    const inGroup = this.#groups.length > 0 && this.#chance(0.3)
    const holds = !inGroup && this.#chance(0.3)
    const className = this.#chance(0.1) ? pickOne(random, ['Throwing', 'Crashing']) : 'Counter'
    const isNamed = this.#chance(0.3)
    const spec: ActorSpec = {
      ...{ actorId: newActorId(this.#world.newHex, jobId), jobId, owner: this.#host.address, classId: '0'.repeat(64), className },
      ...{ name: isNamed ? `name${randomBelow(random, 2)}` : null, namespace: 'sim', detached: isNamed && !inGroup && this.#chance(0.5) },
      ...{ args: new Uint8Array(), refArgs: [] },
      shape: inGroup ? plainShape(1, this.#inGroup()) : { ...plainShape(1), resources: holds ? { CPU: 1, slot: 1 } : { CPU: 1 } },
      heldResources: holds ? { slot: 1 } : {},
      ...{ maxRestarts: pickOne(random, [0, 1, -1, -1]), maxTaskRetries: pickOne(random, [0, 0, 2, -1]), maxConcurrency: 1 },
      ...{ concurrencyGroups: {}, methodGroups: {}, maxPendingCalls: -1, methodReturns: {}, methodNames: [] },
    }
    const actor: SimActor = { spec, isMade: false, isFragile: inGroup || isNamed || className !== 'Counter', calls: 0 }
    this.actors.push(actor)
    this.#planned += 1
    owner.ask({ type: 'actor.create', spec, getIfExists: false }, (answer) => {
      this.#done += 1
      if (answer.code !== null) return
      for (let count = 3 + randomBelow(random, 12); count > 0; count -= 1) this.#soon(() => this.#call(actor))
      if (this.#chance(0.15)) this.#soon(() => this.#kill(actor))
    })
  }

  #call(actor: SimActor): void {
    const { owner } = this
    if (!owner) return
    const random = this.#random
    const roll = random()
    const does = roll < 0.03 ? 'exit' : roll < 0.08 ? 'crash' : 'count'
    if (does !== 'count') actor.isFragile = true
    const plan: CallPlan = { kind: 'call', name: 'm', runMs: random() * 60, seed: randomBelow(random, 1e9), index: actor.calls, does }
    actor.calls += 1
    const args = this.tasks.length > 0 && this.#chance(0.2) ? [pickOne(random, this.tasks).made] : []
    const made = owner.submit(plan, args, actor.spec)
    this.tasks.push({ made, actor })
    if (this.#chance(0.05)) this.#soon(() => owner.cancel(made, false), 500)
  }

  #kill(actor: SimActor): void {
    actor.isFragile = true
    this.owner?.ask({ type: 'actor.kill', actorId: actor.spec.actorId, noRestart: this.#chance(0.5) })
  }

  // --- groups

  #makeGroup(jobId: string): void {
    const random = this.#random
    const count = 1 + randomBelow(random, 3)
    const spec: GroupSpec = {
      ...{ groupId: newGroupId(this.#world.newHex, jobId), jobId, creatorId: this.workerId, name: null, detached: false },
      strategy: pickOne(random, ['PACK', 'SPREAD', 'STRICT_PACK', 'STRICT_SPREAD']),
      bundles: Array.from({ length: count }, () => ({ resources: { CPU: 1 }, labels: [] })),
    }
    this.#planned += 1
    this.owner?.ask({ type: 'group.create', spec }, () => {
      this.#done += 1
      this.#groups.push(spec)
    })
    this.#soon(() => this.owner?.ask({ type: 'group.remove', groupId: spec.groupId }), loadMs * 3)
  }
}
