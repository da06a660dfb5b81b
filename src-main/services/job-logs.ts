import { setTimeout as delay } from 'node:timers/promises'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import type { PanelHub } from './panel-hub.ts'

const streamsAtMost = 256
const retryMs = 1_000
/** How long a head that is away is waited for. */
const patienceMs = 120_000

export type JobLogsIo = {
  /** The head, or the record of it when it is not there for long. */
  readonly callsOf: (clusterId: string, signal: AbortSignal) => Promise<ClusterCalls>
  readonly hub: PanelHub
  readonly randomHex: (digits: number) => string
}

/** Follows logs of jobs: each byte comes once on `job-log/<id>`, also over broken links and restarts of the head. */
export class JobLogs {
  readonly #io: JobLogsIo
  readonly #streams = new Map<string, AbortController>()

  constructor(io: JobLogsIo) {
    this.#io = io
  }

  follow({ clusterId, job, offset }: { clusterId: string; job: string; offset: number }): string {
    if (this.#streams.size >= streamsAtMost) {
      throw new ClusterError('limit.reached', `${streamsAtMost} logs are followed, and that is as many as there may be; stop one first`)
    }
    const streamId = `l-${this.#io.randomHex(16)}`
    const abort = new AbortController()
    this.#streams.set(streamId, abort)
    void this.#pump(streamId, { clusterId, job, offset }, abort.signal).finally(() => this.#streams.delete(streamId))
    return streamId
  }

  stop(streamId: string): void {
    this.#streams.get(streamId)?.abort()
  }

  stopAll(): void {
    for (const abort of this.#streams.values()) abort.abort()
  }

  async #pump(streamId: string, from: { clusterId: string; job: string; offset: number }, signal: AbortSignal): Promise<void> {
    const tell = (event: { text: string; isEnd: boolean; failure: string | null }) =>
      this.#io.hub.publish(`job-log/${streamId}`, { offset, ...event })
    let { offset } = from
    let heardAtMs = performance.now()
    for (;;) {
      try {
        const calls = await this.#io.callsOf(from.clusterId, signal)
        for await (const frame of calls.tailJobLog(from.job, { offset, signal })) {
          heardAtMs = performance.now()
          offset = frame.offset
          tell({ text: frame.text, isEnd: false, failure: null })
          offset = frame.next
        }
        return tell({ text: '', isEnd: true, failure: null })
      } catch (error) {
        if (signal.aborted) return
        const isPassing = error instanceof ClusterError && error.retryable
        if (!isPassing || performance.now() - heardAtMs > patienceMs)
          return tell({ text: '', isEnd: true, failure: toError(error).message })
        await delay(retryMs, undefined, { signal }).catch(() => {}) // the next round sees that it was stopped
        if (signal.aborted) return
      }
    }
  }
}
