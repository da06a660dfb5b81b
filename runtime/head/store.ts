import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { deserialize, serialize } from 'node:v8'
import { ClusterError, toError } from '../base/errors.ts'
import type { SavedRow, TableName } from './core/rows.ts'

/** Raised when an older head could not read what this one writes. */
const schemaVersion = 1
/** Values this large are read from disk each time; smaller ones are kept for the next reader, `cacheBytes` in all. */
const cachedValueBytes = 4 * 1024 * 1024
const cacheBytes = 64 * 1024 * 1024
const listedKeys = 100_000
const pageCacheKiB = 16_384

export type RowChange =
  | { readonly type: 'save'; readonly row: SavedRow }
  | { readonly type: 'delete'; readonly table: TableName; readonly key: string }

/** What the head keeps on disk: rows of the core's state, a few facts, and the key-value store. One process at a time. */
export class HeadStore {
  readonly #database: DatabaseSync
  readonly #saveRow: StatementSync
  readonly #deleteRow: StatementSync
  readonly #insertValue: StatementSync
  readonly #putValue: StatementSync
  readonly #getValue: StatementSync
  readonly #deleteValue: StatementSync
  /** Least recently used first. */
  readonly #cache = new Map<string, Uint8Array>()
  #cachedBytes = 0

  /**
   * Opens the database at `path`, or makes it. It grows to `maxBytes` at most; past it writes fail as on a full disk. @default no limit but the disk
   * @throws ClusterError `cluster.start-failed` when a newer release wrote it, or when it is not a database of ours.
   */
  constructor(path: string, maxBytes?: number) {
    this.#database = openDatabase(path)
    const database = this.#database
    if (maxBytes !== undefined) this.limitBytes(maxBytes)
    this.#saveRow = database.prepare(
      'INSERT INTO state (kind, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    )
    this.#deleteRow = database.prepare('DELETE FROM state WHERE kind = ? AND key = ?')
    this.#insertValue = database.prepare('INSERT INTO kv (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING')
    this.#putValue = database.prepare('INSERT INTO kv (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
    this.#getValue = database.prepare('SELECT value FROM kv WHERE key = ?')
    this.#deleteValue = database.prepare('DELETE FROM kv WHERE key = ?')
  }

  /** Every row, as the core wants them after a restart. */
  loadRows(): SavedRow[] {
    const rows: SavedRow[] = []
    for (const { kind, key, value } of this.#database.prepare('SELECT kind, key, value FROM state ORDER BY kind, key').iterate()) {
      rows.push({ table: kind, key, value: deserialize(value as Uint8Array) } as SavedRow) // written by `commit`, by no one else
    }
    return rows
  }

  /**
   * Writes all of these or none. They outlive this process from then on, and the machine's sudden end but for the last moments.
   * @throws ClusterError `store.disk-full`.
   */
  commit(changes: Iterable<RowChange>): void {
    this.#write(() => {
      this.#database.exec('BEGIN')
      try {
        for (const change of changes) {
          if (change.type === 'save') this.#saveRow.run(change.row.table, change.row.key, serialize(change.row.value))
          else this.#deleteRow.run(change.table, change.key)
        }
        this.#database.exec('COMMIT')
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK') // a full disk may have rolled it back already
        throw error
      }
    })
  }

  findFact(name: string): string | undefined {
    const row = this.#database.prepare('SELECT value FROM facts WHERE name = ?').get(name)
    return typeof row?.['value'] === 'string' ? row['value'] : undefined
  }
  setFact(name: string, value: string): void {
    this.#write(() =>
      this.#database
        .prepare('INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
        .run(name, value),
    )
  }

  /** Returns whether the key was new. @throws ClusterError `store.disk-full`. */
  putValue(key: string, value: Uint8Array, overwrite: boolean): boolean {
    return this.#write(() => {
      const added = this.#insertValue.run(key, value).changes === 1
      if (added || !overwrite) return added
      this.#putValue.run(key, value)
      this.#uncache(key)
      return false
    })
  }

  /** The bytes belong to the store: read only. */
  findValue(key: string): Uint8Array | undefined {
    const cached = this.#cache.get(key)
    if (cached) {
      this.#cache.delete(key)
      this.#cache.set(key, cached)
      return cached
    }
    const value = this.#getValue.get(key)?.['value']
    if (!(value instanceof Uint8Array)) return undefined
    if (value.byteLength <= cachedValueBytes) this.#keep(key, value)
    return value
  }

  deleteValue(key: string): boolean {
    this.#uncache(key)
    return this.#write(() => this.#deleteValue.run(key).changes === 1)
  }

  /** In order; at most 100,000. */
  listKeys(prefix: string): string[] {
    const keys = this.#database.prepare('SELECT key FROM kv WHERE substr(key, 1, length(?)) = ? AND key >= ? ORDER BY key LIMIT ?')
    return keys.all(prefix, prefix, prefix, listedKeys).map((row) => String(row['key']))
  }

  /** Changes how far the database may grow. */
  limitBytes(maxBytes: number): void {
    const pageBytes = Number(this.#database.prepare('PRAGMA page_size').get()?.['page_size'])
    this.#database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`)
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #keep(key: string, value: Uint8Array): void {
    this.#cache.set(key, value)
    this.#cachedBytes += value.byteLength
    for (const oldest of this.#cache.keys()) {
      if (this.#cachedBytes <= cacheBytes) break
      this.#uncache(oldest)
    }
  }

  #uncache(key: string): void {
    this.#cachedBytes -= this.#cache.get(key)?.byteLength ?? 0
    this.#cache.delete(key)
  }

  #write<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      throw namedError(error)
    }
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path)
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > schemaVersion) {
      database.close()
      throw new ClusterError(
        'cluster.start-failed',
        `the head's database ${path} was written by a newer release (format ${version}, this one knows ${schemaVersion}); start that release, or another folder`,
        { details: { version, known: schemaVersion } },
      )
    }
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = NORMAL')
    database.exec('PRAGMA busy_timeout = 2000')
    database.exec(`PRAGMA cache_size = -${pageCacheKiB}`)
    // With row ids: keys are random, and values beside them in one tree would make each new row write a page of its own (six times slower).
    database.exec('CREATE TABLE IF NOT EXISTS state (kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key))')
    database.exec('CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value BLOB NOT NULL)')
    database.exec('CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)')
    database.exec(`PRAGMA user_version = ${schemaVersion}`)
    return database
  } catch (error) {
    if (error instanceof ClusterError) throw error
    throw new ClusterError('cluster.start-failed', `the head's database ${path} cannot be opened: ${toError(error).message}`, {
      cause: error,
    })
  }
}

const sqliteFull = 13
const sqliteIoError = 10

/** An operating error of SQLite under the name that callers know. */
export function namedError(error: unknown): Error {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  if (code !== sqliteFull && code !== sqliteIoError) return toError(error)
  return new ClusterError('store.disk-full', `the head cannot write its database: ${toError(error).message}; free some space on its disk`, {
    cause: error,
  })
}
