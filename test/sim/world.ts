import { pickOne, type Random, seededRandom } from '#runtime/base/random.ts'
import type { HeadConfig } from '#runtime/head/core/config.ts'
import { testify } from '#runtime/node/core/fencing.ts'
import type { AgentCoreConfig } from '#runtime/node/core/state.ts'
import type { HeadAskReply } from '#runtime/protocol/nodes.ts'
import type { Resources } from '#runtime/protocol/scheduling.ts'
import type { OwnerConfig } from '#runtime/sdk/owner/core/state.ts'
import { Checks } from './checks.ts'
import type { AgentToHead, HeadToAgent, OwnerToAgent } from './messages.ts'
import { Network, type NetworkSettings, type Port } from './network.ts'
import { Scheduler } from './scheduler.ts'
import { SimAgent } from './sim-agent.ts'
import { mixedProfile, type Profile } from './profiles.ts'
import { headPlace, SimHead } from './sim-head.ts'
import type { SimOwner } from './sim-owner.ts'
import type { SimWorker } from './sim-worker.ts'

export type WorldSettings = {
  readonly machines: readonly Resources[]
  readonly network: NetworkSettings
  readonly head: Partial<HeadConfig>
  readonly agent: Partial<AgentCoreConfig>
  readonly owner: Partial<OwnerConfig>
  readonly ownerGraceMs: number
  /** A process needs about this long to start, an actor to be built. */
  readonly startMs: number
  readonly startFailChance: number
  readonly profile?: Profile | undefined
  /** More than this means that something goes round in circles. */
  readonly maxEntries: number
  /** Look at every core after each of its steps. */
  readonly areInvariantsChecked: boolean
}

type Machine = { readonly place: string; readonly resources: Resources; agent: SimAgent | undefined }

/** One cluster in virtual time: a head, machines with agents and workers, and drivers. The same seed gives the same run. */
export class World {
  readonly seed: number
  readonly settings: WorldSettings
  readonly random: Random
  readonly scheduler = new Scheduler()
  readonly network: Network
  readonly checks: Checks
  readonly profile: Profile
  readonly machines: Machine[]
  readonly workers = new Map<string, SimWorker>()
  readonly owners: SimOwner[] = []
  readonly head: SimHead
  /** What happened to the cluster, for the report of a failing seed. */
  readonly log: string[] = []
  readonly #agents = new Map<string, SimAgent>()
  #counter = 0

  constructor(seed: number, settings: WorldSettings) {
    this.seed = seed
    this.settings = settings
    this.random = seededRandom(seed)
    this.profile = settings.profile ?? mixedProfile
    this.checks = new Checks()
    this.network = new Network(this.scheduler, this.random, settings.network)
    this.head = new SimHead(this, settings.head)
    this.machines = settings.machines.map((resources, index) => ({ place: `m${index}`, resources, agent: undefined }))
    for (const machine of this.machines) this.#boot(machine)
  }

  get nowMs(): number {
    return this.scheduler.nowMs
  }

  readonly newHex = (bytes: number): string => {
    this.#counter += 1
    return this.#counter
      .toString(16)
      .padStart(6, '0')
      .padEnd(bytes * 2, 'a')
  }

