import type { Operation } from '../../contract/operations.ts'

/** Something that a person who looks elsewhere wants to know. `id` is of the thing: a job, a node, an operation. */
export type Notice = {
  readonly kind: 'job-succeeded' | 'job-failed' | 'job-stopped' | 'job-stalled' | 'node-died' | 'operation-done' | 'operation-failed'
  readonly clusterId: string | null
  readonly id: string
  /** What it is called, or does. */
  readonly title: string
  /** In its own words; may be empty. */
  readonly message: string
  /** Of a job that stalled: since when nothing was heard of it. */
  readonly sinceMs?: number
}

type Row = Readonly<Record<string, unknown>>

export type NewsEvent =
  | { readonly type: 'operation.seen'; readonly operation: Pick<Operation, 'id' | 'state' | 'title' | 'failure' | 'clusterId'> }
  /** It is connected, and its jobs stand so. Those that were seen running and are over ended meanwhile. */
  | { readonly type: 'jobs.listed'; readonly clusterId: string; readonly rows: readonly Row[] }
  | {
      readonly type: 'cluster.happened'
      readonly clusterId: string
      readonly event: { readonly kind: string; readonly id: string; readonly type: string; readonly row: Row }
    }
  /** The end of what a job wrote, as it is now. */
  | { readonly type: 'job.looked-at'; readonly clusterId: string; readonly jobId: string; readonly tail: string }
  /** It is not connected: what its jobs do is not known. */
  | { readonly type: 'cluster.away'; readonly clusterId: string }
  | { readonly type: 'cluster.gone'; readonly clusterId: string }
  | { readonly type: 'tick' }

export type RunningJob = {
  readonly clusterId: string
  readonly jobId: string
  readonly title: string
  aliveAtMs: number
  lookedAtMs: number
  tail: string | undefined
  isStalled: boolean
}

export type NewsState = {
  /** Jobs that run, by cluster and job. */
  readonly running: Map<string, RunningJob>
  /** Programs of jobs, whose tasks are signs of life: by cluster and job id of the program. */
  readonly programs: Map<string, string>
  /** Jobs that are over and were told of, or were over before. */
  readonly ended: Set<string>
  /** Operations that were seen running, with the cluster that they change. */
  readonly operations: Map<string, string | null>
  readonly drainingNodes: Set<string>
  readonly deadNodes: Set<string>
  /** Clusters that are not connected. */
  readonly away: Set<string>
}

export const createNews = (): NewsState => ({
  running: new Map(),
  programs: new Map(),
  ended: new Set(),
  operations: new Map(),
  drainingNodes: new Set(),
  deadNodes: new Set(),
  away: new Set(),
})

export type NewsSettings = { readonly stalledAfterMs: number }

/** What is remembered of things that are over, so that they are told once. */
const maxRemembered = 10_000
/** A job that is quiet is looked at so often in the time after which it counts as stalled. */
const looksUntilStalled = 5
const looksAtOnce = 4
const longestText = 300

/** All that is worth telling about an event. Changes `state`. */
export function hearNews(state: NewsState, event: NewsEvent, { nowMs, settings }: { nowMs: number; settings: NewsSettings }): Notice[] {
  switch (event.type) {
    case 'operation.seen':
      return hearOperation(state, event.operation)
    case 'jobs.listed': {
      state.away.delete(event.clusterId)
      const wasRunning = new Set(state.running.keys())
      const notices = event.rows.flatMap((row) => hearJob(state, { clusterId: event.clusterId, row, nowMs }))
      return notices.filter(({ clusterId, id }) => wasRunning.has(keyOf(clusterId ?? '', id)))
    }
    case 'cluster.happened':
      return hearCluster(state, event, nowMs)
    case 'job.looked-at': {
      const job = state.running.get(keyOf(event.clusterId, event.jobId))
      if (job === undefined) return []
      if (job.tail !== undefined && job.tail !== event.tail) signOfLife(job, nowMs)
      job.tail = event.tail
      return []
    }
    case 'cluster.away':
      state.away.add(event.clusterId)
      return []
    case 'cluster.gone':
      forgetCluster(state, event.clusterId)
      return []
    case 'tick':
      return stalledJobs(state, nowMs, settings)
  }
}

/** Jobs that have been quiet for a while, the longest first: the end of their logs is to be read now. */
export function jobsToLookAt(state: NewsState, { nowMs, settings }: { nowMs: number; settings: NewsSettings }): RunningJob[] {
  const everyMs = settings.stalledAfterMs / looksUntilStalled
  const isQuiet = (job: RunningJob) => !state.away.has(job.clusterId) && nowMs - Math.max(job.aliveAtMs, job.lookedAtMs) >= everyMs
  const quiet = [...state.running.values()].filter(isQuiet)
  const next = quiet.sort((one, other) => one.lookedAtMs - other.lookedAtMs).slice(0, looksAtOnce)
  for (const job of next) job.lookedAtMs = nowMs
  return next
}

export const runningJobsOf = (state: NewsState, clusterId: string): number =>
  [...state.running.values()].filter((job) => job.clusterId === clusterId).length

