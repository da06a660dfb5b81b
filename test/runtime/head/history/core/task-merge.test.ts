import { expect, test } from 'vitest'
import { mergeReports, presumeEnded } from '#runtime/head/history/core/task-merge.ts'
import { TaskTable } from '#runtime/head/history/core/task-table.ts'
import { TaskHistory } from '#runtime/head/history/task-history.ts'
import { TaskReports, type EventBatch } from '#runtime/protocol/events.ts'
import { openReports } from '#runtime/protocol/task-reports.ts'
import { unpackPlain } from '#runtime/transport/packed.ts'
import { aBatch, actorOf, callOf, jobOf, nodeOf, taskOf, workerOf } from '../batches.ts'

const everything = {
  filters: [],
  sort: { column: 'task_id', isDescending: false },
  limit: 1_000,
  after: null,
  excludeDriver: false,
  isDetailed: true,
} as const

const aHistory = () => new TaskHistory(1_000)
const rowsOf = (history: TaskHistory) => JSON.parse(history.page(everything).rowsJson) as Record<string, unknown>[]
const onlyRow = (history: TaskHistory) => {
  const rows = rowsOf(history)
  expect(rows).toHaveLength(1)
  return rows[0]!
}

test('an attempt ends in the last state of Ray’s order, whatever order the reports come in', () => {
  const reports = [
    aBatch([{ taskId: taskOf(1), state: 'PENDING_ARGS_AVAIL', createdMs: 10 }], { worker: 9, isOwner: true }),
    aBatch([{ taskId: taskOf(1), state: 'SUBMITTED_TO_WORKER', createdMs: 10, place: 2 }], { worker: 9, isOwner: true }),
    aBatch([{ taskId: taskOf(1), state: 'RUNNING', createdMs: 11, startedMs: 20 }], { worker: 2, node: 2 }),
    aBatch([{ taskId: taskOf(1), state: 'FINISHED', createdMs: 11, startedMs: 20, endedMs: 30 }], { worker: 2, node: 2 }),
  ]
  for (const order of [reports, [...reports].reverse(), [reports[2]!, reports[0]!, reports[3]!, reports[1]!]]) {
    const history = aHistory()
    for (const batch of order) history.take(batch)
    expect(onlyRow(history)).toMatchObject({
      ...{ state: 'FINISHED', creation_time_ms: 10, start_time_ms: 20, end_time_ms: 30 },
      ...{ worker_id: workerOf(2), node_id: nodeOf(2), worker_pid: 1_002, owner_worker_id: workerOf(9) },
    })
  }
})

test('what runs may begin to wait for others and go on again, and does not go back behind its end', () => {
  const history = aHistory()
  history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 1 }]))
  history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING_IN_RAY_GET', startedMs: 1 }]))
  expect(onlyRow(history)['state']).toBe('RUNNING_IN_RAY_GET')
  history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 1 }]))
  expect(onlyRow(history)['state']).toBe('RUNNING')
  history.take(aBatch([{ taskId: taskOf(1), state: 'FAILED', startedMs: 1, endedMs: 2 }]))
  history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 1 }]))
  expect(onlyRow(history)).toMatchObject({ state: 'FAILED', end_time_ms: 2 })
})

test('attempts are rows of their own', () => {
  const history = aHistory()
  history.take(aBatch([{ taskId: taskOf(1), state: 'FAILED', endedMs: 5, error: ['WORKER_DIED', 'it died'] }], { isOwner: true }))
  history.take(aBatch([{ taskId: taskOf(1), attempt: 1, state: 'FINISHED', startedMs: 6, endedMs: 7 }]))
  expect(rowsOf(history).map((row) => [row['attempt_number'], row['state'], row['error_type']])).toEqual([
    [0, 'FAILED', 'WORKER_DIED'],
    [1, 'FINISHED', null],
  ])
})

test('the type, the job, the actor and the parent follow from ids', () => {
  const actor = actorOf(7, 3)
  const history = aHistory()
  history.take(
    aBatch([
      { taskId: callOf(5, actor), state: 'RUNNING', startedMs: 1, parentId: taskOf(2, 3) },
      { taskId: 'f'.repeat(16) + actor, state: 'FINISHED', endedMs: 1 },
      { taskId: 'f'.repeat(40) + jobOf(3), state: 'RUNNING', startedMs: 1 },
      { taskId: taskOf(2, 3), state: 'RUNNING', startedMs: 1 },
    ]),
  )
  const rows = Object.fromEntries(rowsOf(history).map((row) => [row['type'], row]))
  expect(rows['ACTOR_TASK']).toMatchObject({ actor_id: actor, job_id: jobOf(3), parent_task_id: taskOf(2, 3) })
  expect(rows['ACTOR_CREATION_TASK']).toMatchObject({ actor_id: actor, job_id: jobOf(3) })
  expect(rows['DRIVER_TASK']).toMatchObject({ actor_id: null, job_id: jobOf(3) })
  expect(rows['NORMAL_TASK']).toMatchObject({ actor_id: null, parent_task_id: 'f'.repeat(40) + jobOf(3) })
})

