/** Ray's states of a task attempt in Ray's order: the last one that has been reached is the state (Ray: common.proto, TaskStatus). */
export const taskStates = [
  'NIL',
  'PENDING_ARGS_AVAIL',
  'PENDING_NODE_ASSIGNMENT',
  'PENDING_OBJ_STORE_MEM_AVAIL',
  'PENDING_ARGS_FETCH',
  'SUBMITTED_TO_WORKER',
  'PENDING_ACTOR_TASK_ARGS_FETCH',
  'PENDING_ACTOR_TASK_ORDERING_OR_CONCURRENCY',
  'RUNNING',
  'RUNNING_IN_RAY_GET',
  'RUNNING_IN_RAY_WAIT',
  'FINISHED',
  'FAILED',
  'GETTING_AND_PINNING_ARGS',
] as const
export type TaskState = (typeof taskStates)[number]

/** The states as they stand in a report, by name. */
export const stateCodes = Object.fromEntries(taskStates.map((state, code) => [state, code])) as Record<TaskState, number> // one entry for each

export const taskTypes = ['NORMAL_TASK', 'ACTOR_CREATION_TASK', 'ACTOR_TASK', 'DRIVER_TASK'] as const

/** Ray's names of why a task failed (Ray: common.proto, ErrorType); only those that can happen here. Add at the end: places are on the wire. */
export const taskErrorTypes = [
  'WORKER_DIED',
  'ACTOR_DIED',
  'TASK_EXECUTION_EXCEPTION',
  'TASK_CANCELLED',
  'ACTOR_CREATION_FAILED',
  'RUNTIME_ENV_SETUP_FAILED',
  'OBJECT_LOST',
  'OWNER_DIED',
  'DEPENDENCY_RESOLUTION_FAILED',
  'OBJECT_FETCH_TIMED_OUT',
  'TASK_PLACEMENT_GROUP_REMOVED',
  'ACTOR_PLACEMENT_GROUP_REMOVED',
  'TASK_UNSCHEDULABLE_ERROR',
  'ACTOR_UNSCHEDULABLE_ERROR',
  'OUT_OF_DISK_ERROR',
  'OBJECT_FREED',
  'OUT_OF_MEMORY',
  'NODE_DIED',
  'ACTOR_UNAVAILABLE',
  'OBJECT_UNRECONSTRUCTABLE_PUT',
  'OBJECT_UNRECONSTRUCTABLE_RETRIES_DISABLED',
  'LOCAL_RAYLET_DIED',
  'STREAMING_GENERATOR_REPLAY_INCONSISTENT',
] as const
export type TaskErrorType = (typeof taskErrorTypes)[number]

/** Ray's name for an error of ours that ended a task. */
export function errorTypeOf(code: string): TaskErrorType {
  return byCode[code] ?? 'TASK_EXECUTION_EXCEPTION'
}

const byCode: Readonly<Record<string, TaskErrorType>> = {
  'task.cancelled': 'TASK_CANCELLED',
  'task.replay-inconsistent': 'STREAMING_GENERATOR_REPLAY_INCONSISTENT',
  'task.unschedulable': 'TASK_UNSCHEDULABLE_ERROR',
  'worker.crashed': 'WORKER_DIED',
  'worker.out-of-memory': 'OUT_OF_MEMORY',
  'node.died': 'NODE_DIED',
  'actor.died': 'ACTOR_DIED',
  'actor.unavailable': 'ACTOR_UNAVAILABLE',
  'actor.unschedulable': 'ACTOR_UNSCHEDULABLE_ERROR',
  'group.removed': 'TASK_PLACEMENT_GROUP_REMOVED',
  'object.lost': 'OBJECT_LOST',
  'object.freed': 'OBJECT_FREED',
  'object.owner-died': 'OWNER_DIED',
  'object.fetch-timed-out': 'OBJECT_FETCH_TIMED_OUT',
  'object.not-reconstructable': 'OBJECT_UNRECONSTRUCTABLE_RETRIES_DISABLED',
  'store.disk-full': 'OUT_OF_DISK_ERROR',
  'function.not-portable': 'RUNTIME_ENV_SETUP_FAILED',
}

/** The task that stands for a job's driver, as Ray forms its id. */
export const driverTaskOf = (jobId: string): string => 'f'.repeat(40) + jobId

/** The task id of an actor's constructor, as Ray forms it: nil before the actor's id. */
export const creationTaskOf = (actorId: string): string => 'f'.repeat(16) + actorId
