import type { TopicBatch } from './topic-batch.ts'
import type { Cursor, Topic } from './topic.ts'

export type Deliver = (batch: TopicBatch) => void

/** The end that a subscriber holds. */
export type Subscription = {
  /** Nothing is delivered until `resume`; what the topic forgets meanwhile is a gap. */
  pause(): void
  resume(): void
  /** A window that nobody sees: batches come half as often. */
  setHidden(isHidden: boolean): void
  /** Called when the hub ends it, as its snapshot or its delivery threw. */
  onFailed(listener: () => void): void
  close(): void
}

/** The hub's side of a subscription: where it is, and whether it may get something now. */
export class Subscriber {
  readonly topic: Topic
  readonly #deliver: Deliver
  readonly #cursor: Cursor
  isPaused = false
  isHidden = false
  isClosed = false
  onFailed: (() => void) | undefined

  constructor(topic: Topic, cursor: Cursor, deliver: Deliver) {
    this.topic = topic
    this.#cursor = cursor
    this.#deliver = deliver
  }

  /** Published, and not delivered. */
  get waitingBytes(): number {
    return this.topic.history.bytesAfter(this.#cursor.seq)
  }
  get waitingEvents(): number {
    return this.topic.history.lastSeq - this.#cursor.seq
  }

  /** Delivers all that is new, until the subscriber says that it is enough. */
  flush(): void {
    while (!this.isPaused && !this.isClosed) {
      const batches = this.topic.take(this.#cursor)
      if (batches.length === 0) return
      for (const batch of batches) this.#deliver(batch)
    }
  }
}
