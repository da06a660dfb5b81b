import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterEvent } from '../../../runtime/api/events.ts'
import { ClusterError, errorCodes, toError } from '../../../runtime/base/errors.ts'
import type { Logger } from '../../../runtime/base/logger.ts'
import { can } from '../capabilities.ts'
import type { LinkEvents } from '../link-session.ts'
import type { ClusterRecord } from './cluster-record.ts'
import { jobIdOfEvent, kindOfEvent, rowAfterEvent, type Row, type ThingKind } from './core/rows.ts'
import { taskOfEvent } from './core/task-row.ts'
import { ListSync } from './list-sync.ts'
import type { Live } from './live.ts'
import { LogSync } from './log-sync.ts'
import { MetricSync } from './metric-sync.ts'
import { TaskSync } from './task-sync.ts'

export type RecorderOptions = {
  readonly record: ClusterRecord
  /** The head, while it can be asked. */
  readonly live: () => Live | undefined
  readonly logger: Logger
  readonly nowMs?: () => number
}

const tickMs = 250
const settleMs = 50
const askEveryMs = 1_000
/** Of a head without events. */
const pollEveryMs = 10_000
/** Events of one transaction: some ten milliseconds. Others get their turn between two. */
const eventsPerWrite = 1_000
/** Beyond this the stream is held back, at the head, which keeps what was not sent. */
const waitingLimit = 20_000

/** Writes down what a link passes on, some time after it came, and asks the head for what events do not tell. */
export class Recorder {
  readonly #options: Required<RecorderOptions>
  readonly #lists: ListSync
  readonly #tasks: TaskSync
  readonly #logs: LogSync
  readonly #metrics: MetricSync
  #waiting: LinkEvents[] = []
  #waitingEvents = 0
  #onRoom: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #asking: Promise<void> | undefined
  #writing: Promise<void> | undefined
  #askedAtMs = 0
  #hasFailed = false
  #isStopped = false
  #askFailure = ''
  #lastLive: Live | undefined

