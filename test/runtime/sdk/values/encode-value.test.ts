import { deepStrictEqual } from 'node:assert'
import { createServer } from 'node:net'
import { inspect } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { decodeValue } from '#runtime/sdk/values/decode-value.ts'
import { encodeValue } from '#runtime/sdk/values/encode-value.ts'
import type { FunctionGraphs } from '#runtime/sdk/values/function-graphs.ts'
import type { HostObjects } from '#runtime/sdk/values/host-objects.ts'
import { samples } from './samples.ts'
import { messageOf, plainOnly, throughMessage, throughStore } from './support.ts'

/** deepStrictEqual tells -0 from 0, holes from undefined, and prototypes apart. */
function expectSame(value: unknown): void {
  deepStrictEqual(throughMessage(value), value)
  deepStrictEqual(throughStore(value), value)
}

describe('a value that was encoded and decoded is the same value', () => {
  test.each(Object.entries(samples))('%s', (_, value) => expectSame(value))

  test('an object with a very long list of mostly holes, in few bytes', () => {
    const sparse: number[] = []
    sparse[4_000_000_000] = 1
    expect(encodeValue(sparse, plainOnly).sizeBytes).toBeLessThan(40)
    const back = throughMessage(sparse) as number[]
    expect([back.length, back[4_000_000_000], Object.keys(back).length]).toEqual([4_000_000_001, 1, 1])
  })

  test('an invalid date', () => {
    expect((throughMessage(new Date(Number.NaN)) as Date).getTime()).toBeNaN()
  })

  test('headers, with cookies apart', () => {
    const headers = new Headers([
      ['a', '1'],
      ['set-cookie', 'x=1'],
      ['set-cookie', 'y=2'],
    ])
    const back = throughMessage(headers)
    expect(back).toBeInstanceOf(Headers)
    expect([...(back as Headers)]).toEqual([...headers])
  })

  test.skipIf(!('Float16Array' in globalThis))('half-precision numbers, where Node has them', () => {
    const float16Array = Reflect.get(globalThis, 'Float16Array') as unknown as Float32ArrayConstructor // the same shape
    expectSame({ small: float16Array.from([0.5]), large: new float16Array(2000).fill(1.5) })
  })

  test('cycles and shared references, through every kind of container', () => {
    const shared = { name: 'shared' }
    const list: unknown[] = [shared, shared, Array.from({ length: 20 }, (_, i) => ({ i, shared }))]
    const map = new Map<unknown, unknown>([[shared, list]])
    list.push(list, map, new Set([shared]))
    const back = throughMessage(list) as [object, object, { shared: object }[], unknown, Map<object, unknown>, Set<object>]
    expect(back[0]).toBe(back[1])
    expect(back[2].every((item) => item.shared === back[0])).toBe(true)
    expect(back[3]).toBe(back)
    expect(back[4].get(back[0])).toBe(back)
    expect(back[5].has(back[0])).toBe(true)
    const bytes = new Uint8Array(2000)
    const [first, second] = throughStore([bytes, bytes]) as [Uint8Array, Uint8Array]
    expect(first).toBe(second)
  })

  test('a plain object of another realm is a plain object of this one', () => {
    const foreign: unknown = runInContext('({ list: [1, { a: 2 }] })', createContext({}))
    expect(throughMessage(foreign)).toStrictEqual({ list: [1, { a: 2 }] })
  })

  test('getters travel as the value they give', () => {
    expect(
      throughMessage({
        get a() {
          return 1
        },
      }),
    ).toEqual({ a: 1 })
  })

  test('any value that fast-check builds', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      withUnicodeString: true,
      withObjectString: true,
    })
    fc.assert(
      fc.property(anything, (value) => {
        const back = throughMessage(value)
        expect(Buffer.compare(encodeValue(back, plainOnly).toBytes(), encodeValue(value, plainOnly).toBytes())).toBe(0)
        // Node 20 holds two invalid dates for different.
        if (!inspect(value, { depth: 50 }).includes('Invalid Date')) deepStrictEqual(back, value)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('errors inside values', () => {
  test.each([
    new Error('plain'),
    new TypeError('typed', { cause: new RangeError('below') }),
    new AggregateError([new SyntaxError('s'), 'text'], 'many'),
    Object.assign(new Error('coded'), { code: 'ENOENT', errno: -2, path: '/x' }),
    new ClusterError('store.full', 'no room', { details: { sizeBytes: 3 }, cause: 'text' }),
  ])('%s keeps class, message, stack, cause and own fields', (error) => {
    const back = throughMessage({ error }) as { error: Error }
    deepStrictEqual(back.error, error)
    expect(back.error.stack).toBe(error.stack)
    expect(back.error.constructor).toBe(error.constructor)
    expect(Object.keys(back.error)).toEqual(Object.keys(error))
  })

  test('an error that is its own cause', () => {
    const error = new Error('loop')
    error.cause = error
    const back = throughMessage(error) as Error
    expect(back.cause).toBe(back)
  })

  test('an AbortError keeps its name and numeric code', () => {
    const back = throughMessage(new DOMException('stopped', 'AbortError')) as DOMException
    expect([back instanceof DOMException, back.name, back.message, back.code]).toEqual([true, 'AbortError', 'stopped', 20])
  })
})

describe('what cannot be sent is refused with its place and a way out', () => {
  const server = createServer()
  const cases: [string, unknown, RegExp][] = [
    [
      'an open handle',
      { rows: [0, 1, 2, { socket: server }] },
      /result\.rows\[3\]\.socket: an open Server belongs to this process; send what/,
    ],
    ['a promise', [Promise.resolve(1)], /result\[0\]: a Promise .* await it first/],
    ['a weak map', new Map([['k', new WeakMap()]]), /result\.get\("k"\): a WeakMap/],
    ['an iterator', { it: [1].values() }, /result\.it: /],
    ['a generator', { g: (function* () {})() }, /result\.g: a running iterator/],
    [
      'shared memory',
      { memory: new Uint8Array(new SharedArrayBuffer(8)) },
      /result\.memory: a SharedArrayBuffer .* new Uint8Array\(bytes\)/,
    ],
    ['a unique symbol', { s: Symbol('u') }, /result\.s: the symbol Symbol\(u\) has no identity .* Symbol\.for/],
    ['a unique symbol as key', { deep: { [Symbol('k')]: 1 } }, /result\.deep \(a key\): the symbol Symbol\(k\)/],
    ['a function', { 'on-click': () => 1 }, /result\["on-click"\]: the function on-click cannot/],
    ['an instance', new Set([new (class Point {})()]), /result \(item 0\): an instance of class Point/],
    ['a class of a builtin', [new (class Rows extends Map {})()], /result\[0\]: an instance of class Rows/],
    ['a fake map', Object.create(Map.prototype), /result: an instance of class Map/],
  ]
  test.each(cases)('%s', (_, value, message) => {
    expect(messageOf(() => encodeValue(value, { ...plainOnly, what: 'result' }))).toMatch(message)
    expect(messageOf(() => encodeValue(value, plainOnly))).toMatch(/^value\.not-serializable: value/)
  })

  test('a getter that throws is named as the cause', () => {
    const value = {
      get broken() {
        throw new Error('closed')
      },
    }
    expect(messageOf(() => encodeValue(value, plainOnly))).toMatch(/value\.not-serializable: value: reading it failed \(closed\)/)
  })

  test('nesting beyond the limit is refused, and the next value is encoded as ever', () => {
    let nested: unknown = 1
    for (let i = 0; i < 100_000; i++) nested = [nested]
    expect(messageOf(() => encodeValue(nested, plainOnly))).toMatch(/value\.not-serializable: .*nested more than 1500 levels deep/)
    expect(throughMessage({ a: 1 })).toEqual({ a: 1 })
  })

  test('nesting at the limit comes back', () => {
    let nested: unknown = 1
    for (let i = 0; i < 1500; i++) nested = i % 2 === 0 ? { nested } : [nested]
    expect(JSON.stringify(throughMessage(nested))).toBe(JSON.stringify(nested))
  })
})

describe('bytes', () => {
  test('the same value gives the same bytes, whatever lay in the memory before', () => {
    const make = () => ({
      a: [1, 'two', { three: 3.5 }],
      nan: Number.NaN,
      bytes: new Uint8Array(1500).fill(4),
      m: new Map([['k', new Date(5)]]),
    })
    const first = encodeValue(make(), plainOnly).toBytes()
    const dirty = new Uint8Array(first.length).fill(0xee)
    encodeValue(make(), plainOnly).writeTo(dirty)
    expect(Buffer.compare(first, dirty)).toBe(0)
  })

  test('each large buffer lies at a multiple of 64 and sizeBytes is exact', () => {
    const encoded = encodeValue([new Uint8Array(1025).fill(0xfe), new Uint8Array(2000).fill(0xfd)], plainOnly)
    const bytes = encoded.toBytes()
    expect([bytes.length, bytes.indexOf(0xfe) % 64, bytes.indexOf(0xfd) % 64]).toEqual([encoded.sizeBytes, 0, 0])
    expect(() => encoded.writeTo(new Uint8Array(encoded.sizeBytes - 1))).toThrow(/does not fit/)
  })

  test('a view brings only its own part of the buffer behind it', () => {
    expect(encodeValue(new Uint8Array(new ArrayBuffer(1 << 20), 100, 10), plainOnly).sizeBytes).toBeLessThan(64)
  })

  test('values encoded one after the other do not write over each other', () => {
    const encoded = Array.from({ length: 5000 }, (_, i) => encodeValue({ i, text: 'x'.repeat(i % 50) }, plainOnly).toBytes())
    const back = encoded.map((bytes) => decodeValue(bytes, { ...plainOnly, shared: false }))
    expect(back).toEqual(Array.from({ length: 5000 }, (_, i) => ({ i, text: 'x'.repeat(i % 50) })))
  })

  test('a getter may encode another value meanwhile', () => {
    const value = {
      before: 1,
      get inner() {
        return throughMessage({ nested: true })
      },
      after: 2,
    }
    expect(throughMessage(value)).toEqual({ before: 1, inner: { nested: true }, after: 2 })
  })
})

class Ref {
  readonly id: string
  constructor(id: string) {
    this.id = id
  }
}
const refHosts: HostObjects = {
  encode: (value) => (value instanceof Ref ? { kind: 'ref', id: value.id, owner: new Uint8Array([1, 2]) } : undefined),
  decode: (record) => new Ref(`${record.kind}:${String(record['id'])}`),
}

describe('host objects and graphs', () => {
  test('refs are recorded in order, once each, and come back as one live thing', () => {
    const a = new Ref('a')
    const encoded = encodeValue([a, { b: new Ref('b') }, a], { ...plainOnly, hosts: refHosts })
    expect(encoded.hostRecords.map((record) => record['id'])).toEqual(['a', 'b'])
    const back = decodeValue(encoded.toBytes(), { ...plainOnly, hosts: refHosts, shared: false }) as [Ref, { b: Ref }, Ref]
    expect([back[0].id, back[1].b.id, back[2] === back[0]]).toEqual(['ref:a', 'ref:b', true])
  })

  test('a value with refs says what to do where they cannot be read', () => {
    const bytes = encodeValue(new Ref('a'), { ...plainOnly, hosts: refHosts }).toBytes()
    expect(messageOf(() => decodeValue(bytes, { ...plainOnly, shared: false }))).toMatch(/value\.not-serializable: a value holds a ref/)
  })

  test('a function that is a host object travels as its record', () => {
    const handle = Object.assign(() => 1, { id: 'h' })
    const hosts: HostObjects = { encode: (value) => (value === handle ? { kind: 'fn' } : undefined), decode: () => handle }
    const bytes = encodeValue([handle, handle], { ...plainOnly, hosts }).toBytes()
    expect(decodeValue(bytes, { ...plainOnly, hosts, shared: false })).toEqual([handle, handle])
  })

  test('a value with a function goes whole through the graphs, and refs in it are recorded there', async () => {
    const functions: FunctionGraphs = {
      capture: (value, hosts) => {
        hosts.encode((value as { ref: Ref }).ref)
        return new TextEncoder().encode('graph'.repeat(500))
      },
      rebuild: async (bytes) => new TextDecoder().decode(bytes.subarray(0, 5)),
    }
    const encoded = encodeValue({ ref: new Ref('r'), work: () => 1 }, { hosts: refHosts, functions })
    expect(encoded.hostRecords).toEqual([{ kind: 'ref', id: 'r', owner: new Uint8Array([1, 2]) }])
    expect(await decodeValue(encoded.toBytes(), { hosts: refHosts, functions, shared: false })).toBe('graph')
  })

  test('what the graphs refuse is refused under its own code', () => {
    const functions: FunctionGraphs = {
      capture: () => {
        throw new ClusterError('function.not-portable', 'captures a socket')
      },
      rebuild: () => undefined,
    }
    expect(messageOf(() => encodeValue(() => 1, { ...plainOnly, functions }))).toBe('function.not-portable: captures a socket')
  })
})
