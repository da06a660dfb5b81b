import type { Socket } from 'node:net'
import { ClusterError } from '../../base/errors.ts'
import { frameParts, FrameReader, type Frame } from './frames.ts'
import { FromBridge, type FailureRecord, Reply } from './messages.ts'

export type Answer = { readonly fields: Readonly<Record<string, unknown>>; readonly buffers: readonly Uint8Array[] }

/** A request that Python answered with a failure, to be turned into an error of the SDK by who asked. */
export class Refused extends Error {
  readonly record: FailureRecord
  readonly thrown: Uint8Array | undefined
  constructor(record: FailureRecord, thrown: Uint8Array | undefined) {
    super(record.kind === 'failed' ? record.failure.message : record.origin)
    this.record = record
    this.thrown = thrown
  }
}

export type BridgeIo = {
  onMessage(message: FromBridge, buffers: readonly Uint8Array[]): void
  /** Once, when Python is gone, whoever ended it. */
  onClosed(): void
}

type Waiting = { resolve(answer: Answer): void; reject(error: Error): void }

/** The line to the Python process: orders leave in the order of their calls, many in one write. */
export class BridgeLink {
  readonly #socket: Socket
  readonly #io: BridgeIo
  readonly #waiting = new Map<number, Waiting>()
  #nextRequest = 1
  #isCorked = false
  #isClosed = false
  #why = ''

  constructor(socket: Socket, io: BridgeIo) {
    this.#socket = socket
    this.#io = io
    const reader = new FrameReader((frame) => this.#take(frame))
    socket.on('data', (chunk: Uint8Array) => reader.push(chunk))
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => this.#closed())
    socket.on('end', () => socket.destroy())
  }

  send(header: { readonly type: string; readonly [field: string]: unknown }, buffers: readonly Uint8Array[] = []): void {
    if (this.#isClosed) return
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    for (const part of frameParts(header, buffers)) this.#socket.write(part)
  }

  /** @throws Refused as the promise's reason; ClusterError `link.closed` when Python is gone. */
  request(header: { readonly type: string; readonly [field: string]: unknown }, buffers: readonly Uint8Array[] = []): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(this.goneError())
    const request = this.#nextRequest
    this.#nextRequest += 1
    const answer = new Promise<Answer>((resolve, reject) => this.#waiting.set(request, { resolve, reject }))
    this.send({ ...header, request }, buffers)
    return answer
  }

  /** What was sent is written before the socket ends. */
  close(): void {
    this.#socket.end()
  }

  /** Settles when everything that was sent has been taken by the system. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#socket.write(new Uint8Array(0), () => resolve())) return
    })
  }

  /** What every call that waits ends with when Python is gone. */
  goneError(): ClusterError {
    const what = `the bridge to Ray is gone${this.#why}, and with it what this program owned`
    return new ClusterError('link.closed', `${what}; run the program again`)
  }

  #take({ header, buffers }: Frame): void {
    const isReply = typeof header === 'object' && header !== null && 'type' in header && header.type === 'reply'
    if (!isReply) {
      const message = FromBridge.parse(header)
      if (message.type === 'lost') this.#why = ` (${message.why})`
      return this.#io.onMessage(message, buffers)
    }
    const reply = Reply.parse(header)
    const waiting = this.#waiting.get(reply.request)
    this.#waiting.delete(reply.request)
    if (reply.status === 'failed') waiting?.reject(new Refused(reply.record, buffers[0]))
    else waiting?.resolve({ fields: reply, buffers })
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const waiting of this.#waiting.values()) waiting.reject(this.goneError())
    this.#waiting.clear()
    this.#io.onClosed()
  }
}
