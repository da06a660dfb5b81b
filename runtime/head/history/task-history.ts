import type { EventBatch } from '../../protocol/events.ts'
import { TaskReports } from '../../protocol/events.ts'
import { openReports } from '../../protocol/task-reports.ts'
import { taskErrorTypes, taskStates, taskTypes } from '../../base/task-states.ts'
import { unpackPlain } from '../../transport/packed.ts'
import { taskColumnsOf, taskIdOf } from './core/task-columns.ts'
import { evictOldest } from './core/task-eviction.ts'
import { summarizeByLineage } from './core/task-lineage.ts'
import { mergeReports, presumeEnded } from './core/task-merge.ts'
import { matchingRows, queryRows } from './core/task-query.ts'
import { taskRowOf } from './core/task-rows.ts'
import { countStates, summarizeByFunction, timelineOf } from './core/task-summaries.ts'
import { flag, TaskTable } from './core/task-table.ts'
import { inLimitedTime } from './limited-time.ts'
import type { Ended, HistoryQuestions, Narrowing, TaskChange, TaskQuery } from './messages.ts'

type Answer<Name extends keyof HistoryQuestions> = HistoryQuestions[Name]['answer']

/** For a search by a pattern; a million names take a tenth of it. */
const searchMs = 5_000

/** Every attempt that is kept, in memory: takes batches in and answers questions. Knows no disk and no thread. */
export class TaskHistory {
  readonly #table = new TaskTable()
  readonly #readers = taskColumnsOf(this.#table)
  readonly #keptRows: number
  #touched = new Set<number>()
  /** Whether rows that change are remembered for `takeChanges`. */
  isWatched = false

  constructor(keptRows: number) {
    this.#keptRows = keptRows
  }

  get table(): TaskTable {
    return this.#table
  }

  /** @throws Error for a batch that is not what a process of this version sends; nothing of it is taken then. */
  take(batch: EventBatch): void {
    const reports = openReports(TaskReports.parse(unpackPlain(batch.packed)))
    const rows = mergeReports(this.#table, reports, { nodeId: batch.nodeId, workerId: batch.workerId, pid: batch.pid })
    this.#table.dropped += batch.dropped
    if (this.isWatched) for (const row of rows) this.#touched.add(row)
    if (evictOldest(this.#table, this.#keptRows) > 0) this.#touched = new Set([...this.#touched].filter((row) => this.#isLive(row)))
  }

  noteDropped(count: number): void {
    this.#table.dropped += count
  }

  ended(ended: Ended): void {
    const rows = presumeEnded(this.#table, ended)
    if (this.isWatched) for (const row of rows) this.#touched.add(row)
  }

  /** What changed since the last call, `limit` at most, and how many more did. */
  takeChanges(limit: number): { changes: TaskChange[]; skipped: number } {
    const touched = this.#touched
    if (touched.size === 0) return { changes: [], skipped: 0 }
    this.#touched = new Set()
    const changes: TaskChange[] = []
    for (const row of touched) {
      if (changes.length >= limit) break
      changes.push(this.#changeOf(row))
    }
    return { changes, skipped: touched.size - changes.length }
  }

  page(query: TaskQuery): Answer<'page'> {
    const { rows, total, matched, next } = inLimitedTime(query.filters, searchMs, () => queryRows(this.#table, this.#readers, query))
    const texts = Array.from(rows, (row) => JSON.stringify(taskRowOf(this.#table, row, query)))
    return { total, matched, next, warnings: this.#warnings(), rowsJson: `[${texts.join(',')}]` }
  }

  functions(narrowing: Narrowing): Answer<'functions'> {
    const { rows, total } = this.#matching(narrowing)
    return { ...summarizeByFunction(this.#table, rows), total, matched: rows.length, warnings: this.#warnings() }
  }

  lineage({ limit, ...narrowing }: Narrowing & { limit: number }): Answer<'lineage'> {
    const { rows, total } = this.#matching(narrowing)
    const { summary, left } = summarizeByLineage(this.#table, rows, limit)
    const cut = left > 0 ? [`The tree has ${left} more nodes than the ${limit} shown.`] : []
    const counted = { total, matched: rows.length, warnings: [...this.#warnings(), ...cut] }
    return { ...summarizeByFunction(this.#table, rows), summary, ...counted }
  }

  counts(narrowing: Narrowing): Answer<'counts'> {
    return countStates(this.#table, this.#matching(narrowing).rows)
  }

  timeline({ limit, ...narrowing }: Narrowing & { limit: number }): string {
    return timelineOf(this.#table, this.#matching(narrowing).rows, limit)
  }

  #matching(narrowing: Narrowing): ReturnType<typeof matchingRows> {
    return inLimitedTime(narrowing.filters, searchMs, () => matchingRows(this.#table, this.#readers, narrowing))
  }

  #warnings(): string[] {
    const { evicted, dropped } = this.#table
    const warnings: string[] = []
    if (evicted > 0) warnings.push(`${evicted} older attempts that had ended are not kept any more; the head keeps ${this.#keptRows}.`)
    if (dropped > 0) warnings.push(`${dropped} reports of attempts were lost, as they came faster than they could be sent or written.`)
    return warnings
  }

  #isLive(row: number): boolean {
    return ((this.#table.columns.flags[row] ?? 0) & flag.isLive) !== 0
  }

  #changeOf(row: number): TaskChange {
    const { columns, kinds, tails, workers } = this.#table
    const tail = tails.get(columns.tail[row] ?? 0)
    const worker = workers.get(columns.worker[row] ?? 0)
    return {
      taskId: taskIdOf(this.#table, row),
      attempt: columns.attempt[row] ?? 0,
      name: kinds.get(columns.kind[row] ?? 0)?.name ?? '',
      state: taskStates[columns.state[row] ?? 0] ?? 'NIL',
      type: taskTypes[columns.type[row] ?? 0] ?? 'NORMAL_TASK',
      jobId: tail?.jobId ?? '',
      actorId: tail?.actorId ?? null,
      nodeId: worker?.nodeId ?? null,
      workerId: worker?.workerId ?? null,
      errorType: taskErrorTypes[(columns.error[row] ?? 0) - 1] ?? null,
      atMs: columns.endedMs[row] || columns.startedMs[row] || columns.submittedMs[row] || columns.createdMs[row] || 0,
    }
  }
}