  #boot(machine: Machine): void {
    machine.agent = new SimAgent(this, machine.place, { ...this.settings.agent, resources: machine.resources })
    this.#agents.set(machine.agent.nodeId, machine.agent)
  }

  addOwner(owner: SimOwner): SimOwner {
    this.owners.push(owner)
    return owner
  }

  /** Runs until so much time has passed, or until `isDone`, looked at every 100 ms; says whether it was. */
  run(forMs: number, isDone: () => boolean = () => false): boolean {
    const endMs = this.nowMs + forMs
    while (this.nowMs < endMs) {
      const untilMs = Math.min(endMs, this.nowMs + 100)
      while (this.scheduler.next(untilMs) && this.scheduler.ran < this.settings.maxEntries);
      if (this.scheduler.ran >= this.settings.maxEntries) throw new Error(`${this.scheduler.ran} things happened, and there is no end`)
      if (isDone()) return true
    }
    return false
  }

  check(look: () => void, when: string): void {
    if (!this.settings.areInvariantsChecked) return
    try {
      look()
    } catch (error) {
      throw new Error(`${when}, at ${this.nowMs} ms: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }

  note(what: string): void {
    this.log.push(`${this.nowMs - 1_000_000} ${what}`)
  }

  // --- who reaches whom

  dialHead(place: string): Port | undefined {
    if (!this.head.isUp || !this.network.canReach(place, headPlace)) return undefined
    const [near, far] = this.network.connect(place, headPlace, (message) => (message as AgentToHead | HeadToAgent).kind === 'say') // this link carries these
    this.head.accept(far)
    return near
  }

  dialAgent(place: string, nodeId: string, owner: { ownerId: string; nodeId: string }): Port | undefined {
    const agent = this.findAgent(nodeId)
    if (!agent || !this.network.canReach(place, agent.place)) return undefined
    const [near, far] = this.network.connect(place, agent.place, (message) => mayRepeat((message as OwnerToAgent).message.type)) // and this these
    agent.acceptOwner(owner.ownerId, owner.nodeId, far)
    return near
  }

  dialWorker(place: string, workerId: string): Port | undefined {
    const worker = this.workers.get(workerId)
    if (!worker?.isReady || !worker.isAlive || !this.network.canReach(place, worker.place)) return undefined
    const [near, far] = this.network.connect(place, worker.place)
    worker.accept(far)
    return near
  }

  readStored(place: string, nodeId: string, objectId: string): number | undefined {
    const agent = this.findAgent(nodeId)
    return agent && this.network.canReach(place, agent.place) ? agent.stored.get(objectId) : undefined
  }

  /** One agent asks another whether it hears the head; null when nothing comes back. */
  askWitness(asker: SimAgent, nodeId: string, onAnswer: (answer: HeadAskReply | null) => void): void {
    const witness = this.findAgent(nodeId)
    const isReached = () => witness?.isAlive === true && this.network.canReach(asker.place, witness.place)
    const place = witness?.place ?? asker.place
    this.scheduler.after(this.network.latency(asker.place, place), () => {
      const answer = witness && isReached() ? testify(witness.state, asker.nodeId) : null
      const backMs = answer ? this.network.latency(place, asker.place) : this.settings.network.silenceMs
      this.scheduler.after(backMs, () => onAnswer(answer && isReached() ? answer : null))
    })
  }

  findAgent(nodeId: string): SimAgent | undefined {
    const agent = this.#agents.get(nodeId)
    return agent?.isAlive ? agent : undefined
  }

  // --- what goes wrong

  /** The agent's process ends, by crash or because it was fenced; a fresh one starts soon. */
  startOver(agent: SimAgent): void {
    const machine = this.machines.find((each) => each.agent === agent)
    this.note(`agent of ${agent.place} ends`)
    agent.die()
    if (!machine) return
    this.scheduler.after(200 + this.random() * 500, () => {
      if (machine.agent === agent) this.#boot(machine)
    })
  }

  breakSomething(): void {
    const fault = pickOne(this.random, this.profile.faults)
    const machine = pickOne(this.random, this.machines)
    switch (fault) {
      case 'worker': {
        const workers = [...this.workers.values()]
        if (workers.length === 0) return
        this.note('a worker dies')
        return pickOne(this.random, workers).die()
      }
      case 'link':
        this.note('a link breaks')
        return this.network.resetOne()
      case 'agent':
        return machine.agent?.isAlive ? this.startOver(machine.agent) : undefined
      case 'head':
        if (!this.head.isUp) return
        this.note('the head crashes')
        this.head.crash()
        return this.scheduler.after(this.random() * 3_000, () => this.head.restart())
      case 'cut': {
        const other = this.random() < 0.4 ? headPlace : pickOne(this.random, this.machines).place
        this.note(`${machine.place} and ${other} are cut off`)
        this.network.cut(machine.place, other)
        return this.scheduler.after(this.random() * 6_000, () => this.network.heal())
      }
      case 'clock':
        return this.#jump(machine)
      case 'memory':
        this.note(`${machine.place} runs out of memory`)
        return machine.agent?.raise({ type: 'memory.short', usedBytes: 96, totalBytes: 100 })
      case 'drain':
        this.note(`${machine.place} is to leave`)
        return machine.agent && this.head.drain(machine.agent.nodeId, this.random() * 3_000)
    }
  }

  #jump(machine: Machine): void {
    const byMs = this.random() * 20_000
    this.note(`a clock jumps ${Math.round(byMs)} ms`)
    const which = this.random()
    if (which < 0.3) this.head.clockOffsetMs += byMs
    else if (which < 0.7 && machine.agent) machine.agent.clockOffsetMs += byMs
    else if (this.owners.length > 0) pickOne(this.random, this.owners).clockOffsetMs += byMs
  }

  /** Ends all that is wrong; what died stays dead. */
  heal(): void {
    this.note('healed')
    this.network.heal()
    this.head.restart()
  }
}

/** What both sides must take twice: they repeat it themselves. */
const mayRepeat = (type: string): boolean =>
  type === 'lease.request' || type === 'lease.granted' || type === 'lease.spilled' || type === 'lease.cancel'
