import type { EventKind, EventPage } from '../../api/events.ts'
import { eventKinds } from '../../api/events.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { EventSlice, EventStore, NumberedEvent } from './event-store.ts'
import type { NewEvent } from './new-event.ts'

export type EventBusOptions = {
  readonly store: EventStore
  readonly clock: Clock
  readonly logger: Logger
  /** How long events gather before they are written and told. @default 50 ms */
  readonly batchMs?: number
}

/** Written at once when so many wait. */
const flushAt = 5_000
const allKinds: ReadonlySet<EventKind> = new Set(eventKinds)

export type EventListener = (events: readonly NumberedEvent[], range: { readonly from: number; readonly to: number }) => void

/** Everything that happens in the cluster, numbered, kept, and told to those who follow. What is told is written already. */
export class EventBus {
  readonly #store: EventStore
  readonly #clock: Clock
  readonly #batchMs: number
  readonly #listeners = new Set<EventListener>()
  #waiting: NewEvent[] = []
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  constructor({ store, clock, batchMs = 50 }: EventBusOptions) {
    this.#store = store
    this.#clock = clock
    this.#batchMs = batchMs
  }

  /** Numbers them in this order. They are written and told within a batch's time. */
  publish(events: readonly NewEvent[]): void {
    if (this.#isClosed) return // the head stops: what its closing links still cause is told by the next one
    for (const event of events) this.#waiting.push(event)
    if (this.#waiting.length >= flushAt) this.flush()
    else if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.flush(), this.#batchMs)
  }

  /** The number of the last event that was told. */
  get newest(): number {
    return this.#store.newest
  }

  /** Everything of these kinds with a number above this can be read. */
  forgottenOf(kinds: ReadonlySet<EventKind>): number {
    return this.#store.forgottenOf(kinds)
  }

  /** Those after `since`, oldest first, at most `limit`; all up to `to` were looked at. */
  readAfter(since: number, kinds: ReadonlySet<EventKind>, limit: number): EventSlice {
    return this.#store.readAfter(since, kinds, limit)
  }

  /** A page, newest first: those before `before` that pass. */
  readPage(filter: EventFilter, { before = Number.MAX_SAFE_INTEGER, limit = 100 }: { before?: number; limit?: number } = {}): EventPage {
    this.flush()
    const kinds = filter.kinds ?? allKinds
    const events: NumberedEvent[] = []
    let cursor = before
    for (let looked = 0; events.length < limit && cursor > 0 && looked < lookedAtOnce; ) {
      const slice = this.#store.readBefore(cursor, kinds, Math.min(slicedEvents, filter.job || filter.node ? slicedEvents : limit))
      looked += slice.events.length
      for (const event of slice.events) {
        if (events.length === limit) break
        cursor = event.seq
        if (passes(filter, event)) events.push(event)
      }
      if (events.length < limit) cursor = slice.to
    }
    return {
      events: events.map(({ json }) => JSON.parse(json) as EventPage['events'][number]), // made by `numbered`
      next: cursor > 0 ? String(cursor) : null,
      oldest: this.forgottenOf(kinds) + 1,
      newest: this.newest,
    }
  }

  /** Calls `listener` with every batch that was written, empty ones never. Returns how to stop. */
  onBatch(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Writes and tells what waits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    const from = this.#store.newest + 1
    const events = waiting.map((event, index) => numbered(event, from + index))
    this.#store.append(events, this.#clock.nowMs())
    for (const listener of this.#listeners) listener(events, { from, to: this.#store.newest })
  }

  close(): void {
    this.flush()
    this.#isClosed = true
    this.#store.close()
  }
}

/** Events that one page of a narrow filter looks at before it gives up; its cursor goes on from there. */
const lookedAtOnce = 50_000
const slicedEvents = 5_000

/** Absent: everything. */
export type EventFilter = { readonly kinds?: ReadonlySet<EventKind>; readonly job?: string; readonly node?: string }

export function passes({ kinds, job, node }: EventFilter, event: NumberedEvent): boolean {
  if (kinds !== undefined && !kinds.has(event.kind)) return false
  if (job !== undefined && event.jobId !== job) return false
  return node === undefined || event.nodeId === node
}

const longestId = 128
/** Letters. A row that makes an event longer is shortened, as an event must fit a frame of a stream. */
const longestEvent = 60_000
const longestText = 2_000

function numbered({ kind, id, type, atMs, row }: NewEvent, seq: number): NumberedEvent {
  const jobId = row['job_id'] ?? (kind === 'job' ? id : '')
  const nodeId = row['node_id'] ?? (kind === 'node' ? id : '')
  const json = JSON.stringify({ seq, kind, id, type, atMs, row })
  return {
    ...{ seq, kind, atMs },
    jobId: typeof jobId === 'string' ? jobId.slice(0, longestId) : '',
    nodeId: typeof nodeId === 'string' ? nodeId.slice(0, longestId) : '',
    json: json.length <= longestEvent ? json : JSON.stringify({ seq, kind, id, type, atMs, row: shortened(row) }),
  }
}

/** Short fields as they are, texts cut, the rest left out; `cut` names what is not whole. */
function shortened(row: NewEvent['row']): Record<string, unknown> {
  const cut: string[] = []
  const short: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row).slice(0, 64)) {
    const isShort = JSON.stringify(value ?? null).length <= longestText / 4
    if (!isShort) cut.push(name)
    if (isShort) short[name] = value
    else if (typeof value === 'string') short[name] = value.slice(0, longestText / 4)
  }
  return { ...short, cut }
}
