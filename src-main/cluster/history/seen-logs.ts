import type { JobTailFrame } from '../../../runtime/api/logs.ts'
import { toError } from '../../../runtime/base/errors.ts'
import type { Logger } from '../../../runtime/base/logger.ts'
import type { ClusterRecord } from './cluster-record.ts'
import type { SeenFile } from './record-files.ts'

const flushMs = 1_000
/** Written at once beyond this. */
const waitingBytes = 256 * 1024

/** Writes down what somebody follows of the logs of nodes, a moment after it came. */
export class SeenLogs {
  readonly #record: ClusterRecord
  readonly #logger: Logger
  #waiting: { readonly about: SeenFile; readonly frame: JobTailFrame }[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(record: ClusterRecord, logger: Logger) {
    this.#record = record
    this.#logger = logger
  }

  take(about: SeenFile, frame: JobTailFrame): void {
    this.#waiting.push({ about, frame })
    this.#bytes += frame.text.length
    if (this.#bytes > waitingBytes) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), flushMs).unref()
  }

  /** The files of nodes that are told of there. */
  get record(): ClusterRecord {
    return this.#record
  }

  /** Where a stretch of unknown place goes on from what was seen of the file before. */
  placeOf(about: SeenFile, text: string): number {
    this.flush()
    return this.#record.files.placeOf(about, text)
  }

  /** To be called before the record is closed. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    if (waiting.length === 0) return
    try {
      this.#record.together(() => {
        for (const { about, frame } of waiting) this.#record.files.append(about, frame, Date.now())
      })
    } catch (error) {
      this.#logger.error('history.log-not-written', { reason: toError(error).message }) // who follows has the lines all the same
    }
  }
}
