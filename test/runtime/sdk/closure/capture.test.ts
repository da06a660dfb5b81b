import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { captureGraph } from '#runtime/sdk/closure/capture.ts'
import { rebuildGraph } from '#runtime/sdk/closure/rebuild.ts'
import { ClusterError } from '#runtime/base/errors.ts'
import { type HostObjects, noHostObjects } from '#runtime/sdk/values/host-objects.ts'

const copy = (value: unknown, hosts: HostObjects = noHostObjects): unknown =>
  rebuildGraph(captureGraph(value, { hosts }).bytes, { hosts, importModule: (specifier) => import(specifier) })

class Ref {
  readonly id: string
  constructor(id: string) {
    this.id = id
  }
}
const refs: HostObjects = {
  encode: (value) => (value instanceof Ref ? { kind: 'ref', id: value.id, raw: new Uint8Array([1, 2]) } : undefined),
  decode: (record) => new Ref(`${String(record['id'])} again ${record['raw'] instanceof Uint8Array}`),
}

test('objects of the host travel as its records, in data and in captured variables, and stay shared', () => {
  const ref = new Ref('a')
  const found = copy({ ref, list: [ref], fn: () => ref }, refs) as { ref: Ref; list: Ref[]; fn: () => Ref } // the shape of the line above
  expect(found.ref.id).toBe('a again true')
  expect(found.list[0]).toBe(found.ref)
  expect(found.fn()).toBe(found.ref)
})

test('a value that no function holds travels too', () => {
  for (const value of [undefined, null, -0, 5n, 'text', Number.NaN, [1], [[7]], { a: [3] }, new Map([[[1], new Set([2])]])]) {
    expect(copy(value)).toEqual(value)
  }
  expect(Object.is(copy(-0), -0)).toBe(true)
  expect(copy(Symbol.for('a'))).toBe(Symbol.for('a'))
})

test('a list of 100,000 linked objects neither overflows the stack when captured nor when rebuilt', () => {
  let head: { next: unknown } | undefined
  for (let index = 0; index < 100_000; index++) head = { next: head }
  let found = copy(head) as { next: unknown } | undefined // a copy of head
  let length = 0
  for (; found; found = found.next as typeof found) length++ // as built above
  expect(length).toBe(100_000)
})

test('property descriptors, frozen objects and odd prototypes are kept', () => {
  const value = Object.create({ inherited: 1 }, { hidden: { value: 2 }, computed: { get: () => 3, enumerable: true } })
  const found = copy(Object.freeze(value)) as { inherited: number; hidden: number; computed: number } // a copy of value
  expect([found.inherited, found.hidden, found.computed]).toEqual([1, 2, 3])
  expect(Object.isFrozen(found)).toBe(true)
  expect(Object.keys(found)).toEqual(['computed'])
})

test('the size of captured data is told apart from the size of the code', () => {
  const data = new Float64Array(200_000)
  const large = captureGraph(() => data.length, { hosts: noHostObjects })
  const small = captureGraph(() => 1, { hosts: noHostObjects })
  expect(large.dataBytes).toBeGreaterThan(1_600_000)
  expect(large.dataBytes).toBeLessThan(1_610_000)
  expect(small.dataBytes).toBeLessThan(200)
})

test('modules that the receiver needs are named', () => {
  const { modules } = captureGraph({ basename }, { hosts: noHostObjects })
  expect(modules).toEqual(['node:path'])
})

test('the error says what was being shipped, and names the variable for machines', () => {
  const waiting = Promise.resolve()
  const list = { waiting }
  let thrown: unknown
  try {
    captureGraph(() => list, { hosts: noHostObjects, what: 'the options of task add' })
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(ClusterError)
  expect(thrown).toMatchObject({ code: 'function.not-portable', details: { variable: 'list.waiting' } })
  expect(String(thrown)).toMatch(/cannot ship the options of task add to a worker: \(anonymous function\) captures 'list\.waiting'/)
})

test('an error keeps its name, stack, cause and fields', () => {
  const error = Object.assign(new RangeError('far', { cause: new Error('near') }), { limit: 3 })
  const found = copy(error) as RangeError & { limit: number } // a copy of error
  expect(found).toBeInstanceOf(RangeError)
  expect([found.message, found.limit, found.stack]).toEqual(['far', 3, error.stack])
  expect(found.cause).toBeInstanceOf(Error)
  expect(Object.keys(found)).toEqual(['limit'])
})

test('bytes that are no captured value are refused', () => {
  expect(() => rebuildGraph(new Uint8Array([1, 2, 3]), { hosts: noHostObjects, importModule: (specifier) => import(specifier) })).toThrow(
    /no captured value of this version|Data read/,
  )
})