function hearOperation(state: NewsState, operation: Extract<NewsEvent, { type: 'operation.seen' }>['operation']): Notice[] {
  const { id, title, clusterId, failure } = operation
  if (operation.state === 'running') {
    state.operations.set(id, clusterId)
    return []
  }
  if (!state.operations.delete(id) || operation.state === 'cancelled') return [] // it was over before, or a person ended it
  const kind = operation.state === 'done' ? 'operation-done' : 'operation-failed'
  return [{ kind, clusterId, id, title: shortened(title), message: shortened(failure?.message ?? '') }]
}

function hearCluster(state: NewsState, { clusterId, event }: Extract<NewsEvent, { type: 'cluster.happened' }>, nowMs: number): Notice[] {
  const { kind, id, type, row } = event
  if (kind === 'job') {
    if (type !== 'deleted') return hearJob(state, { clusterId, row, nowMs })
    state.running.delete(keyOf(clusterId, id))
    state.ended.delete(keyOf(clusterId, id))
    return []
  }
  if (kind === 'node') return hearNode(state, { clusterId, id, row })
  const program = textIn(row, 'job_id')
  const job = program === '' ? undefined : state.running.get(state.programs.get(keyOf(clusterId, program)) ?? keyOf(clusterId, program))
  if (job !== undefined) signOfLife(job, nowMs)
  return []
}

const endings: Readonly<Record<string, Notice['kind']>> = { SUCCEEDED: 'job-succeeded', FAILED: 'job-failed', STOPPED: 'job-stopped' }

function hearJob(state: NewsState, { clusterId, row, nowMs }: { clusterId: string; row: Row; nowMs: number }): Notice[] {
  const submission = textIn(row, 'submission_id')
  const program = textIn(row, 'job_id')
  if (textIn(row, 'type') === 'DRIVER' && submission !== '') return [] // the program of a job, which has a row of its own
  const jobId = submission || program
  const key = keyOf(clusterId, jobId)
  if (jobId === '') return []
  const known = state.running.get(key)
  const status = textIn(row, 'status')
  if (status === 'RUNNING') {
    state.ended.delete(key)
    if (program !== '') state.programs.set(keyOf(clusterId, program), key)
    if (known !== undefined) signOfLife(known, nowMs)
    else if (state.running.size < maxRemembered)
      state.running.set(key, newJob({ clusterId, jobId, title: shortened(textIn(row, 'entrypoint')) }, nowMs))
    return []
  }
  const kind = endings[status]
  if (kind === undefined) return []
  state.running.delete(key)
  state.programs.delete(keyOf(clusterId, program))
  if (state.ended.has(key)) return []
  remember(state.ended, key)
  return [{ kind, clusterId, id: jobId, title: shortened(textIn(row, 'entrypoint')), message: shortened(textIn(row, 'message')) }]
}

const newJob = (job: { clusterId: string; jobId: string; title: string }, nowMs: number): RunningJob => ({
  ...job,
  aliveAtMs: nowMs,
  lookedAtMs: nowMs,
  tail: undefined,
  isStalled: false,
})

function signOfLife(job: RunningJob, nowMs: number): void {
  job.aliveAtMs = nowMs
  job.isStalled = false
}

function hearNode(state: NewsState, { clusterId, id, row }: { clusterId: string; id: string; row: Row }): Notice[] {
  const key = keyOf(clusterId, id)
  if (textIn(row, 'state') !== 'DEAD') {
    state.deadNodes.delete(key)
    if (row['is_draining'] === true) remember(state.drainingNodes, key)
    else state.drainingNodes.delete(key)
    return []
  }
  if (state.deadNodes.has(key)) return []
  remember(state.deadNodes, key)
  const isMeant = state.drainingNodes.delete(key) || [...state.operations.values()].includes(clusterId) // an operation stops nodes on purpose
  if (isMeant) return []
  return [
    {
      kind: 'node-died',
      clusterId,
      id,
      title: textIn(row, 'node_name') || id.slice(0, 12),
      message: shortened(textIn(row, 'state_message')),
    },
  ]
}

function stalledJobs(state: NewsState, nowMs: number, { stalledAfterMs }: NewsSettings): Notice[] {
  const notices: Notice[] = []
  for (const job of state.running.values()) {
    if (job.isStalled || job.tail === undefined || state.away.has(job.clusterId) || nowMs - job.aliveAtMs < stalledAfterMs) continue
    job.isStalled = true
    const { clusterId, jobId, title, aliveAtMs } = job
    notices.push({ kind: 'job-stalled', clusterId, id: jobId, title, message: '', sinceMs: aliveAtMs })
  }
  return notices
}

function forgetCluster(state: NewsState, clusterId: string): void {
  state.away.delete(clusterId)
  for (const things of [state.running, state.programs, state.ended, state.drainingNodes, state.deadNodes])
    for (const key of things.keys()) if (key.startsWith(`${clusterId} `)) things.delete(key)
}

function remember(set: Set<string>, id: string): void {
  set.add(id)
  const [oldest] = set
  if (set.size > maxRemembered && oldest !== undefined) set.delete(oldest)
}

const keyOf = (clusterId: string, id: string): string => `${clusterId} ${id}`
const textIn = (row: Row, name: string): string => (typeof row[name] === 'string' ? row[name] : '')
const shortened = (text: string): string => (text.length > longestText ? `${text.slice(0, longestText)}…` : text)
