import { TaskReportBuffer } from '#runtime/protocol/task-reports.ts'
import { stateCodes } from '#runtime/base/task-states.ts'
import type { EventBatch } from '#runtime/protocol/events.ts'
import { packPlain } from '#runtime/transport/packed.ts'

const hex8 = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')
const kinds = Array.from({ length: 200 }, (_, number) => ({ name: `function_${number}`, resources: { CPU: 1 } }))
const actors = Array.from({ length: 500 }, (_, number) => hex8(number * 7_919).repeat(3) + hex8(1))
const plainTails = Array.from({ length: 5 }, (_, job) => 'f'.repeat(24) + hex8(job + 1))
const firstMs = 1_700_000_000_000

export const someActor = actors[1] ?? ''
export const someParent = hex8(1) + hex8(77) + (plainTails[0] ?? '')
export const someNode = hex8(1).repeat(7)

/** Attempts `from` to `to` of a busy cluster: 20 nodes, 400 workers, 200 functions, 500 actors, 5 jobs; some fail, some run, some have parents. */
export function historyBatch(from: number, to: number): EventBatch {
  const buffer = new TaskReportBuffer(100_000)
  for (let number = from; number < to; number += 1) {
    const hasFailed = number % 50 === 0
    const isRunning = !hasFailed && number % 11 === 0
    const startedMs = firstMs + number
    const tail = (number % 3 === 0 ? actors[number % actors.length] : plainTails[number % plainTails.length]) ?? ''
    const row = buffer.add(
      {
        taskId: hex8(Math.imul(number % 64, 0x01000193)) + hex8(number) + tail,
        attempt: number % 97 === 0 ? 1 : 0,
        state: hasFailed ? stateCodes.FAILED : isRunning ? stateCodes.RUNNING : stateCodes.FINISHED,
        createdMs: startedMs - 5,
        submittedMs: startedMs - 1,
        startedMs,
        endedMs: isRunning ? 0 : startedMs + (Math.imul(number, 2_654_435_761) >>> 22),
      },
      kinds[number % kinds.length] ?? { name: 'function' },
      (kind) => kind,
    )
    if (hasFailed) buffer.setError(row, 'TASK_EXECUTION_EXCEPTION', `Error: attempt ${number} went wrong`)
    if (number % 4 === 0) buffer.setParent(row, hex8(1) + hex8(number >> 3) + (plainTails[0] ?? ''))
  }
  const taken = buffer.take(false)
  if (taken === undefined) throw new Error('a batch needs an attempt')
  const worker = Math.floor(from / 500) % 400
  return {
    type: 'events.batch',
    ...{ nodeId: hex8(worker % 20).repeat(7), workerId: hex8(worker).repeat(7), pid: worker + 1, count: to - from, dropped: 0 },
    ...{ firstMs: taken.firstMs, lastMs: taken.lastMs },
    packed: packPlain(taken.reports),
  }
}
