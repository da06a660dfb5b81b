export type Row = Readonly<Record<string, unknown>>

/** Things whose lists are kept as rows, by the names of their lists. */
export const thingKinds = ['nodes', 'jobs', 'actors', 'placement_groups', 'cluster_events'] as const
export type ThingKind = (typeof thingKinds)[number]

const jobColumns = ['job_id', 'submission_id', 'entrypoint', 'type', 'status', 'message', 'error_type', 'driver_info']

/** What a list shows without `detail`, what tells its rows apart, and how it is ordered where nobody asks. */
export const thingLists: Readonly<Record<ThingKind, { plain: readonly string[]; key: readonly string[]; sort: string | null }>> = {
  nodes: {
    plain: ['node_id', 'node_ip', 'is_head_node', 'state', 'state_message', 'node_name', 'resources_total', 'labels'],
    key: ['node_id'],
    sort: null,
  },
  jobs: {
    plain: ['id', ...jobColumns, 'priority', 'queue_position', 'reason', 'start_time', 'end_time'],
    key: ['id'],
    sort: '-start_time',
  },
  actors: {
    plain: ['actor_id', 'class_name', 'state', 'job_id', 'name', 'node_id', 'pid', 'ray_namespace'],
    key: ['actor_id'],
    sort: null,
  },
  placement_groups: { plain: ['placement_group_id', 'name', 'creator_job_id', 'state'], key: ['placement_group_id'], sort: null },
  cluster_events: { plain: ['severity', 'time', 'source_type', 'message', 'event_id'], key: ['time', 'event_id'], sort: null },
}

/** Of Ray's list of jobs, which has fewer columns than ours. */
export const rayJobColumns = {
  plain: jobColumns,
  detail: [
    ...jobColumns,
    'start_time',
    'end_time',
    'metadata',
    'runtime_env',
    'driver_agent_http_address',
    'driver_node_id',
    'driver_exit_code',
  ],
}

export const keyOf = (kind: ThingKind, row: Row): string =>
  thingLists[kind].key.map((column) => (typeof row[column] === 'string' ? row[column] : '')).join('\n')

/** Whether nothing more happens to it, so that it may be forgotten for its age. */
export function isOver(kind: ThingKind, row: Row): boolean {
  const state = row['state'] ?? row['status']
  return (
    kind === 'cluster_events' ||
    state === 'DEAD' ||
    state === 'REMOVED' ||
    state === 'STOPPED' ||
    state === 'SUCCEEDED' ||
    state === 'FAILED'
  )
}

/** The list that an event's thing stands in. */
export function kindOfEvent(kind: string): ThingKind | undefined {
  switch (kind) {
    case 'node':
      return 'nodes'
    case 'job':
      return 'jobs'
    case 'actor':
      return 'actors'
    case 'placement_group':
      return 'placement_groups'
    default:
      return undefined
  }
}

/**
 * A row of the list as an event leaves it. Events tell less than lists: what an event does not know stays as the list said, and a thing that
 * no list told of yet gets the columns of its list, empty. Undefined: the event is about no row of its own.
 */
export function rowAfterEvent(kind: ThingKind, known: Row | undefined, event: Row): Row | undefined {
  switch (kind) {
    case 'nodes': {
      const dead = event['state'] === 'DEAD' ? { resources_total: {} } : {}
      return { ...event, ...known, ...only(event, ['state', 'state_message', 'is_draining', 'is_linked', 'end_time_ms']), ...dead }
    }
    case 'actors':
      return {
        ...emptyActor,
        ...only(event, Object.keys(emptyActor)),
        ...known,
        ...only(event, ['state', 'node_id', 'worker_id', 'num_restarts']),
        ...(event['state'] === 'ALIVE' ? {} : { pid: known?.['pid'] ?? null }),
        ...(event['death_cause'] ? { death_cause: known?.['death_cause'] ?? event['death_cause'] } : {}),
      }
    case 'placement_groups': {
      const all = { ...emptyGroup, ...only(event, Object.keys(emptyGroup)), ...known, ...only(event, ['state']) }
      return { ...all, state_message: event['why'] ?? (event['state'] === 'REMOVED' ? all.state_message : null) }
    }
    case 'jobs':
      return jobAfterEvent(known, event)
    case 'cluster_events':
      return undefined
  }
}

/** A program that joined from inside a submitted job is no row of its own. */
function jobAfterEvent(known: Row | undefined, event: Row): Row | undefined {
  if (event['type'] === 'DRIVER' && typeof event['submission_id'] === 'string') return known && { ...known, job_id: event['job_id'] }
  const ended = event['status'] === 'SUCCEEDED' || event['status'] === 'FAILED' || event['status'] === 'STOPPED'
  return {
    ...emptyJob,
    ...only(event, Object.keys(emptyJob)),
    id: event['submission_id'] ?? event['job_id'],
    ...known,
    ...only(event, ['status', 'error_type', 'driver_exit_code', 'end_time']),
    ...(typeof event['message'] === 'string' && event['message'] !== '' ? { message: event['message'] } : {}),
    ...(event['driver_node_id'] ? { driver_node_id: event['driver_node_id'] } : {}),
    ...(event['job_id'] ? { job_id: event['job_id'] } : {}),
    ...(ended || event['status'] === 'RUNNING' ? { queue_position: null, reason: null } : {}),
  }
}

/** The submission that an event of a job is about; undefined where it is about a program that joined by itself. */
export const jobIdOfEvent = (id: string, event: Row): string => (typeof event['submission_id'] === 'string' ? event['submission_id'] : id)

const only = (row: Row, columns: readonly string[]): Row =>
  Object.fromEntries(columns.filter((column) => Object.hasOwn(row, column)).map((column) => [column, row[column]]))

const emptyJob = {
  ...{ type: 'SUBMISSION', job_id: null, submission_id: null, driver_info: null, status: 'PENDING', entrypoint: '', message: null },
  ...{ error_type: null, start_time: null, end_time: null, metadata: {}, runtime_env: {}, driver_agent_http_address: null },
  ...{ driver_node_id: null, driver_exit_code: null, id: '', priority: null, queue_position: null, reason: null, resources: null },
  ...{ labels: [], running_since: null },
}
const emptyActor = {
  ...{ actor_id: '', class_name: '', state: 'PENDING_CREATION', job_id: '', name: '', node_id: null, pid: null, ray_namespace: null },
  ...{
    serialized_runtime_env: '{}',
    required_resources: {},
    death_cause: null,
    is_detached: null,
    placement_group_id: null,
    repr_name: '',
  },
  ...{ num_restarts: 0, num_restarts_due_to_lineage_reconstruction: 0, num_restarts_due_to_node_preemption: 0, call_site: null },
  ...{ label_selector: {}, fallback_strategy: null, worker_id: null, pending_since_ms: null },
}
const emptyGroup = {
  ...{ placement_group_id: '', name: '', creator_job_id: '', state: 'PENDING', bundles: null, is_detached: null, stats: {} },
  ...{ topology_strategy: {}, topology_assignments: {}, strategy: null, state_message: null as unknown },
}
