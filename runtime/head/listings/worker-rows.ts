import type { WorkerStateRow } from '../../api/state/workers.ts'
import type { WorkerExit } from '../../protocol/failures.ts'
import type { WorkerFacts } from '../../protocol/inspect.ts'
import type { ProcessMetrics } from '../../protocol/metrics.ts'
import type { EndedWorker } from '../history/ended-workers.ts'

export type WorkerRow = WorkerStateRow & {
  readonly job_id: string | null
  readonly actor_id: string | null
  readonly phase: string
  /** Of one core, as its node told last; null for one that has ended or was not told of. */
  readonly cpu_percent: number | null
  readonly memory_bytes: number | null
}

type Place = { readonly nodeId: string; readonly ip: string; readonly use?: Pick<ProcessMetrics, 'cpuPercent' | 'rssBytes'> | undefined }

export function livingWorkerRow(worker: WorkerFacts, { nodeId, ip, use }: Place): WorkerRow {
  return {
    worker_id: worker.workerId,
    is_alive: true,
    worker_type: worker.kind,
    exit_type: null,
    node_id: nodeId,
    ip,
    pid: worker.pid,
    exit_detail: null,
    worker_launch_time_ms: orUnknown(worker.startedAtMs),
    worker_launched_time_ms: orUnknown(worker.readyAtMs),
    start_time_ms: Math.round(worker.readyAtMs || worker.startedAtMs),
    end_time_ms: 0,
    debugger_port: null,
    num_paused_threads: 0,
    job_id: worker.jobId,
    actor_id: worker.actorId,
    phase: worker.phase,
    cpu_percent: use?.cpuPercent ?? null,
    memory_bytes: use?.rssBytes ?? null,
  }
}

export function endedWorkerRow({ nodeId, worker, exit, endedAtMs }: EndedWorker, ip: string): WorkerRow {
  return {
    ...livingWorkerRow(worker, { nodeId, ip }),
    is_alive: false,
    exit_type: exitTypeOf(worker, exit),
    exit_detail: detailOf(exit),
    end_time_ms: Math.round(endedAtMs),
    phase: 'ended',
  }
}

const orUnknown = (timeMs: number): number => (timeMs > 0 ? Math.round(timeMs) : -1)

const ours: ReadonlySet<string> = new Set([
  'cancelled',
  'killed',
  'idle',
  'max-calls',
  'owner-gone',
  'group-removed',
  'job-ended',
  'node-lost',
])

function exitTypeOf({ kind }: WorkerFacts, { exitCode, signal, reason }: WorkerExit): WorkerStateRow['exit_type'] {
  if (kind === 'DRIVER') return 'INTENDED_USER_EXIT' // how a program ended that is not ours is not known
  if (reason === 'out-of-memory') return 'NODE_OUT_OF_MEMORY'
  if (reason === 'exit-actor') return 'INTENDED_USER_EXIT'
  if (reason !== null && ours.has(reason)) return 'INTENDED_SYSTEM_EXIT'
  if (exitCode === 0) return 'INTENDED_SYSTEM_EXIT'
  return signal === null && exitCode !== null ? 'USER_ERROR' : 'SYSTEM_ERROR'
}

function detailOf({ exitCode, signal, reason, lastLines }: WorkerExit): string {
  const how = signal === null ? (exitCode === null ? 'its end was not seen' : `exit code ${exitCode}`) : `ended by ${signal}`
  const why = reason === null ? '' : ` (${reason})`
  return lastLines.length === 0 ? `${how}${why}` : `${how}${why}; its last lines were:\n${lastLines.join('\n')}`
}
