import type { Duplex } from 'node:stream'
import type * as z from 'zod'
import { BoundedQueue } from '../base/bounded-queue.ts'
import { ClusterError, type ErrorCode } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Failure } from '../protocol/failures.ts'
import { FrameParser, maxFrameBytes, readU32 } from '../protocol/frame.ts'
import { attachedBit, attachFields, envelopeBytes, frameKinds, hasBody, hasRequestId, readAttachmentTable } from './envelope.ts'
import { FrameWriter } from './frame-writer.ts'
import { type Keepalive, type KeepaliveOptions, startKeepalive } from './keepalive.ts'
import { MessageDecoder } from './message-codec.ts'
import { ReceivedRequests, type RequestContext, type RequestHandler, type RequestOptions, SentRequests } from './requests.ts'

/** The messages one side accepts, by their `type`. Looked up by type: cheaper than a union, and an unknown type is refused by name. */
export type MessageSchemas = Readonly<Record<string, z.ZodType<object>>>
export type MessageOf<Schemas extends MessageSchemas> = z.output<Schemas[keyof Schemas]>

export type LinkOptions<Schemas extends MessageSchemas> = {
  incoming: Schemas
  logger: Logger
  /** Whom this link leads to, for logs and errors: an address or a node id. */
  peer: string
  /** @default 64 MiB */
  maxFrameBytes?: number | undefined
  /** Bytes that may wait for a slow peer before the link closes as overloaded. @default 256 MiB */
  maxSendBufferBytes?: number | undefined
  /** Only between machines: inside one, the kernel tells when a peer is gone. @default none */
  keepalive?: KeepaliveOptions | undefined
}

export type LinkEnd = {
  readonly code: ErrorCode
  readonly reason: string
  /** When the peer did not answer pings: for how long nothing had come. */
  readonly silentMs?: number
}

export type Link<In extends object = object> = {
  readonly peer: string
  readonly isClosed: boolean
  /** Resolves once, when the link is of no more use; never rejects. */
  readonly closed: Promise<LinkEnd>
  /** Bytes sent that the operating system has not taken yet. */
  readonly sendBufferBytes: number
  /**
   * Queues a message; it leaves at the end of this turn of the event loop, in order. False when the link is closed: it goes nowhere.
   * Byte fields of 32 KiB and more at the top of the message are not copied: leave them unchanged until `drained`, or an answer.
   * @throws ClusterError `bad-argument` when it cannot be encoded or is over the frame limit: nothing is sent then.
   */
  send(message: object): boolean
  /** Writes what is queued now, not at the end of the turn. */
  flush(): void
  /** Resolves when the send buffer was empty for a moment, or the link closed. */
  drained(): Promise<void>
  /**
   * Sends a message that the peer's `onRequest` answers.
   * @throws ClusterError `timeout` with `details.waitedMs`; `link.closed`; the signal's reason; or what the handler threw: its code,
   * message and details when it was a ClusterError, else `internal`.
   */
  request<T>(message: object, options: RequestOptions<T>): Promise<T>
  /**
   * One listener. Messages that come before it is there wait, 1,024 at most. It may throw `protocol.violation` to refuse the peer
   * (logged, closed); anything else that it throws ends the process.
   */
  onMessage(listener: (message: In) => void): void
  /** One handler; what it returns or resolves with is the answer, what it throws becomes an error for the asker. */
  onRequest(handler: (message: In, context: RequestContext) => unknown): void
  /**
   * Gives the memory behind a byte field of an answer or message back for the next large frames. Nothing may look into it any more, nor into
   * what else came with it. Undefined ends the keeping of such memory.
   */
  recycle(bytes: Uint8Array | undefined): void
  /** From now on the open link does not keep the process alive. */
  unref(): void
  /** Sends what is queued, then closes. Requests that wait are refused with `link.closed`. */
  close(reason?: string): void
}

const defaultSendBufferBytes = 256 * 1024 * 1024
const maxWaitingMessages = 1_024
/** How long a closing link waits for the peer to take the last bytes. */
const lingerMs = 5_000

/** Returns a link over `socket`, which it owns from now on. Reading starts at once. */
export function createLink<Schemas extends MessageSchemas>(socket: Duplex, options: LinkOptions<Schemas>): Link<MessageOf<Schemas>> {
  return new SocketLink<MessageOf<Schemas>>(socket, options)
}

type Waiting<In> = { readonly id: number | undefined; readonly message: In }

class SocketLink<In extends object> implements Link<In> {
  readonly peer: string
  readonly closed: Promise<LinkEnd>
  readonly #socket: Duplex
  readonly #logger: Logger
  readonly #schemas: ReadonlyMap<string, z.ZodType<object>>
  readonly #decoder = new MessageDecoder()
  readonly #parser: FrameParser
  readonly #writer: FrameWriter
  readonly #sent: SentRequests
  readonly #received: ReceivedRequests<In>
  readonly #keepalive: Keepalive | undefined
  #waiting = new BoundedQueue<Waiting<In>>(maxWaitingMessages)
  #listener: ((message: In) => void) | undefined
  #handler: RequestHandler<In> | undefined
  #end: LinkEnd | undefined
  #resolveClosed: (end: LinkEnd) => void = () => {}

