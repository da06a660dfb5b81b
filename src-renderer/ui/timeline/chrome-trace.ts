import type { Lane } from './lane.ts'
import { Layout } from './layout.ts'
import type { Row } from './row.ts'
import type { TimelineStore } from './timeline-store.ts'
import type { TimeSpan } from './view-window.ts'

const linesOfPiece = 2_000
const sliceMs = 10
/** A thread of a trace must not have slices that overlap; so many bars of one worker may. */
const rowLimit = 200

type TraceChoice = {
  /** Only what lies at least partly in it. @default everything */
  readonly span?: TimeSpan
  /** Where bars that run end. */
  readonly nowMs: number
}

/**
 * The bars as a trace in Chrome's JSON, in pieces of text that belong one behind the other: a process for each node, a thread for each worker,
 * and for each more that overlaps there. Times are microseconds since 1970. It takes the store as it is now, in slices, so the page stays usable.
 */
export async function* chromeTrace(store: TimelineStore, choice: TraceChoice): AsyncGenerator<string> {
  const layout = new Layout({ bars: store.bars, nodeOfWorker: store.nodeOfWorker, grouping: 'worker', rowLimit })
  for (let isDone = false; !isDone; ) {
    const untilMs = performance.now() + sliceMs
    isDone = layout.work(() => performance.now() < untilMs)
    await nextTurn()
  }
  yield '{"displayTimeUnit":"ms","traceEvents":['
  let separator = '\n'
  let lines: string[] = []
  for (const line of traceLines(store, layout, choice)) {
    if (lines.push(line) < linesOfPiece) continue
    yield separator + lines.join(',\n')
    separator = ',\n'
    lines = []
    await nextTurn()
  }
  yield `${lines.length > 0 ? separator : ''}${lines.join(',\n')}\n]}\n`
}

/** Each event as JSON. */
function* traceLines(store: TimelineStore, layout: Layout, choice: TraceChoice): Generator<string> {
  let tid = 0
  for (const group of layout.groups.values()) {
    const pid = group.key + 1
    yield nameLine('process_name', { pid }, store.labelOf(store.nodes.texts[group.key] ?? ''))
    for (const { row, name } of threadsOf(store, group.lanes)) {
      tid += 1
      yield nameLine('thread_name', { pid, tid }, name)
      for (let index = 0; index < row.count; index += 1) {
        const line = barLine(store, row, { ...choice, index, pid, tid })
        if (line !== undefined) yield line
      }
    }
  }
}

/** One for each row; the first of a worker has its plain name. */
function threadsOf(store: TimelineStore, lanes: readonly Lane[]) {
  return lanes.flatMap((lane) => {
    const name = store.labelOf(store.workers[lane.key] ?? '')
    const rows: readonly Row[] = [...lane.rows, lane.overflow].filter(({ count }) => count > 0)
    return rows.map((row, number) => ({ row, name: number === 0 ? name : `${name} (${number + 1})` }))
  })
}

type BarPlace = TraceChoice & { readonly index: number; readonly pid: number; readonly tid: number }

/** Undefined outside of the span, and for a bar that left the store while the trace was written. */
function barLine(store: TimelineStore, row: Row, { index, pid, tid, span, nowMs }: BarPlace): string | undefined {
  const number = row.bar[index] ?? 0
  if (!store.bars.isUsed(number) || store.bars.start[number] !== row.start[index]) return undefined
  const { taskId, attempt, name, state, startMs, endMs, parentTaskId } = store.bar(number)
  const lastMs = Math.max(startMs, endMs ?? nowMs)
  if (span && (startMs >= span.toMs || lastMs < span.fromMs)) return undefined
  const args = { taskId, attempt, state, ...(parentTaskId !== null && { parentTaskId }) }
  return JSON.stringify({ name, cat: 'task', ph: 'X', ts: startMs * 1_000, dur: (lastMs - startMs) * 1_000, pid, tid, args })
}

const nameLine = (name: string, ids: { readonly pid: number; readonly tid?: number }, text: string): string =>
  JSON.stringify({ name, ph: 'M', ...ids, args: { name: text } })

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
