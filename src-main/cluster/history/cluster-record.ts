import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ClusterEvent } from '../../../runtime/api/events.ts'
import type { Logger } from '../../../runtime/base/logger.ts'
import { stateCodes } from '../../../runtime/base/task-states.ts'
import type { Gap } from '../core/sequence.ts'
import { isOver, keyOf, type Row, type ThingKind } from './core/rows.ts'
import type { TaskRecord } from './core/task-row.ts'
import { isDamage, openRecordDatabase, setAside } from './database.ts'
import { RecordFiles } from './record-files.ts'
import { RecordLogs } from './record-logs.ts'
import { Words } from './words.ts'

/**
 * A whole row of the list says how the attempt stands; an event adds to what is known. Events of its beginning may come late, and one that
 * had died with its worker may turn out to have ended well before: the later of two ends counts.
 */
const upsertTask = `
INSERT INTO tasks (task_id, attempt, state, name, type, job, actor, node, worker, error, created_ms, started_ms, ended_ms, at_ms, more)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task_id, attempt) DO UPDATE SET
  state = CASE WHEN excluded.more IS NOT NULL OR excluded.state IN (${stateCodes.FINISHED}, ${stateCodes.FAILED}) THEN excluded.state ELSE max(state, excluded.state) END,
  actor = coalesce(excluded.actor, actor), node = coalesce(excluded.node, node),
  worker = coalesce(excluded.worker, worker), at_ms = excluded.at_ms,
  error = CASE WHEN excluded.more IS NOT NULL OR excluded.state = ${stateCodes.FINISHED} THEN excluded.error ELSE coalesce(excluded.error, error) END,
  created_ms = CASE WHEN excluded.more IS NULL THEN coalesce(created_ms, excluded.created_ms) ELSE excluded.created_ms END,
  started_ms = CASE WHEN excluded.more IS NULL THEN coalesce(started_ms, excluded.started_ms) ELSE excluded.started_ms END,
  ended_ms = CASE WHEN excluded.more IS NULL THEN coalesce(ended_ms, excluded.ended_ms) ELSE excluded.ended_ms END,
  more = coalesce(excluded.more, more)`

/** What is known of one cluster, in a file of its own. Writes come in transactions, `together`; one process at a time. */
export class ClusterRecord {
  readonly path: string
  readonly #logger: Logger
  #database: DatabaseSync
  #words: Words
  #statements: ReturnType<typeof prepareAll>
  /** The file was broken and set aside while we ran: what it held is gone from the record. */
  damaged = 0

  constructor(path: string, logger: Logger) {
    this.path = path
    this.#logger = logger
    this.#database = openRecordDatabase(path, logger)
    this.#words = new Words(this.#database)
    this.#statements = prepareAll(this.#database)
  }

  /** For readers. Another one after the file was set aside. */
  get database(): DatabaseSync {
    return this.#database
  }

  get logs(): RecordLogs {
    return this.#statements.logs
  }

  get files(): RecordFiles {
    return this.#statements.files
  }

  /** Does `work` in one transaction: all of it or nothing. A broken file is set aside, and `work` done once more in a new one. */
  together(work: () => void): void {
    try {
      this.#transaction(work)
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#database.close()
      setAside(this.path, this.#logger, error)
      this.damaged += 1
      this.#database = openRecordDatabase(this.path, this.#logger)
      this.#words = new Words(this.#database)
      this.#statements = prepareAll(this.#database)
      this.#transaction(work)
    }
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK') // a full disk may have done so already
      this.#words.forget()
      throw error
    }
  }

  fact(name: string): string | undefined {
    const value = this.#statements.getFact.get(name)?.['value']
    return typeof value === 'string' ? value : undefined
  }

  setFact(name: string, value: string | number): void {
    this.#statements.setFact.run(name, String(value))
  }

  /** The last event that is in the record; undefined: none yet. */
  get lastSeq(): number | undefined {
    const text = this.fact('last-seq')
    return text === undefined ? undefined : Number(text)
  }

  /** When the cluster was last heard of. */
  get heardAtMs(): number | null {
    const text = this.fact('heard-at-ms')
    return text === undefined ? null : Number(text)
  }

  thing(kind: ThingKind, id: string): Row | undefined {
    const text = this.#statements.getThing.get(kind, id)?.['row']
    return typeof text === 'string' ? (JSON.parse(text) as Row) : undefined // written by `putThing` alone
  }

  putThing(kind: ThingKind, row: Row, atMs: number): void {
    this.#statements.putThing.run(kind, keyOf(kind, row), JSON.stringify(row), atMs, isOver(kind, row) ? 1 : 0)
  }

  removeThing(kind: ThingKind, id: string): void {
    this.#statements.removeThing.run(kind, id)
    if (kind === 'jobs') this.logs.remove(id)
  }

  thingIds(kind: ThingKind): string[] {
    return this.#statements.thingIds.all(kind).map((row) => String(row['id']))
  }

  putTask(task: TaskRecord, atMs: number): void {
    if (!/^(?:[0-9a-f]{2}){1,64}$/.test(task.taskId)) return // an event that stands for many, such as those that were skipped
    const word = (text: string | null) => (text === null ? null : this.#words.numberOf(text))
    const { taskId, attempt, state, createdMs, startedMs, endedMs, more } = task
    this.#statements.putTask.run(
      ...[Buffer.from(taskId, 'hex'), attempt, state, word(task.name), word(task.type), word(task.jobId), word(task.actorId)],
      ...[word(task.nodeId), word(task.workerId), word(task.errorType), createdMs, startedMs, endedMs, atMs],
      more === null ? null : JSON.stringify(more),
    )
  }

  putEvent({ seq, kind, id, type, atMs, row }: ClusterEvent): void {
    this.#statements.putEvent.run(seq, kind, id, type, atMs, JSON.stringify(row))
  }

  putGap({ fromSeq, toSeq, reason }: Gap, atMs: number): void {
    this.#statements.putGap.run(atMs, fromSeq, toSeq, reason)
  }

  putSample(nodeId: string, atMs: number, figures: Readonly<Record<string, readonly [number, number, number]>>): void {
    this.#statements.putSample.run(nodeId, Math.round(atMs), JSON.stringify(figures))
  }

  close(): void {
    this.#database.close()
  }
}

function prepareAll(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql)
  return {
    logs: new RecordLogs(database),
    files: new RecordFiles(database),
    getFact: prepare('SELECT value FROM facts WHERE name = ?'),
    setFact: prepare('INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'),
    getThing: prepare('SELECT row FROM things WHERE kind = ? AND id = ?'),
    putThing: prepare(
      'INSERT INTO things (kind, id, row, at_ms, is_over) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET row = excluded.row, at_ms = excluded.at_ms, is_over = excluded.is_over',
    ),
    removeThing: prepare('DELETE FROM things WHERE kind = ? AND id = ?'),
    thingIds: prepare('SELECT id FROM things WHERE kind = ?'),
    putTask: prepare(upsertTask),
    putEvent: prepare(
      'INSERT INTO events (seq, kind, id, type, at_ms, row) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind, id = excluded.id, type = excluded.type, at_ms = excluded.at_ms, row = excluded.row',
    ),
    putGap: prepare('INSERT INTO gaps (at_ms, from_seq, to_seq, reason) VALUES (?, ?, ?, ?)'),
    putSample: prepare(
      'INSERT INTO samples (node_id, at_ms, figures) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET figures = excluded.figures',
    ),
  }
}
