import { type EventFrame, type EventKind, eventCloseCodes, eventKinds } from '../../api/events.ts'
import type { Logger } from '../../base/logger.ts'
import { type EventBus, type EventFilter, passes } from './event-bus.ts'
import type { NumberedEvent } from './event-store.ts'

/** Where a stream's frames go: a WebSocket of the API's server, or a test. */
export type StreamSink = {
  /** Resolves when there is room for more. Rejects once the client is gone. */
  send(frame: string): Promise<void>
  /** Bytes taken and not sent. */
  readonly waitingBytes: number
  close(code: number, reason: string): void
}

export type StreamOptions = {
  readonly filter: EventFilter
  /** The stream wants the latest figures of nodes too. */
  readonly wantsMetrics?: boolean
  /** The number of the last event that the client knows; undefined: it begins with the state as it is now. `latest`: only what comes. */
  readonly since?: number | 'latest' | undefined
}

export type SnapshotRow = Extract<EventFrame, { type: 'snapshot' }>['rows'][number]
/** Everything that a client must know to start. `totals` says how many there are of each kind where not all are in `rows`. */
export type Snapshot = { readonly rows: readonly SnapshotRow[]; readonly totals: Readonly<Record<string, number>> }

export type EventStreamsOptions = {
  readonly bus: EventBus
  readonly logger: Logger
  readonly snapshot: (kinds: ReadonlySet<EventKind>) => Snapshot
  /** A stream with more than this unsent is cut. @default 16 MiB */
  readonly bufferLimitBytes?: number
  /** @default 256 */
  readonly maxStreams?: number
  /** An empty frame says so often how far the numbers are. @default 5 s */
  readonly heartbeatMs?: number
}

type Stream = {
  readonly sink: StreamSink
  readonly filter: EventFilter
  readonly wantsMetrics: boolean
  /** Equal for streams that are sent the same text. */
  readonly key: string
  /** Everything up to this was sent. */
  position: number
  isLive: boolean
  isClosed: boolean
}

const allKinds: ReadonlySet<EventKind> = new Set(eventKinds)
const slicedEvents = 2_000
/** Letters of a frame: at three bytes each it is below the 256 KiB at which the server would split it. */
const frameLetters = 80_000
const latestMetricsBytes = 1024 * 1024

/** The streams of events that clients follow. A batch becomes text once for all streams with equal filters. */
export class EventStreams {
  readonly #options: Required<EventStreamsOptions>
  readonly #streams = new Set<Stream>()
  readonly #stop: () => void
  readonly #heartbeat: NodeJS.Timeout

  constructor(options: EventStreamsOptions) {
    this.#options = { bufferLimitBytes: 16 * 1024 * 1024, maxStreams: 256, heartbeatMs: 5_000, ...options }
    this.#stop = options.bus.onBatch((events, { to }) => this.#onBatch(events, to))
    this.#heartbeat = setInterval(() => this.#onBatch([], options.bus.newest), this.#options.heartbeatMs).unref()
  }

  get isFull(): boolean {
    return this.#streams.size >= this.#options.maxStreams
  }