  constructor(socket: Duplex, options: LinkOptions<MessageSchemas>) {
    this.peer = options.peer
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#socket = socket
    this.#logger = options.logger
    this.#schemas = new Map(Object.entries(options.incoming))
    const frameLimit = options.maxFrameBytes ?? maxFrameBytes
    this.#parser = new FrameParser(frameLimit, (source, start, end) => this.#receive(source, start, end))
    this.#writer = new FrameWriter(socket, {
      maxFrameBytes: frameLimit,
      maxSendBufferBytes: options.maxSendBufferBytes ?? defaultSendBufferBytes,
      onOverload: (bufferedBytes) => this.#overloaded(bufferedBytes),
    })
    this.#sent = new SentRequests((id) => this.#writer.appendBare(frameKinds.cancel, id))
    const answer = {
      reply: (id: number, value: unknown) => this.#writer.append(frameKinds.reply, id, value),
      failure: (id: number, failure: Failure) => this.#writer.append(frameKinds.failure, id, failure),
    }
    this.#received = new ReceivedRequests(answer, options.logger)
    if (options.keepalive !== undefined) {
      const ping = () => this.#writer.appendBare(frameKinds.ping, 0)
      this.#keepalive = startKeepalive(options.keepalive, ping, (silentMs) => this.#dead(silentMs))
    }
    this.#listenToSocket()
  }

  get isClosed(): boolean {
    return this.#end !== undefined
  }
  get sendBufferBytes(): number {
    return this.#writer.bufferedBytes
  }

  send(message: object): boolean {
    if (this.#end !== undefined) return false
    this.#writer.append(frameKinds.message, 0, message)
    return true
  }

  flush(): void {
    this.#writer.flush()
  }

  recycle(bytes: Uint8Array | undefined): void {
    this.#parser.recycle(bytes?.buffer)
  }

  unref(): void {
    if ('unref' in this.#socket && typeof this.#socket.unref === 'function') this.#socket.unref() // sockets have it, other streams hold no handle
  }

  async drained(): Promise<void> {
    this.#writer.flush()
    while (this.#end === undefined && this.#socket.writableLength > 0) {
      // Each write gets its callback after those before it, so an empty one tells when all of them were taken.
      await new Promise<void>((resolve) => this.#socket.write(new Uint8Array(), () => resolve()))
    }
  }

  request<T>(message: object, options: RequestOptions<T>): Promise<T> {
    if (this.#end !== undefined) return Promise.reject(this.#closedError())
    return this.#sent.start((id) => this.#writer.append(frameKinds.request, id, message), options)
  }

  onMessage(listener: (message: In) => void): void {
    this.#listener = listener
    this.#scheduleWaiting()
  }

  onRequest(handler: RequestHandler<In>): void {
    this.#handler = handler
    this.#scheduleWaiting()
  }

  close(reason = 'closed by this side'): void {
    this.#close('link.closed', reason, { isGraceful: true })
  }

  #listenToSocket(): void {
    this.#socket.on('data', (chunk: Uint8Array) => this.#take(chunk))
    this.#socket.once('end', () => {
      if (!this.#parser.isBetweenFrames) this.#refuse('the stream ended inside a frame')
      this.#close('link.closed', 'the peer closed the link', { isGraceful: true })
    })
    this.#socket.on('error', (error) => this.#close('link.closed', error.message, { isGraceful: false }))
    const onClose = () => this.#close('link.closed', 'the connection closed', { isGraceful: false })
    this.#socket.once('close', onClose)
    if (this.#socket.destroyed) setImmediate(onClose) // its own event may have passed before we listened
    this.#socket.resume()
  }

  #take(chunk: Uint8Array): void {
    if (this.#end !== undefined) return
    this.#keepalive?.heard()
    this.#orRefuse(() => this.#parser.push(chunk))
  }

  #orRefuse(handle: () => void): void {
    try {
      handle()
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code !== 'protocol.violation') throw error // a listener's own: not the peer's doing
      this.#refuse(error.message)
    }
  }

  /** Handles one frame. @returns false to stop reading. */
  #receive(source: Uint8Array, start: number, end: number): boolean {
    if (start >= end) throw violation('an empty frame')
    const first = source[start] ?? 0
    const kind = first & ~attachedBit
    let at = start + 1
    let id = 0
    if (hasRequestId(kind)) {
      if (end - start < envelopeBytes) throw violation('a frame too short for its kind')
      id = readU32(source, at)
      at += 4
    }
    let body: unknown
    if (hasBody(kind)) body = (first & attachedBit) === 0 ? this.#decoder.decode(source, at, end) : this.#decodeAttached(source, at, end)
    else if (at !== end) throw violation('bytes behind a frame that has no message')
    this.#dispatch(kind, id, body)
    return this.#end === undefined
  }

  #dispatch(kind: number, id: number, body: unknown): void {
    switch (kind) {
      case frameKinds.message:
        return this.#deliver(undefined, this.#validated(body))
      case frameKinds.request:
        return this.#deliver(id, this.#validated(body))
      case frameKinds.reply: {
        const issue = this.#sent.settle(id, body)?.issues[0]
        if (issue !== undefined) throw violation(`an answer is wrong at ${pathOf(issue)}: ${issue.message}`)
        return
      }
      case frameKinds.failure:
        return this.#sent.fail(id, body)
      case frameKinds.cancel:
        return this.#received.cancel(id)
      case frameKinds.ping:
        return this.#writer.appendBare(frameKinds.pong, 0)
      case frameKinds.pong:
        return
      default:
        throw violation(`unknown frame kind ${kind}`)
    }
  }

  #decodeAttached(source: Uint8Array, start: number, end: number): unknown {
    const layout = readAttachmentTable(source, start, end)
    const message = this.#decoder.decode(source, layout.bodyStart, layout.bodyEnd)
    attachFields(message, layout.fields)
    return message
  }

  #validated(body: unknown): In {
    const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : undefined
    const schema = typeof type === 'string' ? this.#schemas.get(type) : undefined
    if (schema === undefined) throw violation(`unknown message type ${JSON.stringify(type)?.slice(0, 80) ?? 'undefined'}`)
    const parsed = schema.safeParse(body)
    if (parsed.success) return parsed.data as In // `In` is what the schemas of this very table make
    const issue = parsed.error.issues[0]
    throw violation(`message ${String(type)} is wrong at ${pathOf(issue)}: ${issue?.message ?? 'unknown'}`)
  }

  #deliver(id: number | undefined, message: In): void {
    if (this.#waiting.length === 0) {
      if (id === undefined && this.#listener !== undefined) return this.#listener(message)
      if (id !== undefined && this.#handler !== undefined) return this.#received.run(id, message, this.#handler)
    }
    if (!this.#waiting.push({ id, message })) throw violation(`${maxWaitingMessages} messages came before anybody listened`)
    this.#scheduleWaiting()
  }

  /** Later, not at once: whoever attaches a listener usually attaches a handler right after it. */
  #scheduleWaiting(): void {
    if (this.#waiting.length > 0) setImmediate(() => this.#orRefuse(() => this.#deliverWaiting()))
  }

  #deliverWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = new BoundedQueue(maxWaitingMessages)
    const kept: Waiting<In>[] = []
    for (const { id, message } of waiting) {
      if (this.#end !== undefined) return
      if (id === undefined && this.#listener !== undefined) this.#listener(message)
      else if (id !== undefined && this.#handler !== undefined) this.#received.run(id, message, this.#handler)
      else kept.push({ id, message })
    }
    for (const entry of kept) this.#waiting.push(entry)
  }

  #overloaded(bufferedBytes: number): void {
    this.#logger.warn('link.overloaded', { peer: this.peer, bufferedBytes })
    this.#close('link.overloaded', `${this.peer} does not read: ${bufferedBytes} bytes wait for it`, { isGraceful: false })
  }

  #dead(silentMs: number): void {
    this.#logger.warn('link.dead', { peer: this.peer, silentMs })
    this.#close('link.closed', `${this.peer} was silent for ${silentMs} ms`, { isGraceful: false, silentMs })
  }

  #refuse(reason: string): void {
    if (this.#end !== undefined) return
    this.#logger.warn('link.refused', { peer: this.peer, reason })
    this.#close('protocol.violation', reason, { isGraceful: false })
  }

  #close(code: ErrorCode, reason: string, { isGraceful, silentMs }: { isGraceful: boolean; silentMs?: number }): void {
    if (this.#end !== undefined) return
    if (isGraceful) this.#writer.flush()
    if (this.#end !== undefined) return // that flush found the peer overloaded
    this.#end = { code, reason, ...(silentMs === undefined ? {} : { silentMs }) }
    this.#writer.stop()
    this.#keepalive?.stop()
    if (isGraceful) endGently(this.#socket)
    else this.#socket.destroy()
    const error = this.#closedError()
    this.#sent.failAll(error)
    this.#received.cancelAll(error)
    this.#resolveClosed(this.#end)
  }

  #closedError(): ClusterError {
    const code = this.#end?.code === 'link.overloaded' ? 'link.overloaded' : 'link.closed'
    return new ClusterError(code, `the link to ${this.peer} is closed: ${this.#end?.reason ?? 'not yet'}`)
  }
}

function endGently(socket: Duplex): void {
  socket.end()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}

const violation = (message: string) => new ClusterError('protocol.violation', message)
const pathOf = (issue: z.core.$ZodIssue | undefined): string => issue?.path.map(String).join('.') || 'the top'
