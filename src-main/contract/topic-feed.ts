import type { WireBatch } from './socket-messages.ts'

/** What a listener gets: `events` in order; with `gap`, some before them are lost; with `isSnapshot`, they replace all that came before. */
export type FeedEvents<Event> = {
  readonly events: readonly Event[]
  /** Events that were lost before these; null: it is not known how many. Absent: none. */
  readonly gap?: { readonly lost: number | null }
  readonly isSnapshot: boolean
}

/** Where a client is in a topic, over all its connections: gathers the parts of a snapshot, and knows from where to resume. */
export class TopicFeed {
  readonly topic: string
  readonly #onEvents: (events: FeedEvents<unknown>) => void
  readonly #since: number | undefined
  #position: { readonly epoch: string; readonly seq: number } | undefined
  #parts: unknown[] | undefined
  #gap: FeedEvents<unknown>['gap']

  constructor(topic: string, onEvents: (events: FeedEvents<unknown>) => void, since?: number) {
    this.topic = topic
    this.#onEvents = onEvents
    this.#since = since
  }

  /** What to say on a new connection. */
  begin(): { readonly subscribe: string; readonly epoch?: string; readonly since?: number } {
    this.#parts = undefined // of a snapshot whose end never came
    const { topic } = this
    if (this.#position !== undefined) return { subscribe: topic, epoch: this.#position.epoch, since: this.#position.seq }
    return this.#since === undefined ? { subscribe: topic } : { subscribe: topic, since: this.#since }
  }

  take({ epoch, seq, events, gap, snapshot }: WireBatch): void {
    if (gap !== undefined) this.#gap = gap
    if (snapshot !== undefined) {
      this.#parts ??= []
      for (const event of events) this.#parts.push(event)
      if (snapshot === 'part') return
    }
    const all = this.#parts ?? events
    const lost = this.#gap
    this.#parts = undefined
    this.#gap = undefined
    this.#position = { epoch, seq }
    if (all.length > 0 || lost !== undefined || snapshot !== undefined)
      this.#onEvents({ events: all, isSnapshot: snapshot !== undefined, ...(lost === undefined ? {} : { gap: lost }) })
  }
}
