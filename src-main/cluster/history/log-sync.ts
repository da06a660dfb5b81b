import type { JobTailFrame } from '../../../runtime/api/logs.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ClusterRecord } from './cluster-record.ts'
import type { Live } from './live.ts'

/** Logs that are followed at a time, and for how long each while others wait. */
const mostFollowed = 4
const turnMs = 15_000
const retryMs = 10_000
const waitingBytesLimit = 8 * 1024 * 1024

type Follow = { readonly abort: AbortController; readonly sinceMs: number; readonly ended: Promise<void> }

/** Follows the logs of submitted jobs, from where the record ends, until each is whole. */
export class LogSync {
  readonly #record: ClusterRecord
  readonly #follows = new Map<string, Follow>()
  readonly #retryAtMs = new Map<string, number>()
  #waiting: { readonly job: string; readonly frame: JobTailFrame | 'end' }[] = []
  #waitingBytes = 0
  #onFlushed: (() => void)[] = []
  #isBehind = true

  constructor(record: ClusterRecord) {
    this.#record = record
  }

  changed(): void {
    this.#isBehind = true
  }

  /** Gives each log that is not whole its turn. */
  run(live: Live, nowMs: number): void {
    if (!this.#isBehind && this.#follows.size === 0) return
    const jobs = this.#candidates().filter((job) => !this.#follows.has(job))
    this.#isBehind = jobs.length > 0
    const ready = jobs.filter((job) => (this.#retryAtMs.get(job) ?? 0) <= nowMs)
    for (const job of ready) {
      if (this.#follows.size >= mostFollowed) break
      this.#follow(live, job, nowMs)
    }
    if (ready.length <= mostFollowed) return
    for (const follow of this.#follows.values()) if (nowMs - follow.sinceMs > turnMs) follow.abort.abort()
  }

  /** To be called inside a transaction: what came since the last time goes into the record. */
  flush(atMs: number): void {
    for (const { job, frame } of this.#waiting) {
      if (frame === 'end') this.#record.logs.finish(job)
      else this.#record.logs.append(job, frame, atMs)
    }
  }

  /** After `flush` was committed. */
  flushed(): void {
    this.#waiting = []
    this.#waitingBytes = 0
    for (const resolve of this.#onFlushed.splice(0)) resolve()
  }

  /** Whether logs are being read, or are to be. */
  get isReading(): boolean {
    return this.#isBehind || this.#follows.size > 0
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0
  }

  async stop(): Promise<void> {
    const follows = [...this.#follows.values()]
    for (const { abort } of follows) abort.abort()
    for (const resolve of this.#onFlushed.splice(0)) resolve()
    await Promise.all(follows.map(({ ended }) => ended))
  }

  /** Those that began and are not whole, running ones first. */
  #candidates(): string[] {
    const sql = `SELECT id FROM things WHERE kind = 'jobs' AND row ->> '$.type' = 'SUBMISSION' AND row ->> '$.status' <> 'PENDING'
      AND id NOT IN (SELECT job FROM logs WHERE is_whole = 1) ORDER BY is_over, at_ms LIMIT 256`
    return this.#record.database
      .prepare(sql)
      .all()
      .map((row) => String(row['id']))
  }

  #follow(live: Live, job: string, nowMs: number): void {
    const abort = new AbortController()
    const ended = this.#read(live, job, abort.signal)
      .catch((error: unknown) => {
        // Its node is gone with it, or it never wrote: what the record has is all there will be.
        const isOver = error instanceof ClusterError && (error.code === 'not-found' || error.code === 'node.died')
        if (isOver) {
          this.#retryAtMs.delete(job)
          this.#waiting.push({ job, frame: 'end' })
        } else if (!abort.signal.aborted) this.#retryAtMs.set(job, nowMs + retryMs)
      })
      .finally(() => {
        this.#follows.delete(job)
        this.#isBehind = true
      })
    this.#follows.set(job, { abort, sinceMs: nowMs, ended })
  }

  async #read({ client }: Live, job: string, signal: AbortSignal): Promise<void> {
    for await (const frame of client.tailJobLog(job, { offset: this.#record.logs.progress(job).next, signal })) {
      this.#waiting.push({ job, frame })
      this.#waitingBytes += frame.text.length
      if (signal.aborted) return // before waiting: after the end nobody flushes
      if (this.#waitingBytes > waitingBytesLimit) await new Promise<void>((resolve) => this.#onFlushed.push(resolve))
      if (signal.aborted) return
    }
    this.#retryAtMs.delete(job)
    if (!signal.aborted) this.#waiting.push({ job, frame: 'end' })
  }
}
