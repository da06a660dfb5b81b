import { pickOne, type Random, randomBelow, seededRandom } from '#runtime/base/random.ts'
import type { TimelineBar } from '#src-renderer/ui/timeline/timeline-store.ts'

export const bar = (more: Partial<TimelineBar> = {}): TimelineBar => ({
  taskId: 'a'.repeat(48),
  attempt: 0,
  name: 'train',
  state: 'finished',
  startMs: 1_000,
  endMs: 2_000,
  nodeId: 'node-1',
  workerId: 'worker-1',
  parentTaskId: null,
  ...more,
})

/** Whole ms, so that sums of them are exact. Some share a start, some overlap, some run, some are tried twice, some ids are no hex. */
export function randomBars(seed: number, count: number): TimelineBar[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, number) => {
    const startMs = 1_700_000_000_000 + randomBelow(random, count * 3)
    const isRunning = random() < 0.02
    const node = randomBelow(random, 3)
    return bar({
      taskId: random() < 0.1 ? `task ${number >> 1}` : (number >> 1).toString(16).padStart(16, '0').padEnd(48, 'c'),
      attempt: number % 2,
      name: pickOne(random, ['load', 'train', 'score', 'save']),
      state: isRunning ? 'running' : pickOne(random, ['finished', 'finished', 'finished', 'failed', 'cancelled']),
      startMs,
      endMs: isRunning ? null : startMs + (random() < 0.1 ? randomBelow(random, 400) : randomBelow(random, 12)),
      nodeId: `node-${node}`,
      workerId: `worker-${node}-${randomBelow(random, 4)}`,
      parentTaskId:
        number === 0 || random() < 0.3 ? null : (randomBelow(random, number) >> 1).toString(16).padStart(16, '0').padEnd(48, 'c'),
    })
  })
}

/** The same bars as they may be reported: in any order, some first as running and later with their end, some twice. */
export function reportsOf(bars: readonly TimelineBar[], random: Random): TimelineBar[] {
  const reports = bars.flatMap((each) => {
    const early: TimelineBar = { ...each, state: 'running', endMs: null }
    const kind = random()
    return kind < 0.3 ? [early, each] : kind < 0.4 ? [each, each] : kind < 0.5 ? [each, early] : [each]
  })
  for (let last = reports.length - 1; last > 0; last -= 1) {
    const other = randomBelow(random, last + 1)
    const [one, two] = [reports[last], reports[other]]
    if (one && two) [reports[last], reports[other]] = [two, one]
  }
  return reports
}

export const keyOf = ({ taskId, attempt }: { readonly taskId: string; readonly attempt: number }): string => `${taskId} ${attempt}`