test('the message of the worker stays where the owner knows only the class, and resources come from whoever knows them', () => {
  const history = aHistory()
  history.take(
    aBatch([{ taskId: taskOf(1), state: 'FAILED', startedMs: 1, endedMs: 2, error: ['TASK_EXECUTION_EXCEPTION', 'TypeError: no'] }]),
  )
  history.take(
    aBatch([{ taskId: taskOf(1), state: 'FAILED', endedMs: 2, resources: { CPU: 2 }, error: ['TASK_EXECUTION_EXCEPTION', 'TypeError'] }], {
      isOwner: true,
    }),
  )
  expect(onlyRow(history)).toMatchObject({ error_message: 'TypeError: no', required_resources: { CPU: 2 } })
})

test('the part of the log is told by file and bytes', () => {
  const history = aHistory()
  history.take(aBatch([{ taskId: taskOf(1), state: 'FINISHED', startedMs: 1, endedMs: 2, logs: [10, 20, 3, 3] }], { worker: 4, pid: 77 }))
  expect(onlyRow(history)['task_log_info']).toEqual({
    stdout_file: `worker-${workerOf(4)}-${jobOf(1)}-77.out`,
    stderr_file: `worker-${workerOf(4)}-${jobOf(1)}-77.err`,
    ...{ stdout_start: 10, stdout_end: 20, stderr_start: 3, stderr_end: 3 },
  })
})

test('what a dead process ran, owned or was to run counts as failed, until somebody who knows says otherwise', () => {
  const history = aHistory()
  history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 1 }], { worker: 5 }))
  history.take(aBatch([{ taskId: taskOf(2), state: 'PENDING_NODE_ASSIGNMENT', createdMs: 1 }], { worker: 6, isOwner: true }))
  history.take(aBatch([{ taskId: taskOf(3), state: 'FINISHED', startedMs: 1, endedMs: 2 }], { worker: 5 }))
  history.take(aBatch([{ taskId: taskOf(4), state: 'RUNNING', startedMs: 1 }], { worker: 7 }))
  history.ended({ workerIds: [workerOf(5), workerOf(6)], nodeIds: [], jobIds: [], atMs: 9 })
  expect(rowsOf(history).map((row) => [row['state'], row['error_type'], row['end_time_ms']])).toEqual([
    ['FAILED', 'WORKER_DIED', 9],
    ['FAILED', 'OWNER_DIED', 9],
    ['FINISHED', null, 2],
    ['RUNNING', null, null],
  ])
  history.take(aBatch([{ taskId: taskOf(1), state: 'FINISHED', startedMs: 1, endedMs: 3 }], { worker: 5 }))
  expect(rowsOf(history)[0]).toMatchObject({ state: 'FINISHED', error_type: null, error_message: null, end_time_ms: 3 })
})

test('the end of a job ends what it had not finished, but not what runs in an actor that may outlive it', () => {
  const history = aHistory()
  const actor = actorOf(1, 2)
  history.take(
    aBatch([
      { taskId: taskOf(1, 2), state: 'RUNNING', startedMs: 1 },
      { taskId: callOf(2, actor), state: 'RUNNING', startedMs: 1 },
    ]),
  )
  history.take(aBatch([{ taskId: taskOf(3, 1), state: 'RUNNING', startedMs: 1 }]))
  history.ended({ workerIds: [], nodeIds: [], jobIds: [jobOf(2)], atMs: 9 })
  const states = Object.fromEntries(rowsOf(history).map((row) => [row['task_id'], row['state']]))
  expect(states).toEqual({ [taskOf(1, 2)]: 'FAILED', [callOf(2, actor)]: 'RUNNING', [taskOf(3, 1)]: 'RUNNING' })
})

test('what was lost on the way is told with every list', () => {
  const history = aHistory()
  history.take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 1 }], { dropped: 12 }))
  expect(history.page(everything).warnings).toEqual([expect.stringContaining('12 reports')])
})

test('the size of messages is that of those which are kept, also when what was presumed turns out not to be so', () => {
  const table = new TaskTable()
  const take = (batch: EventBatch) => mergeReports(table, openReports(TaskReports.parse(unpackPlain(batch.packed))), batch)
  take(aBatch([{ taskId: taskOf(1), state: 'RUNNING', startedMs: 1 }]))
  presumeEnded(table, { workerIds: [], nodeIds: [], jobIds: [jobOf(1)], atMs: 9 })
  expect(table.messageChars).toBeGreaterThan(0)
  take(aBatch([{ taskId: taskOf(1), state: 'FINISHED', startedMs: 1, endedMs: 10 }]))
  expect(table.messages.size).toBe(0)
  expect(table.messageChars).toBe(0)
})
