import type { Clock } from '../base/clock.ts'
import type { ExecutionServices } from '../sdk/execution.ts'
import type { Invocation } from './invocation.ts'
import type { ResultSender } from './result-sender.ts'
import { isThenable } from './returns.ts'
import { nextTurn, turnMs } from './turn.ts'

/** A producer that waits longer than this for its consumer counts as blocked: the consumer may need its place. */
const pauseGraceMs = 20

type StreamIo = { readonly services: ExecutionServices; readonly sender: ResultSender; readonly clock: Clock }
type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>

/**
 * Sends each item of a generator, or of anything that can be iterated, as it is produced, and waits while the consumer is
 * `generatorBackpressure` items behind. Ends early, the generator closed, when the job is cancelled.
 * Returns undefined, or what kept an item from being encoded. Rejects with what user code threw.
 */
export async function runStream(job: Invocation, produced: unknown, io: StreamIo): Promise<{ error: unknown } | undefined> {
  const { services, sender, clock } = io
  const iterator = iteratorOf(job, await produced, services)
  let lastMs = -1
  let turnEndsMs = clock.monotonicMs() + turnMs
  for (let index = 0; ; index += 1) {
    if (!job.hasRoomAfter(index)) await consumerToCatchUp(job, index)
    if (job.isCancelled || job.isEnded) break
    sender.beforeRun(lastMs, false)
    const startedMs = clock.monotonicMs()
    const stepping = services.runInTask(job, () => iterator.next())
    lastMs = clock.monotonicMs() - startedMs
    const step = isThenable(stepping) ? await stepping : stepping
    if (step.done === true) return undefined
    const value = isThenable(step.value) ? await valueOf(job, step.value, { iterator, services }) : step.value
    if (job.isCancelled || job.isEnded) break
    try {
      const encoding = services.encodeResult(job, index + 2, value) // 1 is the count of items
      const result = encoding instanceof Promise ? await encoding : encoding
      if (job.isOrphan || job.isEnded) break
      sender.yielded(job.link, { type: 'task.yielded', taskId: job.taskId, attempt: job.attempt, index, result })
    } catch (error) {
      await close(job, iterator, services)
      return { error }
    }
    if (clock.monotonicMs() > turnEndsMs) {
      await nextTurn()
      turnEndsMs = clock.monotonicMs() + turnMs
    }
  }
  await close(job, iterator, services)
  return undefined
}

/** A promise that a plain generator yielded. */
async function valueOf(
  job: Invocation,
  promised: PromiseLike<unknown>,
  source: { iterator: AnyIterator; services: ExecutionServices },
): Promise<unknown> {
  try {
    return await promised
  } catch (error) {
    await close(job, source.iterator, source.services)
    throw error
  }
}

async function consumerToCatchUp(job: Invocation, produced: number): Promise<void> {
  let isBlocked = false
  const timer = setTimeout(() => {
    isBlocked = true
    job.blocked()
  }, pauseGraceMs)
  while (!job.hasRoomAfter(produced) && !job.isCancelled && !job.isEnded) await job.nextChange()
  clearTimeout(timer)
  if (isBlocked) job.unblocked()
}

/** Lets the generator's own `finally` run. */
async function close(job: Invocation, iterator: AnyIterator, services: ExecutionServices): Promise<void> {
  try {
    await services.runInTask(job, () => iterator.return?.())
  } catch {
    // The stream ends for another reason already, and that one is told.
  }
}

function iteratorOf(job: Invocation, produced: unknown, services: ExecutionServices): AnyIterator {
  if (produced !== null && typeof produced === 'object') {
    const source = produced as { [Symbol.asyncIterator]?: unknown; [Symbol.iterator]?: unknown } // any object may be asked for these
    const open = source[Symbol.asyncIterator] ?? source[Symbol.iterator]
    if (typeof open === 'function') return services.runInTask(job, () => open.call(source) as AnyIterator) // what such a method gives
  }
  throw new TypeError(`${job.name} streams, so it must return a generator or another iterable, but returned ${typeof produced}`)
}