  get wantsMetrics(): boolean {
    for (const stream of this.#streams) if (stream.wantsMetrics) return true
    return false
  }

  /** Sends until the client is gone: then call what this returns. */
  open(sink: StreamSink, { filter, wantsMetrics = false, since }: StreamOptions): () => void {
    const { bus } = this.#options
    const kinds = filter.kinds ?? allKinds
    const key = JSON.stringify([[...kinds].sort(), filter.job ?? '', filter.node ?? ''])
    const stream: Stream = { sink, filter, wantsMetrics, key, position: 0, isLive: false, isClosed: false }
    this.#streams.add(stream)
    bus.flush() // the snapshot must hold what its number says
    const isTooOld = typeof since === 'number' && (since < bus.forgottenOf(kinds) || since > bus.newest)
    if (typeof since === 'number' && !isTooOld) stream.position = since
    if (since === 'latest') stream.position = bus.newest
    void this.#begin(stream, since === undefined ? 'start' : isTooOld ? 'too-old' : undefined).catch(() => this.#drop(stream)) // its client is gone
    return () => this.#drop(stream)
  }

  /** Sends the latest figures of nodes to those that want them; a stream that is behind gets the next ones. */
  sendMetrics(nodes: readonly object[]): void {
    const wanting = [...this.#streams].filter(
      ({ wantsMetrics, isLive, sink }) => wantsMetrics && isLive && sink.waitingBytes < latestMetricsBytes,
    )
    if (wanting.length === 0) return
    for (const part of inParts(
      nodes.map((node) => JSON.stringify(node)),
      (text) => text.length,
    )) {
      const frame = `{"type":"metrics","nodes":[${part.join(',')}]}`
      for (const stream of wanting) this.#send(stream, frame)
    }
  }

  close(): void {
    clearInterval(this.#heartbeat)
    this.#stop()
    for (const stream of this.#streams) this.#cut(stream, eventCloseCodes.headStops, 'the head stops; resume when it is back')
  }

  /** An empty batch is a heartbeat. */
  #onBatch(events: readonly NumberedEvent[], to: number): void {
    const groups = new Map<string, Stream[]>()
    for (const stream of this.#streams) {
      if (!stream.isLive) continue
      const key = `${stream.position} ${stream.key}`
      const group = groups.get(key)
      if (group) group.push(stream)
      else groups.set(key, [stream])
    }
    for (const group of groups.values()) {
      const [first] = group
      if (first === undefined) continue
      const passing = events.filter((event) => passes(first.filter, event))
      if (passing.length > 0 || events.length === 0) this.#sendAlike(group, framesOf(passing, { from: first.position + 1, to }), to)
    }
  }

  #sendAlike(group: readonly Stream[], frames: readonly string[], to: number): void {
    for (const stream of group) {
      if (stream.sink.waitingBytes > this.#options.bufferLimitBytes) {
        this.#cut(stream, eventCloseCodes.tooSlow, `too slow; resume with since=${stream.position}`)
        continue
      }
      stream.position = to
      for (const frame of frames) this.#send(stream, frame)
    }
  }

  #send(stream: Stream, frame: string): void {
    stream.sink.send(frame).catch(() => this.#drop(stream)) // its client is gone
  }

  /** Sends what is kept after the stream's position, at the pace of the client, and then lets it live. */
  async #begin(stream: Stream, snapshot: 'start' | 'too-old' | undefined): Promise<void> {
    const { bus } = this.#options
    const kinds = stream.filter.kinds ?? allKinds
    if (snapshot) await this.#sendSnapshot(stream, snapshot)
    while (!stream.isClosed && stream.position < bus.newest) {
      if (stream.position < bus.forgottenOf(kinds)) {
        await this.#sendSnapshot(stream, 'too-old') // forgotten while it was read
        continue
      }
      const { events, to } = bus.readAfter(stream.position, kinds, slicedEvents)
      const passing = events.filter((event) => passes(stream.filter, event))
      const frames = framesOf(passing, { from: stream.position + 1, to })
      stream.position = to
      for (const frame of frames) await stream.sink.send(frame)
      await new Promise<void>((resolve) => void setImmediate(resolve)) // others get their turn between two slices
    }
    if (stream.isClosed) return
    if (stream.position === bus.newest && snapshot === undefined)
      this.#sendAlike([stream], framesOf([], { from: bus.newest + 1, to: bus.newest }), bus.newest)
    stream.isLive = true
  }

  async #sendSnapshot(stream: Stream, reason: 'start' | 'too-old'): Promise<void> {
    const { bus, snapshot } = this.#options
    const to = bus.newest
    stream.position = to
    const { rows, totals } = snapshot(stream.filter.kinds ?? allKinds)
    const parts = inParts(
      rows.map((row) => JSON.stringify(row)),
      (text) => text.length,
    )
    for (const [part, texts] of parts.entries()) {
      const facts = { type: 'snapshot', to, reason, part, isLast: part === parts.length - 1, totals: part === 0 ? totals : {} }
      await stream.sink.send(`${JSON.stringify(facts).slice(0, -1)},"rows":[${texts.join(',')}]}`)
    }
  }

  #cut(stream: Stream, code: number, reason: string): void {
    if (code === eventCloseCodes.tooSlow) this.#options.logger.warn('event-stream.cut', { reason })
    this.#drop(stream)
    stream.sink.close(code, reason)
  }

  #drop(stream: Stream): void {
    stream.isClosed = true
    stream.isLive = false
    this.#streams.delete(stream)
  }
}

/** Whole batches as text, none longer than a frame may be; without events, one that only says how far the numbers are. */
export function framesOf(events: readonly NumberedEvent[], { from, to }: { readonly from: number; readonly to: number }): string[] {
  const parts = inParts(events, ({ json }) => json.length)
  let next = from
  return parts.map((part, index) => {
    const end = index === parts.length - 1 ? to : (part.at(-1)?.seq ?? to)
    const frame = `{"type":"batch","from":${next},"to":${end},"events":[${part.map(({ json }) => json).join(',')}]}`
    next = end + 1
    return frame
  })
}

/** Splits a list so that each part has at most `frameLetters`, or one item. At least one part. */
function inParts<Item>(items: readonly Item[], lettersOf: (item: Item) => number): Item[][] {
  const parts: Item[][] = [[]]
  let letters = 0
  for (const item of items) {
    const part = parts.at(-1) ?? []
    if (part.length > 0 && letters + lettersOf(item) > frameLetters) {
      parts.push([item])
      letters = lettersOf(item)
    } else {
      part.push(item)
      letters += lettersOf(item) + 1
    }
  }
  return parts
}
