import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { toError } from '../../base/errors.ts'
import type { EventBatch, EventsRead, EventsReadReply } from '../../protocol/events.ts'
import type { Ended } from './messages.ts'

/** Counted for a batch besides what is packed. */
const rowBytes = 128
const batchesAtOnce = 100_000
const kinds = { reports: 0, ended: 1 } as const

export type StoredEntry = { readonly kind: 'reports'; readonly batch: EventBatch } | { readonly kind: 'ended'; readonly ended: Ended }

/** Batches as they came: appended, read newest first, and forgotten from the oldest on. */
export class BatchStore {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #keptBytes: number
  #totalBytes: number
  #dropped: number
  #isFailing = false

  constructor(path: string, keptBytes: number) {
    this.#keptBytes = keptBytes
    this.#database = new DatabaseSync(path)
    this.#database.exec('PRAGMA journal_mode = WAL')
    this.#database.exec('PRAGMA synchronous = OFF') // survives our own end; a machine that loses power loses its workers' events too
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS batches (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER, node_id TEXT, worker_id TEXT, pid INTEGER, count INTEGER, dropped INTEGER, first_ms REAL, last_ms REAL, packed BLOB)',
    )
    this.#database.exec('CREATE TABLE IF NOT EXISTS lost (id INTEGER PRIMARY KEY CHECK (id = 0), events INTEGER NOT NULL)')
    this.#insert = this.#database.prepare(
      'INSERT INTO batches (kind, node_id, worker_id, pid, count, dropped, first_ms, last_ms, packed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    const total = this.#database.prepare('SELECT coalesce(sum(length(packed) + ?), 0) AS bytes FROM batches').get(rowBytes)
    this.#totalBytes = Number(total?.['bytes'])
    this.#dropped = Number(this.#database.prepare('SELECT events FROM lost').get()?.['events'] ?? 0)
  }

  /** Reports that are not on disk any more, or never were. */
  get dropped(): number {
    return this.#dropped
  }
  get bytes(): number {
    return this.#totalBytes
  }
  get batches(): number {
    return Number(this.#database.prepare('SELECT count(*) AS count FROM batches').get()?.['count'])
  }

  /**
   * Writes all of these or, when the disk does not take them, none: those are counted as dropped.
   * Returns why, the first time that it goes wrong.
   */
  append(entries: readonly StoredEntry[]): string | undefined {
    const before = { totalBytes: this.#totalBytes, dropped: this.#dropped }
    try {
      this.#database.exec('BEGIN')
      for (const entry of entries) this.#write(entry)
      this.#forgetOldest()
      this.#database.exec('COMMIT')
      this.#isFailing = false
      return undefined
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#totalBytes = before.totalBytes
      this.#dropped = before.dropped // what was forgotten for these is there again
      for (const entry of entries) if (entry.kind === 'reports') this.#dropped += entry.batch.count
      const isNews = !this.#isFailing
      this.#isFailing = true
      return isNews ? toError(error).message : undefined
    }
  }

  /** Everything that is needed to know `rows` attempts, oldest first. */
  *load(rows: number): Generator<StoredEntry> {
    let from = 0
    let sum = 0
    for (const row of this.#database.prepare('SELECT id, count FROM batches ORDER BY id DESC').iterate()) {
      from = Number(row['id'])
      sum += Number(row['count'])
      if (sum > rows * 2) break // attempts are often told of more than once
    }
    for (const row of this.#database.prepare('SELECT * FROM batches WHERE id >= ? ORDER BY id').iterate(from)) yield entryOf(row)
  }

  /** The batches of reports before `beforeId` (0: all), newest first, until `maxBytes`; at least one, if there is one. */
  read({ maxBytes, beforeId }: Omit<EventsRead, 'type'>): EventsReadReply {
    const rows = this.#database.prepare("SELECT * FROM batches WHERE id < ? AND kind = 0 AND worker_id <> '' ORDER BY id DESC") // the head's own have no times
    const batches: EventBatch[] = []
    let bytes = 0
    for (const row of rows.iterate(beforeId === 0 ? Number.MAX_SAFE_INTEGER : beforeId)) {
      const batch = batchOf(row)
      if (batches.length > 0 && (bytes + batch.packed.byteLength > maxBytes || batches.length >= batchesAtOnce)) {
        return { batches, nextBeforeId: Number(row['id']) + 1, droppedBefore: this.#dropped }
      }
      bytes += batch.packed.byteLength
      batches.push(batch)
    }
    return { batches, nextBeforeId: 0, droppedBefore: this.#dropped }
  }

  close(): void {
    this.#database.close()
  }

  #write(entry: StoredEntry): void {
    if (entry.kind === 'reports') {
      const { nodeId, workerId, pid, count, dropped, firstMs, lastMs, packed } = entry.batch
      this.#insert.run(kinds.reports, nodeId, workerId, pid, count, dropped, firstMs, lastMs, packed)
      this.#totalBytes += packed.byteLength + rowBytes
      return
    }
    const packed = Buffer.from(JSON.stringify(entry.ended))
    this.#insert.run(kinds.ended, '', '', 0, 0, 0, entry.ended.atMs, entry.ended.atMs, packed)
    this.#totalBytes += packed.byteLength + rowBytes
  }

  #forgetOldest(): void {
    if (this.#totalBytes <= this.#keptBytes) return
    let upTo = 0
    for (const row of this.#database.prepare('SELECT id, count, length(packed) AS bytes FROM batches ORDER BY id').iterate()) {
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

type Row = Record<string, unknown>

function entryOf(row: Row): StoredEntry {
  if (Number(row['kind']) === kinds.reports) return { kind: 'reports', batch: batchOf(row) }
  const text = Buffer.from(row['packed'] as Uint8Array).toString('utf8') // the column's type
  return { kind: 'ended', ended: JSON.parse(text) as Ended } // written above
}

function batchOf(row: Row): EventBatch {
  return {
    type: 'events.batch',
    nodeId: String(row['node_id']),
    workerId: String(row['worker_id']),
    pid: Number(row['pid']),
    count: Number(row['count']),
    dropped: Number(row['dropped']),
    firstMs: Number(row['first_ms']),
    lastMs: Number(row['last_ms']),
    packed: row['packed'] as Uint8Array, // the column's type
  }
}
