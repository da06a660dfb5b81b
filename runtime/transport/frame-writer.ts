import type { Duplex } from 'node:stream'
import { ClusterError } from '../base/errors.ts'
import { frameHeaderBytes, writeU32 } from '../protocol/frame.ts'
import {
  attachedBit,
  encodeAttachmentTable,
  envelopeBytes,
  findAttachments,
  type FrameKind,
  hasRequestId,
  withoutAttachments,
} from './envelope.ts'
import { type EncodedMessage, MessageEncoder } from './message-codec.ts'

/** Queued bytes beyond this are written at once instead of at the end of the turn of the event loop. */
const flushAtBytes = 256 * 1024
const slabBytes = { smallest: 8 * 1024, largest: 256 * 1024 } as const

const nothing = { headBytes: 0, attachedBytes: 0 } as const

export type FrameWriterOptions = {
  maxFrameBytes: number
  maxSendBufferBytes: number
  /** Called once, after a flush, when the peer reads too slowly. */
  onOverload: (bufferedBytes: number) => void
}

/**
 * Gathers frames and writes them with one `write` per turn of the event loop: a thousand small messages cost one system call.
 * Small messages are copied into a slab; slabs are never written twice, as the socket may still hold the bytes.
 */
export class FrameWriter {
  readonly #socket: Duplex
  readonly #options: FrameWriterOptions
  readonly #encoder = new MessageEncoder()
  #slab: Buffer = Buffer.allocUnsafeSlow(slabBytes.smallest)
  /** Bytes of the slab in [#begun, #end) are queued; those before were written already. */
  #begun = 0
  #end = 0
  #parts: Uint8Array[] = []
  #partsBytes = 0
  #isScheduled = false
  #isOver = false

  constructor(socket: Duplex, options: FrameWriterOptions) {
    this.#socket = socket
    this.#options = options
  }

  /** Bytes that were sent but that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#partsBytes + this.#end - this.#begun + this.#socket.writableLength
  }

  /** @throws ClusterError `bad-argument` when `body` cannot be encoded or is over the frame limit: nothing is sent then. */
  append(kind: FrameKind, requestId: number, body: unknown): void {
    if (this.#isOver) return
    const attachments = findAttachments(body)
    if (attachments !== undefined && typeof body === 'object' && body !== null) {
      this.#appendAttached({ kind, requestId, body: withoutAttachments(body, attachments) }, attachments)
    } else {
      const encoded = this.#encoder.encode(body)
      const bodyBytes = encoded.end - encoded.start
      const at = this.#frame(kind, requestId, { headBytes: bodyBytes, attachedBytes: 0 })
      copyInto(this.#slab, at, encoded)
      this.#end = at + bodyBytes
    }
    this.#queued()
  }

  /** A frame without a message: cancel, ping, pong. */
  appendBare(kind: FrameKind, requestId: number): void {
    if (this.#isOver) return
    this.#end = this.#frame(kind, requestId, nothing)
    this.#queued()
  }

  /** Writes what is queued now. */
  flush(): void {
    this.#isScheduled = false
    if (this.#isOver) return
    this.#cutPart()
    const parts = this.#parts
    if (parts.length === 0) return
    this.#parts = []
    this.#partsBytes = 0
    if (parts.length > 1) this.#socket.cork()
    for (const part of parts) this.#socket.write(part)
    if (parts.length > 1) this.#socket.uncork()
    if (this.#socket.writableLength > this.#options.maxSendBufferBytes) {
      const bufferedBytes = this.#socket.writableLength
      this.stop()
      this.#options.onOverload(bufferedBytes)
    }
  }

  /** Drops what is queued and takes no more. */
  stop(): void {
    this.#isOver = true
    this.#parts = []
    this.#partsBytes = 0
    this.#begun = this.#end
  }

  #appendAttached(
    frame: { kind: FrameKind; requestId: number; body: object },
    attachments: readonly { name: string; bytes: Uint8Array }[],
  ): void {
    const table = encodeAttachmentTable(attachments)
    const attachedBytes = attachments.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
    const encoded = this.#encoder.encode(frame.body)
    const headBytes = table.length + encoded.end - encoded.start
    const at = this.#frame(frame.kind, frame.requestId, { headBytes, attachedBytes })
    this.#slab.set(table, at)
    copyInto(this.#slab, at + table.length, encoded)
    this.#end = at + headBytes
    this.#cutPart()
    for (const attachment of attachments) {
      this.#parts.push(attachment.bytes)
      this.#partsBytes += attachment.bytes.byteLength
    }
  }

  /** Makes room for a frame, writes all that comes before its message, and returns where the message goes. */
  #frame(kind: FrameKind, requestId: number, { headBytes, attachedBytes }: { headBytes: number; attachedBytes: number }): number {
    const payloadBytes = (hasRequestId(kind) ? envelopeBytes : 1) + headBytes + attachedBytes
    if (payloadBytes > this.#options.maxFrameBytes) {
      this.#encoder.forget() // what was encoded and is not sent may have defined shapes
      throw new ClusterError(
        'bad-argument',
        `a message of ${payloadBytes} bytes is over the limit of ${this.#options.maxFrameBytes} for one frame; send it in pieces`,
        { details: { payloadBytes, limitBytes: this.#options.maxFrameBytes } },
      )
    }
    this.#reserve(frameHeaderBytes + envelopeBytes + headBytes)
    let at = this.#end
    writeU32(this.#slab, at, payloadBytes)
    at += frameHeaderBytes
    this.#slab[at] = attachedBytes > 0 ? kind | attachedBit : kind
    at += 1
    if (!hasRequestId(kind)) return at
    writeU32(this.#slab, at, requestId)
    return at + 4
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return
    const queuedBytes = this.#end - this.#begun
    this.#cutPart()
    const size = Math.min(slabBytes.largest, Math.max(slabBytes.smallest, queuedBytes * 4))
    this.#slab = Buffer.allocUnsafeSlow(Math.max(size, bytes))
    this.#begun = 0
    this.#end = 0
  }

  /** Closes the queued range of the slab as a part of its own. */
  #cutPart(): void {
    if (this.#end === this.#begun) return
    this.#parts.push(this.#slab.subarray(this.#begun, this.#end))
    this.#partsBytes += this.#end - this.#begun
    this.#begun = this.#end
  }

  #queued(): void {
    if (this.#partsBytes + this.#end - this.#begun >= flushAtBytes) this.flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => {
        if (this.#isScheduled) this.flush()
      })
    }
  }
}

/** A loop beats the call into `Buffer.copy` for the few bytes of most messages. */
function copyInto(target: Uint8Array, at: number, { bytes: source, start, end }: EncodedMessage): void {
  if (end - start > 96) {
    target.set(source.subarray(start, end), at)
    return
  }
  for (let index = start; index < end; index += 1) target[at + index - start] = source[index] ?? 0
}
