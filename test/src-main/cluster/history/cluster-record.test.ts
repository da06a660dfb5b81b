import { expect, test } from 'vitest'
import { taskOfEvent, taskOfList } from '#src-main/cluster/history/core/task-row.ts'
import { createRecordedClient } from '#src-main/cluster/history/recorded-client.ts'
import { aHistory, clusterId } from './a-history.ts'

const attempt = { task_id: 'ab'.repeat(24), attempt_number: 0, name: 'double', type: 'NORMAL_TASK', job_id: '01000000' }
const died = { ...attempt, state: 'FAILED', error_type: 'WORKER_DIED' }
const finished = { ...attempt, state: 'FINISHED', error_type: null }

function aRecord() {
  const { history } = aHistory()
  const client = createRecordedClient(history, clusterId)
  return { record: history.record(clusterId), rows: async () => (await client.page('pageTasks')).rows }
}

test('an attempt that had died with its worker, and had ended well before, stands as ended well', async () => {
  for (const late of [taskOfEvent(finished, 30), taskOfList({ ...finished, end_time_ms: 20 })]) {
    const { record, rows } = aRecord()
    record.together(() => {
      record.putTask(taskOfEvent(died, 20), 20)
      record.putTask(late, 30)
    })
    expect(await rows()).toMatchObject([{ state: 'FINISHED', error_type: null }])
  }
})

test('what is told late of the beginning of an attempt does not take back its end', async () => {
  const { record, rows } = aRecord()
  record.together(() => {
    record.putTask(taskOfEvent(died, 20), 20)
    record.putTask(taskOfEvent({ ...attempt, state: 'RUNNING' }, 10), 30)
  })
  expect(await rows()).toMatchObject([{ state: 'FAILED', error_type: 'WORKER_DIED' }])
})
