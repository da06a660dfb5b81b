import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { decodeValue } from '#runtime/sdk/values/decode-value.ts'
import { encodeValue } from '#runtime/sdk/values/encode-value.ts'
import { messageOf, plainOnly, throughMessage, throughStore } from './support.ts'

describe('views on the store', () => {
  test('large arrays are views on the mapped memory, small ones and whole buffers are copies', () => {
    const mapped = new ArrayBuffer(1 << 20)
    const value = {
      big: new Float64Array(500).fill(1.5),
      bytes: Buffer.alloc(2000, 7),
      small: new Uint8Array(8),
      whole: new Uint8Array(4096).fill(3).buffer,
    }
    const back = throughStore(value, mapped, 8192) as typeof value
    expect(back).toEqual(value)
    expect([back.big.buffer === mapped, back.bytes.buffer === mapped, back.small.buffer === mapped, back.whole === mapped]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect([back.big.byteOffset % 64, back.bytes.byteOffset % 64, Buffer.isBuffer(back.bytes)]).toEqual([0, 0, true])
    new Float64Array(mapped, back.big.byteOffset, 1)[0] = 42
    expect(back.big[0]).toBe(42)
  })

  test('memory that is not aligned gives a copy instead of a failure', () => {
    const mapped = new ArrayBuffer(1 << 16)
    const back = throughStore(new Float64Array(500).fill(2), mapped, 4097) as Float64Array
    expect([back.buffer === mapped, back.length, back[499]]).toEqual([false, 500, 2])
  })

  test('bytes of a message may be reused right after', () => {
    const bytes = encodeValue({ big: new Uint8Array(3000).fill(5), small: Buffer.from('abc') }, plainOnly).toBytes()
    const back = decodeValue(bytes, { ...plainOnly, shared: false }) as { big: Uint8Array; small: Buffer }
    bytes.fill(0)
    expect([back.big[2999], back.small.toString()]).toEqual([5, 'abc'])
  })

  test('bytes behind the value, up to the end of a page, are ignored', () => {
    const encoded = encodeValue([new Uint8Array(1500), 'x'], plainOnly)
    const page = new Uint8Array(8192).fill(0xff)
    encoded.writeTo(page)
    expect(decodeValue(page, { ...plainOnly, shared: true })).toEqual([new Uint8Array(1500), 'x'])
  })
})

/** Decodes without a crash: to some value, or to the one error that says the bytes are wrong. */
function decodeAnything(bytes: Uint8Array, shared: boolean): void {
  try {
    decodeValue(bytes, { ...plainOnly, shared })
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error
    expect([shared ? 'store.corrupt' : 'protocol.violation', 'value.not-serializable']).toContain(error.code)
  }
}

const richValue = () => {
  const shared = { a: 1 }
  return [
    new Map<unknown, unknown>([[shared, new Set(['x', 2n])]]),
    shared,
    // biome-ignore lint: a hole is what is meant
    [1, , 3],
    /a/g,
    new Date(1),
    new TypeError('t', { cause: shared }),
    new URL('http://a/'),
    new Headers({ a: 'b' }),
    Array.from({ length: 20 }, (_, i) => i / 3),
    new Float64Array(200),
    Buffer.from('small'),
    Object('s'),
    { [Symbol.for('s')]: 'ü', list: [{ b: 1 }, { b: 2 }] },
    new DOMException('m', 'AbortError'),
  ]
}

describe('bytes that no encoder wrote', () => {
  test('random bytes behind a valid header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0, 1), fc.boolean(), (body, flags, shared) => {
        const bytes = new Uint8Array(8 + body.length)
        bytes.set([0xb7, 1, 1, flags, body.length & 0xff, body.length >> 8])
        bytes.set(body, 8)
        decodeAnything(bytes, shared)
      }),
      { numRuns: 5000 },
    )
  })

  test('random bytes and truncated values', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(messageOf(() => decodeValue(bytes, { ...plainOnly, shared: false }))).toMatch(/^protocol\.violation/)
      }),
    )
    const whole = encodeValue(richValue(), plainOnly).toBytes()
    for (let length = 0; length < whole.length; length++) {
      expect(messageOf(() => decodeValue(whole.subarray(0, length), { ...plainOnly, shared: true }))).toMatch(
        /^store\.corrupt: a value of \d+ bytes in the object store/,
      )
    }
  })

  test('a valid value with some bytes changed', () => {
    const whole = encodeValue(richValue(), plainOnly).toBytes()
    const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = whole.slice()
        for (const { at, to } of changes) bytes[at] = to
        decodeAnything(bytes, false)
      }),
      { numRuns: 5000 },
    )
  })

  test.each([
    ['a list of four billion numbers', [0xc0, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['an array of four billion values', [0xbd, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['bytes without end', [0xce, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a number beyond 2^53', [0xbd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a repeat of nothing', [0xd0, 5]],
    ['a shape of nothing', [0xe3]],
    ['an unknown tag', [0xdf]],
    ['nesting without end', new Array<number>(5000).fill(0xa1)],
    ['a length among an array\u2019s properties', [0xbe, 0, 0, 1, 0x86, 108, 101, 110, 103, 116, 104, 5]],
  ])('%s is refused at once', (_, body) => {
    const bytes = Uint8Array.from([0xb7, 1, 1, 1, body.length & 0xff, body.length >> 8, 0, 0, ...body])
    const before = process.memoryUsage()
    expect(messageOf(() => decodeValue(bytes, { ...plainOnly, shared: false }))).toMatch(/^protocol\.violation/)
    const after = process.memoryUsage()
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(20_000_000)
  })

  test('an array of thirty million holes takes no memory for them', () => {
    const bytes = Uint8Array.from([0xb7, 1, 1, 0, 7, 0, 0, 0, 0xbe, 0x80, 0x87, 0xa7, 0x0e, 0, 0])
    const before = process.memoryUsage().heapUsed
    const array = decodeValue(bytes, { ...plainOnly, shared: false }) as unknown[]
    expect(array.length).toBe(30_000_000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000)
  })

  test.skipIf('Float16Array' in globalThis)('half-precision numbers are refused by name where Node has no such array', () => {
    const bytes = Uint8Array.from([0xb7, 1, 1, 0, 5, 0, 0, 0, 0xce, 14, 2, 0, 0])
    expect(messageOf(() => decodeValue(bytes, { ...plainOnly, shared: false }))).toMatch(
      /^value\.not-serializable: the value holds a Float16Array/,
    )
  })

  test('another format version says so', () => {
    const bytes = encodeValue(1, plainOnly).toBytes().slice()
    bytes[1] = 9
    expect(messageOf(() => decodeValue(bytes, { ...plainOnly, shared: false }))).toMatch(/written in format 9, and this process reads 1/)
  })

  test('no prototype is changed by a key', () => {
    const back = throughMessage(
      JSON.parse('[{"__proto__": {"polluted": true}}, {"constructor": {"prototype": {"polluted": true}}}]'),
    ) as object[]
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(Object.getPrototypeOf(back[0])).toBe(Object.prototype)
  })
})
