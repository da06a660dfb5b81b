import { ClusterError } from '../../base/errors.ts'
import { alignBuffer, codecs } from './format.ts'
import { type FunctionGraphs, noFunctionGraphs } from './function-graphs.ts'
import { type HostObjects, type HostRecord, noHostObjects } from './host-objects.ts'
import { describePath, Refusal } from './refusal.ts'
import { ValueWriter, type Written } from './value-writer.ts'

/** Large byte arrays of the value are not copied before `writeTo` or `toBytes`: call one before the user's code runs on. */
export type EncodedValue = {
  /** Total bytes when written out, header and aligned buffers included. */
  readonly sizeBytes: number
  /** Whether some of its bytes are still the user's own memory, which the user may change before they are written. */
  readonly sharesMemory: boolean
  /** Writes everything into `target` (at least `sizeBytes` long, 64-byte aligned when it is store memory). One copy of each buffer. */
  writeTo(target: Uint8Array): void
  /** All bytes as one array, for inline transport. Small values share memory: do not write into it or transfer its buffer. */
  toBytes(): Uint8Array
  /** Host records met, in order (refs inside the value), already encoded into the bytes. */
  readonly hostRecords: readonly HostRecord[]
}

export type EncodeOptions = {
  readonly hosts: HostObjects
  readonly functions: FunctionGraphs
  /** What the value is to the user, such as `result` or `argument 1`; paths in errors start with it. @default 'value' */
  readonly what?: string
}

/**
 * The bytes of `value`, for `decodeValue` on any supported Node version. The same plain value always gives the same bytes.
 *
 * Views on one ArrayBuffer arrive as separate arrays, each with its own bytes; resizable buffers arrive with a fixed length;
 * getters, and proxies of plain objects, arrive as the values they gave; frozen objects are not frozen any more.
 *
 * @throws ClusterError `value.not-serializable` with the place inside the value and what to do.
 * @throws ClusterError `function.not-portable` from `functions`, when a closure captures what cannot travel.
 */
export function encodeValue(value: unknown, options: EncodeOptions): EncodedValue {
  const writer = idle ?? new ValueWriter()
  idle = undefined
  try {
    return new Encoded(writer.write(value, options.hosts, codecs.tagged))
  } catch (error) {
    const helped = error instanceof Refusal && error.graphMayHelp && options.functions !== noFunctionGraphs
    if (!helped) throw notSerializable(error, value, options)
    const hostRecords: HostRecord[] = []
    const graph = captureGraph(value, { ...options, hosts: recordHosts(options.hosts, hostRecords) })
    return new Encoded({ ...writer.write(graph, noHostObjects, codecs.graph), hostRecords })
  } finally {
    idle = writer
  }
}

/** Taken while a walk runs: a getter or a host object may encode another value meanwhile. */
let idle: ValueWriter | undefined

class Encoded implements EncodedValue {
  readonly sizeBytes: number
  readonly sharesMemory: boolean
  readonly hostRecords: readonly HostRecord[]
  readonly #body: Uint8Array
  readonly #buffers: readonly Uint8Array[]

  constructor({ body, buffers, sharesMemory, hostRecords }: Written) {
    let end = body.length
    for (const buffer of buffers) end = alignBuffer(end) + buffer.length
    this.sizeBytes = end
    this.sharesMemory = sharesMemory
    this.hostRecords = hostRecords
    this.#body = body
    this.#buffers = buffers
  }

  writeTo(target: Uint8Array): void {
    if (target.length < this.sizeBytes) {
      throw new ClusterError('internal', `a value of ${this.sizeBytes} bytes does not fit into ${target.length} bytes`)
    }
    target.set(this.#body)
    let end = this.#body.length
    for (const buffer of this.#buffers) {
      const offset = alignBuffer(end)
      target.fill(0, end, offset) // recycled memory must not show what it held
      target.set(buffer, offset)
      end = offset + buffer.length
    }
  }

  toBytes(): Uint8Array {
    if (this.#buffers.length === 0) return this.#body
    const bytes = new Uint8Array(this.sizeBytes)
    this.writeTo(bytes)
    return bytes
  }
}

function recordHosts(hosts: HostObjects, records: HostRecord[]): HostObjects {
  return {
    encode: (value) => {
      const record = hosts.encode(value)
      if (record !== undefined) records.push(record)
      return record
    },
    decode: (record) => hosts.decode(record),
  }
}

function captureGraph(value: unknown, options: EncodeOptions): Uint8Array {
  try {
    return options.functions.capture(value, options.hosts)
  } catch (error) {
    throw notSerializable(error, value, options)
  }
}

function notSerializable(error: unknown, value: unknown, { what = 'value' }: EncodeOptions): ClusterError {
  if (error instanceof ClusterError) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof Refusal) {
    return new ClusterError('value.not-serializable', `${describePath(value, error.culprit, what)}: ${error.message}`)
  }
  if (error instanceof RangeError) {
    return new ClusterError('value.not-serializable', `${what}: too large or too deeply nested to be sent (${reason}); send it in parts`, {
      cause: error,
    })
  }
  return new ClusterError(
    'value.not-serializable',
    `${what}: reading it failed (${reason}); a getter or a closed resource inside it may be at fault`,
    {
      cause: error,
    },
  )
}
