import { randomBytes } from 'node:crypto'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import { historyLimits } from './history.ts'
import { type Deliver, Subscriber, type Subscription } from './subscription.ts'
import { createFamilyFinder, type TopicEvent, type TopicFamily, type TopicName, type TopicTable } from './topic-table.ts'
import { type Resume, Topic, type TopicProvider } from './topic.ts'

export type TopicHubOptions = {
  readonly logger: Logger
  /** Parses every event by its schema before it is taken; for tests. @default false */
  readonly checkEvents?: boolean
  /** How long events are gathered; twice as long for a hidden window. @default 50 */
  readonly batchMs?: number
  /** @default 10,000 */
  readonly maxTopics?: number
  /** Of all that is remembered, over all topics. @default 128 Mi */
  readonly maxBytes?: number
  /** A topic that nobody listens to and that says nothing is forgotten after this time. @default 10 minutes */
  readonly forgetAfterMs?: number
}

/** What a skin needs of the hub; it knows no topic by name. */
export type TopicSource = {
  subscribe(topic: string, resume: Resume, deliver: Deliver): Subscription
  /** Who may listen to it: all, or who may change things. */
  accessOf(topic: string): 'read' | 'change'
}

/** Waiting bytes of one subscriber at which an immediate topic asks its publisher to stop, and to go on. */
const pressureBytes = { high: 256 * 1024, low: 64 * 1024 } as const
/** A burst in one turn is delivered before the history begins to forget it. */
const burst = { events: historyLimits.maxEvents / 2, bytes: historyLimits.maxBytes / 2 } as const

type Known = { readonly topic: Topic; readonly subscribers: Set<Subscriber>; touchedAtMs: number; isHigh: boolean }

/**
 * Takes events from the services and hands them to whoever listens: in batches, resumable by (epoch, sequence number), with everything
 * bounded. Who reads slowly loses events with a stated gap, or gets the latest of each key; nobody else waits for it.
 */
export class TopicHub<Table extends TopicTable> implements TopicSource {
  readonly #options: Required<TopicHubOptions>
  readonly #findFamily: (topic: string) => TopicFamily | undefined
  readonly #epoch = randomBytes(8).toString('hex')
  readonly #topics = new Map<string, Known>()
  readonly #providers = new Map<TopicFamily, TopicProvider>()
  /** Who has something to get at the next tick, or in the next turn. */
  readonly #due = new Set<Subscriber>()
  readonly #dueNow = new Set<Subscriber>()
  readonly #sweeper: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined
  #tick = 0
  #lives = 0
  #bytes = 0

