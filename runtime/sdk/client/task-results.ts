import { type ObjectId, objectIdOf } from '../../base/ids.ts'
import type { TaskResult } from '../../protocol/tasks.ts'
import type { TaskEnd } from '../owner/core/state.ts'
import { failureOf } from './failures.ts'
import type { PendingTask } from './pending-task.ts'
import type { References } from './references.ts'
import type { RefFailure, RefState } from './ref-state.ts'
import type { UnseenFailures } from './unseen-failures.ts'

export type TaskResultsIo = {
  readonly references: References
  readonly unseen: UnseenFailures
  /** A task ended, and not well: for the lists. */
  readonly onFailed?: (task: PendingTask['task'], end: TaskEnd, failure: RefFailure | null | undefined) => void
}

/** Turns what became of tasks into the states of their refs and streams. */
export class TaskResults {
  readonly #io: TaskResultsIo
  constructor(io: TaskResultsIo) {
    this.#io = io
  }

  /** Settles the refs of a task that has ended, well or not. */
  end(pending: PendingTask, end: TaskEnd): void {
    if (end.kind === 'outcome' && end.outcome.kind === 'done') this.#fulfil(pending, end.outcome.results)
    else {
      const failure =
        end.kind === 'as-object' ? pending.refArgs.find((state) => state.objectId === end.objectId)?.failure : failureOf(pending.task, end)
      this.#io.onFailed?.(pending.task, end, failure)
      if (failure && end.kind !== 'as-object' && !pending.task.cancelled)
        this.#io.unseen.note(pending.task.taskId, pending.task.kind.template.name, failure)
      if (end.kind === 'as-object') this.#io.unseen.seen(end.objectId)
      for (const state of pending.returns) {
        if (state.status !== 'pending') continue
        state.failure = failure ?? null
        state.settle('failed')
      }
      this.#endStream(pending, failure ? 'failed' : 'ready', failure ?? null)
    }
  }

  #fulfil(pending: PendingTask, results: readonly TaskResult[]): void {
    for (const [index, result] of results.entries()) {
      const state = pending.returns[index]
      if (!state || state.status !== 'pending') continue // freed meanwhile, or there since the first run
      this.#fillResult(state, result, pending)
    }
    this.#endStream(pending, 'ready', null)
  }

  #fillResult(state: RefState, result: TaskResult, pending: PendingTask): void {
    if (result.nested.length > 0) state.nested = result.nested.map((ref) => this.#io.references.borrowed(ref))
    if (result.place.kind === 'stored') noteProducer(state, pending)
    this.#io.references.setPlace(state, result.place)
    state.settle('ready')
  }

  /** The next item of a stream. */
  yielded(pending: PendingTask, index: number, result: TaskResult): void {
    if (!pending.stream) return
    const state = this.#nextItem(pending, index)
    this.#fillResult(state, result, pending)
    pending.stream.push(state)
  }

  #nextItem({ task, stream }: PendingTask, index: number): RefState {
    return stream?.takeUpcoming() ?? this.#io.references.owned(objectIdOf(task.taskId, index + 2)) // index 1 is the count of items
  }

  /** An item that the consumer had and that was lost: a run again has made it anew. */
  fillLost(pending: PendingTask, index: number, result: TaskResult): void {
    const state = pending.stream?.takeLost(index)
    if (state?.status === 'pending') this.#fillResult(state, result, pending)
  }

  /** The last item of a stream that failed is a ref that throws, as with Ray. */
  #endStream(pending: PendingTask, status: 'ready' | 'failed', failure: RefState['failure']): void {
    if (!pending.stream) return
    for (const state of pending.stream.takeAllLost()) {
      state.failure = failure ?? notRepeated(state.objectId)
      state.settle('failed')
    }
    if (pending.stream.hasEnded) return // a run again, for lost items only
    if (status === 'failed') {
      const state = this.#nextItem(pending, pending.task.yielded)
      state.failure = failure
      state.settle('failed')
      pending.stream.push(state)
    }
    pending.stream.end(failure)
  }
}

/** What may not run again is not kept, nor its arguments, nor its actor's handle. */
function noteProducer(state: RefState, pending: PendingTask): void {
  if (pending.task.maxRetries === 0) state.madeOnceBy = pending.task.kind.template.name
  else state.producer = pending
}

const notRepeated = (objectId: ObjectId): RefFailure => ({
  kind: 'failed',
  failure: {
    code: 'object.not-reconstructable',
    message: `object ${objectId} is lost: the stream that made it was run again and did not make it this time`,
    details: { objectId },
  },
})
