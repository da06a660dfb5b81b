import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MessageDecoder, MessageEncoder } from '#runtime/transport/message-codec.ts'

function encoded(encoder: MessageEncoder, message: unknown): Uint8Array {
  const { bytes, start, end } = encoder.encode(message)
  return Uint8Array.from(bytes.subarray(start, end))
}

const decodeAll = (decoder: MessageDecoder, bytes: Uint8Array) => decoder.decode(bytes, 0, bytes.length)

test('a stream of messages of ever new shapes arrives as it was sent', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.double({ noNaN: true }).map((number) => number + 0), // -0 arrives as 0
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(
        fc.string({ minLength: 1, maxLength: 6 }).filter((key) => key !== '__proto__'),
        tie('any'),
        { maxKeys: 6, noNullPrototype: true },
      ),
    ),
  })).any
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (messages) => {
      const encoder = new MessageEncoder()
      const decoder = new MessageDecoder()
      for (const message of messages) expect(decodeAll(decoder, encoded(encoder, message))).toEqual(message)
    }),
    { numRuns: 60 },
  )
})

test('many more shapes than there are record ids still arrive, also when used again later', () => {
  const encoder = new MessageEncoder()
  const decoder = new MessageDecoder()
  for (let round = 0; round < 20_000; round += 1) {
    const message = { type: 'x', [`field${(round * 7) % 300}`]: round, inner: { [`deep${round % 90}`]: [{ a: round }] } }
    expect(decodeAll(decoder, encoded(encoder, message))).toEqual(message)
  }
})

test('a message that cannot be encoded is refused, and the ones after it still arrive', () => {
  const encoder = new MessageEncoder()
  const decoder = new MessageDecoder()
  expect(() => encoder.encode({ first: 1, second: { third: Symbol('no') } })).toThrow(expect.objectContaining({ code: 'bad-argument' }))
  const message = { first: 1, second: { third: 2 } }
  expect(decodeAll(decoder, encoded(encoder, message))).toEqual(message)
})

test('bytes arrive as a view on what was received', () => {
  const received = encoded(new MessageEncoder(), { bytes: Uint8Array.of(1, 2, 3) })
  const message = decodeAll(new MessageDecoder(), received) as { bytes: Uint8Array }
  expect([...message.bytes]).toEqual([1, 2, 3])
  expect(message.bytes.buffer).toBe(received.buffer)
})

test('a key __proto__ changes no prototype', () => {
  const sent: unknown = JSON.parse('{"__proto__": {"isAdmin": true}, "type": "x"}')
  for (let round = 0; round < 6; round += 1) {
    const message = decodeAll(new MessageDecoder(), encoded(new MessageEncoder(), sent)) as Record<string, unknown>
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype)
    expect(message['isAdmin']).toBeUndefined()
  }
})

test('random bytes decode to something or are refused as a violation, never anything else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 0, maxLength: 64 }), { maxLength: 20 }), (frames) => {
      const decoder = new MessageDecoder()
      for (const bytes of frames) {
        try {
          decodeAll(decoder, bytes)
        } catch (error) {
          expect(error).toMatchObject({ name: 'ClusterError', code: 'protocol.violation' })
        }
      }
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['nested deeper than the stack', new Uint8Array(200_000).fill(0x91)],
  ['an array longer than the frame', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
  ['a message cut off', Uint8Array.of(0xd9, 20, 65)],
  ['two messages in one frame', Uint8Array.of(1, 2)],
])('%s is refused', (_what, bytes) => {
  expect(() => decodeAll(new MessageDecoder(), bytes)).toThrow(expect.objectContaining({ code: 'protocol.violation' }))
})

test('a peer that defines records without end is refused', () => {
  const decoder = new MessageDecoder()
  const flood = () => {
    for (let id = 0; id < 100_000; id += 1) {
      const name = `k${id}`.padEnd(16, '.')
      // A record definition with a two-byte id, one key, and its value: what our encoder never writes.
      const frame = Buffer.concat([
        Buffer.from([0xd5, 0x72, id & 0x1f, (id >> 5) & 0xff, 0x91, 0xa0 | name.length]),
        Buffer.from(name),
        Buffer.from([1]),
      ])
      decodeAll(decoder, frame)
    }
  }
  expect(flood).toThrow(/record shapes/)
})
