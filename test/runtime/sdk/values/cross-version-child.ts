/**
 * Run by cross-version.test.ts on each Node version. `encode` prints the bytes of every sample as JSON; `decode` reads such a
 * JSON from its input, compares each value with its own, and prints the names of those that are the same.
 */
import { deepStrictEqual } from 'node:assert'
import { readFileSync } from 'node:fs'
import { ClusterError } from '#runtime/base/errors.ts'
import { decodeValue } from '#runtime/sdk/values/decode-value.ts'
import { encodeValue } from '#runtime/sdk/values/encode-value.ts'
import { decodeError, encodeError } from '#runtime/sdk/values/error-record.ts'
import type { FunctionGraphs } from '#runtime/sdk/values/function-graphs.ts'
import type { HostObjects } from '#runtime/sdk/values/host-objects.ts'
import { samples } from './samples.ts'

class Ref {
  readonly id = 'abc'
}
const hosts: HostObjects = {
  encode: (value) => (value instanceof Ref ? { kind: 'ref', id: value.id } : undefined),
  decode: () => new Ref(),
}
const functions: FunctionGraphs = { capture: () => Buffer.from('graph'), rebuild: (bytes) => Buffer.from(bytes).toString() }

const withStack = (error: Error): Error => Object.assign(error, { stack: 'at the place of the throw' })
const errors = {
  error: withStack(new TypeError('typed', { cause: withStack(new RangeError('cause')) })),
  aggregate: withStack(new AggregateError([withStack(new Error('one')), 'two'], 'many')),
  cluster: withStack(new ClusterError('timeout', 'late', { details: { waitedMs: 3 } })),
}
const values: Record<string, unknown> = {
  ...samples,
  ...errors,
  abort: new DOMException('stopped', 'AbortError'),
  headers: new Headers({ a: 'b' }),
  host: [new Ref(), { inner: new Ref() }],
}

const comparable = (value: unknown): unknown => {
  if (value instanceof Headers) return [...value]
  if (value instanceof DOMException) return [value.name, value.message, value.code]
  return value instanceof Error ? [value, value.stack, value.constructor.name] : value
}

if (process.argv[2] === 'encode') {
  const encoded: Record<string, string> = {}
  for (const [name, value] of Object.entries(values)) {
    encoded[name] = Buffer.from(encodeValue(value, { hosts, functions }).toBytes()).toString('base64')
  }
  encoded['graph'] = Buffer.from(encodeValue({ work: () => 1 }, { hosts, functions }).toBytes()).toString('base64')
  const record = encodeError(errors.error)
  encoded['record'] = Buffer.from(encodeValue(record, { hosts, functions }).toBytes()).toString('base64')
  process.stdout.write(JSON.stringify(encoded))
} else {
  const encoded = JSON.parse(readFileSync(0, 'utf8')) as Record<string, string>
  const same: string[] = []
  for (const [name, text] of Object.entries(encoded)) {
    const value = decodeValue(Buffer.from(text, 'base64'), { hosts, functions, shared: false })
    if (name === 'graph') deepStrictEqual(value, 'graph')
    else if (name === 'record') deepStrictEqual(comparable(decodeError(value as ReturnType<typeof encodeError>)), comparable(errors.error))
    else deepStrictEqual(comparable(value), comparable(values[name]), name)
    same.push(name)
  }
  process.stdout.write(JSON.stringify(same))
}
