import { ClusterError } from '../../base/errors.ts'

/** The little of Protocol Buffers and of gRPC's framing that two methods need: fields of bytes, and small numbers. */

const wireVarint = 0
const wire64 = 1
const wireBytes = 2
const wire32 = 5

/** The fields of a message that are bytes or text, by number; the last of each counts. Others are skipped. @throws ClusterError `protocol.violation`. */
export function readFields(message: Uint8Array): Map<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>()
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[at]
      if (byte === undefined) throw broken()
      at += 1
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw broken()
  }
  const skip = (bytes: number) => {
    at += bytes
    if (at > message.byteLength) throw broken()
  }
  while (at < message.byteLength) {
    const tag = varint()
    switch (tag & 7) {
      case wireVarint:
        varint()
        break
      case wire64:
        skip(8)
        break
      case wireBytes: {
        const length = varint()
        const from = at
        skip(length)
        fields.set(tag >>> 3, message.subarray(from, at))
        break
      }
      case wire32:
        skip(4)
        break
      default:
        throw broken()
    }
  }
  return fields
}

/** A field of bytes. */
export function bytesField(number: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([varintBytes(number * 8 + wireBytes), varintBytes(value.byteLength), value])
}

/** A field of a small number. */
export function numberField(number: number, value: number): Uint8Array {
  return Buffer.concat([varintBytes(number * 8 + wireVarint), varintBytes(value)])
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = []
  let left = value
  while (left >= 0x80) {
    bytes.push((left % 0x80) + 0x80)
    left = Math.floor(left / 0x80)
  }
  bytes.push(left)
  return Uint8Array.from(bytes)
}

const headerBytes = 5

/** A message as it stands in the stream: a byte that says it is not packed, its length, itself. */
export function frameMessage(message: Uint8Array): Uint8Array {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32BE(message.byteLength, 1)
  return Buffer.concat([header, message])
}

/** The one message of a unary call. @throws ClusterError `protocol.violation`, `not-supported` for a packed one. */
export function unframeMessage(body: Uint8Array): Uint8Array {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (buffer.byteLength < headerBytes || buffer.byteLength !== headerBytes + buffer.readUInt32BE(1)) throw broken()
  if (buffer[0] !== 0) throw new ClusterError('not-supported', 'packed messages are not taken')
  return buffer.subarray(headerBytes)
}

const broken = (): ClusterError => new ClusterError('protocol.violation', 'the bytes are not a message of the kind that this method takes')
