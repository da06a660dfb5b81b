import type { Logger } from '../../base/logger.ts'
import { toError } from '../../base/errors.ts'
import type { EventBatch } from '../../protocol/events.ts'

export type EventForwarderIo = {
  readonly logger: Logger
  /** Asks the head; waits while it is away, and asks again when the link breaks. */
  readonly request: (message: object) => Promise<unknown>
}

/** Of batches that the head has not written yet. What comes then is counted and dropped. */
const unwrittenLimit = 32 * 1024 * 1024

/**
 * Hands the batches of workers and owners on to the head, and keeps each until the head has it on disk: a head that is killed and
 * started again gets them once more. A batch may so arrive twice, which says nothing new.
 */
export class EventForwarder {
  readonly #io: EventForwarderIo
  #bytes = 0
  #dropped = 0

  constructor(io: EventForwarderIo) {
    this.#io = io
  }

  forward(batch: EventBatch): void {
    const { byteLength } = batch.packed
    if (this.#bytes + byteLength > unwrittenLimit) {
      this.#dropped += batch.count + batch.dropped
      return
    }
    this.#bytes += byteLength
    const dropped = this.#dropped
    this.#dropped = 0
    const packed = new Uint8Array(batch.packed) // not a part of a larger buffer, which would be kept with it
    this.#io
      .request({ ...batch, packed, dropped: batch.dropped + dropped })
      .catch((thrown: unknown) => {
        this.#dropped += batch.count + batch.dropped + dropped
        this.#io.logger.debug('events.not-taken', { count: batch.count, reason: toError(thrown).message })
      })
      .finally(() => {
        this.#bytes -= byteLength
      })
  }
}
