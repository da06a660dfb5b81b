import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { EventKind } from '../../api/events.ts'
import { toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'

/** An event with its number. `json` is the whole of it, as it goes to every reader. */
export type NumberedEvent = {
  readonly seq: number
  readonly kind: EventKind
  readonly atMs: number
  readonly jobId: string
  readonly nodeId: string
  readonly json: string
}

export type EventStoreOptions = {
  readonly path: string
  readonly logger: Logger
  readonly limits?: Partial<EventStoreLimits>
}

export type EventSlice = { readonly events: NumberedEvent[]; readonly to: number }

/** Kinds of which there may be thousands in a second are kept in packs; the others in rows of their own, and for longer. */
export type EventStoreLimits = {
  readonly packedEvents: number
  readonly packedBytes: number
  readonly packedMs: number
  readonly rowEvents: number
  readonly rowMs: number
}

export const defaultEventLimits: EventStoreLimits = {
  packedEvents: 1_000_000,
  packedBytes: 256 * 1024 * 1024,
  packedMs: 7 * 86_400_000,
  rowEvents: 100_000,
  rowMs: 30 * 86_400_000,
}

const packedKinds: ReadonlySet<EventKind> = new Set(['task', 'actor', 'log'])
/** Numbers are promised ahead in blocks, so that none is given twice even when what bore it could not be written. */
const reservedAhead = 1_000_000
const forgetEveryMs = 10_000

type PackedLine = readonly [seq: number, atMs: number, jobId: string, nodeId: string, json: string]

/** Events on disk, in the order of their numbers; the oldest are forgotten. One process at a time. */
export class EventStore {
  readonly #database: DatabaseSync
  readonly #logger: Logger
  readonly #limits: EventStoreLimits
  readonly #insertRow: StatementSync
  readonly #insertPack: StatementSync
  readonly #setFact: StatementSync
  #reserved: number
  readonly #packed: { events: number; bytes: number }
  #rows: number
  /** The last number that is not kept any more. */
  readonly #forgotten: { packed: number; rows: number }
  #forgetAtMs = 0
  #failed = false
  /** The last number given. */
  newest: number

  constructor({ path, logger, limits = {} }: EventStoreOptions) {
    this.#logger = logger
    this.#limits = { ...defaultEventLimits, ...limits }
    this.#database = openDatabase(path)
    const database = this.#database
    this.#insertRow = database.prepare('INSERT INTO events (seq, kind, at_ms, job_id, node_id, json) VALUES (?, ?, ?, ?, ?, ?)')
    this.#insertPack = database.prepare('INSERT INTO packs (first, last, kind, at_ms, count, bytes, lines) VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#setFact = database.prepare('INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
    const number = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0)
    const fact = (name: string) => number(`SELECT value FROM facts WHERE name = '${name}'`)
    this.#packed = { events: number('SELECT sum(count) FROM packs'), bytes: number('SELECT sum(bytes) FROM packs') }
    this.#rows = number('SELECT count(*) FROM events')
    this.#forgotten = { packed: fact('packed-forgotten'), rows: fact('rows-forgotten') }
    const last = Math.max(number('SELECT max(last) FROM packs'), number('SELECT max(seq) FROM events'))
    this.#reserved = fact('reserved')
    // After a crash some numbers may have been seen that a full disk did not take: none of those is given again.
    this.newest = Math.max(last, fact('newest'), fact('closed') === 1 ? 0 : this.#reserved)
    this.#setFact.run('closed', 0)
  }

  /** Writes all of these or, when the disk does not take them, none: then they count as forgotten. Their numbers follow `newest`. */
  append(events: readonly NumberedEvent[], nowMs: number): void {
    const last = events.at(-1)
    if (last === undefined) return
    this.newest = last.seq
    const packed = events.filter((event) => packedKinds.has(event.kind))
    const rows = packed.length === 0 ? events : events.filter((event) => !packedKinds.has(event.kind))
    try {
      this.#database.exec('BEGIN')
      if (last.seq > this.#reserved) this.#setFact.run('reserved', last.seq + reservedAhead)
      for (const { seq, kind, atMs, jobId, nodeId, json } of rows) this.#insertRow.run(seq, kind, atMs, jobId, nodeId, json)
      let bytes = 0
      for (const kind of packedKinds) bytes += this.#writePack(kind, packed)
      this.#database.exec('COMMIT')
      if (last.seq > this.#reserved) this.#reserved = last.seq + reservedAhead
      this.#rows += rows.length
      this.#packed.events += packed.length
      this.#packed.bytes += bytes
      if (this.#failed) this.#logger.info('events.writable-again')
      this.#failed = false
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#forgotten.packed = last.seq
      this.#forgotten.rows = last.seq
      if (!this.#failed) this.#logger.error('events.not-written', { reason: toError(error).message })
      this.#failed = true
      return
    }
    if (nowMs >= this.#forgetAtMs) this.#forget(nowMs)
  }

  /** Everything of these kinds with a number above this is kept. */
  forgottenOf(kinds: ReadonlySet<EventKind>): number {
    let forgotten = 0
    for (const kind of kinds) forgotten = Math.max(forgotten, packedKinds.has(kind) ? this.#forgotten.packed : this.#forgotten.rows)
    return forgotten
  }

  /** Those after `since`, oldest first, at most about `limit`; `to` is the number up to which nothing was passed over. */
  readAfter(since: number, kinds: ReadonlySet<EventKind>, limit: number): EventSlice {
    const rows = this.#rowsWhere(kinds, { where: 'seq > ?', order: 'ASC', bound: since, limit })
    const packed = this.#packedWhere(kinds, { where: 'last > ?', order: 'ASC', bound: since, limit })
    return merge([...rows, ...packed], { limit, order: 1, end: this.newest })
  }

  /** Those before `before` (exclusive), newest first; `to` is the number down to which nothing was passed over. */
  readBefore(before: number, kinds: ReadonlySet<EventKind>, limit: number): EventSlice {
    const rows = this.#rowsWhere(kinds, { where: 'seq < ?', order: 'DESC', bound: before, limit })
    const packed = this.#packedWhere(kinds, { where: 'first < ?', order: 'DESC', bound: before, limit })
    return merge([...rows, ...packed], { limit, order: -1, end: 0 })
  }

  close(): void {
    try {
      this.#setFact.run('newest', this.newest)
      this.#setFact.run('closed', 1)
    } catch (error) {
      this.#logger.warn('events.not-closed', { reason: toError(error).message }) // a full disk: numbers go on behind the reserved ones
    }
    this.#database.close()
  }

  #writePack(kind: EventKind, all: readonly NumberedEvent[]): number {
    const events = all.filter((event) => event.kind === kind)
    const [first] = events
    const last = events.at(-1)
    if (first === undefined || last === undefined) return 0
    const text = JSON.stringify(events.map(({ seq, atMs, jobId, nodeId, json }): PackedLine => [seq, atMs, jobId, nodeId, json]))
    this.#insertPack.run(first.seq, last.seq, kind, last.atMs, events.length, text.length, text)
    return text.length
  }

  #rowsWhere(kinds: ReadonlySet<EventKind>, page: { where: string; order: 'ASC' | 'DESC'; bound: number; limit: number }): NumberedEvent[] {
    const wanted = [...kinds].filter((kind) => !packedKinds.has(kind))
    if (wanted.length === 0) return []
    const marks = wanted.map(() => '?').join(', ')
    const sql = `SELECT * FROM events WHERE ${page.where} AND kind IN (${marks}) ORDER BY seq ${page.order} LIMIT ?`
    return this.#database
      .prepare(sql)
      .all(page.bound, ...wanted, page.limit + 1)
      .map((row) => ({
        seq: Number(row['seq']),
        kind: row['kind'] as EventKind, // written by `append` alone
        atMs: Number(row['at_ms']),
        jobId: String(row['job_id']),
        nodeId: String(row['node_id']),
        json: String(row['json']),
      }))
  }

  /** Whole packs of each kind, until there are more than `limit` events of it. */
  #packedWhere(
    kinds: ReadonlySet<EventKind>,
    page: { where: string; order: 'ASC' | 'DESC'; bound: number; limit: number },
  ): NumberedEvent[] {
    const found: NumberedEvent[] = []
    for (const kind of kinds) {
      if (!packedKinds.has(kind)) continue
      const sql = `SELECT lines FROM packs WHERE kind = ? AND ${page.where} ORDER BY last ${page.order}`
      let left = page.limit + 1
      for (const row of this.#database.prepare(sql).iterate(kind, page.bound)) {
        const lines = JSON.parse(String(row['lines'])) as PackedLine[] // written by `#writePack` alone
        for (const [seq, atMs, jobId, nodeId, json] of lines) {
          if (page.order === 'ASC' ? seq <= page.bound : seq >= page.bound) continue
          found.push({ seq, kind, atMs, jobId, nodeId, json })
          left -= 1
        }
        if (left <= 0) break
      }
    }
    return found
  }

  /** All that is due or, when the disk does not take that, nothing: then it is tried again later. */
  #forget(nowMs: number): void {
    this.#forgetAtMs = nowMs + forgetEveryMs
    try {
      this.#database.exec('BEGIN')
      const packs = this.#forgetPacks(nowMs)
      const rows = this.#forgetRows(nowMs)
      this.#database.exec('COMMIT')
      this.#packed.events -= packs.events
      this.#packed.bytes -= packs.bytes
      this.#rows -= rows.count
      this.#forgotten.packed = Math.max(this.#forgotten.packed, packs.upTo)
      this.#forgotten.rows = Math.max(this.#forgotten.rows, rows.upTo)
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#logger.warn('events.not-forgotten', { reason: toError(error).message })
    }
  }

  #forgetPacks(nowMs: number): { upTo: number; events: number; bytes: number } {
    const { packedEvents, packedBytes, packedMs } = this.#limits
    const gone = { upTo: 0, events: 0, bytes: 0 }
    for (const pack of this.#database.prepare('SELECT last, at_ms, count, bytes FROM packs ORDER BY last ASC').iterate()) {
      const isTooMany = this.#packed.events - gone.events > packedEvents || this.#packed.bytes - gone.bytes > packedBytes
      if (!isTooMany && Number(pack['at_ms']) >= nowMs - packedMs) break
      gone.upTo = Number(pack['last'])
      gone.events += Number(pack['count'])
      gone.bytes += Number(pack['bytes'])
    }
    if (gone.upTo === 0) return gone
    this.#database.prepare('DELETE FROM packs WHERE last <= ?').run(gone.upTo)
    this.#setFact.run('packed-forgotten', Math.max(this.#forgotten.packed, gone.upTo))
    return gone
  }

  #forgetRows(nowMs: number): { upTo: number; count: number } {
    const { rowEvents, rowMs } = this.#limits
    const gone = { upTo: 0, count: 0 }
    for (const row of this.#database.prepare('SELECT seq, at_ms FROM events ORDER BY seq ASC').iterate()) {
      if (this.#rows - gone.count <= rowEvents && Number(row['at_ms']) >= nowMs - rowMs) break
      gone.upTo = Number(row['seq'])
      gone.count += 1
    }
    if (gone.upTo === 0) return gone
    this.#database.prepare('DELETE FROM events WHERE seq <= ?').run(gone.upTo)
    this.#setFact.run('rows-forgotten', Math.max(this.#forgotten.rows, gone.upTo))
    return gone
  }
}

/** What is behind a page's end is left for the next. */
function merge(all: NumberedEvent[], { limit, order, end }: { limit: number; order: 1 | -1; end: number }): EventSlice {
  all.sort((one, other) => order * (one.seq - other.seq))
  const events = all.slice(0, limit)
  return { events, to: all.length > limit ? (events.at(-1)?.seq ?? end) : end }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = OFF') // survives our own end; a machine that loses power loses the last moments of its history
  database.exec(
    'CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, at_ms REAL NOT NULL, job_id TEXT NOT NULL, node_id TEXT NOT NULL, json TEXT NOT NULL)',
  )
  database.exec(
    'CREATE TABLE IF NOT EXISTS packs (last INTEGER PRIMARY KEY, first INTEGER NOT NULL, kind TEXT NOT NULL, at_ms REAL NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL, lines TEXT NOT NULL)',
  )
  database.exec('CREATE INDEX IF NOT EXISTS packs_of_kind ON packs (kind, last)')
  database.exec('CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID')
  return database
}
