import type { TaskKindReport } from '../../../protocol/events.ts'
import type { LogRange, OpenReports, ReportPlace } from '../../../protocol/task-reports.ts'
import { stateCodes, taskErrorTypes, taskTypes, type TaskErrorType } from '../../../base/task-states.ts'
import { hexOf, wordAt } from './hex.ts'
import { flag, type Tail, type TaskTable } from './task-table.ts'

/** Who sent a batch, and whether its rows ran there. */
export type Sender = ReportPlace

const nilActor = 'f'.repeat(24)
const nilPrefix = 0xffff_ffff
const { FINISHED, FAILED, RUNNING, RUNNING_IN_RAY_WAIT } = stateCodes
const codeOf = (type: (typeof taskTypes)[number]) => taskTypes.indexOf(type)
const types = {
  normal: codeOf('NORMAL_TASK'),
  creation: codeOf('ACTOR_CREATION_TASK'),
  actor: codeOf('ACTOR_TASK'),
  driver: codeOf('DRIVER_TASK'),
}

export const isEnded = (state: number): boolean => state === FINISHED || state === FAILED
const isRunning = (state: number): boolean => state >= RUNNING && state <= RUNNING_IN_RAY_WAIT

/** Chars of error messages kept; the oldest go first. */
const messageLimit = 32 * 1024 * 1024

/**
 * Takes the reports of one batch in. What two reports say of one attempt is joined: times once known stay known, and its state is
 * the last one reached in Ray's order, whatever order the reports come in. Returns the rows touched.
 */
export function mergeReports(table: TaskTable, reports: OpenReports, sender: Sender): Uint32Array {
  const kinds = reports.kinds.map((kind) => internKind(table, kind))
  const senderNumber = sender.workerId === '' ? 0 : internWorker(table, sender) // the head's own reports come from nowhere
  const places = reports.places?.map((place) => internWorker(table, place))
  const rows = new Uint32Array(reports.count)
  const tails = new TailCache(table)
  for (let at = 0; at < reports.count; at += 1) {
    const row = rowOf(table, reports, at, tails)
    rows[at] = row
    const { columns } = table
    const kind = kinds[reports.kind[at] ?? 0] ?? 0
    if (kind !== 0 && (columns.kind[row] === 0 || hasMore(table, kind, columns.kind[row] ?? 0))) columns.kind[row] = kind
    const place = places === undefined ? senderNumber : (places[(reports.place[at] ?? 0) - 1] ?? 0)
    if (place !== 0) columns.worker[row] = place
    if (places !== undefined && columns.owner[row] === 0) columns.owner[row] = senderNumber
    mergeTimes(table, row, reports, at)
    mergeState(table, row, reports.state[at] ?? 0)
  }
  mergeDetails(table, reports, { rows, tails })
  return rows
}

/** A report of a worker knows no more than the name where the owner's lacks nothing: the fuller one stays. */
function hasMore(table: TaskTable, fresh: number, old: number): boolean {
  if (fresh === old) return false
  const one = table.kinds.get(fresh)
  const other = table.kinds.get(old)
  return (one?.resources !== undefined && other?.resources === undefined) || (one?.groupId !== undefined && other?.groupId === undefined)
}

function rowOf(table: TaskTable, reports: OpenReports, at: number, tails: TailCache): number {
  const { taskIds } = reports
  const key = {
    high: wordAt(taskIds, at * 24),
    low: wordAt(taskIds, at * 24 + 4),
    tail: tails.at(taskIds, at * 24 + 8),
    attempt: reports.attempt[at] ?? 0,
  }
  const known = table.index.find(table.columns, key)
  if (known >= 0) return known
  const row = table.takeRow()
  const { columns } = table
  columns.high[row] = key.high
  columns.low[row] = key.low
  columns.tail[row] = key.tail
  columns.attempt[row] = key.attempt
  columns.flags[row] = flag.isLive
  columns.state[row] = 0
  columns.error[row] = 0
  columns.kind[row] = 0
  columns.worker[row] = 0
  columns.owner[row] = 0
  columns.createdMs[row] = 0
  columns.submittedMs[row] = 0
  columns.startedMs[row] = 0
  columns.endedMs[row] = 0
  columns.sequence[row] = table.nextSequence
  columns.type[row] = typeOf(key.high, key.low, table.tails.get(key.tail))
  table.nextSequence += 1
  table.live += 1
  table.index.add(columns, row)
  return row
}

