import { setTimeout as delay } from 'node:timers/promises'
import type { LogStreamMessage } from '../../runtime/api/logs.ts'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { ClusterCalls, LogStreamQuestion } from '../cluster/cluster-calls.ts'
import type { LogFollow, LogStreamEvent } from '../contract/logs.ts'
import { Gate } from './gate.ts'
import { LogSources } from './log-sources.ts'
import type { PanelHub } from './panel-hub.ts'

/** As many as a head serves. */
const streamsAtMost = 64
const retryMs = 1_000
/** How long a head that is there, and sends nothing, is tried. */
const patienceMs = 120_000

export type LogStreamsIo = {
  /** The head, or the record of it when it is not there for long. */
  readonly callsOf: (clusterId: string, signal: AbortSignal) => Promise<Pick<ClusterCalls, 'streamLogs' | 'source' | 'recordedAtMs'>>
  readonly hub: PanelHub
  readonly randomHex: (digits: number) => string
  /** A stream that nobody listens to ends after this. @default a minute */
  readonly unheardMs?: number
}

type Stream = {
  readonly streamId: string
  readonly clusterId: string
  readonly wanted: LogFollow
  readonly abort: AbortController
  /** Open while somebody listens, and keeps up. */
  readonly gate: Gate
  isHeard: boolean
  isHigh: boolean
  unheard: NodeJS.Timeout | undefined
}

/**
 * Lines of many log files, on `log-stream/<id>`. A stream begins when somebody listens to it; one whose listeners do not keep up is read no
 * further meanwhile, so nothing is lost; after a broken link it goes on where it was.
 */
export class LogStreams {
  readonly #io: LogStreamsIo
  readonly #streams = new Map<string, Stream>()

  constructor(io: LogStreamsIo) {
    this.#io = io
    const find = (topic: string) => this.#streams.get(topic.slice('log-stream/'.length))
    io.hub.provide('log-stream/:id', {
      onPressure: (topic, isHigh) => this.#change(find(topic), { isHigh }),
      onListeners: (topic, count) => this.#change(find(topic), { isHeard: count > 0 }),
    })
  }

  /** @throws ClusterError `limit.reached` */
  follow(clusterId: string, wanted: LogFollow): string {
    if (this.#streams.size >= streamsAtMost) {
      throw new ClusterError('limit.reached', `${streamsAtMost} streams of logs are open, as many as there may be; close one first`)
    }
    const streamId = `s-${this.#io.randomHex(16)}`
    const more = { abort: new AbortController(), gate: new Gate(), isHeard: false, isHigh: false, unheard: undefined }
    const stream: Stream = { streamId, clusterId, wanted, ...more }
    this.#streams.set(streamId, stream)
    this.#change(stream, {})
    void this.#run(stream).finally(() => {
      clearTimeout(stream.unheard)
      this.#streams.delete(streamId)
    })
    return streamId
  }

  /** Does nothing when it has ended already. */
  stop(streamId: string): void {
    this.#streams.get(streamId)?.abort.abort()
  }

  stopAll(): void {
    for (const { abort } of this.#streams.values()) abort.abort()
  }

  #change(stream: Stream | undefined, change: Partial<Pick<Stream, 'isHeard' | 'isHigh'>>): void {
    if (!stream) return
    Object.assign(stream, change)
    stream.gate.set(stream.isHeard && !stream.isHigh)
    clearTimeout(stream.unheard)
    if (!stream.isHeard) stream.unheard = setTimeout(() => stream.abort.abort(), this.#io.unheardMs ?? 60_000).unref()
  }

  async #run(stream: Stream): Promise<void> {
    const { signal } = stream.abort
    const tell = (event: LogStreamEvent) => this.#io.hub.publish(`log-stream/${stream.streamId}`, event)
    try {
      await stream.gate.opened(signal)
      await this.#pump(stream, tell)
      tell({ type: 'closed', message: 'all that there is was told' })
    } catch (error) {
      if (signal.aborted) return tell({ type: 'closed', message: 'it was stopped, or nobody listened any more' })
      const { message } = toError(error)
      const code = error instanceof ClusterError ? error.code : 'internal'
      tell({ type: 'failed', code, message })
      tell({ type: 'closed', message })
    }
  }

  async #pump(stream: Stream, tell: (event: LogStreamEvent) => void): Promise<void> {
    const { clusterId, wanted, gate } = stream
    const { signal } = stream.abort
    const sources = new LogSources(wanted.resume)
    let heardAtMs = performance.now()
    for (;;) {
      let isRecord = false
      try {
        const calls = await this.#io.callsOf(clusterId, signal)
        isRecord = calls.source === 'record'
        signal.throwIfAborted()
        tell({ type: 'link', state: calls.source, recordedAtMs: calls.recordedAtMs, message: null })
        for await (const message of calls.streamLogs(questionOf(wanted, sources, signal))) {
          await gate.opened(signal)
          heardAtMs = performance.now()
          const event: LogStreamMessage | undefined = sources.take(message)
          if (event) tell(event)
        }
        signal.throwIfAborted()
        return
      } catch (error) {
        const isPassing = !isRecord && error instanceof ClusterError && error.retryable && performance.now() - heardAtMs < patienceMs
        if (signal.aborted || !isPassing) throw error
        tell({ type: 'link', state: 'away', recordedAtMs: null, message: error.message })
        await delay(retryMs, undefined, { signal })
      }
    }
  }
}

/** Once all was told that was there at the start, files that are new come whole, also those that came while the link was broken. */
function questionOf(wanted: LogFollow, sources: LogSources, signal: AbortSignal): LogStreamQuestion {
  const { selectors, text, regex, level, ignoreCase, sinceMs, untilMs, tail } = wanted
  return {
    ...{ selectors, text, regex, level, ignore_case: ignoreCase, since_ms: sinceMs, until_ms: untilMs, signal },
    ...{ tail: sources.isLive ? -1 : tail, resume: sources.begin() },
  }
}
