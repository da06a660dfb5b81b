/** The lists of the State API, in Ray's words. */
export type ResourceName =
  | 'nodes'
  | 'tasks'
  | 'actors'
  | 'objects'
  | 'workers'
  | 'jobs'
  | 'placement_groups'
  | 'runtime_envs'
  | 'cluster_events'

/** Which columns a list has (Ray: util/state/common.py). What is in no list here is shown with `detail` only. */
export type ResourceColumns = {
  /** Shown always. */
  readonly plain: readonly string[]
  /** May stand in a filter of Ray's; ours take any column. */
  readonly filterable: readonly string[]
  /** Told together they tell rows apart, and are what rows are ordered by at first. */
  readonly key: readonly string[]
}

const task = [
  ...['task_id', 'attempt_number', 'name', 'state', 'job_id', 'actor_id', 'type', 'func_or_class_name', 'parent_task_id'],
  ...['node_id', 'worker_id', 'worker_pid', 'error_type'],
]
const actor = ['actor_id', 'class_name', 'state', 'job_id', 'name', 'node_id', 'pid', 'ray_namespace']
const object = ['object_id', 'object_size', 'task_status', 'reference_type', 'call_site', 'type', 'pid', 'ip', 'attempt_number']
const worker = ['worker_id', 'is_alive', 'worker_type', 'exit_type', 'node_id', 'ip', 'pid']
const group = ['placement_group_id', 'name', 'creator_job_id', 'state']
const job = ['job_id', 'submission_id', 'entrypoint', 'type', 'status', 'message', 'error_type', 'driver_info']

export const resources: Readonly<Record<ResourceName, ResourceColumns>> = {
  nodes: {
    plain: ['node_id', 'node_ip', 'is_head_node', 'state', 'state_message', 'node_name', 'resources_total', 'labels'],
    filterable: ['node_id', 'node_ip', 'is_head_node', 'state', 'node_name'],
    key: ['node_id'],
  },
  tasks: { plain: task, filterable: [...task, 'language', 'placement_group_id', 'is_debugger_paused'], key: ['task_id'] },
  actors: { plain: actor, filterable: [...actor, 'placement_group_id', 'repr_name'], key: ['actor_id'] },
  objects: { plain: object, filterable: object, key: ['object_id', 'worker_id'] },
  workers: { plain: worker, filterable: [...worker, 'debugger_port', 'num_paused_threads'], key: ['worker_id'] },
  jobs: { plain: job, filterable: ['job_id', 'type', 'status', 'submission_id', 'error_type'], key: ['submission_id', 'job_id'] },
  placement_groups: { plain: group, filterable: [...group, 'is_detached'], key: ['placement_group_id'] },
  runtime_envs: {
    plain: ['runtime_env', 'success', 'creation_time_ms', 'node_id'],
    filterable: ['runtime_env', 'success', 'node_id', 'error'],
    key: ['node_id', 'runtime_env'],
  },
  cluster_events: {
    plain: ['severity', 'time', 'source_type', 'message', 'event_id'],
    filterable: ['severity', 'source_type', 'event_id'],
    key: ['time', 'event_id'],
  },
}
