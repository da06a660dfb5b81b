import { EventRing } from './event-ring.ts'
import type { History } from './history.ts'
import { LatestByKey } from './latest-by-key.ts'
import { splitEvents, type TopicBatch } from './topic-batch.ts'
import type { TopicFamily } from './topic-table.ts'

/** What the owner of a family adds to it. */
export type TopicProvider = {
  /**
   * How things stand, as events. Asked when somebody begins to listen, and after a gap. It must hold all that was published before, and
   * may be asked from within `publish`.
   */
  readonly snapshot?: (topic: string) => readonly unknown[]
  /** True: somebody does not keep up, publish less. False: go on. Who goes on publishing makes gaps. */
  readonly onPressure?: (topic: string, isHigh: boolean) => void
  /** How many listen to it now, whenever that changes. */
  readonly onListeners?: (topic: string, count: number) => void
}

export type Resume = {
  /** Of the last batch that was seen. */
  readonly epoch?: string | undefined
  /** Of the last batch that was seen; 0 for all that is still known. Absent: how things stand, and what comes. */
  readonly since?: number | undefined
}

/** Where one subscriber is in a topic. */
export type Cursor = { seq: number; isSnapshotDue: boolean; gap: { readonly lost: number | null } | undefined; isFirst: boolean }

/** One topic: its past, and what somebody who is at some place in it gets next. No timers, no subscribers. */
export class Topic {
  readonly name: string
  readonly family: TopicFamily
  readonly epoch: string
  readonly history: History
  readonly #provider: () => TopicProvider

  constructor(name: string, { family, epoch, provider }: { family: TopicFamily; epoch: string; provider: () => TopicProvider }) {
    this.name = name
    this.family = family
    this.epoch = epoch
    this.history = family.key === undefined ? new EventRing() : new LatestByKey(family.key)
    this.#provider = provider
  }

  open({ epoch, since }: Resume): Cursor {
    const hasSnapshot = this.#provider().snapshot !== undefined
    const { lastSeq } = this.history
    if (since === undefined) return { seq: lastSeq, isSnapshotDue: hasSnapshot, gap: undefined, isFirst: true }
    if (epoch === this.epoch && since <= lastSeq) return { seq: since, isSnapshotDue: false, gap: undefined, isFirst: true }
    const gap = since === 0 && epoch === undefined ? undefined : { lost: null } // what happened before this life of the topic, nobody knows
    return { seq: 0, isSnapshotDue: gap !== undefined && hasSnapshot, gap, isFirst: true }
  }

  /** The next batches for somebody at `cursor`, which moves on; an empty list when there is nothing new. */
  take(cursor: Cursor): TopicBatch[] {
    if (cursor.isSnapshotDue) return this.#takeSnapshot(cursor)
    const part = this.history.read(cursor.seq)
    if (part.lost !== 0) cursor.gap ??= { lost: part.lost }
    if (part.lost !== 0 && this.#provider().snapshot !== undefined) return this.#takeSnapshot(cursor)
    if (part.events.length === 0 && cursor.gap === undefined && !cursor.isFirst) return []
    cursor.seq = part.seq
    return [this.#batch(cursor, part.events)]
  }

  #takeSnapshot(cursor: Cursor): TopicBatch[] {
    const { seq } = cursor
    const events = (this.#provider().snapshot?.(this.name) ?? []).map((event) => JSON.stringify(event))
    cursor.isSnapshotDue = false
    const parts = splitEvents(events)
    return parts.map((part, index) => {
      const isLast = index === parts.length - 1
      cursor.seq = isLast ? this.history.lastSeq : seq
      return { ...this.#batch(cursor, part), snapshot: isLast ? 'last' : 'part' }
    })
  }

  #batch(cursor: Cursor, events: readonly string[]): TopicBatch {
    const { gap } = cursor
    cursor.gap = undefined
    cursor.isFirst = false
    return { topic: this.name, epoch: this.epoch, seq: cursor.seq, events, ...(gap === undefined ? {} : { gap }) }
  }
}