  constructor(table: Table, options: TopicHubOptions) {
    const defaults = { checkEvents: false, batchMs: 50, maxTopics: 10_000, maxBytes: 128 * 1024 * 1024, forgetAfterMs: 600_000 }
    this.#options = { ...defaults, ...options }
    this.#findFamily = createFamilyFinder(table)
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(30_000, this.#options.forgetAfterMs)).unref()
  }

  get topicCount(): number {
    return this.#topics.size
  }
  /** Of the JSON that is remembered. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Adds an event. Events of a topic with a key must not be changed afterwards.
   * @throws ClusterError `not-found` for a topic of no family, `too-large`, `limit.reached` when every topic is in use
   */
  publish<Name extends TopicName<Table>>(name: Name, event: TopicEvent<Table, Name>): void {
    const known = this.#open(name)
    const { topic } = known
    if (this.#options.checkEvents) topic.family.event.parse(event)
    known.touchedAtMs = performance.now()
    this.#counted(topic, () => topic.history.push(event))
    for (const subscriber of known.subscribers) {
      if (subscriber.isPaused) continue
      if (topic.family.isImmediate) this.#dueNow.add(subscriber)
      else this.#due.add(subscriber)
      if (topic.family.key === undefined && (subscriber.waitingEvents >= burst.events || subscriber.waitingBytes >= burst.bytes))
        this.#flush(subscriber)
    }
    this.#arm()
    this.#weigh(known)
    if (this.#bytes > this.#options.maxBytes) this.#relieve()
  }

  /** Names who answers for the topics of a family, such as `terminal/:id`. One at a time; the last one counts. */
  provide(pattern: Table[keyof Table]['pattern'], provider: TopicProvider): void {
    const family = this.#findFamily(pattern)
    if (family === undefined) throw new Error(`no family has the pattern ${pattern}`)
    this.#providers.set(family, provider)
  }

  /**
   * Delivers what `resume` missed, then what comes. Nothing is delivered before this returns.
   * @throws ClusterError `not-found` for a topic of no family, `limit.reached` when every topic is in use
   */
  subscribe(name: string, resume: Resume, deliver: Deliver): Subscription {
    const known = this.#open(name)
    const subscriber = new Subscriber(known.topic, known.topic.open(resume), deliver)
    known.subscribers.add(subscriber)
    this.#dueNow.add(subscriber)
    this.#arm()
    this.#tellListeners(known)
    return {
      pause: () => void (subscriber.isPaused = true),
      resume: () => {
        if (!subscriber.isPaused || subscriber.isClosed) return
        subscriber.isPaused = false
        this.#dueNow.add(subscriber)
        this.#arm()
      },
      setHidden: (isHidden) => void (subscriber.isHidden = isHidden),
      onFailed: (listener) => void (subscriber.onFailed = listener),
      close: () => this.#end(subscriber),
    }
  }

  accessOf(name: string): 'read' | 'change' {
    return this.#findFamily(name)?.access ?? 'read'
  }

  /** Ends all subscriptions. */
  close(): void {
    clearInterval(this.#sweeper)
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
    for (const known of this.#topics.values()) for (const subscriber of known.subscribers) this.#end(subscriber)
    this.#topics.clear()
  }

  #open(name: string): Known {
    const found = this.#topics.get(name)
    if (found !== undefined) return found
    const family = this.#findFamily(name)
    if (family === undefined) throw new ClusterError('not-found', `there is no topic ${JSON.stringify(name.slice(0, 200))}`)
    if (this.#topics.size >= this.#options.maxTopics && !this.#forgetOldest())
      throw new ClusterError('limit.reached', `all ${this.#options.maxTopics} topics are listened to; close some of them`)
    this.#lives += 1
    const epoch = `${this.#epoch}-${this.#lives}` // a topic that was forgotten begins again at 1
    const topic = new Topic(name, { family, epoch, provider: () => this.#providers.get(family) ?? {} })
    const known: Known = { topic, subscribers: new Set(), touchedAtMs: performance.now(), isHigh: false }
    this.#topics.set(name, known)
    return known
  }

  #end(subscriber: Subscriber): void {
    subscriber.isClosed = true
    this.#due.delete(subscriber)
    this.#dueNow.delete(subscriber)
    const known = this.#topics.get(subscriber.topic.name)
    if (known?.topic !== subscriber.topic) return
    if (!known.subscribers.delete(subscriber)) return
    known.touchedAtMs = performance.now()
    this.#weigh(known)
    this.#tellListeners(known)
  }

  #tellListeners({ topic, subscribers }: Known): void {
    this.#providers.get(topic.family)?.onListeners?.(topic.name, subscribers.size)
  }

  #arm(): void {
    if (this.#dueNow.size > 0) {
      this.#turn ??= setImmediate(() => {
        this.#turn = undefined
        this.#flushAll(this.#dueNow, () => true)
      })
    }
    if (this.#due.size === 0 || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#tick += 1
      this.#flushAll(this.#due, ({ isHidden }) => !isHidden || this.#tick % 2 === 0)
      this.#arm()
    }, this.#options.batchMs).unref()
  }

  #flushAll(due: Set<Subscriber>, isWanted: (subscriber: Subscriber) => boolean): void {
    for (const subscriber of [...due]) {
      if (!isWanted(subscriber)) continue
      due.delete(subscriber)
      this.#flush(subscriber)
    }
  }

  #flush(subscriber: Subscriber): void {
    try {
      this.#counted(subscriber.topic, () => subscriber.flush())
    } catch (error) {
      this.#options.logger.error('topics.delivery-failed', { topic: subscriber.topic.name, reason: toError(error).message })
      this.#end(subscriber) // one that throws would throw again at every event
      subscriber.onFailed?.()
    }
    const known = this.#topics.get(subscriber.topic.name)
    if (known !== undefined) this.#weigh(known)
  }

  #counted(topic: Topic, work: () => void): void {
    const before = topic.history.bytes
    try {
      work()
    } finally {
      this.#bytes += topic.history.bytes - before
    }
  }

  /** Tells the publisher of an immediate topic when somebody falls behind, and when all have caught up. */
  #weigh(known: Known): void {
    const { topic, subscribers } = known
    const onPressure = topic.family.isImmediate === true ? this.#providers.get(topic.family)?.onPressure : undefined
    if (onPressure === undefined) return
    let most = 0
    for (const subscriber of subscribers) most = Math.max(most, subscriber.waitingBytes)
    const isHigh = known.isHigh ? most > pressureBytes.low : most > pressureBytes.high
    if (isHigh === known.isHigh) return
    known.isHigh = isHigh
    onPressure(topic.name, isHigh)
  }

  #sweep(): void {
    const oldestMs = performance.now() - this.#options.forgetAfterMs
    for (const known of this.#topics.values()) if (known.subscribers.size === 0 && known.touchedAtMs <= oldestMs) this.#forget(known)
  }

  #forget({ topic }: Known): void {
    this.#bytes -= topic.history.bytes
    this.#topics.delete(topic.name)
  }

  #forgetOldest(): boolean {
    let oldest: Known | undefined
    for (const known of this.#topics.values())
      if (known.subscribers.size === 0 && (oldest === undefined || known.touchedAtMs < oldest.touchedAtMs)) oldest = known
    if (oldest !== undefined) this.#forget(oldest)
    return oldest !== undefined
  }

  /** First what nobody listens to, the longest untouched first; then the older half of the largest. */
  #relieve(): void {
    const enough = this.#options.maxBytes * 0.9 // so that this search is not made for every event
    const byAge = [...this.#topics.values()].sort((a, b) => a.touchedAtMs - b.touchedAtMs)
    for (const known of byAge) if (this.#bytes > enough && known.subscribers.size === 0) this.#forget(known)
    const bySize = byAge.sort((a, b) => b.topic.history.bytes - a.topic.history.bytes)
    for (const { topic } of bySize) if (this.#bytes > enough) this.#counted(topic, () => topic.history.trim())
  }
}
