import type { Socket } from 'node:net'
import { ClusterError } from '../../base/errors.ts'
import { frameParts, FrameReader, type Frame } from './frames.ts'
import { LargeValues } from './large-values.ts'
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
type Header = { readonly type: string; readonly [field: string]: unknown }
/** A frame whose large values have found no room yet, or one behind such a frame. */
type Held = { readonly header: Header; readonly buffers: Uint8Array[]; readonly sinceMs: number }

/** These say nothing of what stands before them. */
const passing = new Set(['staging.open', 'views.release'])
const lookForRoomMs = 2
/** Then a large value goes through the socket: what would make room may stand behind it. */
const waitForRoomMs = 1_000

/** The line to the Python process: orders leave in the order of their calls, many in one write. */
export class BridgeLink {
  readonly #socket: Socket
  readonly #io: BridgeIo
  readonly #waiting = new Map<number, Waiting>()
  readonly large: LargeValues
  #held: Held[] = []
  #roomTimer: NodeJS.Timeout | undefined
  #nextRequest = 1
  #isCorked = false
  #isClosed = false
  #why = ''

  constructor(socket: Socket, io: BridgeIo) {
    this.#socket = socket
    this.#io = io
    this.large = new LargeValues({
      openStaging: async (place) => (await this.request({ type: 'staging.open', ...place })).fields['opened'] === true,
      release: (views) => this.send({ type: 'views.release', views }),
      onOpened: () => this.#sendHeld(),
    })
    const reader = new FrameReader(
      (frame) => this.#take(frame),
      (place) => this.large.open(place),
    )
    socket.on('data', (chunk: Uint8Array) => reader.push(chunk))
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => this.#closed())
    socket.on('end', () => socket.destroy())
  }

  /** `buffers` as they are, or as `large.pack` gave them. */
  send(header: Header, buffers: readonly Uint8Array[] = []): void {
    if (this.#isClosed) return
    const mayPass = this.#held.length === 0 || passing.has(header.type)
    const packed = [...buffers]
    if (mayPass && this.#pack(packed)) return this.#write(header, packed)
    this.#held.push({ header, buffers: packed, sinceMs: performance.now() })
    this.#lookForRoom()
  }

  /** Whether all large ones lie in shared memory now, where there is any. */
  #pack(buffers: Uint8Array[]): boolean {
    return buffers.every((buffer, index) => {
      const packed = this.large.repack(buffer)
      if (packed) buffers[index] = packed
      return packed !== undefined
    })
  }

  /** In their order: the first that must still wait keeps the others. */
  #sendHeld(): void {
    for (let first = this.#held[0]; first && !this.#isClosed; first = this.#held[0]) {
      const isLate = performance.now() - first.sinceMs > waitForRoomMs
      if (!this.#pack(first.buffers) && !isLate) return this.#lookForRoom()
      this.#held.shift()
      this.#write(first.header, first.buffers)
    }
  }

  #lookForRoom(): void {
    this.#roomTimer ??= setTimeout(() => {
      this.#roomTimer = undefined
      this.#sendHeld()
    }, lookForRoomMs)
  }

  #write(header: Header, buffers: readonly Uint8Array[]): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    for (const part of frameParts(header, buffers, (buffer) => this.large.send(buffer))) this.#socket.write(part)
  }

  /** @throws Refused as the promise's reason; ClusterError `link.closed` when Python is gone. */
  request(header: Header, buffers: readonly Uint8Array[] = []): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(this.goneError())
    const request = this.#nextRequest
    this.#nextRequest += 1
    const answer = new Promise<Answer>((resolve, reject) => this.#waiting.set(request, { resolve, reject }))
    this.send({ ...header, request }, buffers)
    return answer
  }

  /** What was sent is written before the socket ends. */
  close(): void {
    for (const { header, buffers } of this.#held.splice(0)) this.#write(header, buffers)
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
    clearTimeout(this.#roomTimer)
    this.#held = []
    this.large.close()
    for (const waiting of this.#waiting.values()) waiting.reject(this.goneError())
    this.#waiting.clear()
    this.#io.onClosed()
  }
}
