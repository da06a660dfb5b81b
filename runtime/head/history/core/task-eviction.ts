import { isEnded } from './task-merge.ts'
import { flag, type TaskTable } from './task-table.ts'

const buckets = 4_096
/** Dictionaries are looked through for what nobody uses when they hold this many entries. */
const dictionaryLimit = 20_000

/**
 * Brings the table back to `keptRows` when it has grown past them by a twentieth: the attempts that came first and have ended go.
 * Those that have not ended always stay.
 */
export function evictOldest(table: TaskTable, keptRows: number): number {
  if (table.live <= keptRows + Math.max(64, keptRows / 20)) return 0
  const wanted = table.live - keptRows
  const { columns } = table
  const evicted = Math.min(wanted, dropUpTo(table, cutFor(table, wanted), wanted))
  table.live -= evicted
  table.evicted += evicted
  table.index.rebuild(columns, table.liveRows(), table.live)
  forgetUnused(table)
  return evicted
}

/** The sequence number below which at least `wanted` ended rows lie, or all of them. */
function cutFor(table: TaskTable, wanted: number): number {
  const { sequence, state } = table.columns
  let first = Number.POSITIVE_INFINITY
  for (const row of table.liveRows()) first = Math.min(first, sequence[row] ?? 0)
  const width = Math.max(1, (table.nextSequence - first) / buckets)
  const counts = new Uint32Array(buckets + 1)
  for (const row of table.liveRows()) {
    if (!isEnded(state[row] ?? 0)) continue
    const bucket = Math.min(buckets, Math.floor(((sequence[row] ?? 0) - first) / width))
    counts[bucket] = (counts[bucket] ?? 0) + 1
  }
  let sum = 0
  for (let bucket = 0; bucket <= buckets; bucket += 1) {
    sum += counts[bucket] ?? 0
    if (sum >= wanted) return first + (bucket + 1) * width
  }
  return table.nextSequence
}

function dropUpTo(table: TaskTable, cut: number, limit: number): number {
  const { columns } = table
  let dropped = 0
  for (const row of table.liveRows()) {
    if (dropped === limit) break
    if ((columns.sequence[row] ?? 0) >= cut || !isEnded(columns.state[row] ?? 0)) continue
    columns.flags[row] = (columns.flags[row] ?? 0) & ~flag.isLive
    table.forgetMessage(row)
    table.free.push(row)
    dropped += 1
  }
  return dropped
}

function forgetUnused(table: TaskTable): void {
  const { columns, parents } = table
  if (table.kinds.size > dictionaryLimit) table.kinds.retain(used(table, table.kinds.end, [columns.kind]))
  if (table.workers.size > dictionaryLimit) table.workers.retain(used(table, table.workers.end, [columns.worker, columns.owner]))
  if (table.tails.size > dictionaryLimit) {
    table.tails.retain(used(table, table.tails.end, parents ? [columns.tail, parents.tail] : [columns.tail]))
  }
}

function used(table: TaskTable, end: number, columns: readonly Uint32Array[]): Uint8Array {
  const isUsed = new Uint8Array(end)
  for (const row of table.liveRows()) for (const column of columns) isUsed[column[row] ?? 0] = 1
  return isUsed
}
