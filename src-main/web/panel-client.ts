import type * as z from 'zod'
import { WebSocket } from 'ws'
import { ClusterError } from '../../runtime/base/errors.ts'
import { type ErrorText, PanelMessage } from '../contract/socket-messages.ts'
import { maxMessageBytes, socketProtocol } from '../contract/socket-protocol.ts'
import { type FeedEvents, TopicFeed } from '../contract/topic-feed.ts'
import type { CallTable } from '../host/call-table.ts'

export type PanelClientOptions = {
  /** Such as `http://127.0.0.1:4321`. */
  readonly url: string
  readonly token: string
  /** Until the panel must have answered the first time; 0 waits for ever. @default 10 s */
  readonly connectTimeoutMs?: number
  /** Told when the connection comes and goes. */
  readonly onState?: (state: 'connected' | 'reconnecting' | 'closed') => void
}

export type CallOptions = {
  /** Cancels the call. */
  readonly signal?: AbortSignal
  /** @default no limit: the panel's calls have their own */
  readonly timeoutMs?: number
}

export type FollowOptions<Event> = {
  readonly onEvents: (events: FeedEvents<Event>) => void
  /** The panel refused the topic, or sent what is no such event; nothing more comes. */
  readonly onEnded?: (error: ClusterError) => void
  /** 0: all that is still known. @default how things stand, and what comes */
  readonly since?: number
}

type Waiting = {
  readonly resolve: (output: unknown) => void
  readonly reject: (error: Error) => void
  readonly text: string
  isSent: boolean
}
type Following = { readonly feed: TopicFeed; readonly onEnded: (error: ClusterError) => void }

const maxWaitingCalls = 1_000
const retryMs = { first: 100, most: 5_000 } as const
/** Snapshots of one thing may be larger than what the panel takes. */
const maxReceivedBytes = 64 * 1024 * 1024
/** The panel pings every 15 s; without one for so long the connection is dead. */
const silentMs = 45_000

/**
 * A program's connection to a running panel: calls, and topics that go on where they were after the connection was lost. Made of a
 * table of calls, by which inputs are typed and outputs parsed.
 */
export class PanelClient<Table extends CallTable> {
  readonly #table: Table
  readonly #options: PanelClientOptions
  readonly #calls = new Map<number, Waiting>()
  readonly #following = new Map<string, Following>()
  #socket: WebSocket | undefined
  #isOpen = false
  #wasOpen = false
  #isHidden = false
  #ended: ClusterError | undefined
  #lastId = 0
  #retries = 0
  #retryTimer: NodeJS.Timeout | undefined
  #silenceTimer: NodeJS.Timeout | undefined
  #connectTimer: NodeJS.Timeout | undefined

  constructor(table: Table, options: PanelClientOptions) {
    this.#table = table
    this.#options = options
    const timeoutMs = options.connectTimeoutMs ?? 10_000
    if (timeoutMs > 0) {
      const late = () =>
        this.#end(new ClusterError('timeout', `no panel answered at ${options.url} within ${timeoutMs / 1_000} s; start it again`))
      this.#connectTimer = setTimeout(late, timeoutMs)
    }
    this.#connect()
  }

  /**
   * The output of a call. One that is made before the connection is there waits for it.
   * @throws ClusterError the panel's own; `link.closed` when the connection is lost meanwhile: the call may have run; `timeout`,
   * `task.cancelled`, `auth.refused`
   */
  async call<Method extends keyof Table & string>(
    method: Method,
    input: z.input<Table[Method]['input']>,
    { signal, timeoutMs }: CallOptions = {},
  ): Promise<z.output<Table[Method]['output']>> {
    const output = await this.#send({ method, input, signal, timeoutMs })
    const parsed = this.#table[method]?.output.safeParse(output)
    if (parsed?.success === true) return parsed.data as z.output<Table[Method]['output']> // by the schema of that very method
    throw new ClusterError('protocol.violation', `the panel answered ${method} with something else; it may be of another version`)
  }

