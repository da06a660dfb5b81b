import { pickOne, type Random } from '#runtime/base/random.ts'
import type { Scheduler } from './scheduler.ts'

export type NetworkSettings = {
  /** One way, between machines; inside a machine a tenth. */
  readonly latencyMs: number
  /** A link that moves nothing for so long is closed at both ends. */
  readonly silenceMs: number
  /** Chance that a message of a control link comes once more, later. */
  readonly repeatChance: number
}

type Closing = { readonly close: 'orderly' | 'reset'; readonly silentMs?: number }
type Item = { readonly atMs: number } & ({ readonly message: unknown } | Closing)

/** Links between processes: each is ordered and loses nothing until it breaks. Machines can be cut off from each other. */
export class Network {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly settings: NetworkSettings
  /** Messages delivered. */
  delivered = 0
  ports = 0
  readonly #cuts = new Set<string>()
  readonly #open = new Set<Port>()

  constructor(scheduler: Scheduler, random: Random, settings: NetworkSettings) {
    this.scheduler = scheduler
    this.random = random
    this.settings = settings
  }

  /** Both ends of a new link. `mayRepeat`: which messages may come twice, as between peers that ask again. */
  connect(one: string, other: string, mayRepeat: (message: unknown) => boolean = () => false): [Port, Port] {
    const near = new Port(this, { here: one, there: other, mayRepeat })
    const far = new Port(this, { here: other, there: one, mayRepeat })
    near.peer = far
    far.peer = near
    this.#open.add(near)
    return [near, far]
  }

  cut(one: string, other: string): void {
    this.#cuts.add(`${one} ${other}`).add(`${other} ${one}`)
  }
  heal(): void {
    this.#cuts.clear()
  }
  canReach(one: string, other: string): boolean {
    return one === other || !this.#cuts.has(`${one} ${other}`)
  }
  latency(one: string, other: string): number {
    const { latencyMs } = this.settings
    if (latencyMs === 0) return 0
    return (one === other ? latencyMs / 10 : latencyMs) * (0.5 + this.random())
  }

  /** A link between machines breaks: what is on its way is lost, and both ends see it close. */
  resetOne(): void {
    for (const port of this.#open) if (!port.isOpen && !port.peer.isOpen) this.#open.delete(port)
    const between = [...this.#open].filter((port) => port.here !== port.there)
    if (between.length > 0) pickOne(this.random, between).reset()
  }
}

/** One end of a link. */
export class Port {
  readonly here: string
  readonly there: string
  peer: Port
  readonly id: number
  isOpen = true
  onMessage: (message: never) => void = () => {}
  /** `silentMs`: the other end had not been heard for so long. */
  onClosed: (silentMs: number) => void = () => {}
  readonly #network: Network
  readonly #mayRepeat: (message: unknown) => boolean
  #inbox: Item[] = []
  #isScheduled = false
  #lastMs = 0
  #stalledMs = 0

  constructor(network: Network, ends: { here: string; there: string; mayRepeat: (message: unknown) => boolean }) {
    this.#network = network
    this.here = ends.here
    this.there = ends.there
    this.#mayRepeat = ends.mayRepeat
    this.peer = this
    network.ports += 1
    this.id = network.ports
  }

  send(message: unknown): void {
    if (this.isOpen) this.peer.#take({ message })
  }

  /** Ends the link, or the process at this end dies: what it wrote still arrives. */
  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.peer.#take({ close: 'orderly' })
  }

  reset(silentMs = 0): void {
    for (const port of [this, this.peer] as const) {
      port.#inbox = []
      if (port.isOpen) port.#take({ close: 'reset', silentMs })
    }
  }

  #take(what: { message: unknown } | Closing): void {
    const { scheduler } = this.#network
    this.#lastMs = Math.max(this.#lastMs, scheduler.nowMs + this.#network.latency(this.there, this.here))
    this.#inbox.push({ ...what, atMs: this.#lastMs })
    this.#schedule()
  }

  #schedule(delayMs?: number): void {
    const [item] = this.#inbox
    if (!item || this.#isScheduled) return
    this.#isScheduled = true
    const { scheduler } = this.#network
    scheduler.after(delayMs ?? Math.max(0, item.atMs - scheduler.nowMs), () => {
      this.#isScheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    const [item] = this.#inbox
    if (!item) return
    const isReset = 'close' in item && item.close === 'reset'
    if (!isReset && !this.#network.canReach(this.here, this.there)) return this.#stall()
    this.#stalledMs = 0
    this.#inbox.shift()
    if (this.isOpen) this.#hand(item)
    this.#schedule()
  }

  #hand(item: Item): void {
    if ('close' in item) {
      this.isOpen = false
      return this.onClosed(item.silentMs ?? 0)
    }
    this.#network.delivered += 1
    const { random, settings, scheduler } = this.#network
    const message = item.message as never // both ends of a link agree on what it carries
    if (this.#mayRepeat(message) && random() < settings.repeatChance) {
      scheduler.after(random() * settings.silenceMs, () => {
        if (this.isOpen) this.onMessage(message)
      })
    }
    this.onMessage(message)
  }

  #stall(): void {
    const pauseMs = 100
    this.#stalledMs += pauseMs
    if (this.#stalledMs > this.#network.settings.silenceMs) this.reset(this.#stalledMs)
    else this.#schedule(pauseMs)
  }
}
