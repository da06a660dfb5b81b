import { rmSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { cutFile } from '../../logs/cut-file.ts'
import type { LogFolder } from '../../logs/log-folder.ts'
import { parseWorkerLogName, submissionOfLog } from '../../protocol/log-names.ts'

const mebibyte = 1_048_576

/** How much of the logs is kept on a node. The oldest goes first. */
export type LogLimits = {
  /** Of each of the two files of a worker. */
  readonly workerFileBytes: number
  /** Of the log of a submitted job. */
  readonly jobFileBytes: number
  /** Of any other: the head's, the agent's, what programs put there. */
  readonly otherFileBytes: number
  /** Of all of the folder. */
  readonly folderBytes: number
  /** Of files that nobody writes to any more. */
  readonly endedFiles: number
  readonly endedMs: number
}

export const defaultLogLimits: LogLimits = {
  workerFileBytes: 64 * mebibyte,
  jobFileBytes: 256 * mebibyte,
  otherFileBytes: 64 * mebibyte,
  folderBytes: 1_024 * mebibyte,
  endedFiles: 10_000,
  endedMs: 14 * 86_400_000,
}

export type LogKeeperIo = {
  readonly folder: LogFolder
  readonly limits: LogLimits
  readonly logger: Logger
  /** Names of the files that processes write to now. */
  readonly live: () => Iterable<string>
  /** @default the kernel's */
  readonly punch?: (fd: number, offset: number, lengthBytes: number) => Promise<boolean>
}

type Known = { readonly name: string; readonly stats: Stats; readonly keptBytes: number }

const lookMs = 1_000
/** When a file grew by a quarter of its cap since the last look. */
const hurriedLookMs = 100
const sweepMs = 30_000
/** A file that was written so recently is somebody's, whoever it is. */
const restMs = 60_000
/** A file is cut down to this part of its cap, so that cuts are few. */
const keptShare = 3 / 4

/**
 * Holds the logs of a node to their limits: looks at files in use each second, and at the whole folder each half a minute. Between two
 * looks a file may pass its cap by what is written in that time.
 */
export class LogKeeper {
  readonly #io: LogKeeperIo
  readonly #sizes = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #sweptAtMs = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(io: LogKeeperIo) {
    this.#io = io
  }

  start(): void {
    this.#schedule(lookMs)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Looks at the files in use. Returns whether one of them grows fast. */
  async look(): Promise<boolean> {
    let isFast = false
    const live = new Set(this.#io.live())
    for (const name of this.#sizes.keys()) if (!live.has(name)) this.#sizes.delete(name)
    for (const name of live) {
      const file = this.#io.folder.find(name)
      if (file === undefined) continue
      const cap = this.#capOf(name)
      if (file.sizeBytes - (this.#sizes.get(name) ?? file.sizeBytes) > cap / 4) isFast = true
      this.#sizes.set(name, file.sizeBytes)
      if (file.sizeBytes - file.firstOffset > cap) await this.#cut(name, cap * keptShare)
    }
    return isFast
  }

  /** Looks at the whole folder: caps what is over its cap, removes what is too old or too much. */
  async sweep(nowMs: number): Promise<void> {
    const { limits, folder } = this.#io
    const live = new Set(this.#io.live())
    const files = this.#read()
    for (const file of files) {
      const cap = this.#capOf(file.name)
      if (file.keptBytes > cap) await this.#cut(file.name, cap * keptShare)
    }
    const known = this.#read()
    let totalBytes = known.reduce((sum, { keptBytes }) => sum + keptBytes, 0)
    const ended = known
      .filter(({ name, stats }) => !live.has(name) && !isDaemonLog(name) && nowMs - stats.mtimeMs > restMs)
      .sort((a, b) => a.stats.mtimeMs - b.stats.mtimeMs)
    let count = ended.length
    for (const { name, stats, keptBytes } of ended) {
      const isTooMuch = totalBytes > limits.folderBytes || count > limits.endedFiles
      if (!isTooMuch && nowMs - stats.mtimeMs <= limits.endedMs) break // those behind it are younger
      rmSync(join(folder.path, name), { force: true })
      this.#io.logger.info('logs.removed', { file: name, keptBytes })
      totalBytes -= keptBytes
      count -= 1
    }
    if (totalBytes > limits.folderBytes) await this.#shrink(totalBytes)
  }

  /** What is left is in use: the largest gives half of what it has, until all fit. */
  async #shrink(bytes: number): Promise<void> {
    const { limits } = this.#io
    let totalBytes = bytes
    for (const { name, keptBytes } of this.#read().sort((a, b) => b.keptBytes - a.keptBytes)) {
      if (totalBytes <= limits.folderBytes || keptBytes < mebibyte) return
      await this.#cut(name, keptBytes / 2)
      totalBytes -= keptBytes / 2
    }
  }

  #read(): Known[] {
    const { folder } = this.#io
    return folder.walk('**').files.flatMap((name) => {
      const stats = folder.stat(name)
      const file = stats && folder.find(name)
      return file === undefined || stats === undefined ? [] : [{ name, stats, keptBytes: file.sizeBytes - file.firstOffset }]
    })
  }

  async #cut(name: string, keepBytes: number): Promise<void> {
    const { folder, logger, punch } = this.#io
    try {
      const removedBytes = await cutFile(folder, name, { keepBytes: Math.floor(keepBytes), ...(punch ? { punch } : {}) })
      logger.debug('logs.cut', { file: name, removedBytes })
    } catch (error) {
      logger.warn('logs.cut-failed', { file: name, reason: toError(error).message })
    }
  }

  #capOf(name: string): number {
    const { workerFileBytes, jobFileBytes, otherFileBytes } = this.#io.limits
    if (parseWorkerLogName(name)) return workerFileBytes
    return submissionOfLog(name) === undefined ? otherFileBytes : jobFileBytes
  }

  #schedule(afterMs: number): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#run(), afterMs)
    this.#timer.unref()
  }

  async #run(): Promise<void> {
    let isFast = false
    try {
      isFast = await this.look()
      if (performance.now() - this.#sweptAtMs > sweepMs) {
        this.#sweptAtMs = performance.now()
        await this.sweep(Date.now())
      }
    } catch (error) {
      this.#io.logger.warn('logs.keep-failed', { reason: toError(error).message }) // such as a folder that somebody removed
    }
    this.#schedule(isFast ? hurriedLookMs : lookMs)
  }
}

const isDaemonLog = (name: string): boolean => name === 'head.log' || name === 'agent.log'
