import { expect, test } from 'vitest'
import { createNews, hearNews, jobsToLookAt, type NewsEvent, type NewsState, runningJobsOf } from '#src-main/electron/core/news.ts'

const settings = { stalledAfterMs: 600_000 }
const minute = 60_000
const clusterId = 'c-000000000001'

/** Hears events one after the other, and returns what each was worth telling, as `kind id`. */
const told = (state: NewsState, events: readonly NewsEvent[], nowMs = 0): string[] =>
  events.flatMap((event) => hearNews(state, event, { nowMs, settings })).map(({ kind, id }) => `${kind} ${id}`)

const jobRow = (status: string, more: object = {}) => ({
  type: 'SUBMISSION',
  submission_id: 'train-1',
  job_id: null,
  status,
  entrypoint: 'node train.ts',
  message: null,
  ...more,
})
const jobEvent = (status: string, more: object = {}): NewsEvent => ({
  type: 'cluster.happened',
  clusterId,
  event: { kind: 'job', id: 'train-1', type: status.toLowerCase(), row: jobRow(status, more) },
})
const nodeEvent = (row: Readonly<Record<string, unknown>>): NewsEvent => ({
  type: 'cluster.happened',
  clusterId,
  event: { kind: 'node', id: 'aa11', type: 'x', row: { node_name: 'gpu01', ...row } },
})
const operation = (state: 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted', more: object = {}): NewsEvent => ({
  type: 'operation.seen',
  operation: { id: 'op-1', state, title: 'Create lab', failure: null, clusterId, ...more },
})

test('a job that ends is told of once, with what it ran and what it said', () => {
  const state = createNews()
  expect(told(state, [jobEvent('PENDING'), jobEvent('RUNNING')])).toEqual([])
  const notices = hearNews(state, jobEvent('FAILED', { message: 'exit code 3' }), { nowMs: 0, settings })
  expect(notices).toEqual([{ kind: 'job-failed', clusterId, id: 'train-1', title: 'node train.ts', message: 'exit code 3' }])
  expect(told(state, [jobEvent('FAILED'), jobEvent('FAILED')])).toEqual([])
})

test('a job that ended before anybody listened is not told of, and one that ended while the connection was away is', () => {
  const state = createNews()
  const list = (status: string): NewsEvent => ({ type: 'jobs.listed', clusterId, rows: [jobRow(status)] })
  expect(told(state, [list('SUCCEEDED'), jobEvent('SUCCEEDED')])).toEqual([])
  const other = createNews()
  expect(told(other, [jobEvent('RUNNING'), { type: 'cluster.away', clusterId }])).toEqual([])
  expect(told(other, [list('SUCCEEDED'), list('SUCCEEDED')])).toEqual(['job-succeeded train-1'])
})

test('a job that is deleted and submitted again under its name is a new one', () => {
  const state = createNews()
  const deleted: NewsEvent = { type: 'cluster.happened', clusterId, event: { kind: 'job', id: 'train-1', type: 'deleted', row: {} } }
  expect(told(state, [jobEvent('STOPPED'), deleted, jobEvent('RUNNING'), jobEvent('STOPPED')])).toEqual([
    'job-stopped train-1',
    'job-stopped train-1',
  ])
})

test('the program of a job is no job of its own, and one that joined by itself is', () => {
  const state = createNews()
  const driver = (row: Readonly<Record<string, unknown>>): NewsEvent => ({
    type: 'cluster.happened',
    clusterId,
    event: { kind: 'job', id: '01000000', type: 'x', row },
  })
  const row = { type: 'DRIVER', job_id: '01000000', status: 'SUCCEEDED', entrypoint: 'repl' }
  expect(told(state, [driver({ ...row, submission_id: 'train-1' })])).toEqual([])
  expect(told(state, [driver({ ...row, submission_id: null })])).toEqual(['job-succeeded 01000000'])
})

test('a job that runs without a sign of life for ten minutes has stalled, once', () => {
  const state = createNews()
  told(state, [jobEvent('RUNNING')])
  const look = (tail: string): NewsEvent => ({ type: 'job.looked-at', clusterId, jobId: 'train-1', tail })
  expect(jobsToLookAt(state, { nowMs: minute, settings })).toEqual([])
  expect(jobsToLookAt(state, { nowMs: 2 * minute, settings }).map(({ jobId }) => jobId)).toEqual(['train-1'])
  expect(jobsToLookAt(state, { nowMs: 2 * minute, settings })).toEqual([])
  expect(told(state, [look('step 1')], 2 * minute)).toEqual([])
  expect(told(state, [look('step 1'), { type: 'tick' }], 9 * minute)).toEqual([])
  const [stalled] = hearNews(state, { type: 'tick' }, { nowMs: 10 * minute, settings })
  expect(stalled).toMatchObject({ kind: 'job-stalled', id: 'train-1', sinceMs: 0 })
  expect(told(state, [{ type: 'tick' }], 30 * minute)).toEqual([])
})

