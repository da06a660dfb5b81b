import { expect, test } from 'vitest'
import { bytesField, frameMessage, numberField, readFields, unframeMessage } from '#runtime/head/grpc/codec.ts'

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8')

test('fields of bytes are read back by number, the last of each, and others are passed over', () => {
  const long = 'x'.repeat(100_000)
  const message = Buffer.concat([
    bytesField(1, Buffer.from('first')),
    numberField(7, 300),
    Buffer.from([0x41, 1, 2, 3, 4, 5, 6, 7, 8]), // field 8, eight bytes
    Buffer.from([0x4d, 1, 2, 3, 4]), // field 9, four bytes
    bytesField(2, Buffer.from(long)),
    bytesField(1, Buffer.from('second')),
  ])
  const fields = readFields(message)
  expect(text(fields.get(1))).toBe('second')
  expect(text(fields.get(2))).toBe(long)
  expect([...fields.keys()].sort()).toEqual([1, 2])
})

test('the bytes are those of Protocol Buffers', () => {
  expect(Buffer.from(bytesField(2, Buffer.from('abc'))).toString('hex')).toBe('1203616263')
  expect(Buffer.from(numberField(1, 300)).toString('hex')).toBe('08ac02')
})

test('bytes that are no message are refused', () => {
  for (const hex of ['ff', '0a', '0a05ab', '0b', '08ffffffffffff', '41010203']) {
    expect(() => readFields(Buffer.from(hex, 'hex'))).toThrow(/not a message/)
  }
})

test('a frame holds one message, and a packed or cut one is refused', () => {
  const message = Buffer.from('hello')
  expect(Buffer.from(unframeMessage(frameMessage(message)))).toEqual(message)
  expect(() => unframeMessage(frameMessage(message).subarray(0, 7))).toThrow(/not a message/)
  expect(() => unframeMessage(Buffer.concat([frameMessage(message), message]))).toThrow(/not a message/)
  expect(() => unframeMessage(Buffer.from([1, 0, 0, 0, 0]))).toThrow(/packed/)
  expect(() => unframeMessage(Buffer.alloc(2))).toThrow(/not a message/)
})
