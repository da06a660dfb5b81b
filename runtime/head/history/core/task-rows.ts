import { workerLogName } from '../../../protocol/log-names.ts'
import { stateCodes, taskErrorTypes, taskStates, taskTypes } from '../../../base/task-states.ts'
import { parentIdOf, taskIdOf } from './task-columns.ts'
import { flag, type TaskTable } from './task-table.ts'

/** A row as Ray's State API has it (runtime/api/state/tasks.ts), and fields of our own, which its clients pass over. */
export type TaskRow = Record<string, unknown>

export type RowShape = { readonly isDetailed: boolean /** Only these. */; readonly columns?: readonly string[] | undefined }

export function taskRowOf(table: TaskTable, row: number, { isDetailed, columns }: RowShape): TaskRow {
  const whole = isDetailed || columns !== undefined ? { ...baseOf(table, row), ...detailOf(table, row) } : baseOf(table, row)
  if (columns === undefined) return whole
  return Object.fromEntries(columns.filter((name) => Object.hasOwn(whole, name)).map((name) => [name, whole[name]]))
}

function baseOf(table: TaskTable, row: number): TaskRow {
  const { columns, tails, kinds, workers } = table
  const tail = tails.get(columns.tail[row] ?? 0)
  const name = kinds.get(columns.kind[row] ?? 0)?.name ?? ''
  const worker = workers.get(columns.worker[row] ?? 0)
  return {
    task_id: taskIdOf(table, row),
    attempt_number: columns.attempt[row] ?? 0,
    name,
    state: taskStates[columns.state[row] ?? 0] ?? 'NIL',
    job_id: tail?.jobId ?? '',
    actor_id: tail?.actorId ?? null,
    type: taskTypes[columns.type[row] ?? 0] ?? 'NORMAL_TASK',
    func_or_class_name: name,
    parent_task_id: parentIdOf(table, row),
    node_id: worker?.nodeId ?? null,
    worker_id: worker?.workerId ?? null,
    worker_pid: worker && worker.pid > 0 ? worker.pid : null,
    error_type: taskErrorTypes[(columns.error[row] ?? 0) - 1] ?? null,
  }
}

/** Ray's clients take no fractions here, though its head sends such numbers as floats. */
const whole = (time: number | null): number | null => (time === null ? null : Math.round(time))

const orNull = (time: number | undefined): number | null => (time === undefined || time === 0 ? null : time)

function detailOf(table: TaskTable, row: number): TaskRow {
  const { columns, kinds, workers, messages } = table
  const kind = kinds.get(columns.kind[row] ?? 0)
  const created = orNull(columns.createdMs[row])
  const started = orNull(columns.startedMs[row])
  const ended = orNull(columns.endedMs[row])
  return {
    language: null,
    required_resources: kind?.resources ?? {},
    runtime_env_info: null,
    placement_group_id: kind?.groupId ?? null,
    events: eventsOf(table, row),
    profiling_data: profileOf(table, row),
    creation_time_ms: whole(created),
    start_time_ms: whole(started),
    end_time_ms: whole(ended),
    duration_ms: started !== null && ended !== null ? Math.max(0, ended - started) : null,
    queued_ms: created !== null && started !== null ? Math.max(0, started - created) : null,
    task_log_info: logInfoOf(table, row),
    error_message: messages.get(row) ?? null,
    is_debugger_paused: null,
    call_site: null,
    label_selector: {},
    owner_worker_id: workers.get(columns.owner[row] ?? 0)?.workerId ?? null,
  }
}

/** The states that were seen, with the times they were reached. */
function eventsOf({ columns }: TaskTable, row: number): { state: string; created_ms: number }[] {
  const state = columns.state[row] ?? 0
  const at = [
    [stateCodes.PENDING_ARGS_AVAIL, columns.createdMs[row]],
    [stateCodes.SUBMITTED_TO_WORKER, columns.submittedMs[row]],
    [stateCodes.RUNNING, columns.startedMs[row]],
    [state, columns.endedMs[row]],
  ] as const
  return at.flatMap(([code, time]) =>
    time !== undefined && time > 0 && code <= state ? [{ state: taskStates[code] ?? 'NIL', created_ms: time }] : [],
  )
}

function profileOf({ columns, workers }: TaskTable, row: number): object | null {
  const started = columns.startedMs[row] ?? 0
  const ended = columns.endedMs[row] ?? 0
  const worker = workers.get(columns.worker[row] ?? 0)
  if (started === 0 || ended === 0 || worker === undefined) return null
  return {
    component_type: 'worker',
    component_id: worker.workerId,
    node_id: worker.nodeId,
    events: [{ event_name: 'task:execute', start_time: started, end_time: ended, extra_data: {} }],
  }
}

/** Names are those in the node's log folder; Ray's are whole paths, which only its own head reads. */
function logInfoOf({ columns, logs, workers, tails }: TaskTable, row: number): object | null {
  if (columns.worker[row] === 0 || columns.startedMs[row] === 0) return null
  const at = logs !== undefined && ((columns.flags[row] ?? 0) & flag.hasLogs) !== 0 ? row * 4 : -1
  const offset = (place: number) => (at < 0 ? 0 : (logs?.[at + place] ?? 0))
  const worker = workers.get(columns.worker[row] ?? 0)
  if (worker === undefined || worker.pid === 0) return null
  const log = { workerId: worker.workerId, jobId: tails.get(columns.tail[row] ?? 0)?.jobId ?? '', pid: worker.pid }
  return {
    stdout_file: workerLogName(log, 'out'),
    stderr_file: workerLogName(log, 'err'),
    stdout_start: offset(0),
    stdout_end: offset(1),
    stderr_start: offset(2),
    stderr_end: offset(3),
  }
}
