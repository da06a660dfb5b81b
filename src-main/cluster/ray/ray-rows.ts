import type { PageId } from '../answers.ts'
import type { Row } from './list-page.ts'

/** How a list of ours is read from Ray's State API. */
export type RayResource = {
  readonly resource: string
  readonly sort: string | undefined
  readonly keyOf: (row: Row) => string
  readonly rowOf: (row: Row) => Row
  /** What Ray can look for before it cuts its list off, with `=`. */
  readonly pushed: readonly string[]
}

const textIn = (row: Row, column: string): string => (typeof row[column] === 'string' ? row[column] : '')
const minusOne = 2 ** 64
/** Ray sends whole numbers of 64 bits as text, and -1 among them as 2^64 - 1. */
const wholeFrom = (value: unknown): unknown => {
  const number = typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && number >= minusOne ? null : number
}
const withNumbers = (row: Row, columns: readonly string[]): Row => ({
  ...row,
  ...Object.fromEntries(columns.filter((column) => Object.hasOwn(row, column)).map((column) => [column, wholeFrom(row[column])])),
})
const timeOf = (value: unknown): number | null => (typeof value === 'number' && value > 0 ? value : null)
const same = (row: Row): Row => row
const id = (column: string) => (row: Row) => textIn(row, column)

/** By the ids of the routes that list them; jobs have a list of their own. */
export const rayResources: Readonly<Record<Exclude<PageId, 'listShoalJobs'>, RayResource>> = {
  pageNodes: {
    ...{ resource: 'nodes', sort: undefined, keyOf: id('node_id'), pushed: [] },
    rowOf: (row) => ({ labels: {}, state_message: null, ...withNumbers(row, ['start_time_ms', 'end_time_ms']) }),
  },
  pageTasks: {
    ...{ resource: 'tasks', sort: '-creation_time_ms', rowOf: taskRow },
    keyOf: (row) => `${textIn(row, 'task_id')}:${String(row['attempt_number'] ?? 0).padStart(6, '0')}`,
    pushed: ['task_id', 'actor_id', 'job_id', 'name', 'state'],
  },
  pageActors: {
    ...{ resource: 'actors', sort: undefined, keyOf: id('actor_id'), pushed: ['actor_id', 'state', 'job_id'] },
    rowOf: (row) => withNumbers(row, ['num_restarts', 'num_restarts_due_to_lineage_reconstruction', 'num_restarts_due_to_node_preemption']),
  },
  pageObjects: {
    ...{ resource: 'objects', sort: undefined, rowOf: same, pushed: [] },
    keyOf: (row) => ['object_id', 'ip', 'pid', 'reference_type', 'attempt_number'].map((column) => String(row[column])).join(' '),
  },
  pageWorkers: {
    ...{ resource: 'workers', sort: undefined, keyOf: id('worker_id'), pushed: [] },
    rowOf: (row) => withNumbers(row, ['worker_launch_time_ms', 'worker_launched_time_ms', 'start_time_ms', 'end_time_ms']),
  },
  pagePlacementGroups: {
    ...{ resource: 'placement_groups', sort: undefined, keyOf: id('placement_group_id'), pushed: [] },
    rowOf: (row) => ({ strategy: null, state_message: null, ...row }),
  },
  pageRuntimeEnvs: {
    ...{ resource: 'runtime_envs', sort: undefined, pushed: [] },
    keyOf: (row) => `${textIn(row, 'node_id')} ${JSON.stringify(row['runtime_env'])}`,
    rowOf: (row) => withNumbers(row, ['creation_time_ms', 'ref_cnt']),
  },
  pageClusterEvents: {
    ...{ resource: 'cluster_events', sort: undefined, rowOf: same, pushed: [] },
    keyOf: (row) => `${textIn(row, 'time')} ${textIn(row, 'event_id')}`,
  },
}

function taskRow(row: Row): Row {
  const [created, started, ended] = ['creation_time_ms', 'start_time_ms', 'end_time_ms'].map((column) => timeOf(row[column]))
  return {
    ...row,
    duration_ms: started && ended ? Math.max(0, ended - started) : null,
    queued_ms: created && started ? Math.max(0, started - created) : null,
  }
}

/** Of Ray's list of jobs, as ours has it. Nobody tells what it asked for. */
export function jobRow(job: Row): Row {
  const status = textIn(job, 'status')
  const started = timeOf(job['start_time'])
  return {
    ...{ type: 'SUBMISSION', job_id: null, submission_id: null, driver_info: null, status: 'PENDING', entrypoint: '', message: null },
    ...{ error_type: null, metadata: null, runtime_env: null, driver_agent_http_address: null, driver_node_id: null },
    driver_exit_code: null,
    ...job,
    start_time: started,
    end_time: timeOf(job['end_time']),
    id: textIn(job, 'submission_id') || textIn(job, 'job_id'),
    ...{ priority: null, queue_position: null, resources: null, labels: [] },
    reason: status === 'PENDING' ? (job['message'] ?? null) : null,
    running_since: status === 'PENDING' ? null : started,
  }
}

export const jobKey = (row: Row): string => textIn(row, 'id')
