import { describe, expect, test } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { decodeError, encodeError, rebuildError } from '#runtime/sdk/values/error-record.ts'
import type { FunctionGraphs } from '#runtime/sdk/values/function-graphs.ts'
import { noHostObjects } from '#runtime/sdk/values/host-objects.ts'

const roundTrip = (thrown: unknown) => decodeError(encodeError(thrown))

class QuotaError extends RangeError {
  override readonly name = 'QuotaError'
  readonly left: number
  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

describe('what a task threw arrives', () => {
  test('as the builtin class with message, stack, cause, code and fields', () => {
    const error = Object.assign(new TypeError('bad row', { cause: new Error('below', { cause: 'text' }) }), {
      code: 'EBAD',
      row: { id: 7n },
    })
    const back = roundTrip(error)
    expect(back).toBeInstanceOf(TypeError)
    expect([back.message, back.stack, Reflect.get(back, 'code'), Reflect.get(back, 'row')]).toEqual([
      'bad row',
      error.stack,
      'EBAD',
      { id: 7n },
    ])
    expect((back.cause as Error).message).toBe('below')
    expect(((back.cause as Error).cause as Error).message).toBe('text')
  })

  test('a ClusterError as one, with code and details', () => {
    const back = roundTrip(new ClusterError('store.full', 'no room', { details: { sizeBytes: 5 } }))
    expect(back).toBeInstanceOf(ClusterError)
    expect(back).toMatchObject({ code: 'store.full', details: { sizeBytes: 5 }, message: 'no room', retryable: true })
  })

  test('a ClusterError of a newer version, whose code is unknown here, as an Error that keeps its texts', () => {
    const back = decodeError({ ...encodeError(new ClusterError('timeout', 'late')), cluster: { code: 'future.code', details: {} } })
    expect([back instanceof ClusterError, back.name, back.message]).toEqual([false, 'ClusterError', 'late'])
  })

  test('an aggregate with its errors', () => {
    const back = roundTrip(new AggregateError([new SyntaxError('one'), 'two'], 'both')) as AggregateError
    expect(back).toBeInstanceOf(AggregateError)
    expect(back.errors.map((error: Error) => [error.constructor.name, error.message])).toEqual([
      ['SyntaxError', 'one'],
      ['Error', 'two'],
    ])
  })

  test('a class of the user as its nearest builtin class, with name and fields', () => {
    const back = roundTrip(new QuotaError(3))
    expect(back).toBeInstanceOf(RangeError)
    expect([back.name, back.message, Reflect.get(back, 'left')]).toEqual(['QuotaError', 'only 3 left', 3])
  })

  test('things that are no errors', () => {
    expect(roundTrip('just text').message).toBe('just text')
    expect(Reflect.get(roundTrip({ status: 404 }), 'thrown')).toEqual({ status: 404 })
    expect(roundTrip(undefined)).toBeInstanceOf(Error)
    expect(roundTrip(new DOMException('stopped', 'AbortError')).name).toBe('AbortError')
  })

  test('fields that cannot travel are left out, with a note', () => {
    const record = encodeError(Object.assign(new Error('x'), { retry: () => 1, big: 'y'.repeat(100_000), ok: true }))
    expect(Object.keys(record.fields)).toEqual(['ok'])
    expect(record.dropped).toEqual([
      expect.stringMatching(/^retry: the function retry cannot/),
      expect.stringMatching(/^big: 1000\d\d bytes, more than 65536/),
    ])
  })
})

describe('a record is bounded', () => {
  test('long texts are cut with a note', () => {
    const record = encodeError(new Error('m'.repeat(70_000)))
    expect(record.message).toMatch(/m\.\.\. \(4464 more characters\)$/)
    expect(record.stack.length).toBeLessThan(65_600)
  })

  test('a cycle of causes ends after eight', () => {
    const error = new Error('loop')
    error.cause = error
    let depth = 0
    for (let at: unknown = roundTrip(error); at instanceof Error; at = at.cause) depth++
    expect(depth).toBe(9)
  })

  test('an aggregate of aggregates holds no more than 32 errors', () => {
    const many = (depth: number): AggregateError =>
      new AggregateError(Array.from({ length: 10 }, () => (depth === 0 ? new Error('leaf') : many(depth - 1))))
    const count = (error: Error): number =>
      1 + (error instanceof AggregateError ? error.errors.reduce((sum: number, item: Error) => sum + count(item), 0) : 0)
    const record = encodeError(many(3))
    expect(count(decodeError(record))).toBe(32)
    expect(record.dropped.join()).toMatch(/\d+ of 10 errors/)
  })

  test('an error whose getters throw still arrives as something', () => {
    const hostile = new Proxy(new Error('x'), {
      get: () => {
        throw new Error('no')
      },
    })
    expect(roundTrip(hostile).message).toBe('an error that cannot be read')
  })
})

describe('the very class', () => {
  const functions: FunctionGraphs = {
    capture: (value) => Uint8Array.of((value as QuotaError).left),
    rebuild: async (bytes) => new QuotaError(bytes[0] ?? 0),
  }

  test('comes back where it can be rebuilt, with the stack of where it was thrown', async () => {
    const error = new QuotaError(4)
    const back = await rebuildError(encodeError(error, functions), { functions, hosts: noHostObjects })
    expect(back).toBeInstanceOf(QuotaError)
    expect([back.message, back.stack]).toEqual(['only 4 left', error.stack])
  })

  test('is not captured for builtin errors, nor kept when it cannot travel', () => {
    const refusing: FunctionGraphs = {
      ...functions,
      capture: () => {
        throw new Error('captures a socket')
      },
    }
    expect(encodeError(new TypeError('t'), functions).graph).toBeUndefined()
    expect(encodeError(new QuotaError(1), refusing)).toMatchObject({ name: 'QuotaError', message: 'only 1 left' })
    expect(encodeError(new QuotaError(1), refusing).graph).toBeUndefined()
  })

  test('falls back to the record when the receiver cannot rebuild it', async () => {
    const failing: FunctionGraphs = { ...functions, rebuild: () => Promise.reject(new Error('module not found')) }
    const back = await rebuildError(encodeError(new QuotaError(2), functions), { functions: failing, hosts: noHostObjects })
    expect([back instanceof RangeError, back.name, back.message]).toEqual([true, 'QuotaError', 'only 2 left'])
  })
})