  constructor(options: RecorderOptions) {
    const { record, logger } = options
    this.#options = { nowMs: () => Date.now(), ...options }
    this.#lists = new ListSync(record)
    this.#tasks = new TaskSync(record)
    this.#logs = new LogSync(record)
    this.#metrics = new MetricSync(record, logger)
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), tickMs)
  }

  /** For `ClusterLink.onEvents`. Resolves at once, or when there is room. */
  take(events: LinkEvents): Promise<void> | undefined {
    if (events.type === 'metrics' || this.#isStopped) return undefined
    this.#waiting.push(events)
    this.#waitingEvents += events.type === 'events' ? events.events.length : events.type === 'snapshot' ? events.rows.length : 1
    return this.#waitingEvents < waitingLimit ? undefined : new Promise((resolve) => this.#onRoom.push(resolve))
  }

  /** Events that came and are not in the record yet. */
  get waitingEvents(): number {
    return this.#waitingEvents
  }

  /** Resolves when all that came is in the record. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#logs.hasWaiting) {
      await this.#write()
      if (this.#hasFailed) return
    }
  }

  /** Asks the head once more for what is not known yet, and writes everything down. Logs of jobs that still run are not waited for longer than this. */
  async settle(logsWithinMs = 3_000): Promise<void> {
    await this.flush()
    await this.#asking
    const untilMs = performance.now() + logsWithinMs
    do {
      const live = this.#options.live()
      if (live) await this.#ask(live)
      await this.flush()
      if (!live || !this.#logs.isReading) return
      await delay(settleMs)
    } while (performance.now() < untilMs)
  }

  /** Writes what is there, and ends. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#logs.stop()
    await this.#asking
    await this.flush()
    for (const resolve of this.#onRoom.splice(0)) resolve()
  }

  #tick(): void {
    if (this.#waiting.length > 0 || this.#logs.hasWaiting) void this.#write()
    const live = this.#options.live()
    const nowMs = this.#options.nowMs()
    if (live === undefined) return
    const isAnother = live.client !== this.#lastLive?.client
    this.#lastLive = live
    if (isAnother) this.#tasks.changed()
    // a head that was killed may know what happened before, and have told it to nobody
    if (isAnother || (!can(live.capabilities, 'events') && nowMs - this.#askedAtMs > pollEveryMs)) this.#lists.missed()
    if (this.#asking || nowMs - this.#askedAtMs < askEveryMs) return
    this.#askedAtMs = nowMs
    this.#asking = this.#ask(live)
      .catch((error: unknown) => {
        // The link says that the head is away; anything else is worth a line, once.
        const reason = error instanceof ClusterError && errorCodes[error.code].retryable ? '' : toError(error).message
        if (reason !== '' && reason !== this.#askFailure) this.#options.logger.error('history.ask-failed', { reason })
        this.#askFailure = reason
      })
      .finally(() => (this.#asking = undefined))
  }

  async #ask(live: Live): Promise<void> {
    const { nowMs } = this.#options
    if (this.#lists.isBehind) await this.#lists.run(live, nowMs)
    if (this.#tasks.isBehind) await this.#tasks.run(live, nowMs)
    if (!this.#isStopped) this.#logs.run(live, nowMs())
    await this.#metrics.run(live, nowMs())
    this.#options.record.setFact('heard-at-ms', nowMs()) // of a head without events this is the only word
    this.#askFailure = ''
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined))
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    do {
      const taken = this.#nextPart()
      try {
        this.#options.record.together(() => {
          for (const part of taken) this.#apply(part)
          this.#logs.flush(this.#options.nowMs())
        })
        this.#logs.flushed()
        if (this.#hasFailed) this.#options.logger.info('history.writable-again')
        this.#hasFailed = false
      } catch (error) {
        this.#waiting.unshift(...taken) // the disk may have room again: the numbers did not go on, so nothing is lost
        if (!this.#hasFailed) this.#options.logger.error('history.not-written', { reason: toError(error).message })
        this.#hasFailed = true
        return
      }
      this.#waitingEvents = this.#waiting.reduce((sum, part) => sum + sizeOf(part), 0)
      if (this.#waitingEvents < waitingLimit) for (const resolve of this.#onRoom.splice(0)) resolve()
      await new Promise<void>((resolve) => void setImmediate(resolve))
    } while (this.#waiting.length > 0)
  }

  /** As much as one transaction should hold; a longer batch is cut in two. */
  #nextPart(): LinkEvents[] {
    const taken: LinkEvents[] = []
    for (let left = eventsPerWrite; left > 0; ) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      if (next.type === 'events' && next.events.length > left) {
        const now = next.events.slice(0, left)
        taken.push({ type: 'events', to: now.at(-1)?.seq ?? next.to, events: now })
        this.#waiting.unshift({ ...next, events: next.events.slice(left) })
        break
      }
      taken.push(next)
      left -= Math.max(1, sizeOf(next))
    }
    return taken
  }

  #apply(part: LinkEvents): void {
    const { record, nowMs } = this.#options
    switch (part.type) {
      case 'events':
        for (const event of part.events) this.#applyEvent(event)
        record.setFact('last-seq', part.to)
        record.setFact('heard-at-ms', nowMs())
        return
      case 'snapshot':
        for (const { kind, id, row } of part.rows) this.#applyRow(kindOfEvent(kind), { id, row, atMs: nowMs() })
        if (!part.isLast) return
        record.setFact('last-seq', part.to)
        record.setFact('heard-at-ms', nowMs())
        this.#lists.missed()
        this.#tasks.changed()
        return
      case 'gap':
        record.putGap(part.gap, nowMs())
        this.#lists.missed()
        this.#tasks.changed()
        return
      case 'metrics':
        return
    }
  }

  #applyEvent(event: ClusterEvent): void {
    const { record } = this.#options
    const { kind, id, type, atMs, row } = event
    if (kind === 'task') {
      record.putTask(taskOfEvent(row, atMs), atMs)
      return this.#tasks.changed()
    }
    record.putEvent(event)
    if (kind === 'node' || kind === 'job' || kind === 'placement_group' || kind === 'alert') this.#lists.changed('cluster_events', id)
    if (kind === 'job' && type === 'deleted') return record.removeThing('jobs', id)
    this.#applyRow(kindOfEvent(kind), { id, row, atMs })
  }

  #applyRow(kind: ThingKind | undefined, { id, row, atMs }: { id: string; row: Row; atMs: number }): void {
    if (kind === undefined) return
    const { record } = this.#options
    const thingId = kind === 'jobs' ? jobIdOfEvent(id, row) : id
    const next = rowAfterEvent(kind, record.thing(kind, thingId), row)
    if (next !== undefined) record.putThing(kind, next, atMs)
    this.#lists.changed(kind, thingId)
    if (kind === 'jobs') this.#logs.changed()
  }
}

const sizeOf = (part: LinkEvents): number => (part.type === 'events' ? part.events.length : part.type === 'snapshot' ? part.rows.length : 1)
