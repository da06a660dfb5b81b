import { type TaskKindReport } from '../../../protocol/events.ts'
import { AttemptIndex } from './attempt-index.ts'
import { Dictionary } from './dictionary.ts'

/** The last 32 digits of a task id: the actor it belongs to, or none, and the job. */
export type Tail = { readonly text: string; readonly actorId: string | null; readonly jobId: string }
export type WorkerEntry = { readonly workerId: string; readonly nodeId: string; readonly pid: number }

/** Bits of `flags`. */
export const flag = {
  isLive: 1,
  /** Its end was concluded from the end of a process: any real report takes its place. */
  isPresumed: 2,
  hasParent: 4,
  hasLogs: 8,
} as const

const firstCapacity = 4_096

const makeColumns = (capacity: number) => ({
  high: new Uint32Array(capacity),
  low: new Uint32Array(capacity),
  tail: new Uint32Array(capacity),
  attempt: new Uint32Array(capacity),
  flags: new Uint8Array(capacity),
  state: new Uint8Array(capacity),
  type: new Uint8Array(capacity),
  /** Place in `taskErrorTypes` plus one; 0: none. */
  error: new Uint8Array(capacity),
  kind: new Uint32Array(capacity),
  /** Where it runs or ran. */
  worker: new Uint32Array(capacity),
  /** The process that made it, when that is known. */
  owner: new Uint32Array(capacity),
  createdMs: new Float64Array(capacity),
  submittedMs: new Float64Array(capacity),
  startedMs: new Float64Array(capacity),
  endedMs: new Float64Array(capacity),
  /** Rows in the order in which they came, for ever. */
  sequence: new Float64Array(capacity),
})
export type Columns = ReturnType<typeof makeColumns>

const makeParents = (capacity: number) => ({
  high: new Uint32Array(capacity),
  low: new Uint32Array(capacity),
  tail: new Uint32Array(capacity),
})
type Parents = ReturnType<typeof makeParents>

/** Every attempt that is kept, in columns. Plain data: task-merge.ts fills it, task-query.ts reads it. */
export class TaskTable {
  columns: Columns = makeColumns(firstCapacity)
  /** Parents of those that have one; made when the first does. Meant only where `flag.hasParent` is set. */
  parents: Parents | undefined
  /** Four offsets for each row; made when the first wrote something. */
  logs: Float64Array | undefined
  readonly index = new AttemptIndex()
  readonly tails = new Dictionary<Tail>()
  readonly kinds = new Dictionary<TaskKindReport>()
  readonly workers = new Dictionary<WorkerEntry>()
  readonly messages = new Map<number, string>()
  messageChars = 0
  /** Rows below this have been used. */
  end = 0
  readonly free: number[] = []
  live = 0
  nextSequence = 1
  /** What is not kept any more, and what never came. */
  evicted = 0
  dropped = 0

  get capacity(): number {
    return this.columns.state.length
  }

  /** Memory of the columns and the index, in bytes; texts come beside. */
  get bytes(): number {
    let bytes = this.index.bytes + (this.logs?.byteLength ?? 0) + this.messageChars * 2
    for (const column of Object.values(this.columns)) bytes += column.byteLength
    for (const column of Object.values(this.parents ?? {})) bytes += column.byteLength
    return bytes
  }

  forgetMessage(row: number): void {
    this.messageChars -= this.messages.get(row)?.length ?? 0
    this.messages.delete(row)
  }

  takeRow(): number {
    const reused = this.free.pop()
    if (reused !== undefined) return reused
    if (this.end === this.capacity) this.#grow()
    this.end += 1
    return this.end - 1
  }

  parentsForWriting(): Parents {
    this.parents ??= makeParents(this.capacity)
    return this.parents
  }

  logsForWriting(): Float64Array {
    this.logs ??= new Float64Array(this.capacity * 4)
    return this.logs
  }

  *liveRows(): Generator<number> {
    const { flags } = this.columns
    for (let row = 0; row < this.end; row += 1) if (((flags[row] ?? 0) & flag.isLive) !== 0) yield row
  }

  #grow(): void {
    const capacity = this.capacity * 2
    this.columns = grownColumns(this.columns, makeColumns(capacity))
    if (this.parents) this.parents = grownColumns(this.parents, makeParents(capacity))
    if (this.logs) {
      const old = this.logs
      this.logs = new Float64Array(capacity * 4)
      this.logs.set(old)
    }
  }
}

function grownColumns<T extends Record<string, Uint8Array | Uint32Array | Float64Array>>(old: T, fresh: T): T {
  for (const [name, column] of Object.entries(old)) fresh[name]?.set(column)
  return fresh
}
