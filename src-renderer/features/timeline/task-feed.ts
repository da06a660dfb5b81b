import type { ClusterEvent } from '../../../runtime/api/events.ts'
import { followCluster } from '../../api/cluster-events.ts'
import { readCluster } from '../../api/cluster-reads.ts'
import { numberIn, type Row, rowsIn, textIn, timeIn } from '../../api/rows.ts'
import type { TimelineBar, TimelineStore } from '../../ui/timeline/timeline-store.ts'

export type FeedState = { readonly read: number; readonly isReading: boolean; readonly isCut: boolean; readonly error: unknown }
type Wanted = {
  readonly cluster: string
  readonly job: string | undefined
  readonly store: TimelineStore
  readonly onState: (state: FeedState) => void
}

const pageRows = 5_000
/** What is read of the past; what comes from then on is added without end. */
const mostRead = 1_000_000
const columns =
  'task_id,attempt_number,name,state,job_id,node_id,worker_id,parent_task_id,start_time_ms,end_time_ms,error_type,func_or_class_name'

/** A bar for an attempt that has begun; nothing for one that still waits. */
export function barOf(row: Row): TimelineBar | undefined {
  const startMs = timeIn(row, 'start_time_ms')
  const [taskId, workerId, nodeId] = [textIn(row, 'task_id'), textIn(row, 'worker_id'), textIn(row, 'node_id')]
  if (startMs === null || taskId === null || workerId === null || nodeId === null) return undefined
  const state = textIn(row, 'state') ?? ''
  return {
    taskId,
    attempt: numberIn(row, 'attempt_number') ?? 0,
    name: textIn(row, 'func_or_class_name') ?? textIn(row, 'name') ?? '',
    state:
      state === 'FINISHED'
        ? 'finished'
        : state === 'FAILED'
          ? textIn(row, 'error_type') === 'TASK_CANCELLED'
            ? 'cancelled'
            : 'failed'
          : state === 'RUNNING_IN_RAY_GET' || state === 'RUNNING_IN_RAY_WAIT'
            ? 'blocked'
            : 'running',
    startMs,
    endMs: timeIn(row, 'end_time_ms'),
    nodeId,
    workerId,
    parentTaskId: textIn(row, 'parent_task_id'),
  }
}

/** Fills a store with what ran, the newest first, and with what happens from now on. Returns what ends it. */
export function feedTasks({ cluster, job, store, onState }: Wanted): () => void {
  const controller = new AbortController()
  const add = (rows: readonly Row[]) => store.upsert(rows.flatMap((row) => barOf(row) ?? []))
  const take = (events: readonly ClusterEvent[]) => {
    const rows = events.filter(({ kind }) => kind === 'task').map(({ row }) => row)
    add(job === undefined ? rows : rows.filter((row) => textIn(row, 'job_id') === job))
  }
  const read = async () => {
    let cursor: string | null = ''
    let count = 0
    while (cursor !== null && count < mostRead) {
      const query = {
        limit: pageRows,
        columns,
        ...(job !== undefined && { filter: [`job_id:eq:${job}`] }),
        ...(cursor !== '' && { cursor }),
      }
      const { body } = await readCluster(cluster, { route: 'pageTasks', query }, controller.signal)
      const rows = rowsIn(body, 'rows')
      add(rows)
      count += rows.length
      cursor = textIn(body, 'next')
      onState({ read: count, isReading: cursor !== null && count < mostRead, isCut: cursor !== null, error: null })
    }
    onState({ read: count, isReading: false, isCut: cursor !== null, error: null })
  }
  const start = () =>
    void read().catch((error: unknown) => {
      if (!controller.signal.aborted) onState({ read: 0, isReading: false, isCut: false, error })
    })
  const off = followCluster(cluster, { onEvents: take, onGap: start })
  start()
  return () => {
    controller.abort()
    off()
  }
}
