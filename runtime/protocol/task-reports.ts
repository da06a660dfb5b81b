import type { TaskKindReport, TaskReports } from './events.ts'
import type { TaskErrorType } from '../base/task-states.ts'
import { taskErrorTypes } from '../base/task-states.ts'

/** Times are ms since 1970, 0 for not known. */
export type TaskReport = {
  readonly taskId: string
  readonly attempt: number
  /** Place in `taskStates`. */
  readonly state: number
  readonly createdMs: number
  readonly submittedMs: number
  readonly startedMs: number
  readonly endedMs: number
}

export type ReportPlace = { readonly nodeId: string; readonly workerId: string; readonly pid: number }
export type LogRange = readonly [stdoutStart: number, stdoutEnd: number, stderrStart: number, stderrEnd: number]

const firstCapacity = 256
const longestMessage = 1_024
const kindLimit = 65_535

/** Gathers reports until they are taken, `limit` at most; what comes then is counted and dropped. Made for tens of thousands a second. */
export class TaskReportBuffer {
  readonly #limit: number
  #ids: string[] = []
  #capacity = firstCapacity
  #kind = new Uint16Array(firstCapacity)
  #attempt = new Uint32Array(firstCapacity)
  #state = new Uint8Array(firstCapacity)
  #created = new Float64Array(firstCapacity)
  #submitted = new Float64Array(firstCapacity)
  #started = new Float64Array(firstCapacity)
  #ended = new Float64Array(firstCapacity)
  #place: Uint16Array | undefined
  #kinds: TaskKindReport[] = []
  readonly #kindOf = new Map<object, number>()
  #places: ReportPlace[] = []
  readonly #placeOf = new Map<string, number>()
  #parents: TaskReports['parents'] = []
  #errors: TaskReports['errors'] = []
  #logs: TaskReports['logs'] = []
  #dropped = 0
  #firstMs = Number.POSITIVE_INFINITY
  #lastMs = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get count(): number {
    return this.#ids.length
  }
  get dropped(): number {
    return this.#dropped
  }

  /** Counts reports that were lost before they came here. */
  noteDropped(count: number): void {
    this.#dropped += count
  }

  /** `key` is the same object for attempts of one kind; `describe` is asked once for each. Returns the row for the details below, -1 when full. */
  add<Key extends object>(report: TaskReport, key: Key, describe: (key: Key) => TaskKindReport): number {
    const row = this.#ids.length
    const kind = row < this.#limit ? this.#kindIndex(key, describe) : -1
    if (kind < 0) {
      this.#dropped += 1
      return -1
    }
    if (row === this.#capacity) this.#grow()
    this.#ids.push(report.taskId)
    this.#kind[row] = kind
    this.#attempt[row] = report.attempt
    this.#state[row] = report.state
    this.#created[row] = report.createdMs
    this.#submitted[row] = report.submittedMs
    this.#started[row] = report.startedMs
    this.#ended[row] = report.endedMs
    const sinceMs = report.startedMs || report.submittedMs || report.createdMs || report.endedMs
    if (sinceMs < this.#firstMs) this.#firstMs = sinceMs
    if (report.endedMs > this.#lastMs) this.#lastMs = report.endedMs
    return row
  }

  setParent(row: number, parentTaskId: string): void {
    if (row >= 0) this.#parents.push([row, parentTaskId])
  }
  setError(row: number, type: TaskErrorType, message: string): void {
    if (row >= 0) this.#errors.push([row, taskErrorTypes.indexOf(type), message.slice(0, longestMessage)])
  }
  setLogs(row: number, range: LogRange): void {
    if (row >= 0) this.#logs.push([row, ...range])
  }

  /** Where it ran or runs. Once one row has a place, those without have none, rather than the sender's. */
  setPlace(row: number, place: ReportPlace): void {
    if (row < 0) return
    let index = this.#placeOf.get(place.workerId)
    if (index === undefined) {
      if (this.#places.length >= kindLimit) return
      index = this.#places.push(place)
      this.#placeOf.set(place.workerId, index)
    }
    this.#place ??= new Uint16Array(this.#capacity)
    this.#place[row] = index
  }

  /** What has gathered; nothing is left. Undefined when there was nothing. `isElsewhere`: no row ran in the sender. */
  take(isElsewhere: boolean): { reports: TaskReports; dropped: number; firstMs: number; lastMs: number } | undefined {
    const count = this.#ids.length
    if (count === 0 && this.#dropped === 0) return undefined
    const place = this.#place ?? (isElsewhere ? new Uint16Array(count) : undefined)
    const reports: TaskReports = {
      version: 2,
      count,
      kinds: this.#kinds,
      taskIds: Buffer.from(this.#ids.join(''), 'hex'),
      kind: bytesOf(this.#kind, count),
      attempt: bytesOf(this.#attempt, count),
      state: bytesOf(this.#state, count),
      createdMs: bytesOf(this.#created, count),
      submittedMs: bytesOf(this.#submitted, count),
      startedMs: bytesOf(this.#started, count),
      endedMs: bytesOf(this.#ended, count),
      parents: this.#parents,
      placed: place ? { places: [...this.#places], place: bytesOf(place, count) } : null,
      errors: this.#errors,
      logs: this.#logs,
    }
    const taken = { reports, dropped: this.#dropped, firstMs: Number.isFinite(this.#firstMs) ? this.#firstMs : 0, lastMs: this.#lastMs }
    this.#clear()
    return taken
  }

  #clear(): void {
    this.#ids = []
    this.#kinds = []
    this.#kindOf.clear()
    this.#places = []
    this.#placeOf.clear()
    this.#place = undefined
    this.#parents = []
    this.#errors = []
    this.#logs = []
    this.#dropped = 0
    this.#firstMs = Number.POSITIVE_INFINITY
    this.#lastMs = 0
  }

  #kindIndex<Key extends object>(key: Key, describe: (key: Key) => TaskKindReport): number {
    const known = this.#kindOf.get(key)
    if (known !== undefined) return known
    if (this.#kinds.length >= kindLimit) return -1
    const index = this.#kinds.push(describe(key)) - 1
    this.#kindOf.set(key, index)
    return index
  }

  #grow(): void {
    this.#capacity = Math.min(this.#limit, this.#capacity * 2)
    const capacity = this.#capacity
    this.#kind = grown(new Uint16Array(capacity), this.#kind)
    this.#attempt = grown(new Uint32Array(capacity), this.#attempt)
    this.#state = grown(new Uint8Array(capacity), this.#state)
    this.#created = grown(new Float64Array(capacity), this.#created)
    this.#submitted = grown(new Float64Array(capacity), this.#submitted)
    this.#started = grown(new Float64Array(capacity), this.#started)
    this.#ended = grown(new Float64Array(capacity), this.#ended)
    if (this.#place) this.#place = grown(new Uint16Array(capacity), this.#place)
  }
}

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array

function grown<T extends Column>(fresh: T, old: T): T {
  fresh.set(old)
  return fresh
}

/** Every machine that runs us has its little end first. */
const bytesOf = (column: Column, count: number): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, count * column.BYTES_PER_ELEMENT).slice()

/** A batch opened for reading: typed arrays over its bytes. */
export type OpenReports = {
  readonly count: number
  readonly kinds: readonly TaskKindReport[]
  readonly taskIds: Uint8Array
  readonly kind: Uint16Array
  readonly attempt: Uint32Array
  readonly state: Uint8Array
  readonly createdMs: Float64Array
  readonly submittedMs: Float64Array
  readonly startedMs: Float64Array
  readonly endedMs: Float64Array
  readonly parents: TaskReports['parents']
  readonly places: readonly ReportPlace[] | null
  /** Meant only when `places` is not null. */
  readonly place: Uint16Array
  readonly errors: TaskReports['errors']
  readonly logs: TaskReports['logs']
}

/** @throws RangeError when a column is shorter than `count` says. */
export function openReports(reports: TaskReports): OpenReports {
  const { count, kinds, parents, placed, errors, logs } = reports
  if (reports.taskIds.byteLength < count * 24) throw new RangeError('a batch of reports has too few task ids')
  const short = { count, size: 2, make: (buffer: ArrayBuffer) => new Uint16Array(buffer) }
  const double = { count, size: 8, make: (buffer: ArrayBuffer) => new Float64Array(buffer) }
  return {
    count,
    kinds,
    taskIds: reports.taskIds,
    kind: columnOf(reports.kind, short),
    attempt: columnOf(reports.attempt, { count, size: 4, make: (buffer) => new Uint32Array(buffer) }),
    state: columnOf(reports.state, { count, size: 1, make: (buffer) => new Uint8Array(buffer) }),
    createdMs: columnOf(reports.createdMs, double),
    submittedMs: columnOf(reports.submittedMs, double),
    startedMs: columnOf(reports.startedMs, double),
    endedMs: columnOf(reports.endedMs, double),
    parents,
    places: placed?.places ?? null,
    place: placed ? columnOf(placed.place, short) : new Uint16Array(0),
    errors,
    logs,
  }
}

/** A copy, as the bytes inside a message may lie at any address. */
function columnOf<T>(bytes: Uint8Array, column: { count: number; size: number; make: (buffer: ArrayBuffer) => T }): T {
  const length = column.count * column.size
  if (bytes.byteLength < length) throw new RangeError(`a batch of reports has a column of ${bytes.byteLength} bytes, ${length} are needed`)
  const buffer = new ArrayBuffer(length)
  new Uint8Array(buffer).set(bytes.subarray(0, length))
  return column.make(buffer)
}
