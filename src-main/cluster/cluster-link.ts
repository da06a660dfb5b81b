import { ClusterError, errorCodes, toError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import { type Random, seededRandom } from '../../runtime/base/random.ts'
import type { Cluster } from '../contract/clusters.ts'
import type { Capabilities } from './capabilities.ts'
import type { ClusterCalls } from './cluster-calls.ts'
import { type LinkCommand, type LinkEvent, type LinkFailure, type LinkState, newLink, shownState, stepLink } from './core/link.ts'
import { SequenceTracker } from './core/sequence.ts'
import { followEvents, type HeadPlace, type LinkEvents, type OpenSession } from './link-session.ts'

export type ClusterLinkOptions = {
  /** The way to the head. The link closes it; one that still stands is used again when only the head went away. */
  readonly connect: () => Promise<HeadPlace>
  /** The last event that is known already, such as from the record of an earlier run; undefined: none. */
  readonly lastSeq: number | undefined
  readonly logger: Logger
  /** Figures of nodes every 2 s come with the events. @default false */
  readonly wantsMetrics?: boolean
  readonly random?: Random
}

/** As the contract shows it; `code` is that of the error that `message` tells of. */
export type LinkView = Cluster['link'] & { readonly code: string | null; readonly retryAtMs: number | null }

/** Keeps one cluster connected: through the link to the head's machine, restarts of the head, and our own. Begins with `start`. */
export class ClusterLink {
  readonly #options: ClusterLinkOptions
  readonly #state: LinkState
  readonly #tracker: SequenceTracker
  readonly #stateListeners = new Set<(view: LinkView) => void>()
  readonly #eventListeners = new Set<(events: LinkEvents) => Promise<void> | void>()
  readonly #tries = new Map<number, { readonly abort: AbortController; readonly ended: Promise<void> }>()
  #connection: Promise<HeadPlace> | undefined
  #session: OpenSession | undefined
  #timer: NodeJS.Timeout | undefined
  #recordTimer: NodeJS.Timeout | undefined
  #shown = ''

  constructor(options: ClusterLinkOptions) {
    this.#options = options
    this.#state = newLink(options.random ?? seededRandom(Math.trunc(performance.now() * 1_000) ^ process.pid), Date.now())
    this.#tracker = new SequenceTracker(options.lastSeq)
  }

  get view(): LinkView {
    const { phase, sinceMs, message, code } = this.#state
    return {
      state: shownState(this.#state, Date.now()),
      sinceMs,
      message,
      code,
      retryAtMs: phase.kind === 'waiting' ? phase.retryAtMs : null,
    }
  }

  /** Undefined while it is not connected. */
  get client(): ClusterCalls | undefined {
    return this.#session?.client
  }

  get capabilities(): Capabilities | undefined {
    return this.#session?.capabilities
  }

  /** The last event that was passed on whole. */
  get lastSeq(): number | undefined {
    return this.#tracker.last
  }

  onState(listener: (view: LinkView) => void): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  /** In their order, each once. The stream is held back while a listener's promise is open. */
  onEvents(listener: (events: LinkEvents) => Promise<void> | void): () => void {
    this.#eventListeners.add(listener)
    return () => this.#eventListeners.delete(listener)
  }

  start(): void {
    this.#handle({ type: 'link.start', nowMs: Date.now() })
  }

  /** Tries now, rather than when its turn comes. */
  retry(): void {
    this.#handle({ type: 'link.retry', nowMs: Date.now() })
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#handle({ type: 'link.stop', nowMs: Date.now() })
    clearTimeout(this.#recordTimer)
    this.#dropConnection() // first: what a try waits for on it fails at once
    await Promise.all([...this.#tries.values()].map(({ ended }) => ended))
  }

  #handle(event: LinkEvent): void {
    for (const command of stepLink(this.#state, event)) this.#perform(command)
    this.#tell()
  }

  #perform(command: LinkCommand): void {
    switch (command.do) {
      case 'open': {
        const abort = new AbortController()
        const { tryId } = command
        this.#tries.set(tryId, { abort, ended: this.#run(tryId, abort.signal).finally(() => this.#tries.delete(tryId)) })
        return
      }
      case 'close':
        return this.#tries.get(command.tryId)?.abort.abort()
      case 'set-timer':
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.#handle({ type: 'timer.fired', nowMs: Date.now() }), Math.max(0, command.atMs - Date.now()) + 1)
        return
      case 'clear-timer':
        return clearTimeout(this.#timer)
    }
  }

  /** One try, from the connection to the end of the event stream. */
  async #run(tryId: number, signal: AbortSignal): Promise<void> {
    await Promise.resolve() // the map has this try before anything of it happens
    let client: ClusterCalls | undefined
    try {
      const connecting = this.#liveConnection()
      const connection = await Promise.race([connecting, aborted(signal)])
      if (connection === undefined) return
      const lost = connection.closed.then((error) => {
        if (this.#connection === connecting) this.#connection = undefined
        throw new ClusterError('ssh.connection-lost', error ? toError(error).message : "the connection to the head's machine was closed")
      })
      lost.catch(() => {}) // it may break when nobody waits for it any more
      const { wantsMetrics = false } = this.#options
      const session = await Promise.race([connection.open(signal), lost])
      client = session.client
      if (signal.aborted) return
      this.#session = session
      this.#options.logger.info('cluster-link.connected', { tryId, since: this.#tracker.last ?? -1 })
      this.#handle({ type: 'try.succeeded', tryId, nowMs: Date.now() })
      const take = (events: LinkEvents) => this.#pass(events)
      await Promise.race([followEvents(session, { tracker: this.#tracker, wantsMetrics, signal, take }), lost, aborted(signal)])
    } catch (error) {
      this.#fail(tryId, error)
    } finally {
      if (this.#session?.client === client) this.#session = undefined
      client?.close()
    }
  }

  #fail(tryId: number, error: unknown): void {
    const failure = failureOf(error)
    const { phase } = this.#state
    if (!('tryId' in phase) || phase.tryId !== tryId) return
    this.#session = undefined
    if (failure.code === 'timeout' || failure.code === 'ssh.connection-lost') this.#dropConnection()
    this.#options.logger.warn('cluster-link.lost', { tryId, code: failure.code })
    this.#handle({ type: 'try.failed', tryId, nowMs: Date.now(), failure })
  }

  /** One at a time: a connection may ask a person for a password. */
  #liveConnection(): Promise<HeadPlace> {
    if (this.#connection) return this.#connection
    const connecting = this.#options.connect()
    this.#connection = connecting
    connecting.catch(() => {
      if (this.#connection === connecting) this.#connection = undefined
    })
    return connecting
  }

  #dropConnection(): void {
    void this.#connection?.then((connection) => connection.close()).catch(() => {}) // it never came about
    this.#connection = undefined
  }

  async #pass(events: LinkEvents): Promise<void> {
    for (const listener of this.#eventListeners) await listener(events)
  }

  #tell(): void {
    const view = this.view
    clearTimeout(this.#recordTimer)
    // From some time on it is shown as a record, though nothing happened.
    if (view.state === 'reconnecting') this.#recordTimer = setTimeout(() => this.#tell(), 1_000).unref()
    const text = JSON.stringify(view)
    if (text === this.#shown) return
    this.#shown = text
    for (const listener of this.#stateListeners) listener(view)
  }
}

function failureOf(error: unknown): LinkFailure {
  if (error instanceof ClusterError) return { code: error.code, message: error.message, isRetryable: errorCodes[error.code].retryable }
  return { code: 'internal', message: toError(error).message, isRetryable: true }
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
