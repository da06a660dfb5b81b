import { ClusterError } from '../base/errors.ts'

/**
 * Names of log files, as Ray's clients look for them. Workers: `worker-<worker id>-<job id>-<pid>.out` and `.err`; a worker that serves
 * no job yet has Ray's nil job in that place. Submitted jobs: `job-driver-<submission id>.log`. Daemons: `head.log`, `agent.log`.
 */
export type OutputStream = 'out' | 'err'
export type WorkerLog = { readonly workerId: string; readonly jobId: string; readonly pid: number }

/** The job of a worker that has none. */
export const noJobId = 'ffffffff'

export const workerLogName = ({ workerId, jobId, pid }: WorkerLog, stream: OutputStream): string =>
  `worker-${workerId}-${jobId}-${pid}.${stream}`

export function parseWorkerLogName(name: string): (WorkerLog & { readonly stream: OutputStream }) | undefined {
  const match = /^worker-([0-9a-f]{56})-([0-9a-f]{8})-(\d{1,10})\.(out|err)$/.exec(name)
  if (match === null) return undefined
  const [, workerId = '', jobId = '', pid = '', stream] = match
  return { workerId, jobId, pid: Number(pid), stream: stream === 'err' ? 'err' : 'out' }
}

export const jobLogName = (submissionId: string): string => `job-driver-${submissionId}.log`
const jobLogPattern = /^job-driver-(.+)\.log$/
/** The submission id of a job's log. */
export const submissionOfLog = (name: string): string | undefined => jobLogPattern.exec(name)?.[1]

export const longestLogName = 512
const longestPart = 255
const deepest = 4

/**
 * Whether `name` may be a log file: relative, at most four parts deep, no part empty or beginning with a dot, nothing that a shell or a
 * terminal would take for something else.
 */
export function isLogName(name: string): boolean {
  if (name.length === 0 || name.length > longestLogName) return false
  const parts = name.split('/')
  return (
    parts.length <= deepest && parts.every((part) => part !== '' && part.length <= longestPart && !part.startsWith('.') && isPlain(part))
  )
}

/** @throws ClusterError `bad-argument` naming the parameter. */
export function checkLogName(name: string, parameter = 'filename'): string {
  if (isLogName(name)) return name
  throw new ClusterError(
    'bad-argument',
    `${parameter} must be a file of the node's log folder, as the list of logs names it: relative, without "..", got ${JSON.stringify(name.slice(0, 100))}`,
  )
}

// oxlint-disable-next-line no-control-regex -- control characters are what it is to find
const isPlain = (part: string): boolean => !/[\u0000-\u001f\u007f\\]/.test(part)

/** Ray's names for the groups of a listing; clients print whatever groups they get. */
export type LogCategory =
  | 'worker_out'
  | 'worker_err'
  | 'core_worker'
  | 'driver'
  | 'raylet'
  | 'gcs_server'
  | 'autoscaler'
  | 'agent'
  | 'dashboard'
  | 'internal'

/** The group of a file in a listing (Ray: dashboard/modules/log/log_manager.py). Our head is what Ray calls the GCS server. */
export function categoryOfLog(name: string): LogCategory {
  if (name.includes('worker') && name.endsWith('.out')) return 'worker_out'
  if (name.includes('worker') && name.endsWith('.err')) return 'worker_err'
  if (name.includes('core-worker') && name.endsWith('.log')) return 'core_worker'
  if (name.includes('driver') && name.endsWith('.log')) return 'driver'
  if (name.includes('raylet.')) return 'raylet'
  if (name.includes('gcs_server.') || name === 'head.log') return 'gcs_server'
  if (name.includes('log_monitor')) return 'internal'
  if (name.includes('monitor')) return 'autoscaler'
  if (name.includes('agent.')) return 'agent'
  if (name.includes('dashboard.')) return 'dashboard'
  return 'internal'
}
