import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { encodeHello, type Hello, parseHello, parseHelloReply, refusal } from '#runtime/protocol/hello.ts'

const hello: Hello = {
  type: 'hello',
  protocol: 1,
  version: '0.1.0',
  role: 'agent',
  nodeId: 'a'.repeat(56),
  incarnation: 3,
  details: { pid: 12 },
}
const bytesOf = (message: unknown) => new TextEncoder().encode(JSON.stringify(message))

test('a hello arrives as it was sent', () => {
  expect(parseHello(encodeHello(hello))).toEqual(hello)
})

test('another protocol version is refused by its number, even when the rest has changed', () => {
  const error = expect.objectContaining({ code: 'protocol.version', details: { theirs: 2, ours: 1 } })
  expect(() => parseHello(bytesOf({ type: 'hello', protocol: 2, role: 'something-new', extra: [] }))).toThrow(error)
  expect(() => parseHelloReply(bytesOf({ type: 'hello.accepted', protocol: 2 }))).toThrow(error)
})

test('an unknown role is refused by its name', () => {
  expect(() => parseHello(bytesOf({ ...hello, role: 'root' }))).toThrow(/unknown role "root"; known are agent, worker/)
})

test.each([
  ['a field that is too long', { ...hello, version: 'v'.repeat(65) }, /version/],
  ['a node id of the wrong form', { ...hello, nodeId: 'x' }, /nodeId/],
  ['too many details', { ...hello, details: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, 1])) }, /details/],
  ['another message', { type: 'task.push' }, /not a hello/],
])('%s is refused with the name of the field', (_what, message, pattern) => {
  expect(() => parseHello(bytesOf(message))).toThrow(pattern)
})

test('random bytes are refused with a cluster error and nothing else', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        for (const parse of [parseHello, parseHelloReply]) {
          expect(() => parse(bytes)).toThrow(expect.objectContaining({ name: 'ClusterError' }))
        }
      },
    ),
  )
})

test('a refusal reaches the dialer as the error that the listener had', () => {
  const sent = encodeHello(refusal(new ClusterError('auth.refused', 'no such token')))
  expect(() => parseHelloReply(sent)).toThrow(expect.objectContaining({ code: 'auth.refused', message: 'no such token' }))
})
