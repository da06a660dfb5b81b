import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { JobTailFrame } from '../../../runtime/api/logs.ts'

/** Of one job: the end of its log is kept, the oldest pieces go. */
export const maxLogBytes = 64 * 1024 * 1024

/** Logs of jobs, in the pieces in which they came. */
export class RecordLogs {
  readonly #find: StatementSync
  readonly #put: StatementSync
  readonly #append: StatementSync
  readonly #oldest: StatementSync
  readonly #drop: StatementSync
  readonly #pieces: StatementSync
  readonly #removeAll: readonly StatementSync[]
  readonly #maxBytes: number

  constructor(database: DatabaseSync, maxBytes: number = maxLogBytes) {
    this.#maxBytes = maxBytes
    this.#find = database.prepare('SELECT next, kept_bytes, is_whole FROM logs WHERE job = ?')
    this.#put = database.prepare(
      'INSERT INTO logs (job, next, kept_bytes, is_whole) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next, kept_bytes = excluded.kept_bytes, is_whole = excluded.is_whole',
    )
    this.#append = database.prepare('INSERT OR REPLACE INTO log_chunks (job, offset, next, at_ms, text) VALUES (?, ?, ?, ?, ?)')
    this.#oldest = database.prepare('SELECT offset, next FROM log_chunks WHERE job = ? ORDER BY offset LIMIT 64')
    this.#drop = database.prepare('DELETE FROM log_chunks WHERE job = ? AND offset <= ?')
    this.#pieces = database.prepare('SELECT offset, next, text, at_ms FROM log_chunks WHERE job = ? AND next > ? ORDER BY offset')
    this.#removeAll = ['DELETE FROM log_chunks WHERE job = ?', 'DELETE FROM logs WHERE job = ?'].map((sql) => database.prepare(sql))
  }

  /** Where the log goes on, and whether the job has ended and all of it was read. */
  progress(job: string): { readonly next: number; readonly keptBytes: number; readonly isWhole: boolean } {
    const row = this.#find.get(job)
    return { next: Number(row?.['next'] ?? 0), keptBytes: Number(row?.['kept_bytes'] ?? 0), isWhole: row?.['is_whole'] === 1 }
  }

  /** A log that was begun anew replaces the old one. */
  append(job: string, { offset, next, text }: JobTailFrame, atMs: number): void {
    const before = this.progress(job)
    if (next <= before.next && offset > 0) return // known
    if (offset < before.next) this.remove(job)
    const kept = offset < before.next ? 0 : before.keptBytes
    this.#append.run(job, offset, next, atMs, text)
    this.#put.run(job, next, this.#trimmed(job, kept + (next - offset)), 0)
  }

  finish(job: string): void {
    const { next, keptBytes } = this.progress(job)
    this.#put.run(job, next, keptBytes, 1)
  }

  remove(job: string): void {
    for (const statement of this.#removeAll) statement.run(job)
  }

  /** Pieces from `offset` on, oldest first, with when they came. What lies between two of them is not in the record. */
  *read(job: string, offset = 0): Generator<JobTailFrame & { readonly atMs: number }> {
    for (const row of this.#pieces.iterate(job, offset)) {
      const piece = { offset: Number(row['offset']), next: Number(row['next']), text: String(row['text']), atMs: Number(row['at_ms']) }
      if (piece.offset >= offset) yield piece
      else {
        const rest = Buffer.from(piece.text).subarray(offset - piece.offset)
        yield { ...piece, offset, text: rest.toString('utf8') }
      }
    }
  }

  #trimmed(job: string, keptBytes: number): number {
    let kept = keptBytes
    while (kept > this.#maxBytes) {
      let upTo = -1
      for (const row of this.#oldest.all(job)) {
        if (kept <= this.#maxBytes) break
        upTo = Number(row['offset'])
        kept -= Number(row['next']) - upTo
      }
      if (upTo < 0) return kept
      this.#drop.run(job, upTo)
    }
    return kept
  }
}
