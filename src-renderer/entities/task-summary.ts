import { useMemo } from 'react'
import { useClusterRead } from '../api/cluster-reads.ts'
import { isRow, numberIn, recordIn, type Row, textIn } from '../api/rows.ts'
import type { FunctionWork, WorkState } from '../ui/charts/function-progress.tsx'

const workStateOf = (state: string): WorkState =>
  state === 'FINISHED' ? 'finished' : state === 'FAILED' ? 'failed' : state.startsWith('RUNNING') ? 'running' : 'waiting'

export type TaskSummary = {
  readonly functions: readonly FunctionWork[]
  readonly total: Readonly<Record<WorkState, number>>
  /** Tasks that there are and that nobody counts any more. */
  readonly leftOut: number
  readonly isLoading: boolean
  readonly error: unknown
}

/** How many attempts of each function stand where, of one job or of all. `job`: its 8 hex digits. */
export function useTaskSummary(cluster: string, job?: string): TaskSummary {
  const query = job === undefined ? {} : { filter_keys: ['job_id'], filter_predicates: ['='], filter_values: [job] }
  const { data, isPending, error } = useClusterRead(cluster, { route: 'summarizeTasks', query }, { changesOf: ['task'], everyMs: 1_000 })
  return useMemo(() => {
    const functions = data === undefined ? [] : Object.values(summaryOf(data.body)).filter(isRow).map(workOf)
    const total = { finished: 0, running: 0, waiting: 0, failed: 0 }
    for (const work of functions) for (const state of ['finished', 'running', 'waiting', 'failed'] as const) total[state] += work[state]
    const all = data === undefined ? {} : ['data', 'result'].reduce((row, name) => recordIn(row, name), data.body)
    const leftOut = Math.max(0, (numberIn(all, 'total') ?? 0) - (numberIn(all, 'num_after_truncation') ?? 0))
    return { functions: functions.toSorted((one, other) => sizeOf(other) - sizeOf(one)), total, leftOut, isLoading: isPending, error }
  }, [data, isPending, error])
}

const sizeOf = (work: FunctionWork) => work.finished + work.running + work.waiting + work.failed

function workOf(row: Row): FunctionWork {
  const counts = { finished: 0, running: 0, waiting: 0, failed: 0 }
  const states = recordIn(row, 'state_counts')
  for (const state of Object.keys(states)) counts[workStateOf(state)] += numberIn(states, state) ?? 0
  return { name: textIn(row, 'func_or_class_name') ?? '', ...counts }
}

/** Where Ray's State API puts it. */
const summaryOf = (body: Row): Row =>
  ['data', 'result', 'result', 'node_id_to_summary', 'cluster', 'summary'].reduce((row, name) => recordIn(row, name), body)

/** The filter of a task list that shows one of these states. */
export const filterOfWork: Readonly<Record<WorkState, string>> = {
  finished: 'state:eq:FINISHED',
  failed: 'state:eq:FAILED',
  running: 'state:in:RUNNING,RUNNING_IN_RAY_GET,RUNNING_IN_RAY_WAIT',
  waiting: 'state:in:PENDING_ARGS_AVAIL,PENDING_NODE_ASSIGNMENT,PENDING_OBJ_STORE_MEM_AVAIL,PENDING_ARGS_FETCH,SUBMITTED_TO_WORKER',
}
