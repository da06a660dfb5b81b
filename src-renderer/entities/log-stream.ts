import type { LogSelector } from '../../runtime/api/logs.ts'
import type { LogStreamEvent } from '../../src-main/contract/logs.ts'
import { panel } from '../api/panel.ts'
import { textOf } from '../i18n/messages.ts'
import { LogStore } from '../ui/log-view/log-store.ts'
import { messages } from './messages.ts'

export type LogRequest = {
  /** Its id. */
  readonly cluster: string
  readonly selectors: readonly LogSelector[]
  /** How many lines of each file come first; -1: all. */
  readonly tail: number
  /** A word for a file, where its name alone says too little. */
  readonly labelOf?: (source: SourceEvent) => string
}
type SourceEvent = Extract<LogStreamEvent, { type: 'source' }>

type Run = { isClosed: boolean; streamId: string | undefined; off: (() => void) | undefined }

function close(run: Run): void {
  run.isClosed = true
  run.off?.()
  if (run.streamId !== undefined) void panel.call('logs.stopFollowing', { streamId: run.streamId }).catch(() => {}) // it ends by itself
}

/** Follows files into a store, over lost connections too, until it is ended. What is missing is told in its place. */
export class LogStream {
  readonly store = new LogStore()
  readonly #request: LogRequest
  readonly #keys = new Map<number, string>()
  readonly #failures = new Set<string>()
  constructor(request: LogRequest) {
    this.#request = request
  }

  /** Returns what ends it. */
  start(): () => void {
    const run: Run = { isClosed: false, streamId: undefined, off: undefined }
    this.store.setPhase('loading')
    this.#open(run).catch((error: unknown) => {
      if (!run.isClosed) this.#end(error instanceof Error ? error.message : String(error))
    })
    return () => close(run)
  }

  async #open(run: Run): Promise<void> {
    const { cluster, selectors, tail } = this.#request
    const { streamId } = await panel.call('logs.follow', { cluster, selectors: [...selectors], tail })
    run.streamId = streamId
    if (run.isClosed) return close(run)
    run.off = panel.follow<LogStreamEvent>(
      `log-stream/${streamId}`,
      ({ events, gap }) => {
        if (gap !== undefined) this.#notice(textOf(messages, 'logGap'))
        for (const event of events) this.#take(event)
      },
      { since: 0, onRefused: (error) => this.#end(error.message) },
    )
  }

  #take(event: LogStreamEvent): void {
    const { store } = this
    switch (event.type) {
      case 'source': {
        this.#keys.set(event.source, event.key)
        store.setSource(event.key, { label: this.#request.labelOf?.(event) ?? event.file, state: 'live' })
        return
      }
      case 'lines': {
        const pieces = new Set(event.pieces)
        const lines = event.texts.map((text, index) => ({
          text,
          atMs: event.times[index] ?? null,
          level: event.levels[index] ?? null,
          offset: event.offsets[index] ?? null,
          isContinued: pieces.has(index),
        }))
        store.append({ source: this.#keyOf(event.source), lines })
        return
      }
      case 'gap':
        store.addNotice(this.#keyOf(event.source), { kind: 'gap', bytes: event.to - event.from })
        return
      case 'copy':
        store.addNotice(this.#keyOf(event.source), { kind: 'copy' })
        store.setSource(this.#keyOf(event.source), { state: 'gone' })
        return
      case 'end':
        store.setSource(this.#keyOf(event.source), { state: 'ended' })
        return
      case 'live':
        store.setPhase('open')
        return
      case 'skipped':
        this.#notice(textOf(messages, 'logSkipped', { files: event.files, limit: event.limit }))
        return
      case 'failed':
        // What several selectors fail by alike is told once.
        if (!this.#failures.has(event.message)) this.#notice(event.message)
        this.#failures.add(event.message)
        return
      case 'link':
        if (event.state !== 'live') this.#notice(event.message ?? textOf(messages, event.state === 'away' ? 'logAway' : 'logRecord'))
        return
      case 'closed':
        this.#end(event.message)
        return
      case 'lag':
        return // what it says shows by itself as more lines come
    }
  }

  #keyOf(source: number): string {
    return this.#keys.get(source) ?? String(source)
  }

  #notice(text: string): void {
    const [first = 'panel'] = this.#keys.values()
    this.store.addNotice(first, { kind: 'text', text })
  }

  #end(message: string): void {
    if (message !== '' && !this.#failures.has(message)) this.#notice(message)
    this.store.setPhase('ended')
  }
}
