import type { Duplex } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { ClusterError } from '../../base/errors.ts'
import type { HeadContext } from './parts.ts'

/** A client's end of a WebSocket. All of it is text; what the client sends beyond 64 KiB a message closes it with 1009. */
export type ClientSocket = {
  /**
   * Sends `text` as frames of at most 256 KiB. Resolves when there is room for more, so that awaiting it is all the back-pressure a
   * producer needs. @throws ClusterError `link.closed` when the socket is closed, or is cut because nobody reads.
   */
  send(text: string): Promise<void>
  /** One frame, never split. @throws ClusterError `too-large` past 256 KiB, else as `send`. */
  sendJson(value: unknown): Promise<void>
  /** Bytes that wait for the client. Who drops or gathers instead of awaiting looks here. */
  readonly waitingBytes: number
  onMessage(listener: (text: string) => void): void
  /** Ends in order: the client has all that was sent. `code` is 1000, or 4000 and up. */
  close(code: number, reason: string): void
  /** Ends as a broken connection, which clients see as 1006: for a failure that must not look like the end. */
  abort(): void
  /** Aborted once the socket is closed or closing, whoever began it. */
  readonly signal: AbortSignal
}

export type SocketOptions = {
  /** What to do to a client that reads nothing for `slowMs` while something waits for it. @default 'close', with code 1013 */
  readonly whenSlow?: 'close' | 'abort'
  /** @default 60 s */
  readonly slowMs?: number
}

/**
 * Decides on a socket before it is accepted: what it throws is answered as plain HTTP (404, 400 …), as on any route. The function it
 * returns runs with the open socket. When that rejects the socket is aborted, as 1006; when it resolves the socket stays open.
 */
export type OpenSocket = (context: HeadContext) => OpenedSocket | Promise<OpenedSocket>
export type OpenedSocket = { readonly run: (socket: ClientSocket) => void | Promise<void>; readonly options?: SocketOptions }

const maxFrameBytes = 256 * 1024
const maxMessageBytes = 64 * 1024
/** Past it `send` waits. */
const highWaterBytes = 1024 * 1024
const slowAfterMs = 60_000
const pingEveryMs = 30_000
/** A peer that sends nothing at all, pongs included, for so long is gone. */
const silentAfterMs = 120_000
/** How long a closed socket may take to say goodbye. */
const goodbyeMs = 5_000
const tooSlow = 1013

const acceptor = new WebSocketServer({
  noServer: true,
  maxPayload: maxMessageBytes,
  perMessageDeflate: false, // memory for each client, and text that is sent once
  clientTracking: false,
})

export type Upgrade = { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }

/** Completes the handshake and runs what was opened. Returns when the socket is open, or was refused by the handshake. */
export function acceptSocket({ request, socket, head }: Upgrade, opened: OpenedSocket, onFailed: (error: unknown) => void): void {
  acceptor.handleUpgrade(request, socket, head, (webSocket) => {
    const client = new AcceptedSocket(webSocket, socket, opened.options ?? {})
    Promise.resolve(client)
      .then(opened.run)
      .catch((error: unknown) => {
        if (!client.signal.aborted) onFailed(error)
        client.abort()
      })
  })
}

class AcceptedSocket implements ClientSocket {
  readonly #socket: WebSocket
  readonly #raw: Duplex
  readonly #options: SocketOptions
  readonly #closed = new AbortController()
  readonly #timer: NodeJS.Timeout
  #heardAtMs = performance.now()
  #pingedAtMs = performance.now()
  /** When the client last took something, or had nothing to take. */
  #takenAtMs = performance.now()
  #waiting: (() => void)[] = []
  #writtenInTurn = 0

  constructor(socket: WebSocket, raw: Duplex, options: SocketOptions) {
    this.#socket = socket
    this.#raw = raw
    this.#options = options
    const heard = () => void (this.#heardAtMs = performance.now())
    socket.on('message', heard).on('pong', heard).on('ping', heard)
    socket.on('error', () => {}) // 'close' follows, and says the code
    socket.once('close', () => this.#end())
    this.#timer = setInterval(() => this.#look(), 1_000)
    this.#timer.unref()
  }

  get signal(): AbortSignal {
    return this.#closed.signal
  }
  get waitingBytes(): number {
    return this.#socket.bufferedAmount
  }

  onMessage(listener: (text: string) => void): void {
    this.#socket.on('message', (data, isBinary) => {
      if (isBinary) return this.close(1003, 'text only')
      listener(String(data as Buffer)) // `ws` hands out buffers unless told otherwise
    })
  }

  async send(text: string): Promise<void> {
    for (const frame of splitText(text)) {
      await this.#write(frame)
      this.#writtenInTurn += frame.length
      if (this.#writtenInTurn < highWaterBytes) continue
      this.#writtenInTurn = 0
      await new Promise((resolve) => setImmediate(resolve)) // a client as fast as the producer must not keep the head from all others
    }
  }

  sendJson(value: unknown): Promise<void> {
    const text = JSON.stringify(value)
    if (text.length > maxFrameBytes || Buffer.byteLength(text) > maxFrameBytes) {
      return Promise.reject(
        new ClusterError('too-large', `a message of ${text.length} letters is over the ${maxFrameBytes} bytes of a frame`),
      )
    }
    return this.#write(text)
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason.slice(0, 120))
    setTimeout(() => this.#raw.destroy(), goodbyeMs).unref()
    this.#end() // nothing can be sent any more: who still produces is to stop
  }

  abort(): void {
    this.#raw.destroy()
  }

  #write(frame: string): Promise<void> {
    if (this.signal.aborted || this.#socket.readyState !== this.#socket.OPEN) {
      return Promise.reject(new ClusterError('link.closed', 'the WebSocket is closed'))
    }
    if (this.#socket.bufferedAmount === 0) this.#takenAtMs = performance.now()
    this.#socket.send(frame, () => {
      this.#takenAtMs = performance.now()
      if (this.#socket.bufferedAmount < highWaterBytes) this.#wake()
    })
    if (this.#socket.bufferedAmount < highWaterBytes) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push(() =>
        this.signal.aborted ? reject(new ClusterError('link.closed', 'the WebSocket closed meanwhile')) : resolve(),
      )
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }

  #look(): void {
    const nowMs = performance.now()
    const slowMs = this.#options.slowMs ?? slowAfterMs
    if (this.#socket.bufferedAmount > 0 && nowMs - this.#takenAtMs > slowMs) {
      if (this.#options.whenSlow === 'abort') return this.abort()
      return this.close(tooSlow, `nothing was read for ${Math.round(slowMs / 1_000)} s; read faster, and resume`)
    }
    if (this.#socket.bufferedAmount > 0) return // it is slow, not silent: it cannot answer a ping behind so much
    if (nowMs - this.#heardAtMs > silentAfterMs) return this.abort()
    if (nowMs - this.#pingedAtMs < pingEveryMs || this.#socket.readyState !== this.#socket.OPEN) return
    this.#pingedAtMs = nowMs
    this.#socket.ping()
  }

  #end(): void {
    clearInterval(this.#timer)
    this.#closed.abort()
    this.#wake()
  }
}

/** Pieces of at most 256 KiB of UTF-8, none of them splitting a letter. At least one. */
export function* splitText(text: string): Generator<string> {
  const longest = Math.floor(maxFrameBytes / 3) // a UTF-16 unit is at most three bytes
  if (text.length <= longest) return yield text
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + longest)
    const last = text.charCodeAt(end - 1)
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1 // a surrogate pair stays together
    yield text.slice(at, end)
    at = end
  }
}
