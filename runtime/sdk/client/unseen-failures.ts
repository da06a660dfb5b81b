import { idLengths, type ObjectId, type TaskId } from '../../base/ids.ts'
import { decodeValue } from '../values/decode-value.ts'
import type { ErrorRecord } from '../values/error-record.ts'
import { noFunctionGraphs } from '../values/function-graphs.ts'
import { noHostObjects } from '../values/host-objects.ts'
import type { RefFailure } from './ref-state.ts'

const keptLimit = 1_000
const shownLimit = 10
const lineLimit = 500

/** Tasks of ours that failed and whose error nobody has asked for: said in a line each when the program ends (Ray: unhandled errors). */
export class UnseenFailures {
  readonly #failures = new Map<TaskId, { name: string; failure: RefFailure }>()
  #beyondLimit = 0

  note(taskId: TaskId, name: string, failure: RefFailure): void {
    if (failure.kind === 'failed' && failure.failure.code !== 'worker.crashed' && failure.failure.code !== 'worker.out-of-memory') return // cancelled, or said elsewhere
    if (this.#failures.size < keptLimit) this.#failures.set(taskId, { name, failure })
    else this.#beyondLimit += 1
  }

  /** Somebody was shown the error, or it has become another task's. */
  seen(objectId: ObjectId): void {
    if (this.#failures.size > 0) this.#failures.delete(objectId.slice(0, idLengths.task)) // an object's id begins with its task's
  }

  /** The lines to show; empties the list. */
  take(): string[] {
    const lines = [...this.#failures.values()]
      .slice(0, shownLimit)
      .map(({ name, failure }) => `${name} failed and its error was never looked at: ${textOf(failure)}`)
    const more = this.#failures.size + this.#beyondLimit - lines.length
    if (more > 0) lines.push(`${more} more task(s) failed whose errors were never looked at`)
    this.#failures.clear()
    this.#beyondLimit = 0
    return lines
  }
}

function textOf(failure: RefFailure): string {
  if (failure.kind === 'failed') return failure.failure.message.split('\n', 1)[0]?.slice(0, lineLimit) ?? ''
  const record = decodeValue(failure.error.bytes, { hosts: noHostObjects, functions: noFunctionGraphs, shared: false }) as ErrorRecord // error-codec.ts wrote it
  return `${record.name}: ${record.message}`.split('\n', 1)[0]?.slice(0, lineLimit) ?? ''
}