function typeOf(high: number, low: number, tail: Tail | undefined): number {
  const isNil = high === nilPrefix && low === nilPrefix
  if (tail?.actorId) return isNil ? types.creation : types.actor
  return isNil ? types.driver : types.normal
}

function mergeTimes({ columns }: TaskTable, row: number, reports: OpenReports, at: number): void {
  const created = reports.createdMs[at] ?? 0
  if (created > 0 && (columns.createdMs[row] === 0 || created < (columns.createdMs[row] ?? 0))) columns.createdMs[row] = created
  const submitted = reports.submittedMs[at] ?? 0
  if (submitted > 0) columns.submittedMs[row] = submitted
  const started = reports.startedMs[at] ?? 0
  if (started > 0) columns.startedMs[row] = started
  const ended = reports.endedMs[at] ?? 0
  if (ended > 0) columns.endedMs[row] = ended
}

function mergeState(table: TaskTable, row: number, state: number): void {
  const { columns } = table
  const old = columns.state[row] ?? 0
  if (((columns.flags[row] ?? 0) & flag.isPresumed) !== 0) {
    columns.flags[row] = (columns.flags[row] ?? 0) & ~flag.isPresumed
    columns.error[row] = 0
    table.forgetMessage(row)
    columns.state[row] = state
    if (!isEnded(state)) columns.endedMs[row] = 0
    return
  }
  // Whether what runs waits for others changes both ways.
  if (isRunning(old) && isRunning(state)) columns.state[row] = state
  else if (state > old) columns.state[row] = state
}

function mergeDetails(table: TaskTable, reports: OpenReports, { rows, tails }: { rows: Uint32Array; tails: TailCache }): void {
  for (const [at, parentId] of reports.parents) setParent(table, rows[at], parentId, tails)
  for (const [at, type, message] of reports.errors) {
    const row = rows[at]
    if (row !== undefined) setError(table, row, type, message)
  }
  for (const [at, ...range] of reports.logs) setLogs(table, rows[at], range)
}

function setParent(table: TaskTable, row: number | undefined, parentId: string, tails: TailCache): void {
  if (row === undefined) return
  const parents = table.parentsForWriting()
  parents.high[row] = Number.parseInt(parentId.slice(0, 8), 16)
  parents.low[row] = Number.parseInt(parentId.slice(8, 16), 16)
  parents.tail[row] = tails.of(parentId.slice(16))
  table.columns.flags[row] = (table.columns.flags[row] ?? 0) | flag.hasParent
}

/** The longer message wins: a worker tells what its user code threw, an owner only the class of it. */
function setError(table: TaskTable, row: number, type: number, message: string): void {
  table.columns.error[row] = type + 1
  const old = table.messages.get(row)
  if (message === '' || (old !== undefined && old.length >= message.length)) return
  table.forgetMessage(row)
  table.messages.set(row, message)
  table.messageChars += message.length
  for (const oldest of table.messages.keys()) {
    if (table.messageChars <= messageLimit) break
    table.forgetMessage(oldest)
  }
}

function setLogs(table: TaskTable, row: number | undefined, range: LogRange): void {
  if (row === undefined) return
  table.logsForWriting().set(range, row * 4)
  table.columns.flags[row] = (table.columns.flags[row] ?? 0) | flag.hasLogs
}

const kindKey = ({ name, resources, groupId }: TaskKindReport): string =>
  `${name}\n${groupId ?? ''}\n${resources ? JSON.stringify(Object.entries(resources).sort(([one], [other]) => (one < other ? -1 : 1))) : ''}`

function internKind(table: TaskTable, kind: TaskKindReport): number {
  return table.kinds.intern(kindKey(kind), () => kind)
}

function internWorker(table: TaskTable, place: ReportPlace): number {
  const number = table.workers.intern(place.workerId, () => place)
  const known = table.workers.get(number)
  if (known && known.pid === 0 && place.pid !== 0) table.workers.replace(number, place) // owners know no pid of others
  return number
}

