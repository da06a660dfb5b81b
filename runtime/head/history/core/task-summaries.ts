import { taskStates, taskTypes } from '../../../base/task-states.ts'
import { selectTop } from './select-top.ts'
import { taskIdOf } from './task-columns.ts'
import { actorTaskType, creationType, normalType } from './task-merge.ts'
import type { TaskTable } from './task-table.ts'

export type FunctionSummary = {
  readonly summary: Record<string, { func_or_class_name: string; type: string; state_counts: Record<string, number> }>
  readonly total_tasks: number
  readonly total_actor_tasks: number
  readonly total_actor_scheduled: number
}

/** Counts by name and state, as `ray summary tasks` shows them. */
export function summarizeByFunction({ columns, kinds }: TaskTable, rows: Uint32Array): FunctionSummary {
  const width = taskStates.length
  const counts = new Uint32Array(kinds.end * width)
  const types = new Uint8Array(kinds.end)
  const totals = new Uint32Array(taskTypes.length)
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? 0
    const kind = columns.kind[row] ?? 0
    const cell = kind * width + (columns.state[row] ?? 0)
    const type = columns.type[row] ?? 0
    counts[cell] = (counts[cell] ?? 0) + 1
    types[kind] = type
    totals[type] = (totals[type] ?? 0) + 1
  }
  const summary: FunctionSummary['summary'] = {}
  for (let kind = 0; kind < kinds.end; kind += 1) {
    const cells = counts.subarray(kind * width, (kind + 1) * width)
    if (!cells.some((count) => count > 0)) continue
    const name = kinds.get(kind)?.name ?? ''
    const entry = Object.hasOwn(summary, name) ? summary[name] : undefined
    const counted = entry ?? { func_or_class_name: name, type: taskTypes[types[kind] ?? 0] ?? 'NORMAL_TASK', state_counts: {} }
    Object.defineProperty(summary, name, { value: counted, enumerable: true, configurable: true, writable: true }) // a function may be named __proto__
    addStates(counted.state_counts, cells)
  }
  return {
    summary,
    total_tasks: totals[normalType] ?? 0,
    total_actor_tasks: totals[actorTaskType] ?? 0,
    total_actor_scheduled: totals[creationType] ?? 0,
  }
}

function addStates(counts: Record<string, number>, cells: Uint32Array): void {
  for (const [state, count] of cells.entries()) {
    const name = taskStates[state] ?? 'NIL'
    if (count > 0) counts[name] = (counts[name] ?? 0) + count
  }
}

/** Attempts by job and state, and over all jobs. */
export function countStates({ columns, tails }: TaskTable, rows: Uint32Array): Record<string, Record<string, number>> {
  const width = taskStates.length
  const counts = new Uint32Array(tails.end * width)
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? 0
    const cell = (columns.tail[row] ?? 0) * width + (columns.state[row] ?? 0)
    counts[cell] = (counts[cell] ?? 0) + 1
  }
  const byJob: Record<string, Record<string, number>> = {}
  for (let tail = 1; tail < tails.end; tail += 1) {
    const cells = counts.subarray(tail * width, (tail + 1) * width)
    const jobId = tails.get(tail)?.jobId
    if (jobId === undefined || !cells.some((count) => count > 0)) continue
    addStates((byJob[jobId] ??= {}), cells)
  }
  return byJob
}

/** Chrome trace events of what has ended, the newest `limit`, oldest first, as JSON: a process for each node, a thread for each worker. */
export function timelineOf(table: TaskTable, rows: Uint32Array, limit: number): string {
  const { columns, workers, kinds } = table
  const ended = rows.filter((row) => (columns.startedMs[row] ?? 0) > 0 && (columns.endedMs[row] ?? 0) > 0 && columns.worker[row] !== 0)
  const newest = selectTop(ended, [(row) => -(columns.startedMs[row] ?? 0), (row) => row], limit)
  const events: string[] = []
  for (const row of newest.reverse()) {
    const worker = workers.get(columns.worker[row] ?? 0)
    const name = kinds.get(columns.kind[row] ?? 0)?.name ?? ''
    const startMs = columns.startedMs[row] ?? 0
    events.push(
      JSON.stringify({
        cat: 'task:execute',
        name,
        pid: `Node ${worker?.nodeId.slice(0, 8) ?? ''}`,
        tid: `worker:${worker?.workerId.slice(0, 8) ?? ''}`,
        ts: startMs * 1_000,
        dur: Math.max(0, ((columns.endedMs[row] ?? 0) - startMs) * 1_000),
        ph: 'X',
        cname: taskStates[columns.state[row] ?? 0] === 'FAILED' ? 'terrible' : 'rail_response',
        args: { name, task_id: taskIdOf(table, row), attempt: columns.attempt[row] ?? 0, state: taskStates[columns.state[row] ?? 0] },
      }),
    )
  }
  return `[${events.join(',')}]`
}
