import type { ClusterRecord } from './cluster-record.ts'

type Growing = {
  readonly table: 'tasks' | 'log_chunks' | 'seen_chunks' | 'events' | 'things' | 'gaps' | 'samples'
  /** Grows as rows come, so the first rows by it are about the oldest, and are found at once. */
  readonly key: string
  /** Rows that go at a time: some milliseconds. */
  readonly slice: number
  /** What of them may be forgotten. */
  readonly may: string
}

const growing: readonly Growing[] = [
  { table: 'tasks', key: 'number', slice: 2_000, may: '1' },
  { table: 'log_chunks', key: 'rowid', slice: 64, may: '1' },
  { table: 'seen_chunks', key: 'number', slice: 64, may: '1' },
  { table: 'events', key: 'seq', slice: 2_000, may: '1' },
  { table: 'things', key: 'rowid', slice: 500, may: 'is_over = 1' },
  { table: 'gaps', key: 'number', slice: 500, may: '1' },
  { table: 'samples', key: 'at_ms', slice: 500, may: '1' },
]

/** Forgets what was last heard of before `beforeMs`, a slice of each table. Returns how many rows went; call it until none does. */
export function forgetOlder(record: ClusterRecord, beforeMs: number): number {
  let forgotten = 0
  record.together(() => {
    for (const each of growing) forgotten += forgetSlice(record, each, beforeMs)
  })
  return forgotten
}

/** Forgets a slice of the table that begins with the oldest row. Returns how many rows went. */
export function forgetOldest(record: ClusterRecord): number {
  const [oldest] = beginnings(record)
  if (oldest === undefined) return 0
  let forgotten = 0
  record.together(() => (forgotten = forgetSlice(record, oldest.growing, Number.MAX_SAFE_INTEGER)))
  return forgotten
}

/** When the oldest row came; null: there is none that may go. */
export const oldestMs = (record: ClusterRecord): number | null => beginnings(record)[0]?.atMs ?? null

function beginnings({ database }: ClusterRecord): { readonly growing: Growing; readonly atMs: number }[] {
  return growing
    .flatMap((each) => {
      const row = database.prepare(`SELECT at_ms FROM ${each.table} WHERE ${each.may} ORDER BY ${each.key} LIMIT 1`).get()
      return row === undefined ? [] : [{ growing: each, atMs: Number(row['at_ms']) }]
    })
    .sort((one, other) => one.atMs - other.atMs)
}

function forgetSlice({ database }: ClusterRecord, { table, key, slice, may }: Growing, beforeMs: number): number {
  const first = `SELECT ${key} FROM ${table} WHERE ${may} ORDER BY ${key} LIMIT ${slice}`
  const forgotten = Number(
    database.prepare(`DELETE FROM ${table} WHERE ${key} IN (${first}) AND at_ms < ? AND ${may}`).run(beforeMs).changes,
  )
  if (forgotten > 0 && table === 'log_chunks') {
    database.exec('UPDATE logs SET kept_bytes = coalesce((SELECT sum(next - offset) FROM log_chunks WHERE log_chunks.job = logs.job), 0)')
  }
  if (forgotten > 0 && table === 'seen_chunks') {
    const kept =
      'SELECT sum(next - offset) FROM seen_chunks AS chunks WHERE chunks.node = seen_files.node AND chunks.file = seen_files.file'
    database.exec(`UPDATE seen_files SET kept_bytes = coalesce((${kept}), 0)`)
    database.exec('DELETE FROM seen_files WHERE kept_bytes = 0')
  }
  if (forgotten > 0 && table === 'things') {
    const orphans = "NOT IN (SELECT id FROM things WHERE kind = 'jobs')"
    database.exec(`DELETE FROM log_chunks WHERE job ${orphans}`)
    database.exec(`DELETE FROM logs WHERE job ${orphans}`)
  }
  return forgotten
}

/** Bytes in use, without pages that are free to be used again. */
export function usedBytes({ database }: ClusterRecord): number {
  const pragma = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0)
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
}

const pagesAtOnce = 2_000

/** Gives some free pages back to the disk. True: there are more. */
export function compact({ database }: ClusterRecord): boolean {
  database.exec(`PRAGMA incremental_vacuum(${pagesAtOnce})`)
  const left = Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count'] ?? 0)
  if (left === 0) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  return left > 0
}