/** Numbers of tails for one batch, where the same few come again and again. */
class TailCache {
  readonly #table: TaskTable
  #bytes: Uint8Array | undefined
  #at = 0
  #number = 0

  constructor(table: TaskTable) {
    this.#table = table
  }

  at(bytes: Uint8Array, from: number): number {
    if (this.#bytes !== undefined && isSame(this.#bytes, this.#at, from)) return this.#number
    this.#number = this.of(hexOf(bytes, from, from + 16))
    this.#bytes = bytes
    this.#at = from
    return this.#number
  }

  of(text: string): number {
    return this.#table.tails.intern(text, () => ({
      text,
      actorId: text.startsWith(nilActor) ? null : text,
      jobId: text.slice(24),
    }))
  }
}

function isSame(bytes: Uint8Array, one: number, other: number): boolean {
  for (let at = 0; at < 16; at += 1) if (bytes[one + at] !== bytes[other + at]) return false
  return true
}

export type ProcessesEnded = {
  readonly workerIds: readonly string[]
  readonly nodeIds: readonly string[]
  readonly jobIds: readonly string[]
  readonly atMs: number
}

/**
 * Ends, as far as anybody knows, what ran in these processes or was still to be run for them; a report that comes later takes the
 * place of that. Without this such attempts would be shown as running for ever. Returns the rows changed.
 */
export function presumeEnded(table: TaskTable, gone: ProcessesEnded): number[] {
  const isKnown = gone.workerIds.some((workerId) => table.workers.find(workerId) !== undefined)
  if (!isKnown && gone.nodeIds.length === 0 && gone.jobIds.length === 0) return [] // most workers end with nothing to their name
  const workerIds = new Set(gone.workerIds)
  const nodeIds = new Set(gone.nodeIds)
  const jobIds = new Set(gone.jobIds)
  const isGone = marks(table.workers.end, (number) => {
    const worker = table.workers.get(number)
    return worker !== undefined && (workerIds.has(worker.workerId) || nodeIds.has(worker.nodeId))
  })
  const isGoneJob = marks(table.tails.end, (number) => jobIds.has(table.tails.get(number)?.jobId ?? ''))
  const { columns } = table
  const changed: number[] = []
  for (let row = 0; row < table.end; row += 1) {
    if (isEnded(columns.state[row] ?? 0) || ((columns.flags[row] ?? 0) & flag.isLive) === 0) continue
    const worker = columns.worker[row] ?? 0
    const isLost = worker !== 0 && isGone[worker] === 1
    const isOrphan = worker === 0 && isGone[columns.owner[row] ?? 0] === 1
    // A detached actor outlives its job; what runs there ends with its process.
    const isBound = worker === 0 || columns.type[row] === types.normal || columns.type[row] === types.driver
    const isOver = isBound && isGoneJob[columns.tail[row] ?? 0] === 1
    if (!isLost && !isOrphan && !isOver) continue
    const why = isOver ? presumed.job : isOrphan ? presumed.owner : presumed.worker
    columns.state[row] = FAILED
    columns.endedMs[row] = gone.atMs
    columns.flags[row] = (columns.flags[row] ?? 0) | flag.isPresumed
    setError(table, row, taskErrorTypes.indexOf(why.type), why.message)
    changed.push(row)
  }
  return changed
}

const presumed: Record<'job' | 'owner' | 'worker', { type: TaskErrorType; message: string }> = {
  job: { type: 'WORKER_DIED', message: 'The job ended, and with it whatever it had not finished.' },
  owner: { type: 'OWNER_DIED', message: 'The process that had submitted it ended before it ran.' },
  worker: { type: 'WORKER_DIED', message: 'The worker process ended while it ran.' },
}

function marks(end: number, isMarked: (number: number) => boolean): Uint8Array {
  const marked = new Uint8Array(end)
  for (let number = 1; number < end; number += 1) if (isMarked(number)) marked[number] = 1
  return marked
}

/** A driver's task is not a row that a driver reports about itself before it ends; told apart so that lists can leave it out. */
export const driverType = types.driver
export const actorTaskType = types.actor
export const creationType = types.creation
export const normalType = types.normal
