import { EventsReadReply, TaskReports } from '../../protocol/events.ts'
import { openReports, type OpenReports } from '../../protocol/task-reports.ts'
import { taskStates } from '../../base/task-states.ts'
import { unpackPlain } from '../../transport/packed.ts'
import type { TraceEvent } from '../backend.ts'
import type { Client } from './client.ts'

const pageBytes = 16 * 1024 * 1024

/** Every attempt that ran and that the head still has, oldest first, as Chrome trace events: a process for each node, a thread for each worker. */
export async function readTimeline(client: Client): Promise<TraceEvent[]> {
  const events: TraceEvent[] = []
  let beforeId = Number.MAX_SAFE_INTEGER
  while (beforeId > 0) {
    const page = await client.request({ type: 'events.read', maxBytes: pageBytes, beforeId }, EventsReadReply)
    for (const batch of page.batches) addEvents(events, batch, openReports(TaskReports.parse(unpackPlain(batch.packed))))
    if (page.batches.length === 0 || page.nextBeforeId >= beforeId) break
    beforeId = page.nextBeforeId
  }
  return events.sort((one, other) => one.ts - other.ts)
}

type Runner = { readonly nodeId: string; readonly workerId: string; readonly pid: number }

/** Only workers tell when something began and ended; what owners report has no such times. */
function addEvents(events: TraceEvent[], { nodeId, workerId, pid }: Runner, reports: OpenReports): void {
  for (let row = 0; row < reports.count; row += 1) {
    const startMs = reports.startedMs[row] ?? 0
    const endMs = reports.endedMs[row] ?? 0
    if (startMs === 0 || endMs === 0 || reports.places !== null) continue
    events.push({
      name: reports.kinds[reports.kind[row] ?? 0]?.name ?? '',
      cat: 'task',
      ph: 'X',
      ts: startMs * 1_000,
      dur: Math.max(0, (endMs - startMs) * 1_000),
      pid: `node ${nodeId.slice(0, 8)}`,
      tid: `worker ${workerId.slice(0, 8)} (pid ${pid})`,
      args: {
        taskId: Buffer.from(reports.taskIds.subarray(row * 24, row * 24 + 24)).toString('hex'),
        attempt: reports.attempt[row] ?? 0,
        succeeded: taskStates[reports.state[row] ?? 0] === 'FINISHED',
      },
    })
  }
}
