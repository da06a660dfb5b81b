import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError, toError } from '../../../runtime/base/errors.ts'
import type { Logger } from '../../../runtime/base/logger.ts'
import { ClusterId } from '../../contract/machines.ts'
import { ClusterRecord } from './cluster-record.ts'
import { compact, forgetOlder, forgetOldest, oldestMs, usedBytes } from './trim.ts'

export type HistoryLimits = {
  /** What ended longer ago is forgotten. @default 30 days */
  readonly maxAgeMs: number
  /** Of all records together, on disk; the oldest of all goes first. @default 2 GiB */
  readonly maxBytes: number
}

export type HistoryOptions = {
  /** Of this panel's data; made when it is missing, for this user alone. */
  readonly folder: string
  readonly logger: Logger
  readonly limits?: Partial<HistoryLimits>
  readonly nowMs?: () => number
}

export const defaultHistoryLimits: HistoryLimits = { maxAgeMs: 30 * 86_400_000, maxBytes: 2 * 1024 * 1024 * 1024 }

const trimEveryMs = 60_000
/** Trimming goes on until so much of the limit is used, so that it is not needed again at once. */
const trimmedShare = 0.9

/** The records of all clusters that this panel watches or watched: a file for each. One process at a time. */
export class History {
  readonly #options: Required<HistoryOptions>
  readonly #limits: HistoryLimits
  readonly #open = new Map<string, ClusterRecord>()
  readonly #timer: NodeJS.Timeout
  #trimming: Promise<void> | undefined
  #isOpen = true

  constructor(options: HistoryOptions) {
    this.#options = { limits: {}, nowMs: () => Date.now(), ...options }
    this.#limits = { ...defaultHistoryLimits, ...options.limits }
    mkdirSync(options.folder, { recursive: true, mode: 0o700 })
    this.#timer = setInterval(() => void this.trim(), trimEveryMs).unref()
  }

  /** The record of a cluster, opened or begun. It is closed with the history. */
  record(clusterId: string): ClusterRecord {
    const known = this.#open.get(clusterId)
    if (known) return known
    const record = new ClusterRecord(this.#pathOf(clusterId), this.#options.logger)
    this.#open.set(clusterId, record)
    return record
  }

  has(clusterId: string): boolean {
    return this.#open.has(clusterId) || existsSync(this.#pathOf(clusterId))
  }

  /** Clusters of which there is a record. */
  list(): string[] {
    return readdirSync(this.#options.folder)
      .filter((name) => name.endsWith('.sqlite'))
      .map((name) => name.slice(0, -'.sqlite'.length))
      .filter((id) => ClusterId.safeParse(id).success)
  }

  /** Forgets a cluster, with what was set aside of it. Whoever still writes to its record must have stopped. */
  remove(clusterId: string): void {
    this.#open.get(clusterId)?.close()
    this.#open.delete(clusterId)
    const name = `${clusterId}.sqlite`
    this.#pathOf(clusterId)
    for (const each of readdirSync(this.#options.folder))
      if (each.startsWith(name)) rmSync(join(this.#options.folder, each), { force: true })
  }

  /** On disk, all files of it. */
  get sizeBytes(): number {
    const { folder } = this.#options
    return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0)
  }

  /** Holds the limits, in small steps; runs by itself once a minute. Records that nobody has open are opened for it. */
  trim(): Promise<void> {
    this.#trimming ??= this.#trim()
      .catch((error: unknown) => this.#options.logger.error('history.not-trimmed', { reason: toError(error).message }))
      .finally(() => (this.#trimming = undefined))
    return this.#trimming
  }

  async #trim(): Promise<void> {
    const { logger, nowMs } = this.#options
    const { maxAgeMs, maxBytes } = this.#limits
    let forgotten = 0
    for (const id of this.list()) {
      for (let rows = 1; rows > 0 && this.#isOpen; await nextTurn()) forgotten += rows = forgetOlder(this.record(id), nowMs() - maxAgeMs)
    }
    if (this.sizeBytes > maxBytes) this.#removeDamaged()
    const bytes = () => [...this.#open.values()].reduce((sum, record) => sum + usedBytes(record), 0)
    if (this.#isOpen && bytes() > maxBytes) {
      while (this.#isOpen && bytes() > maxBytes * trimmedShare) {
        const rows = this.#forgetOldest()
        if (rows === 0) break
        forgotten += rows
        await nextTurn()
      }
    }
    if (forgotten === 0) return
    for (const id of this.#isOpen ? this.list() : []) while (this.#isOpen && compact(this.record(id))) await nextTurn()
    logger.info('history.trimmed', { rows: forgotten })
  }

  #forgetOldest(): number {
    const [oldest] = [...this.#open.values()]
      .map((record) => ({ record, atMs: oldestMs(record) }))
      .filter(({ atMs }) => atMs !== null)
      .sort((one, other) => Number(one.atMs) - Number(other.atMs))
    return oldest === undefined ? 0 : forgetOldest(oldest.record)
  }

  /** Waits for a trim that runs. Whoever writes to a record must have stopped. */
  async close(): Promise<void> {
    this.#isOpen = false
    clearInterval(this.#timer)
    await this.#trimming
    for (const record of this.#open.values()) record.close()
    this.#open.clear()
  }

  /** @throws ClusterError `bad-argument` for what is no id: it is part of a file name */
  #pathOf(clusterId: string): string {
    if (!ClusterId.safeParse(clusterId).success)
      throw new ClusterError('bad-argument', 'that is not the id of a cluster: c- and 12 hexadecimal digits')
    return join(this.#options.folder, `${clusterId}.sqlite`)
  }

  #removeDamaged(): void {
    const { folder } = this.#options
    for (const name of readdirSync(folder)) if (name.includes('.sqlite.damaged-')) rmSync(join(folder, name), { force: true })
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
