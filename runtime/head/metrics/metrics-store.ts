import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** Buckets of one length, and for how long they are kept. */
export type Tier = { readonly stepMs: number; readonly keptMs: number }

export type StoredBucket = { readonly nodeId: string; readonly atMs: number; readonly packed: Uint8Array }

/** History of figures on disk: a row for each node, tier and bucket. One process at a time. */
export class MetricsStore {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #select: StatementSync
  readonly #delete: StatementSync
  readonly #setFact: StatementSync
  readonly #numbers = new Map<string, number>()

  constructor(path: string) {
    const database = new DatabaseSync(path)
    this.#database = database
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = OFF') // survives our own end; a machine that loses power loses the last moments of its history
    database.exec('CREATE TABLE IF NOT EXISTS nodes (number INTEGER PRIMARY KEY, node_id TEXT NOT NULL UNIQUE)')
    database.exec(
      'CREATE TABLE IF NOT EXISTS buckets (tier INTEGER NOT NULL, node INTEGER NOT NULL, at_ms INTEGER NOT NULL, packed BLOB NOT NULL, PRIMARY KEY (tier, node, at_ms)) WITHOUT ROWID',
    )
    database.exec('CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID')
    this.#insert = database.prepare(
      'INSERT INTO buckets (tier, node, at_ms, packed) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET packed = excluded.packed',
    )
    this.#select = database.prepare(
      'SELECT at_ms, packed FROM buckets WHERE tier = ? AND node = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms',
    )
    this.#delete = database.prepare('DELETE FROM buckets WHERE tier = ? AND node = ? AND at_ms < ?')
    this.#setFact = database.prepare('INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
    this.#readNumbers()
  }

  /** Nodes with any history. */
  nodeIds(): string[] {
    return [...this.#numbers.keys()]
  }

  /** Does `work` in one transaction. */
  together(work: () => void): void {
    this.#database.exec('BEGIN')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK') // a full disk may have rolled it back already
      this.#readNumbers() // those that were given out or forgotten meanwhile were not
      throw error
    }
  }

  write(stepMs: number, { nodeId, atMs, packed }: StoredBucket): void {
    this.#insert.run(stepMs, this.#numberOf(nodeId), atMs, packed)
  }

  /** Oldest first, `fromMs` included, `toMs` not. */
  read(stepMs: number, nodeId: string, { fromMs, toMs }: { fromMs: number; toMs: number }): { atMs: number; packed: Uint8Array }[] {
    const number = this.#numbers.get(nodeId)
    if (number === undefined) return []
    return this.#select
      .all(stepMs, number, fromMs, toMs)
      .map((row) => ({ atMs: Number(row['at_ms']), packed: row['packed'] as Uint8Array })) // the column's type
  }

  /** Forgets what is older, and the node itself when nothing of it is left. */
  forget(nodeId: string, olderThanMs: ReadonlyMap<number, number>): void {
    const number = this.#numbers.get(nodeId)
    if (number === undefined) return
    for (const [stepMs, beforeMs] of olderThanMs) this.#delete.run(stepMs, number, beforeMs)
    const left = this.#database.prepare(
      'SELECT EXISTS (SELECT 1 FROM buckets WHERE tier IN (SELECT value FROM json_each(?)) AND node = ?) AS some',
    )
    if (Number(left.get(JSON.stringify([...olderThanMs.keys()]), number)?.['some']) === 1) return
    this.#database.prepare('DELETE FROM nodes WHERE number = ?').run(number)
    this.#numbers.delete(nodeId)
  }

  /** Bytes in use; the file may be larger, with room for what comes. */
  usedBytes(): number {
    const pragma = (name: string) => Number(Object.values(this.#database.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0)
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
  }

  findFact(name: string): number | undefined {
    const value = this.#database.prepare('SELECT value FROM facts WHERE name = ?').get(name)?.['value']
    return typeof value === 'number' ? value : undefined
  }
  setFact(name: string, value: number): void {
    this.#setFact.run(name, value)
  }

  close(): void {
    this.#database.close()
  }

  #readNumbers(): void {
    this.#numbers.clear()
    for (const row of this.#database.prepare('SELECT number, node_id FROM nodes').all())
      this.#numbers.set(String(row['node_id']), Number(row['number']))
  }

  #numberOf(nodeId: string): number {
    const known = this.#numbers.get(nodeId)
    if (known !== undefined) return known
    const number = Number(this.#database.prepare('INSERT INTO nodes (node_id) VALUES (?)').run(nodeId).lastInsertRowid)
    this.#numbers.set(nodeId, number)
    return number
  }
}
