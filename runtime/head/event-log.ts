import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type * as z from 'zod'
import type { Logger } from '../base/logger.ts'
import type { EventBatch, EventsRead, EventsReadReply } from '../protocol/events.ts'
import { namedError } from './store.ts'

export type EventLogOptions = {
  readonly path: string
  readonly logger: Logger
  /** Packed bytes kept; the oldest batches go first. @default 256 MiB */
  readonly keptBytes?: number
}

const defaultKeptBytes = 256 * 1024 * 1024
/** Batches wait this long, or until there are this many bytes of them, so that they share a transaction. */
const flushAfterMs = 200
const flushAtBytes = 1024 * 1024
/** Counted for a batch besides what is packed. */
const rowBytes = 128

/** Spans of tasks as the workers packed them: appended, read newest first, and forgotten from the oldest on. */
export class EventLog {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #logger: Logger
  readonly #keptBytes: number
  #waiting: EventBatch[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #totalBytes: number
  #dropped: number

  constructor({ path, logger, keptBytes = defaultKeptBytes }: EventLogOptions) {
    this.#logger = logger
    this.#keptBytes = keptBytes
    this.#database = new DatabaseSync(path)
    this.#database.exec('PRAGMA journal_mode = WAL')
    this.#database.exec('PRAGMA synchronous = OFF') // survives our own end; a machine that loses power loses its workers' events too
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS batches (id INTEGER PRIMARY KEY AUTOINCREMENT, node_id TEXT, worker_id TEXT, pid INTEGER, count INTEGER, dropped INTEGER, first_ms REAL, last_ms REAL, packed BLOB)',
    )
    this.#database.exec('CREATE TABLE IF NOT EXISTS lost (id INTEGER PRIMARY KEY CHECK (id = 0), events INTEGER NOT NULL)')
    this.#insert = this.#database.prepare(
      'INSERT INTO batches (node_id, worker_id, pid, count, dropped, first_ms, last_ms, packed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    const total = this.#database.prepare('SELECT coalesce(sum(length(packed) + ?), 0) AS bytes FROM batches').get(rowBytes)
    this.#totalBytes = Number(total?.['bytes'])
    this.#dropped = Number(this.#database.prepare('SELECT events FROM lost').get()?.['events'] ?? 0)
  }

  append(batch: EventBatch): void {
    this.#waiting.push(batch)
    this.#waitingBytes += batch.packed.byteLength + rowBytes
    if (this.#waitingBytes >= flushAtBytes) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), flushAfterMs).unref()
  }

  /** The batches before `beforeId` (0: all), newest first, until `maxBytes`; at least one, if there is one. */
  read({ maxBytes, beforeId }: Omit<z.infer<typeof EventsRead>, 'type'>): z.infer<typeof EventsReadReply> {
    this.#flush()
    const rows = this.#database.prepare('SELECT * FROM batches WHERE id < ? ORDER BY id DESC')
    const batches: EventBatch[] = []
    let bytes = 0
    for (const row of rows.iterate(beforeId === 0 ? Number.MAX_SAFE_INTEGER : beforeId)) {
      const packed = row['packed'] as Uint8Array // the column's type
      if (batches.length > 0 && (bytes + packed.byteLength > maxBytes || batches.length >= 100_000)) {
        return { batches, nextBeforeId: Number(row['id']) + 1, droppedBefore: this.#dropped }
      }
      bytes += packed.byteLength
      batches.push({
        type: 'events.batch',
        nodeId: String(row['node_id']),
        workerId: String(row['worker_id']),
        pid: Number(row['pid']),
        count: Number(row['count']),
        dropped: Number(row['dropped']),
        firstMs: Number(row['first_ms']),
        lastMs: Number(row['last_ms']),
        packed,
      })
    }
    return { batches, nextBeforeId: 0, droppedBefore: this.#dropped }
  }

  close(): void {
    this.#flush()
    this.#database.close()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batches = this.#waiting
    if (batches.length === 0) return
    const bytes = this.#waitingBytes
    this.#waiting = []
    this.#waitingBytes = 0
    try {
      this.#database.exec('BEGIN')
      for (const { nodeId, workerId, pid, count, dropped, firstMs, lastMs, packed } of batches) {
        this.#insert.run(nodeId, workerId, pid, count, dropped, firstMs, lastMs, packed)
      }
      this.#totalBytes += bytes
      this.#forgetOldest()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#totalBytes -= bytes
      const lost = batches.reduce((sum, { count }) => sum + count, 0)
      this.#dropped += lost
      this.#logger.error('events.lost', { count: lost, reason: namedError(error).message })
    }
  }

  #forgetOldest(): void {
    if (this.#totalBytes <= this.#keptBytes) return
    const oldest = this.#database.prepare('SELECT id, count, length(packed) AS bytes FROM batches ORDER BY id')
    let upTo = 0
    for (const row of oldest.iterate()) {
      if (this.#totalBytes <= this.#keptBytes) break
      upTo = Number(row['id'])
      this.#totalBytes -= Number(row['bytes']) + rowBytes
      this.#dropped += Number(row['count'])
    }
    this.#database.prepare('DELETE FROM batches WHERE id <= ?').run(upTo)
    this.#database
      .prepare('INSERT INTO lost (id, events) VALUES (0, ?) ON CONFLICT DO UPDATE SET events = excluded.events')
      .run(this.#dropped)
  }
}
