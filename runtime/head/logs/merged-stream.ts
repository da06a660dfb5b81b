import type { LogStreamMessage } from '../../api/logs.ts'
import { ClusterError, toError } from '../../base/errors.ts'
import { LineSelector } from '../../logs/line-selector.ts'
import { parseWorkerLogName, submissionOfLog } from '../../protocol/log-names.ts'
import type { LineFilter } from '../../protocol/logs.ts'
import { pause } from './abortable.ts'
import type { FoundSource } from './find-sources.ts'
import type { LogService } from './log-service.ts'
import { SourceReader } from './source-reader.ts'
import { StreamBatch } from './stream-batch.ts'

/** Where the messages go. `send` resolves when there is room for more. */
export type StreamSink = { readonly send: (message: LogStreamMessage) => Promise<void>; readonly signal: AbortSignal }

export type MergedStreamOptions = {
  readonly service: LogService
  /** The files to follow, asked again every two seconds. */
  readonly find: (limit: number) => Promise<{ found: readonly FoundSource[]; left: number }>
  readonly filter: LineFilter
  /** Lines of each file that come first; -1: all. */
  readonly tail: number
  /** By key. */
  readonly resume: Readonly<Record<string, number>>
}

const batchMs = 50
const lookMs = 2_000
/** Past it files are not read any further until what waits was sent. */
const batchBytes = 1_048_576
const sourcesAtMost = 500
const startsAtOnce = 16

/**
 * One stream of many files, in batches of 50 ms. Nothing is dropped for a slow client: what it does not take stays in the files, which
 * are read no further meanwhile, and it is told how far behind it is. What a file's cap removed before it was read is told as a gap.
 */
export class MergedStream {
  readonly #options: MergedStreamOptions
  readonly #sink: StreamSink
  readonly #batch = new StreamBatch()
  readonly #readers = new Map<string, SourceReader>()
  readonly #running = new Set<Promise<void>>()
  readonly #selector: LineSelector
  #roomWaiters: (() => void)[] = []
  #toldSkipped = 0
  #failure: Error | undefined

  /** @throws ClusterError `bad-argument` for a pattern that is no regular expression. */
  constructor(options: MergedStreamOptions, sink: StreamSink) {
    this.#options = options
    this.#sink = sink
    this.#selector = new LineSelector(options.filter)
  }

  /** Runs until the client goes. @throws ClusterError `bad-argument` for a pattern that takes too long, or what finding files throws. */
  async run(): Promise<void> {
    const { signal } = this.#sink
    const flushing = this.#flush()
    try {
      await this.#look(true)
      let isLive = false
      for (let lookedAtMs = performance.now(); !signal.aborted && this.#failure === undefined; ) {
        await pause(batchMs, signal)
        if (!isLive && [...this.#readers.values()].every(({ isCaughtUp }) => isCaughtUp)) {
          isLive = true
          this.#batch.tell({ type: 'live' })
        }
        if (performance.now() - lookedAtMs < lookMs) continue
        await this.#look(false)
        lookedAtMs = performance.now()
      }
      if (this.#failure) throw this.#failure
    } finally {
      for (const reader of this.#readers.values()) reader.stop()
      this.#wakeReaders()
      await Promise.allSettled([flushing, ...this.#running])
    }
  }

  /** Starts to follow what is new. */
  async #look(isFirst: boolean): Promise<void> {
    const { found, left } = await this.#options.find(sourcesAtMost)
    if (left > this.#toldSkipped) {
      this.#toldSkipped = left
      this.#batch.tell({ type: 'skipped', files: left, limit: sourcesAtMost })
    }
    const starting: FoundSource[] = []
    for (const source of found) {
      const reader = this.#readers.get(source.key)
      if (reader !== undefined) {
        if (reader.rename(source.file.name)) this.#tell(reader)
      } else if (this.#readers.size + starting.length < sourcesAtMost) starting.push(source)
    }
    for (let at = 0; at < starting.length; at += startsAtOnce) {
      await Promise.all(starting.slice(at, at + startsAtOnce).map((source) => this.#start(source, isFirst)))
    }
  }

  async #start(source: FoundSource, isFirst: boolean): Promise<void> {
    const { service, tail, resume } = this.#options
    const { key, nodeId, file } = source
    let offset = resume[key] ?? file.firstOffset
    if (resume[key] === undefined && isFirst && tail >= 0) {
      const place = { nodeId, file: file.name, lines: tail, before: null }
      offset = await service.lastLines(place).then(
        (last) => last.offset,
        () => file.firstOffset, // it goes just now: reading it says so
      )
    }
    const number = this.#readers.size + 1
    const reader = new SourceReader(
      { number, key, nodeId, file: file.name, offset },
      {
        service,
        selector: this.#selector.forFile(),
        signal: this.#sink.signal,
        add: (lines, next) => this.#batch.add(number, { lines, next, readAtMs: Date.now() }),
        tell: (message) => this.#batch.tell(message),
        room: () => this.#room(),
      },
    )
    this.#readers.set(key, reader)
    this.#tell(reader)
    const running = reader.run().catch((error: unknown) => {
      if (!this.#sink.signal.aborted) this.#failure ??= toError(error)
    })
    this.#running.add(running)
  }

  #tell({ number, key, nodeId, file, offset }: SourceReader): void {
    const worker = parseWorkerLogName(file)
    this.#batch.tell({
      type: 'source',
      source: number,
      key,
      node_id: nodeId,
      file,
      worker_id: worker?.workerId ?? null,
      job_id: worker?.jobId ?? null,
      submission_id: submissionOfLog(file) ?? null,
      pid: worker?.pid ?? null,
      stream: worker?.stream ?? null,
      offset,
    })
  }

  /** Sends what has gathered, every 50 ms; one `send` after the other, so a client that is slow holds this up and with it the readers. */
  async #flush(): Promise<void> {
    const { signal } = this.#sink
    while (!signal.aborted && this.#failure === undefined) {
      await pause(batchMs, signal)
      try {
        for (const message of this.#batch.take()) await this.#sink.send(message)
      } catch (error) {
        if (!signal.aborted) this.#failure ??= toError(error)
        return
      } finally {
        this.#wakeReaders()
      }
    }
  }

  #room(): Promise<void> {
    if (this.#batch.bytes < batchBytes) return Promise.resolve()
    return new Promise((resolve) => this.#roomWaiters.push(resolve))
  }

  #wakeReaders(): void {
    const waiting = this.#roomWaiters
    this.#roomWaiters = []
    for (const go of waiting) go()
  }
}

/** What a client is told of the failure that ends its stream. */
export function failedMessage(error: unknown): LogStreamMessage {
  if (error instanceof ClusterError) return { type: 'failed', code: error.code, message: error.message }
  return { type: 'failed', code: 'internal', message: 'the stream failed inside the head; its log says why' }
}
