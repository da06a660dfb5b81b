import * as z from 'zod'
import { EventsReadReply, TaskSpan } from '../../protocol/events.ts'
import { unpackPlain } from '../../transport/packed.ts'
import type { TraceEvent } from '../backend.ts'
import type { Client } from './client.ts'

const Spans = z.array(TaskSpan).max(1_000_000)
const pageBytes = 16 * 1024 * 1024

/** Every span that the head still has, oldest first, as Chrome trace events: a process for each node, a thread for each worker. */
export async function readTimeline(client: Client): Promise<TraceEvent[]> {
  const events: TraceEvent[] = []
  let beforeId = Number.MAX_SAFE_INTEGER
  while (beforeId > 0) {
    const page = await client.request({ type: 'events.read', maxBytes: pageBytes, beforeId }, EventsReadReply)
    for (const batch of page.batches) {
      for (const span of Spans.parse(unpackPlain(batch.packed))) events.push(traceEvent(batch, span))
    }
    if (page.batches.length === 0 || page.nextBeforeId >= beforeId) break
    beforeId = page.nextBeforeId
  }
  return events.sort((one, other) => one.ts - other.ts)
}

function traceEvent(
  batch: { nodeId: string; workerId: string; pid: number },
  [taskId, name, attempt, startMs, endMs, succeeded]: TaskSpan,
): TraceEvent {
  return {
    name,
    cat: 'task',
    ph: 'X',
    ts: startMs * 1_000,
    dur: Math.max(0, (endMs - startMs) * 1_000),
    pid: `node ${batch.nodeId.slice(0, 8)}`,
    tid: `worker ${batch.workerId.slice(0, 8)} (pid ${batch.pid})`,
    args: { taskId, attempt, succeeded },
  }
}
