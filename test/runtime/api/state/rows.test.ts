import { expect, test } from 'vitest'
import { ActorStateRow } from '#runtime/api/state/actors.ts'
import { ClusterEventStateRow } from '#runtime/api/state/cluster-events.ts'
import { JobStateRow } from '#runtime/api/state/jobs.ts'
import { NodeStateRow } from '#runtime/api/state/nodes.ts'
import { ObjectStateRow } from '#runtime/api/state/objects.ts'
import { PlacementGroupStateRow } from '#runtime/api/state/placement-groups.ts'
import { StateListQuery } from '#runtime/api/state/query.ts'
import { RuntimeEnvStateRow } from '#runtime/api/state/runtime-envs.ts'
import { TaskStateRow } from '#runtime/api/state/tasks.ts'
import { WorkerStateRow } from '#runtime/api/state/workers.ts'

test('what a Ray head sends as text is read as the number it means, and 2^64-1 as -1', () => {
  const worker = { worker_id: 'a', is_alive: true, worker_type: 'WORKER', exit_type: null, node_id: 'b', ip: '1.2.3.4', pid: 5 }
  expect(
    WorkerStateRow.parse({
      ...worker,
      worker_launch_time_ms: 2 ** 64, // what JSON.parse makes of 18446744073709551615
      worker_launched_time_ms: '18446744073709551615',
      start_time_ms: '12',
      end_time_ms: 0,
    }),
  ).toMatchObject({
    ...{ worker_launch_time_ms: -1, worker_launched_time_ms: -1, start_time_ms: 12, end_time_ms: 0 },
  })
  const actor = { actor_id: 'a', class_name: 'C', state: 'ALIVE', job_id: '01000000', name: '', node_id: 'n', pid: 1, ray_namespace: 'x' }
  expect(
    ActorStateRow.parse({
      ...actor,
      num_restarts: '0',
      num_restarts_due_to_lineage_reconstruction: '0',
      num_restarts_due_to_node_preemption: '3',
    }),
  ).toMatchObject({
    ...{ num_restarts: 0, num_restarts_due_to_node_preemption: 3 },
  })
  const env = { runtime_env: { pip: ['x'] }, success: true, creation_time_ms: '123.5', node_id: 'n', ref_cnt: '2' }
  expect(RuntimeEnvStateRow.parse(env)).toMatchObject({ creation_time_ms: 123.5, ref_cnt: 2 })
  expect(ObjectStateRow.parse({ ...object, object_size: '18446744073709551615' })).toMatchObject({ object_size: -1 })
})

const object = {
  object_id: 'a',
  object_size: 1,
  task_status: 'FINISHED',
  attempt_number: 1,
  reference_type: 'LOCAL_REFERENCE',
  call_site: 'disabled',
  type: 'DRIVER',
  pid: 1,
  ip: 'i',
}

test('rows as a Ray head sends them without detail are read, and keys that nobody knows are passed over', () => {
  const task = {
    ...{ task_id: 'a', attempt_number: 0, name: 'f', state: 'FINISHED', job_id: '01000000', actor_id: null, type: 'NORMAL_TASK' },
    ...{ func_or_class_name: 'f', parent_task_id: 'p', node_id: 'n', worker_id: 'w', worker_pid: 3, error_type: null, new_in_2_99: 1 },
  }
  expect(TaskStateRow.parse(task)).not.toHaveProperty('new_in_2_99')
  expect(
    TaskStateRow.parse({ ...task, events: [{ state: 'RUNNING', created_ms: 1.5 }], creation_time_ms: 1.5, language: 'PYTHON' })
      .creation_time_ms,
  ).toBe(1.5)
  const node = {
    node_id: 'a',
    node_ip: 'i',
    is_head_node: true,
    state: 'ALIVE',
    state_message: null,
    node_name: 'i',
    resources_total: { CPU: 2 },
    labels: {},
  }
  expect(NodeStateRow.safeParse(node).success).toBe(true)
  const job = {
    job_id: '01000000',
    submission_id: null,
    entrypoint: 'x',
    type: 'DRIVER',
    status: 'RUNNING',
    message: null,
    error_type: null,
  }
  expect(JobStateRow.safeParse({ ...job, driver_info: { id: '01000000', node_ip_address: 'i', pid: '4' } }).success).toBe(true)
  expect(PlacementGroupStateRow.safeParse({ placement_group_id: 'a', name: '', creator_job_id: 'j', state: 'CREATED' }).success).toBe(true)
  const event = { severity: 'INFO', time: '2026-01-01 00:00:00', source_type: 'JOBS', message: 'm', event_id: 'e' }
  expect(ClusterEventStateRow.safeParse(event).success).toBe(true)
})

test('a state that Ray has not is refused, as its own clients fail on it', () => {
  expect(
    NodeStateRow.safeParse({
      ...{ node_id: 'a', node_ip: 'i', is_head_node: true, node_name: 'i', resources_total: {}, labels: {} },
      state: 'DRAINING',
    }).success,
  ).toBe(false)
})

test('parameters are taken in Ray’s spellings and no others', () => {
  expect(StateListQuery.parse({})).toMatchObject({ limit: 100, timeout: 30, detail: false, exclude_driver: true, filter_keys: [] })
  expect(StateListQuery.parse({ detail: '1', exclude_driver: 'False', limit: '10000', filter_keys: 'a' })).toMatchObject({
    ...{ detail: true, exclude_driver: false, limit: 10_000, filter_keys: ['a'] },
  })
  for (const wrong of [{ detail: 'yes' }, { limit: '10001' }, { limit: '1e3' }, { timeout: '1.5' }, { timeout: '0' }]) {
    expect(StateListQuery.safeParse(wrong).success).toBe(false)
  }
})
