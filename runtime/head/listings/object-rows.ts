import type { ObjectStateRow } from '../../api/state/objects.ts'
import { madeElsewhere, type ReferenceRow } from '../../protocol/inspect.ts'
import { taskStates } from '../../base/task-states.ts'

export type ObjectHolder = {
  readonly workerId: string
  readonly kind: 'WORKER' | 'DRIVER'
  readonly pid: number
  readonly nodeId: string
  readonly ip: string
}

export type ObjectRow = ObjectStateRow & {
  readonly worker_id: string
  readonly node_id: string
  readonly owner_id: string
  /** Nodes whose stores hold it. */
  readonly stored_on: readonly string[]
  readonly age_ms: number | null
}

/** What Ray puts where call sites are not recorded. */
export const noCallSite = 'disabled'

/** Whether it is a line of code, rather than the name of a task or nothing. */
export const isRecordedSite = (callSite: string): boolean => callSite === madeElsewhere || /:\d+$/.test(callSite)

export function objectStateRow(reference: ReferenceRow, holder: ObjectHolder, nowMs: number): ObjectRow {
  const { objectId, sizeBytes, taskStatus, attempt, kind, callSite, ownerId, nodeIds, createdAtMs } = reference
  return {
    object_id: objectId,
    object_size: sizeBytes,
    task_status: taskStates.find((state) => state === taskStatus) ?? 'NIL',
    attempt_number: attempt,
    reference_type: kind,
    call_site: callSite === '' ? noCallSite : callSite,
    type: holder.kind,
    pid: holder.pid,
    ip: holder.ip,
    worker_id: holder.workerId,
    node_id: holder.nodeId,
    owner_id: ownerId ?? holder.workerId,
    stored_on: nodeIds,
    age_ms: createdAtMs > 0 ? Math.max(0, nowMs - createdAtMs) : null,
  }
}

type Summary = {
  total_objects: number
  total_size_mb: number
  total_num_workers: number
  total_num_nodes: number
  task_state_counts: Record<string, number>
  task_attempt_number_counts: Record<string, number>
  ref_type_counts: Record<string, number>
}

/** By call site, as `ray summary objects` shows them. An object with several references counts once for each, as there. */
export function summarizeObjects(rows: readonly ObjectRow[]): {
  summary: Record<string, Summary>
  total_objects: number
  total_size_mb: number
} {
  const groups = new Map<string, ObjectRow[]>()
  for (const row of rows) {
    const group = groups.get(row.call_site)
    if (group) group.push(row)
    else groups.set(row.call_site, [row])
  }
  return {
    summary: Object.fromEntries([...groups].map(([callSite, group]) => [callSite, summaryOf(group)])),
    total_objects: rows.length,
    total_size_mb: megabytes(rows),
  }
}

const megabytes = (rows: readonly ObjectRow[]): number =>
  rows.reduce((sum, { object_size: bytes }) => sum + Math.max(0, bytes), 0) / 1024 ** 2

function summaryOf(rows: readonly ObjectRow[]): Summary {
  const summary: Summary = {
    total_objects: rows.length,
    total_size_mb: megabytes(rows),
    total_num_workers: new Set(rows.map(({ worker_id: workerId }) => workerId)).size,
    total_num_nodes: new Set(rows.map(({ node_id: nodeId }) => nodeId)).size,
    task_state_counts: {},
    task_attempt_number_counts: {},
    ref_type_counts: {},
  }
  for (const row of rows) {
    count(summary.task_state_counts, row.task_status)
    count(summary.task_attempt_number_counts, String(row.attempt_number))
    count(summary.ref_type_counts, row.reference_type)
  }
  return summary
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
