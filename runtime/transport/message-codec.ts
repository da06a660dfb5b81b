import { Packr, REUSE_BUFFER_MODE, RESET_BUFFER_MODE, Unpackr } from 'msgpackr/pack'
import { ClusterError, toError } from '../base/errors.ts'

/** Where an encoded message lies. The bytes belong to the codec and are overwritten by the next `encode` in this process. */
export type EncodedMessage = { readonly bytes: Uint8Array; readonly start: number; readonly end: number }

/** An encoding buffer larger than this is given back after use. */
const keptBufferBytes = 1024 * 1024
/** One-byte record ids: what our encoder uses, so a peer of ours never defines more. */
const maxRecords = 64
/** Keys of all records that one peer may have defined at a time: a bound on what it can make us keep. */
const maxRecordKeys = 1_048_576
const uncheckedBytes = 256 * 1024

/**
 * Encodes messages for one direction of one link. Stateful: the keys of an object shape travel once and later objects
 * refer to them, so every encoded message must reach the peer's `MessageDecoder`, in order.
 */
export class MessageEncoder {
  #packr = newPackr()

  /**
   * Returns `message` encoded. Functions become undefined, -0 becomes 0; `Uint8Array` stays bytes.
   * @throws ClusterError `bad-argument` for what cannot travel, such as a symbol. The stream stays in order.
   */
  encode(message: unknown): EncodedMessage {
    try {
      // In this mode msgpackr returns its whole buffer with two fields that its types do not show.
      const target = this.#packr.pack(message, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as Buffer & { start: number; end: number }
      const encoded = { bytes: target, start: target.start, end: target.end }
      if (target.length > keptBufferBytes) this.#packr.useBuffer(Buffer.allocUnsafeSlow(8_192))
      return encoded
    } catch (cause) {
      this.forget()
      throw new ClusterError('bad-argument', `a message could not be encoded: ${toError(cause).message}`, { cause })
    }
  }

  /** Call when an encoded message was not sent: the next ones define their shapes anew. */
  forget(): void {
    this.#packr = newPackr()
  }
}

/** Decodes what one `MessageEncoder` made. Trusts nothing: the peer may send any bytes. */
export class MessageDecoder {
  readonly #records: unknown[] = []
  readonly #unpackr = new Unpackr({ sequential: true, structures: this.#records as {}[], structuredClone: false }) // msgpackr keeps arrays of keys in it
  readonly #range = { start: 0, end: 0 }
  #bytesSinceCheck = 0

  /**
   * Returns the message in `source[start..end)`. Byte fields are views on `source`: they keep it in memory.
   * A key `__proto__` never arrives as such. After an error the stream is lost: close the link.
   * @throws ClusterError `protocol.violation` for anything that is not one whole message.
   */
  decode(source: Uint8Array, start: number, end: number): unknown {
    if (end <= start) throw new ClusterError('protocol.violation', 'a frame holds no message')
    this.#range.start = start
    this.#range.end = end
    try {
      const message: unknown = this.#unpackr.unpack(source, this.#range)
      this.#bytesSinceCheck += end - start
      if (this.#bytesSinceCheck > uncheckedBytes) this.#checkRecords()
      return message
    } catch (cause) {
      if (cause instanceof ClusterError) throw cause
      throw new ClusterError('protocol.violation', `a frame could not be decoded: ${toError(cause).message.slice(0, 256)}`, { cause })
    }
  }

  /** Looked at now and then, not at every message: what a peer can define in between is bounded by its bytes. */
  #checkRecords(): void {
    this.#bytesSinceCheck = 0
    let keys = 0
    for (const record of this.#records) keys += Array.isArray(record) ? record.length : 0
    const hasForeignIds = this.#records.length > maxRecords || Object.keys(this.#records).some((id) => id.startsWith('-'))
    if (hasForeignIds || keys > maxRecordKeys) {
      throw new ClusterError(
        'protocol.violation',
        `the peer defined ${this.#records.length} record shapes with ${keys} keys, more than ours ever do`,
      )
    }
  }
}

const newPackr = () => new Packr({ sequential: true })
