import { ClusterError } from '../../base/errors.ts'
import type { History } from '../history/history.ts'

export type TaskOutput = { readonly nodeId: string; readonly file: string; readonly start: number; readonly end: number | null }
type Asked = { readonly taskId: string; readonly attempt: number; readonly stream: 'out' | 'err' }

/**
 * Where the output of an attempt stands: a part of its worker's log, open at the end while it runs. Undefined for an attempt that
 * nobody knows of.
 * @throws ClusterError `not-found` with the reason for one that has not started.
 */
export async function findTaskLog(history: History, { taskId, attempt, stream }: Asked): Promise<TaskOutput | undefined> {
  const attempts = await history.findAttempts(taskId)
  const row = attempts.find((each) => each['attempt_number'] === attempt)
  if (row === undefined) return undefined
  const info = row['task_log_info']
  const nodeId = row['node_id']
  if (typeof info !== 'object' || info === null || typeof nodeId !== 'string') {
    throw new ClusterError('not-found', `attempt ${attempt} of task ${taskId} is ${String(row['state'])} and has no output: it has not run`)
  }
  const log = info as Record<string, unknown> // made by task-rows.ts
  const name = stream === 'out' ? 'stdout' : 'stderr'
  const isOver = row['end_time_ms'] !== null
  return { nodeId, file: String(log[`${name}_file`]), start: Number(log[`${name}_start`]), end: isOver ? Number(log[`${name}_end`]) : null }
}
