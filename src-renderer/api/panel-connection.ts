import type { GivenInput, Method, Output } from '../../src-main/contract/panel.ts'
import type { PanelMessage } from '../../src-main/contract/socket-messages.ts'
import { socketProtocol } from '../../src-main/contract/socket-protocol.ts'
import { type FeedEvents, TopicFeed } from '../../src-main/contract/topic-feed.ts'
import { lostConnection, PanelError } from './panel-error.ts'
import type { OpenWire, Wire, WireRefusal } from './wire.ts'

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'reconnecting'; readonly sinceMs: number }
  | { readonly kind: 'refused'; readonly reason: WireRefusal }

type Waiting = {
  readonly method: string
  readonly input: unknown
  readonly resolve: (output: unknown) => void
  readonly reject: (error: PanelError) => void
  isSent: boolean
}
/** One feed for a topic, however many listen; who comes later is told what stands now. */
type Following = { readonly feed: TopicFeed; readonly listeners: Set<FeedListener> }
type FollowOptions = {
  /** The panel refused the topic; nothing comes of it. */
  readonly onRefused?: (error: PanelError) => void
  /** 0: all that is still known of it. @default how things stand, and what comes */
  readonly since?: number
}
type FeedListener = {
  readonly onEvents: (events: FeedEvents<unknown>) => void
  readonly onRefused: ((error: PanelError) => void) | undefined
}

/**
 * The page's end of the panel's contract: calls, and topics that go on where they were after the connection was lost. Inputs and outputs
 * are parsed by the host; the page has its types.
 */
export class PanelConnection {
  readonly #wire: Wire
  readonly #calls = new Map<number, Waiting>()
  readonly #following = new Map<string, Following>()
  readonly #stateListeners = new Set<() => void>()
  #state: ConnectionState = { kind: 'connecting' }
  #isOpen = false
  #lastId = 0

  constructor(open: OpenWire) {
    this.#wire = open({
      onMessage: (message) => this.#take(message),
      onLost: () => this.#lose(),
      onRefused: (reason) => this.#refuse(reason),
    })
  }

  get state(): ConnectionState {
    return this.#state
  }

  onState(listener: () => void): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  /**
   * One call. Made while there is no connection, it waits for one.
   * @throws PanelError the panel's own; `link.closed` when the connection was lost meanwhile; `task.cancelled`
   */
  call<M extends Method>(method: M, input: GivenInput<M>, signal?: AbortSignal): Promise<Output<M>> {
    const id = ++this.#lastId
    return new Promise<Output<M>>((resolve, reject) => {
      const waiting: Waiting = { method, input, resolve: resolve as (output: unknown) => void, reject, isSent: false } // the host answers a method by its own schema
      this.#calls.set(id, waiting)
      const abort = () => {
        if (!this.#calls.delete(id)) return
        if (waiting.isSent && this.#isOpen) this.#wire.send({ cancel: id })
        reject(new PanelError({ code: 'task.cancelled', message: `${method} was cancelled`, details: {}, isRetryable: false }))
      }
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted) abort()
      else if (this.#state.kind === 'refused') this.#settle(id)?.reject(signedOut)
      else if (this.#isOpen) this.#sendCall(id, waiting)
    })
  }

  /** Follows a topic; each listener of the same topic gets all that comes from now on, the first also how things stand. Returns what ends it. */
  follow<Event>(topic: string, onEvents: (events: FeedEvents<Event>) => void, { onRefused, since }: FollowOptions = {}): () => void {
    const listener: FeedListener = { onEvents: onEvents as FeedListener['onEvents'], onRefused } // the host checks events by the topic's schema
    const known = this.#following.get(topic)
    if (known) known.listeners.add(listener)
    else {
      const listeners = new Set([listener])
      const tellAll = (events: FeedEvents<unknown>) => {
        for (const each of listeners) each.onEvents(events)
      }
      const feed = new TopicFeed(topic, tellAll, since)
      this.#following.set(topic, { feed, listeners })
      if (this.#isOpen) this.#wire.send(feed.begin())
    }
    return () => {
      const following = this.#following.get(topic)
      if (!following?.listeners.delete(listener) || following.listeners.size > 0) return
      this.#following.delete(topic)
      if (this.#isOpen) this.#wire.send({ unsubscribe: topic })
    }
  }

  /** Nobody looks: batches come half as often. */
  setHidden(isHidden: boolean): void {
    if (this.#isOpen) this.#wire.send({ hidden: isHidden })
  }

  #sendCall(id: number, waiting: Waiting): void {
    waiting.isSent = true
    this.#wire.send({ id, method: waiting.method, input: waiting.input })
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#calls.get(id)
    this.#calls.delete(id)
    return waiting
  }

  #take(message: PanelMessage): void {
    if ('batches' in message) for (const batch of message.batches) this.#following.get(batch.topic)?.feed.take(batch)
    else if ('hello' in message) this.#greet(message.hello.protocol)
    else if ('refused' in message) this.#endTopic(message.refused, new PanelError(message.error))
    else if (message.ok) this.#settle(message.id)?.resolve(message.output)
    else this.#settle(message.id)?.reject(new PanelError(message.error))
  }

  #greet(protocol: number): void {
    if (protocol !== socketProtocol) return this.#refuse('other-version')
    this.#isOpen = true
    for (const { feed } of this.#following.values()) this.#wire.send(feed.begin())
    for (const [id, waiting] of this.#calls) this.#sendCall(id, waiting)
    this.#change({ kind: 'live' })
  }

  #endTopic(topic: string, error: PanelError): void {
    const following = this.#following.get(topic)
    this.#following.delete(topic)
    for (const { onRefused } of following?.listeners ?? []) onRefused?.(error)
  }

  #lose(): void {
    this.#isOpen = false
    for (const [id, { isSent, method, reject }] of this.#calls) {
      if (!isSent) continue
      this.#calls.delete(id)
      reject(lostConnection(method))
    }
    if (this.#state.kind === 'live') this.#change({ kind: 'reconnecting', sinceMs: Date.now() })
  }

  #refuse(reason: WireRefusal): void {
    this.#isOpen = false
    this.#change({ kind: 'refused', reason })
    for (const id of [...this.#calls.keys()]) this.#settle(id)?.reject(signedOut)
    this.#wire.close()
  }

  #change(state: ConnectionState): void {
    this.#state = state
    for (const listener of this.#stateListeners) listener()
  }
}

const signedOut = new PanelError({
  code: 'auth.refused',
  message: 'this page is not signed in to the panel; open the link that the panel printed',
  details: {},
  isRetryable: false,
})