test.each([
  ['it writes to its log', { type: 'job.looked-at', clusterId, jobId: 'train-1', tail: 'step 2' }],
  [
    'a task of its program runs',
    { type: 'cluster.happened', clusterId, event: { kind: 'task', id: 't', type: 'running', row: { job_id: '02000000' } } },
  ],
  ['its row changes', jobEvent('RUNNING', { job_id: '02000000', message: 'step 2' })],
] as const)('a job has not stalled when %s', (_what, sign) => {
  const state = createNews()
  told(state, [jobEvent('RUNNING', { job_id: '02000000' }), { type: 'job.looked-at', clusterId, jobId: 'train-1', tail: 'step 1' }])
  told(state, [sign], 9 * minute)
  expect(told(state, [{ type: 'tick' }], 18 * minute)).toEqual([])
  expect(told(state, [{ type: 'tick' }], 19 * minute)).toEqual(['job-stalled train-1'])
})

test('a job whose log was never read, or whose cluster is away, is not said to have stalled', () => {
  const state = createNews()
  expect(told(state, [jobEvent('RUNNING'), { type: 'tick' }], 0)).toEqual([])
  expect(told(state, [{ type: 'tick' }], 60 * minute)).toEqual([])
  told(
    state,
    [
      { type: 'job.looked-at', clusterId, jobId: 'train-1', tail: '' },
      { type: 'cluster.away', clusterId },
    ],
    60 * minute,
  )
  expect(told(state, [{ type: 'tick' }], 90 * minute)).toEqual([])
  expect(jobsToLookAt(state, { nowMs: 90 * minute, settings })).toEqual([])
})

test('a node that dies is told of once, by its name', () => {
  const state = createNews()
  const dead = nodeEvent({ state: 'DEAD', state_message: 'no heartbeat for 30 s' })
  expect(hearNews(state, dead, { nowMs: 0, settings })).toEqual([
    { kind: 'node-died', clusterId, id: 'aa11', title: 'gpu01', message: 'no heartbeat for 30 s' },
  ])
  expect(told(state, [dead])).toEqual([])
  expect(told(state, [nodeEvent({ state: 'ALIVE' }), dead])).toEqual(['node-died aa11'])
})

test('a node that was drained, or that an operation stops, is no news', () => {
  const state = createNews()
  const dead = nodeEvent({ state: 'DEAD', state_message: 'x' })
  expect(told(state, [nodeEvent({ state: 'ALIVE', is_draining: true }), dead])).toEqual([])
  expect(told(state, [nodeEvent({ state: 'ALIVE' }), operation('running'), dead])).toEqual([])
  expect(told(state, [operation('done'), nodeEvent({ state: 'ALIVE' }), dead])).toEqual(['operation-done op-1', 'node-died aa11'])
})

test('an operation that was seen running is told of when it ends, unless somebody cancelled it', () => {
  const state = createNews()
  expect(told(state, [operation('done')])).toEqual([])
  expect(told(state, [operation('running'), operation('running'), operation('done'), operation('done')])).toEqual(['operation-done op-1'])
  expect(told(state, [operation('running'), operation('cancelled')])).toEqual([])
  expect(told(state, [operation('running'), operation('interrupted')])).toEqual(['operation-failed op-1'])
  const failure = { code: 'bootstrap.failed', message: 'gpu01 has no tar', isRetryable: true }
  const [failed] = [operation('running'), operation('failed', { failure })].flatMap((event) =>
    hearNews(state, event, { nowMs: 0, settings }),
  )
  expect(failed).toMatchObject({ kind: 'operation-failed', title: 'Create lab', message: 'gpu01 has no tar' })
})

test('what a cluster had is forgotten with it', () => {
  const state = createNews()
  told(state, [jobEvent('RUNNING', { job_id: '02000000' }), nodeEvent({ state: 'DEAD' })])
  expect(runningJobsOf(state, clusterId)).toBe(1)
  told(state, [{ type: 'cluster.gone', clusterId }])
  expect(runningJobsOf(state, clusterId)).toBe(0)
  expect([...state.programs, ...state.deadNodes, ...state.ended, ...state.away]).toEqual([])
})

test('texts of a cluster that are endless are cut', () => {
  const [notice] = hearNews(createNews(), jobEvent('FAILED', { entrypoint: 'x'.repeat(5_000), message: 'y'.repeat(5_000) }), {
    nowMs: 0,
    settings,
  })
  expect([notice?.title.length, notice?.message.length]).toEqual([301, 301])
})
