import type { ClusterEvent, EventFrame, EventKind } from '../../../runtime/api/events.ts'
import type { Row } from './list-page.ts'

/** Lists that are compared with what they said before, with what is told of each as an event. */
export const watchedKinds = ['node', 'job', 'actor', 'placement_group', 'task'] as const satisfies readonly EventKind[]
export type WatchedKind = (typeof watchedKinds)[number]
export type Seen = Readonly<Record<WatchedKind, readonly Row[]>>

const ids: Readonly<Record<WatchedKind, string>> = {
  node: 'node_id',
  job: 'id',
  actor: 'actor_id',
  placement_group: 'placement_group_id',
  task: 'task_id',
}
/** A change of one of these is an event. */
const telling: Readonly<Record<WatchedKind, readonly string[]>> = {
  node: ['state', 'state_message'],
  job: ['status', 'job_id', 'message', 'driver_node_id'],
  actor: ['state', 'node_id', 'pid', 'num_restarts'],
  placement_group: ['state'],
  task: ['state', 'error_type', 'node_id', 'worker_id'],
}
/** Rows of one frame. */
const rowsPerFrame = 2_000

const textIn = (row: Row, column: string): string => (typeof row[column] === 'string' ? row[column] : '')
const idOf = (kind: WatchedKind, row: Row): string => textIn(row, ids[kind])
const keyOf = (kind: WatchedKind, row: Row): string =>
  kind === 'task' ? `${idOf(kind, row)}:${String(row['attempt_number'] ?? 0)}` : idOf(kind, row)

/** Makes events of a head that has none, out of what its lists say from one look to the next. What came and went in between is not seen. */
export class RayChanges {
  readonly #known = new Map<WatchedKind, Map<string, { readonly mark: string; readonly row: Row | undefined }>>()
  #seq: number

  /** `seq`: the last number that was given out before. */
  constructor(seq: number) {
    this.#seq = seq
  }

  get seq(): number {
    return this.#seq
  }

  /** All that stands now, tasks aside: as the first frames of a stream. */
  *snapshot(seen: Partial<Seen>): Generator<EventFrame> {
    const rows: { kind: EventKind; id: string; row: Record<string, unknown> }[] = []
    for (const kind of watchedKinds) {
      const list = seen[kind]
      if (list === undefined) continue
      this.#remember(kind, list)
      if (kind !== 'task') for (const row of list) rows.push({ kind, id: idOf(kind, row), row: { ...row } })
    }
    for (let at = 0, part = 0; part === 0 || at < rows.length; at += rowsPerFrame, part += 1) {
      const isLast = at + rowsPerFrame >= rows.length
      yield { type: 'snapshot', to: this.#seq, reason: 'start', part, isLast, rows: rows.slice(at, at + rowsPerFrame), totals: {} }
    }
  }

  /** What is different since; a list that is not in `seen` could not be read, and is as it was. Undefined: nothing is. */
  batch(seen: Partial<Seen>, nowMs: number): EventFrame | undefined {
    const from = this.#seq + 1
    const events = watchedKinds.flatMap((kind) => {
      const rows = seen[kind]
      return rows === undefined ? [] : this.#changes(kind, rows, nowMs)
    })
    return events.length === 0 ? undefined : { type: 'batch', from, to: this.#seq, events }
  }

  #changes(kind: WatchedKind, rows: readonly Row[], nowMs: number): ClusterEvent[] {
    const before = this.#known.get(kind)
    const after = this.#remember(kind, rows)
    if (before === undefined) return [] // it could not be read until now
    const events: ClusterEvent[] = []
    const tell = (row: Row, type: string) => {
      this.#seq += 1
      events.push({ seq: this.#seq, kind, id: idOf(kind, row), type, atMs: timeOf(kind, row, nowMs), row: { ...row } })
    }
    for (const row of rows) {
      const key = keyOf(kind, row)
      const known = before.get(key)
      if (known === undefined) tell(row, kind === 'job' ? 'submitted' : kind === 'task' ? 'state' : 'added')
      else if (known.mark !== after.get(key)?.mark) tell(row, row['state'] === 'DEAD' ? 'died' : 'state')
    }
    if (kind === 'job') for (const [key, { row }] of before) if (row && !after.has(key)) tell(row, 'deleted')
    return events
  }

  #remember(kind: WatchedKind, rows: readonly Row[]) {
    const marks = new Map(
      rows.map((row) => {
        const mark = JSON.stringify(telling[kind].map((column) => row[column] ?? null))
        return [keyOf(kind, row), { mark, row: kind === 'job' ? row : undefined }]
      }),
    )
    this.#known.set(kind, marks)
    return marks
  }
}

/** When the thing came to stand as it does, as far as its row says so. */
function timeOf(kind: WatchedKind, row: Row, nowMs: number): number {
  const columns = kind === 'job' ? ['end_time', 'start_time'] : kind === 'task' ? ['end_time_ms', 'start_time_ms', 'creation_time_ms'] : []
  for (const column of columns) {
    const value = row[column]
    if (typeof value === 'number' && value > 0) return value
  }
  return nowMs
}
