import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { JobTailFrame, LogStreamMessage } from '../../../runtime/api/logs.ts'

type Source = Extract<LogStreamMessage, { type: 'source' }>
/** A log file of a node, with whose it is. */
export type SeenFile = Omit<Source, 'type' | 'source' | 'key' | 'offset'>
export type SeenPiece = JobTailFrame & { readonly atMs: number }

/** Of one file, and of all together: the end of each is kept, and of files those that were heard of last. */
const maxFileBytes = 8 * 1024 * 1024
const maxBytes = 256 * 1024 * 1024
/** Of what is known, when a stretch is looked for in it. */
const searchedBytes = 1024 * 1024

/** Beside the tables of the first version of a record, which older panels open too. */
export const filesSchema = `
CREATE TABLE IF NOT EXISTS seen_files (node TEXT NOT NULL, file TEXT NOT NULL, about TEXT NOT NULL, next INTEGER NOT NULL, kept_bytes INTEGER NOT NULL, at_ms REAL NOT NULL, PRIMARY KEY (node, file)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen_chunks (number INTEGER PRIMARY KEY, node TEXT NOT NULL, file TEXT NOT NULL, offset INTEGER NOT NULL, next INTEGER NOT NULL, at_ms REAL NOT NULL, text TEXT NOT NULL, UNIQUE (node, file, offset));
`

/** What somebody followed of the logs of nodes. It is for the time when a node is gone, and its files with it. */
export class RecordFiles {
  readonly #find: StatementSync
  readonly #put: StatementSync
  readonly #append: StatementSync
  readonly #pieces: StatementSync
  readonly #dropOldest: StatementSync
  readonly #sum: StatementSync
  readonly #forgetFile: readonly StatementSync[]
  readonly #oldestFile: StatementSync
  readonly #list: StatementSync

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql)
    this.#find = prepare('SELECT next, kept_bytes FROM seen_files WHERE node = ? AND file = ?')
    this.#put = prepare(
      'INSERT INTO seen_files (node, file, about, next, kept_bytes, at_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET about = excluded.about, next = excluded.next, kept_bytes = excluded.kept_bytes, at_ms = excluded.at_ms',
    )
    this.#append = prepare('INSERT OR REPLACE INTO seen_chunks (node, file, offset, next, at_ms, text) VALUES (?, ?, ?, ?, ?, ?)')
    this.#pieces = prepare('SELECT offset, next, at_ms, text FROM seen_chunks WHERE node = ? AND file = ? AND next > ? ORDER BY offset')
    this.#dropOldest = prepare(
      'DELETE FROM seen_chunks WHERE number = (SELECT number FROM seen_chunks WHERE node = ? AND file = ? ORDER BY offset LIMIT 1) RETURNING next - offset AS bytes',
    )
    this.#sum = prepare('SELECT coalesce(sum(kept_bytes), 0) AS bytes FROM seen_files')
    this.#forgetFile = ['seen_chunks', 'seen_files'].map((table) => prepare(`DELETE FROM ${table} WHERE node = ? AND file = ?`))
    this.#oldestFile = prepare('SELECT node, file FROM seen_files ORDER BY at_ms LIMIT 1')
    this.#list = prepare('SELECT about FROM seen_files ORDER BY at_ms DESC LIMIT 10000')
  }

  /** A piece that came of a file, of which only what is new is kept. A beginning that is another than the one that is known replaces all. */
  append(about: SeenFile, frame: JobTailFrame, atMs: number): void {
    const { node_id: node, file } = about
    if (frame.offset === 0 && !this.#beginsWith(node, file, frame.text)) this.#forget(node, file)
    const row = this.#find.get(node, file)
    const known = Number(row?.['next'] ?? 0)
    if (frame.next <= known) return
    const offset = Math.max(frame.offset, known) // what was passed over in between was not seen
    const text =
      offset > frame.offset
        ? Buffer.from(frame.text)
            .subarray(offset - frame.offset)
            .toString('utf8')
        : frame.text
    const kept = Number(row?.['kept_bytes'] ?? 0) + (frame.next - offset)
    this.#append.run(node, file, offset, frame.next, atMs, text)
    this.#put.run(node, file, JSON.stringify(about), frame.next, this.#trimmed(node, file, kept), atMs)
    while (Number(this.#sum.get()?.['bytes']) > maxBytes) {
      const oldest = this.#oldestFile.get()
      if (oldest === undefined) return
      this.#forget(String(oldest['node']), String(oldest['file']))
    }
  }

  /** The files that there is something of, those that were heard of last first. */
  list(): SeenFile[] {
    return this.#list.all().map((row) => JSON.parse(String(row['about'])) as SeenFile) // written by `append` alone
  }

  /** Pieces from `offset` on, oldest first. What lies between two of them was not seen. */
  *read(node: string, file: string, offset = 0): Generator<SeenPiece> {
    for (const row of this.#pieces.iterate(node, file, offset)) {
      const piece = { offset: Number(row['offset']), next: Number(row['next']), text: String(row['text']), atMs: Number(row['at_ms']) }
      yield piece.offset >= offset
        ? piece
        : {
            ...piece,
            offset,
            text: Buffer.from(piece.text)
              .subarray(offset - piece.offset)
              .toString('utf8'),
          }
    }
  }

  /** Where a stretch of unknown place goes on from what is known; 0: it does not. */
  placeOf({ node_id: node, file }: SeenFile, text: string): number {
    const pieces = [...this.read(node, file)]
    const end = pieces.at(-1)?.next ?? 0
    const known = Buffer.from(pieces.map((piece) => piece.text).join('')).subarray(-searchedBytes)
    const stretch = Buffer.from(text)
    const needle = stretch.subarray(0, Math.min(200, stretch.indexOf('\n') + 1 || 200)) // its first line
    if (needle.byteLength === 0) return 0
    for (let at = known.indexOf(needle); at >= 0; at = known.indexOf(needle, at + 1)) {
      const rest = known.subarray(at)
      const common = Math.min(rest.byteLength, stretch.byteLength)
      if (rest.subarray(0, common).equals(stretch.subarray(0, common))) return end - known.byteLength + at
    }
    return 0
  }

  #beginsWith(node: string, file: string, text: string): boolean {
    const [first] = this.read(node, file)
    if (first === undefined) return true
    const common = Math.min(first.text.length, text.length)
    return first.offset === 0 && first.text.slice(0, common) === text.slice(0, common)
  }

  #forget(node: string, file: string): void {
    for (const statement of this.#forgetFile) statement.run(node, file)
  }

  #trimmed(node: string, file: string, keptBytes: number): number {
    let kept = keptBytes
    while (kept > maxFileBytes) {
      const bytes = Number(this.#dropOldest.get(node, file)?.['bytes'] ?? 0)
      if (bytes === 0) return kept
      kept -= bytes
    }
    return kept
  }
}
