import { stateCodes, type TaskState, taskStates } from '../../../../runtime/base/task-states.ts'
import type { Row } from './rows.ts'

/** One attempt as it is stored: long texts that many rows share are kept once, elsewhere. Undefined: this report does not say. */
export type TaskRecord = {
  readonly taskId: string
  readonly attempt: number
  readonly state: number
  readonly name: string
  readonly type: string
  readonly jobId: string
  readonly actorId: string | null
  readonly nodeId: string | null
  readonly workerId: string | null
  readonly errorType: string | null
  readonly createdMs: number | null
  readonly startedMs: number | null
  readonly endedMs: number | null
  /** The rest of a row of the list, without what can be made again from the others. */
  readonly more: Row | null
}

const textOr = <Other>(value: unknown, other: Other): string | Other => (typeof value === 'string' ? value : other)
const numberOrNull = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
const isState = (value: unknown): value is TaskState => typeof value === 'string' && Object.hasOwn(stateCodes, value)

const baseOf = (row: Row) => ({
  taskId: textOr(row['task_id'], ''),
  attempt: numberOrNull(row['attempt_number']) ?? 0,
  state: isState(row['state']) ? stateCodes[row['state']] : 0,
  name: textOr(row['name'], ''),
  type: textOr(row['type'], 'NORMAL_TASK'),
  jobId: textOr(row['job_id'], ''),
  actorId: textOr(row['actor_id'], null),
  nodeId: textOr(row['node_id'], null),
  workerId: textOr(row['worker_id'], null),
  errorType: textOr(row['error_type'], null),
})

/** What an event tells: the state it reached, and so one of its times. */
export function taskOfEvent(row: Row, atMs: number): TaskRecord {
  const base = baseOf(row)
  const at = Math.round(atMs)
  return {
    ...base,
    createdMs: base.state < stateCodes.RUNNING ? at : null,
    startedMs: base.state >= stateCodes.RUNNING && base.state < stateCodes.FINISHED ? at : null,
    endedMs: base.state >= stateCodes.FINISHED ? at : null,
    more: null,
  }
}

/** Columns that are stored by themselves, or can be made again. */
const own = new Set([
  ...[
    'task_id',
    'attempt_number',
    'state',
    'name',
    'func_or_class_name',
    'type',
    'job_id',
    'actor_id',
    'node_id',
    'worker_id',
    'error_type',
  ],
  ...['creation_time_ms', 'start_time_ms', 'end_time_ms', 'profiling_data'],
])

/** A whole row of the list, asked for with `detail`. */
export function taskOfList(row: Row): TaskRecord {
  const more = Object.fromEntries(Object.entries(row).filter(([column, value]) => !own.has(column) && value !== null))
  return {
    ...baseOf(row),
    createdMs: numberOrNull(row['creation_time_ms']),
    startedMs: numberOrNull(row['start_time_ms']),
    endedMs: numberOrNull(row['end_time_ms']),
    more,
  }
}

/** What a list shows without `detail`. */
export const plainTaskColumns: readonly string[] = [
  ...['task_id', 'attempt_number', 'name', 'state', 'job_id', 'actor_id', 'type', 'func_or_class_name', 'parent_task_id'],
  ...['node_id', 'worker_id', 'worker_pid', 'error_type'],
]

/** The row as the head's list has it. What was never told, as the cluster went away before the list was asked, is null. */
export function rowOfTask(task: TaskRecord): Row {
  const { createdMs, startedMs, endedMs, more } = task
  return {
    ...{ task_id: task.taskId, attempt_number: task.attempt, name: task.name, state: taskStates[task.state] ?? 'NIL', job_id: task.jobId },
    ...{
      actor_id: task.actorId,
      type: task.type,
      func_or_class_name: task.name,
      parent_task_id: more?.['parent_task_id'] ?? `${'f'.repeat(40)}${task.jobId}`,
    },
    ...{ node_id: task.nodeId, worker_id: task.workerId, worker_pid: null, error_type: task.errorType },
    ...{ language: null, required_resources: {}, runtime_env_info: null, placement_group_id: null, events: eventsOf(task) },
    ...{ profiling_data: profileOf(task), creation_time_ms: createdMs, start_time_ms: startedMs, end_time_ms: endedMs },
    duration_ms: startedMs !== null && endedMs !== null ? Math.max(0, endedMs - startedMs) : null,
    queued_ms: createdMs !== null && startedMs !== null ? Math.max(0, startedMs - createdMs) : null,
    ...{ task_log_info: null, error_message: null, is_debugger_paused: null, call_site: null, label_selector: {}, owner_worker_id: null },
    ...more,
  }
}

function eventsOf({ state, createdMs, startedMs, endedMs }: TaskRecord): Row[] {
  const at = [
    [stateCodes.PENDING_ARGS_AVAIL, createdMs],
    [stateCodes.RUNNING, startedMs],
    [state, endedMs],
  ] as const
  return at.flatMap(([code, time]) => (time === null ? [] : [{ state: taskStates[code] ?? 'NIL', created_ms: time }]))
}

/** From the exact times of its states, where those were told. */
function profileOf({ startedMs, endedMs, workerId, nodeId, more }: TaskRecord): Row | null {
  if (startedMs === null || endedMs === null || workerId === null) return null
  const events = Array.isArray(more?.['events']) ? (more['events'] as readonly Row[]) : [] // as the list sent it
  const start = events.find((event) => event['state'] === 'RUNNING')?.['created_ms'] ?? startedMs
  const end = events.at(-1)?.['created_ms'] ?? endedMs
  return {
    component_type: 'worker',
    component_id: workerId,
    node_id: nodeId,
    events: [{ event_name: 'task:execute', start_time: start, end_time: end, extra_data: {} }],
  }
}