  /** Follows a topic, over lost connections too. Returns what ends it. One at a time for each topic. */
  subscribe<Schema extends z.ZodType>(topic: string, event: Schema, options: FollowOptions<z.output<Schema>>): () => void {
    if (this.#following.has(topic)) throw new ClusterError('already-exists', `this client follows ${topic} already`)
    const { onEvents, onEnded = () => {}, since } = options
    const feed = new TopicFeed(
      topic,
      ({ events, ...rest }) => {
        const parsed: z.output<Schema>[] = []
        for (const each of events) {
          const one = event.safeParse(each)
          if (!one.success)
            return this.#endFeed(topic, new ClusterError('protocol.violation', `an event of ${topic} is not one that this client knows`))
          parsed.push(one.data)
        }
        onEvents({ events: parsed, ...rest })
      },
      since,
    )
    this.#following.set(topic, { feed, onEnded })
    if (this.#isOpen) this.#write(feed.begin())
    return () => {
      if (this.#following.get(topic)?.feed !== feed) return
      this.#following.delete(topic)
      if (this.#isOpen) this.#write({ unsubscribe: topic })
    }
  }

  /** Nobody looks: batches come half as often. */
  setHidden(isHidden: boolean): void {
    this.#isHidden = isHidden
    if (this.#isOpen) this.#write({ hidden: isHidden })
  }

  /** Calls that run are rejected. */
  close(): void {
    this.#end(new ClusterError('link.closed', 'this client was closed'))
  }

  #send(call: { method: string; input: unknown } & { [Name in keyof CallOptions]: CallOptions[Name] | undefined }): Promise<unknown> {
    const { method, input, signal, timeoutMs } = call
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (this.#calls.size >= maxWaitingCalls)
      return Promise.reject(new ClusterError('too-many-requests', `${maxWaitingCalls} calls wait for the panel; wait for one to end`))
    const id = ++this.#lastId
    const text = JSON.stringify({ id, method, input })
    if (Buffer.byteLength(text) > maxMessageBytes)
      return Promise.reject(new ClusterError('too-large', `the input of ${method} is over the ${maxMessageBytes} bytes of a message`))
    return new Promise((resolve, reject) => {
      const cancel = (error: ClusterError) => {
        if (this.#isOpen && this.#calls.get(id)?.isSent === true) this.#write({ cancel: id })
        this.#settle(id)?.reject(error)
      }
      const abort = () => cancel(new ClusterError('task.cancelled', `${method} was cancelled`))
      const late = () =>
        cancel(new ClusterError('timeout', `${method} did not end within ${timeoutMs} ms`, { details: { waitedMs: timeoutMs ?? 0 } }))
      const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs)
      const tidied =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', abort)
          settle(value)
        }
      const waiting: Waiting = { resolve: tidied(resolve), reject: tidied(reject), text, isSent: false }
      this.#calls.set(id, waiting)
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted === true) abort()
      else if (this.#isOpen) this.#sendCall(waiting)
    })
  }

  #sendCall(waiting: Waiting): void {
    waiting.isSent = true
    this.#socket?.send(waiting.text)
  }

  #write(message: object): void {
    this.#socket?.send(JSON.stringify(message))
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#calls.get(id)
    this.#calls.delete(id)
    return waiting
  }

  #connect(): void {
    const { url, token } = this.#options
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      maxPayload: maxReceivedBytes,
      handshakeTimeout: 10_000,
    })
    this.#socket = socket
    socket.on('message', (data) => this.#take(socket, String(data as Buffer))) // `ws` hands out buffers unless told otherwise
    socket.on('ping', () => this.#hear(socket))
    socket.on('unexpected-response', (_request, response) => {
      const { statusCode = 0 } = response
      socket.terminate()
      if (statusCode === 401 || statusCode === 403)
        this.#end(
          new ClusterError('auth.refused', `the panel at ${url} refused the token; it was started again since, or it is another one`),
        )
    })
    socket.on('error', () => {}) // 'close' follows
    socket.once('close', () => this.#lose(socket))
  }

  #hear(socket: WebSocket): void {
    clearTimeout(this.#silenceTimer)
    this.#silenceTimer = setTimeout(() => socket.terminate(), silentMs).unref()
  }

  #take(socket: WebSocket, text: string): void {
    this.#hear(socket)
    const message = parseMessage(text)
    if (message === undefined) return this.#end(otherVersion(this.#options.url))
    if ('batches' in message) for (const batch of message.batches) this.#following.get(batch.topic)?.feed.take(batch)
    else if ('hello' in message) this.#greet(message.hello.protocol)
    else if ('refused' in message) this.#endFeed(message.refused, errorOf(message.error))
    else if (message.ok) this.#settle(message.id)?.resolve(message.output)
    else this.#settle(message.id)?.reject(errorOf(message.error))
  }

  #greet(protocol: number): void {
    if (protocol !== socketProtocol) return this.#end(otherVersion(this.#options.url))
    clearTimeout(this.#connectTimer)
    this.#isOpen = true
    this.#wasOpen = true
    this.#retries = 0
    if (this.#isHidden) this.#write({ hidden: true })
    for (const { feed } of this.#following.values()) this.#write(feed.begin())
    for (const waiting of this.#calls.values()) this.#sendCall(waiting)
    this.#options.onState?.('connected')
  }

  #endFeed(topic: string, error: ClusterError): void {
    const following = this.#following.get(topic)
    if (!this.#following.delete(topic)) return
    if (this.#isOpen) this.#write({ unsubscribe: topic })
    following?.onEnded(error)
  }

  #lose(socket: WebSocket): void {
    if (socket !== this.#socket || this.#ended !== undefined) return
    clearTimeout(this.#silenceTimer)
    this.#isOpen = false
    for (const [id, { isSent, reject }] of this.#calls) {
      if (!isSent) continue
      this.#calls.delete(id)
      reject(new ClusterError('link.closed', `the connection to the panel at ${this.#options.url} was lost; the call may have run`))
    }
    if (this.#wasOpen) this.#options.onState?.('reconnecting')
    const waitMs = Math.min(retryMs.most, retryMs.first * 2 ** this.#retries)
    this.#retries += 1
    this.#retryTimer = setTimeout(() => this.#connect(), waitMs * (0.5 + Math.random() / 2))
  }

  #end(error: ClusterError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#isOpen = false
    for (const timer of [this.#retryTimer, this.#silenceTimer, this.#connectTimer]) clearTimeout(timer)
    this.#socket?.close()
    const socket = this.#socket
    setTimeout(() => socket?.terminate(), 1_000).unref()
    for (const { reject } of this.#calls.values()) reject(error)
    this.#calls.clear()
    for (const topic of this.#following.keys()) this.#endFeed(topic, error)
    this.#options.onState?.('closed')
  }
}

const otherVersion = (url: string) =>
  new ClusterError('protocol.version', `${url} does not speak as this client does; use the command of the same version as the panel`)

const errorOf = ({ code, message, details }: ErrorText) => new ClusterError(code, message, { details })

function parseMessage(text: string): PanelMessage | undefined {
  try {
    return PanelMessage.safeParse(JSON.parse(text)).data
  } catch {
    return undefined // no JSON at all
  }
}
