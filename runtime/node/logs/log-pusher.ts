import { closeSync } from 'node:fs'
import { ClusterError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { lineStartAfter } from '../../logs/cut-file.ts'
import { keyOf } from '../../logs/kept-ranges.ts'
import type { LogReader } from '../../logs/log-reader.ts'
import { LogsPushed, maxPushBytes } from '../../protocol/logs.ts'

export type LogPusherIo = {
  readonly nodeId: string
  readonly reader: LogReader
  readonly logger: Logger
  readonly live: () => Iterable<string>
  /** Asks the head; waits while it is away. */
  readonly request: (message: object) => Promise<unknown>
  /** What the head keeps of a file at most. @default 1 MiB */
  readonly keptBytes?: number
  /** @default 4 MiB/s */
  readonly bytesPerSecond?: number
}

/** One file, whatever it is called: by its inode. */
type Pushed = { name: string; renamedFrom: string | null; isAnew: boolean; sizeBytes: number; copiedTo: number | undefined }

const defaultKeptBytes = 1_048_576
const defaultBytesPerSecond = 4 * 1_048_576
const lookMs = 500
/** How often all files are looked at: the more there are, the seldomer. */
const sweepMs = { each: 5, least: 2_000, most: 30_000 }
const retryMs = 5_000
/** Of a head that keeps no logs. */
const refusedMs = 300_000
const lineSearchBytes = 65_536

/**
 * Copies the newest part of every log to the head as it is written, so that it stays readable when this node is gone. One chunk is under
 * way at a time; where more is written than the rate allows, what is too old to be kept by the head anyway is skipped.
 */
export class LogPusher {
  readonly #io: LogPusherIo
  readonly #files = new Map<string, Pushed>()
  readonly #closed = new AbortController()
  #sweptAtMs = Number.NEGATIVE_INFINITY
  #running = Promise.resolve()

  constructor(io: LogPusherIo) {
    this.#io = io
  }

  start(): void {
    this.#running = this.#run()
  }

  close(): void {
    this.#closed.abort()
  }

  /** The last act of a node that leaves: copies what is not copied yet, without pauses, for as long as it may take. */
  async flush(withinMs: number): Promise<void> {
    this.#closed.abort()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)))
    await Promise.race([this.#finish(), late])
    clearTimeout(timer)
  }

  async #finish(): Promise<void> {
    try {
      await this.#running
      this.#sweptAtMs = Number.NEGATIVE_INFINITY
      this.#look()
      for (const file of this.#files.values()) while (isBehind(file)) await this.#push(file)
    } catch (error) {
      this.#io.logger.info('logs.push-failed', { reason: toError(error).message }) // the head is away: it keeps what it has
    }
  }

  async #run(): Promise<void> {
    const { logger } = this.#io
    while (!this.#closed.signal.aborted) {
      try {
        this.#look()
        const pending = [...this.#files.values()].filter(isBehind)
        for (const file of pending) await this.#push(file)
        if (pending.length === 0) await this.#sleep(lookMs)
      } catch (error) {
        if (this.#closed.signal.aborted) return
        logger.info('logs.push-failed', { reason: toError(error).message }) // the head is away: what is written meanwhile is copied later
        await this.#sleep(error instanceof ClusterError && error.code === 'not-supported' ? refusedMs : retryMs)
      }
    }
  }

  /** Files in use each time, all others now and then. */
  #look(): void {
    const { folder } = this.#io.reader
    const everyMs = Math.min(sweepMs.most, Math.max(sweepMs.least, this.#files.size * sweepMs.each))
    const isSweep = performance.now() - this.#sweptAtMs > everyMs
    if (isSweep) this.#sweptAtMs = performance.now()
    const seen = new Set<string>()
    for (const name of isSweep ? folder.walk('**').files : this.#io.live()) {
      const stats = folder.stat(name)
      if (stats === undefined || stats.size === 0 || name === 'head.log') continue // the head has that itself
      const key = keyOf(stats)
      seen.add(key)
      const known = this.#files.get(key)
      if (known === undefined) this.#files.set(key, { name, renamedFrom: null, isAnew: false, sizeBytes: stats.size, copiedTo: undefined })
      else {
        if (known.name !== name) {
          known.renamedFrom ??= known.name
          known.name = name
        }
        if (stats.size < known.sizeBytes) {
          known.isAnew = true
          known.copiedTo = 0
        }
        known.sizeBytes = stats.size
      }
    }
    if (isSweep) for (const key of this.#files.keys()) if (!seen.has(key)) this.#files.delete(key)
  }

  async #push(file: Pushed): Promise<void> {
    const { keptBytes = defaultKeptBytes, bytesPerSecond = defaultBytesPerSecond } = this.#io
    if (file.copiedTo === undefined) {
      const { endOffset } = await this.#send(file, { offset: 0, bytes: new Uint8Array(0) })
      file.isAnew = endOffset > file.sizeBytes
      file.copiedTo = file.isAnew ? 0 : endOffset
      if (file.copiedTo === file.sizeBytes) return
    }
    const oldest = file.sizeBytes - keptBytes
    const offset = file.copiedTo < oldest ? this.#lineStart(file.name, oldest) : file.copiedTo
    const startedMs = performance.now()
    const chunk = await this.#read(file, offset)
    if (chunk === undefined || chunk.bytes.byteLength === 0) {
      file.copiedTo = file.sizeBytes // it went, or was cut meanwhile
      return
    }
    const { pauseMs } = await this.#send(file, chunk)
    file.copiedTo = chunk.offset + chunk.bytes.byteLength
    const ownPauseMs = (chunk.bytes.byteLength / bytesPerSecond) * 1_000 - (performance.now() - startedMs)
    await this.#sleep(Math.max(0, pauseMs, ownPauseMs))
  }

  async #send(file: Pushed, part: { offset: number; bytes: Uint8Array }): Promise<LogsPushed> {
    const { nodeId, request } = this.#io
    const { name, renamedFrom, isAnew } = file
    const isProbe = part.bytes.byteLength === 0
    const message = { type: 'logs.push', nodeId, file: name, renamedFrom, isAnew, offset: part.offset, bytes: part.bytes }
    const answer = LogsPushed.parse(await request(message))
    if (file.renamedFrom === renamedFrom) file.renamedFrom = null
    if (!isProbe) file.isAnew = false
    return answer
  }

  async #read(file: Pushed, offset: number) {
    try {
      return await this.#io.reader.read({ file: file.name, offset, maxBytes: maxPushBytes, waitMs: 0 })
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'not-found') return undefined // renamed or removed: the next look finds it
      throw error
    }
  }

  #lineStart(name: string, offset: number): number {
    try {
      const log = this.#io.reader.folder.open(name)
      try {
        return lineStartAfter(log, { offset, withinBytes: lineSearchBytes })
      } finally {
        closeSync(log.fd)
      }
    } catch {
      return offset
    }
  }

  #sleep(ms: number): Promise<void> {
    const { signal } = this.#closed
    if (ms <= 0 || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      timer.unref()
      signal.addEventListener('abort', done, { once: true })
    })
  }
}

const isBehind = ({ copiedTo, sizeBytes }: Pushed): boolean => copiedTo === undefined || copiedTo < sizeBytes
