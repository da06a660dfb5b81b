import { expect, test } from 'vitest'
import { isOver, jobIdOfEvent, rowAfterEvent } from '#src-main/cluster/history/core/rows.ts'

test('an event changes what it tells of and leaves what only the list knows', () => {
  const known = { node_id: 'n', state: 'ALIVE', resources_total: { CPU: 2, object_store_memory: 5 }, labels: { a: 'b' }, is_linked: true }
  expect(
    rowAfterEvent('nodes', known, { node_id: 'n', state: 'ALIVE', is_linked: false, resources_total: { CPU: 2 }, labels: {} }),
  ).toEqual({
    ...known,
    is_linked: false,
  })
  expect(rowAfterEvent('nodes', known, { node_id: 'n', state: 'DEAD', end_time_ms: 7 })).toMatchObject({
    state: 'DEAD',
    end_time_ms: 7,
    resources_total: {},
  })
})

test('a job that no list told of has every column of its list', () => {
  const row = rowAfterEvent('jobs', undefined, {
    type: 'SUBMISSION',
    submission_id: 's',
    status: 'PENDING',
    entrypoint: 'true',
    start_time: 5,
  })
  expect(row).toMatchObject({
    id: 's',
    submission_id: 's',
    job_id: null,
    status: 'PENDING',
    labels: [],
    queue_position: null,
    running_since: null,
  })
  const running = rowAfterEvent(
    'jobs',
    { ...row, queue_position: 1, reason: 'waits' },
    { submission_id: 's', status: 'RUNNING', driver_node_id: 'n' },
  )
  expect(running).toMatchObject({ status: 'RUNNING', queue_position: null, reason: null, driver_node_id: 'n' })
})

test('a program that joined from inside a job is no row of its own', () => {
  const event = { type: 'DRIVER', submission_id: 's', job_id: '01000000', status: 'RUNNING' }
  expect(rowAfterEvent('jobs', undefined, event)).toBeUndefined()
  expect(jobIdOfEvent('01000000', event)).toBe('s')
  expect(rowAfterEvent('jobs', { id: 's', status: 'RUNNING' }, event)).toEqual({ id: 's', status: 'RUNNING', job_id: '01000000' })
  const own = { type: 'DRIVER', submission_id: null, job_id: '02000000', status: 'RUNNING' }
  expect(rowAfterEvent('jobs', undefined, own)).toMatchObject({ id: '02000000', type: 'DRIVER' })
})

test('what has ended may be forgotten for its age, the rest may not', () => {
  expect([
    isOver('nodes', { state: 'DEAD' }),
    isOver('jobs', { status: 'FAILED' }),
    isOver('placement_groups', { state: 'REMOVED' }),
  ]).toEqual([true, true, true])
  expect([isOver('nodes', { state: 'ALIVE' }), isOver('jobs', { status: 'PENDING' }), isOver('actors', { state: 'RESTARTING' })]).toEqual([
    false,
    false,
    false,
  ])
})
