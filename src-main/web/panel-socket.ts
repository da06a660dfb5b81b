import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { ClusterError } from '../../runtime/base/errors.ts'
import { ClientMessage } from '../contract/socket-messages.ts'
import { closeCodes, maxMessageBytes, socketProtocol } from '../contract/socket-protocol.ts'
import type { Caller } from '../host/call-table.ts'
import type { Dispatch } from '../host/dispatch.ts'
import type { Subscription } from '../topics/subscription.ts'
import { batchLimits, type TopicBatch } from '../topics/topic-batch.ts'
import type { TopicSource } from '../topics/topic-hub.ts'
import { errorText } from './error-text.ts'
import { SocketWriter, type WriterLimits, writerLimits } from './socket-writer.ts'

export type SocketLimits = Partial<WriterLimits> & {
  /** Calls of one socket that run at the same time. @default 64 */
  readonly maxCalls?: number
  /** @default 256 */
  readonly maxSubscriptions?: number
}

export type PanelSocketParts = {
  readonly socket: WebSocket
  readonly raw: Duplex
  readonly caller: Caller
  readonly dispatch: Dispatch
  readonly hub: TopicSource
  readonly limits: SocketLimits
}

/** One window's end: its calls, and the topics it listens to. When the socket ends its calls are aborted. */
export class PanelSocket {
  readonly #parts: PanelSocketParts
  readonly #writer: SocketWriter
  readonly #calls = new Map<number, AbortController>()
  readonly #subscriptions = new Map<string, Subscription>()
  #isHidden = false
  #isClosed = false
  /** Batches that came in this turn go out as one frame. */
  #batches: string[] = []
  #batchBytes = 0

  constructor(parts: PanelSocketParts) {
    this.#parts = parts
    const each = (act: (subscription: Subscription) => void) => () => this.#subscriptions.forEach(act)
    this.#writer = new SocketWriter(
      parts,
      { ...writerLimits, ...parts.limits },
      { onFull: each((subscription) => subscription.pause()), onRoom: each((subscription) => subscription.resume()) },
    )
    parts.socket.on('message', (data, isBinary) => {
      if (isBinary) return this.close(closeCodes.textOnly, 'text only')
      this.#take(String(data as Buffer)) // `ws` hands out buffers unless told otherwise
    })
    parts.socket.on('error', () => {}) // 'close' follows, and says the code
    parts.socket.once('close', () => this.#end())
    this.#writer.send(JSON.stringify({ hello: { protocol: socketProtocol } }))
  }

  close(code: number, reason: string): void {
    this.#writer.close(code, reason)
    this.#end()
  }

  #take(text: string): void {
    if (this.#isClosed) return // what was on its way when we said goodbye
    const message = parseMessage(text)
    if (message === undefined) return this.close(closeCodes.badMessage, 'this is no message of the panel’s clients')
    if ('method' in message) void this.#call(message)
    else if ('cancel' in message) this.#calls.get(message.cancel)?.abort()
    else if ('subscribe' in message) this.#subscribe(message)
    else if ('unsubscribe' in message) this.#unsubscribe(message.unsubscribe)
    else this.#setHidden(message.hidden)
  }

  async #call({ id, method, input }: Extract<ClientMessage, { method: string }>): Promise<void> {
    const { caller, dispatch, limits } = this.#parts
    if (this.#calls.has(id)) return this.close(closeCodes.badMessage, `the call ${id} is running`)
    const limit = limits.maxCalls ?? 64
    if (this.#calls.size >= limit) {
      const error = new ClusterError('too-many-requests', `${limit} calls of this window are running; wait for one to end`)
      return this.#writer.send(JSON.stringify({ id, ok: false, error: errorText(error) }))
    }
    const controller = new AbortController()
    this.#calls.set(id, controller)
    const answer = await dispatch({ method, input, caller, signal: controller.signal })
    this.#calls.delete(id)
    const text = JSON.stringify({ id, ...answer })
    if (text.length <= maxMessageBytes) return this.#writer.send(text)
    const error = new ClusterError(
      'too-large',
      `the answer of ${method} is larger than a message of ${maxMessageBytes} bytes; ask for less`,
    )
    this.#writer.send(JSON.stringify({ id, ok: false, error: errorText(error) }))
  }

  #subscribe({ subscribe: topic, epoch, since }: Extract<ClientMessage, { subscribe: string }>): void {
    this.#unsubscribe(topic)
    const { hub, caller, limits } = this.#parts
    const limit = limits.maxSubscriptions ?? 256
    try {
      if (caller.access === 'read' && hub.accessOf(topic) === 'change')
        throw new ClusterError('auth.refused', `${topic} is for who may change things, and you may only look`)
      if (this.#subscriptions.size >= limit) throw new ClusterError('limit.reached', `one window listens to at most ${limit} topics`)
      const subscription = hub.subscribe(topic, { epoch, since }, (batch) => this.#deliver(batch))
      subscription.onFailed(() => {
        this.#subscriptions.delete(topic)
        this.#refuse(topic, new ClusterError('internal', `${topic} failed inside the panel; its log has the reason`))
      })
      subscription.setHidden(this.#isHidden)
      if (this.#writer.isFull) subscription.pause()
      this.#subscriptions.set(topic, subscription)
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      this.#refuse(topic, error)
    }
  }

  #refuse(topic: string, error: ClusterError): void {
    this.#writer.send(JSON.stringify({ refused: topic, error: errorText(error) }))
  }

  #unsubscribe(topic: string): void {
    this.#subscriptions.get(topic)?.close()
    this.#subscriptions.delete(topic)
  }

  #setHidden(isHidden: boolean): void {
    this.#isHidden = isHidden
    for (const subscription of this.#subscriptions.values()) subscription.setHidden(isHidden)
  }

  #deliver({ events, ...batch }: TopicBatch): void {
    const text = `${JSON.stringify(batch).slice(0, -1)},"events":[${events.join(',')}]}`
    if (this.#batches.length === 0) queueMicrotask(() => this.#flush())
    if (this.#batches.length > 0 && this.#batchBytes + text.length > batchLimits.bytes) this.#flush()
    this.#batches.push(text)
    this.#batchBytes += text.length
    if (this.#batchBytes > batchLimits.bytes) this.#flush() // so that a full socket shows before more is made
  }

  #flush(): void {
    if (this.#batches.length === 0) return
    const text = `{"batches":[${this.#batches.join(',')}]}`
    this.#batches = []
    this.#batchBytes = 0
    this.#writer.send(text)
  }

  #end(): void {
    this.#isClosed = true
    for (const controller of this.#calls.values()) controller.abort()
    for (const subscription of this.#subscriptions.values()) subscription.close()
    this.#subscriptions.clear()
  }
}

function parseMessage(text: string): ClientMessage | undefined {
  try {
    return ClientMessage.safeParse(JSON.parse(text)).data
  } catch {
    return undefined // no JSON at all
  }
}
