import { ClusterError, type ErrorDetails, isErrorCode, toError } from '../../base/errors.ts'
import { decodeValue } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'
import { type FunctionGraphs, noFunctionGraphs } from './function-graphs.ts'
import { type HostObjects, noHostObjects } from './host-objects.ts'
import { defineField, errorNameByPrototype, makeError } from './known-types.ts'

/**
 * What somebody threw, as plain fields that any codec can carry: strings, numbers, byte arrays and lists of them. Bounded, so that an
 * error can always be sent: it is what is left when a task failed.
 */
export type ErrorRecord = {
  /** The nearest class that every process has, such as `TypeError`. */
  readonly className: string
  readonly name: string
  readonly message: string
  readonly stack: string
  /** As Node's own errors have it: `ENOENT`, or an exit code. */
  readonly code?: string | number
  /** Own fields but the ones above and below, each as the bytes of one value. */
  readonly fields: Readonly<Record<string, Uint8Array>>
  /** Why fields are missing, one line each. */
  readonly dropped: readonly string[]
  readonly cause?: ErrorRecord
  /** Of an AggregateError. */
  readonly errors?: readonly ErrorRecord[]
  /** Present for a ClusterError: its code and details. */
  readonly cluster?: { readonly code: string; readonly details: ErrorDetails }
  /** The very error as `FunctionGraphs` captured it, for receivers that can rebuild its class. */
  readonly graph?: Uint8Array
}

const limits = {
  textLength: 65_536,
  /** A cause of a cause ... */
  depth: 8,
  /** Errors in one record, causes and aggregated ones together. */
  errors: 32,
  fields: 64,
  fieldBytes: 65_536,
  graphBytes: 1_048_576,
} as const

/**
 * A record of anything thrown. Never throws. With `functions`, an error of a user's class brings itself along, so that the
 * receiver's `instanceof` holds; when it cannot travel, name, message, stack and plain fields still do.
 */
export function encodeError(thrown: unknown, functions: FunctionGraphs = noFunctionGraphs): ErrorRecord {
  try {
    const record = recordOf(thrown, { depthLeft: limits.depth, budget: { errorsLeft: limits.errors - 1 } })
    const graph = functions === noFunctionGraphs ? undefined : captureUserError(thrown, functions)
    return graph === undefined ? record : { ...record, graph }
  } catch (error) {
    // A getter of the error's own threw, or a proxy refused everything: something has to arrive all the same.
    const reason = error instanceof Error ? error.message : 'unknown'
    return { className: 'Error', name: 'Error', message: 'an error that cannot be read', stack: '', fields: {}, dropped: [cut(reason)] }
  }
}

/** The error again: of its class when every process has that class, else an `Error` with the same name, fields and stack. Never throws. */
export function decodeError(record: ErrorRecord): Error {
  const error = emptyError(record)
  defineField(error, 'message', { value: record.message, enumerable: false })
  defineField(error, 'stack', { value: record.stack, enumerable: false })
  if (error.name !== record.name) defineField(error, 'name', { value: record.name, enumerable: false })
  for (const [key, bytes] of Object.entries(record.fields)) {
    const field = decodeField(bytes)
    if (field !== undefined) defineField(error, key, { value: field.value, enumerable: true })
  }
  if (record.code !== undefined && record.cluster === undefined) defineField(error, 'code', { value: record.code, enumerable: true })
  if (record.cause !== undefined) defineField(error, 'cause', { value: decodeError(record.cause), enumerable: false })
  if (record.errors !== undefined) defineField(error, 'errors', { value: record.errors.map(decodeError), enumerable: false })
  return error
}

/**
 * As `decodeError`, but of the user's own class when the record brought it and it can be rebuilt here. Resolves at once
 * without a graph; rebuilding may import modules. Never rejects.
 */
export async function rebuildError(
  record: ErrorRecord,
  { functions, hosts }: { functions: FunctionGraphs; hosts: HostObjects },
): Promise<Error> {
  if (record.graph === undefined) return decodeError(record)
  try {
    const rebuilt = await functions.rebuild(record.graph, hosts)
    if (!(rebuilt instanceof Error)) return decodeError(record)
    defineField(rebuilt, 'stack', { value: record.stack, enumerable: false })
    return rebuilt
  } catch {
    return decodeError(record) // its class needs a module that is not here; the record holds the rest
  }
}

/** Handled by name; the rest of an error's own fields travels as values. */
const namedFields = new Set(['name', 'message', 'stack', 'cause', 'errors'])

type Nesting = { readonly depthLeft: number; readonly budget: { errorsLeft: number } }

function recordOf(thrown: unknown, nesting: Nesting): ErrorRecord {
  const error = toError(thrown)
  const className = nearestClass(error)
  const cluster = error instanceof ClusterError ? { code: error.code, details: error.details } : undefined
  const code = readCode(error)
  const { fields, dropped } = encodeFields(error === thrown ? error : { thrown }, new Set(cluster === undefined ? [] : ['code', 'details']))
  const record = {
    className,
    name: cut(String(error.name)),
    message: cut(String(error.message)),
    stack: cut(typeof error.stack === 'string' ? error.stack : `${error.name}: ${error.message}`),
    fields,
    dropped,
    ...(code === undefined ? {} : { code }),
    ...(cluster === undefined ? {} : { cluster }),
  }
  return { ...record, ...linkedErrors(error, { ...nesting, dropped }) }
}

function linkedErrors(
  error: Error,
  { depthLeft, budget, dropped }: Nesting & { dropped: string[] },
): Pick<ErrorRecord, 'cause' | 'errors'> {
  const hasCause = error.cause !== undefined && error.cause !== null
  const aggregated: unknown = Reflect.get(error, 'errors')
  const list = error instanceof AggregateError && Array.isArray(aggregated) ? aggregated : undefined
  const below = { depthLeft: depthLeft - 1, budget }
  const linked: { cause?: ErrorRecord; errors?: ErrorRecord[] } = {}
  if (hasCause && depthLeft > 0 && budget.errorsLeft-- > 0) linked.cause = recordOf(error.cause, below)
  else if (hasCause) dropped.push(`the cause: more than ${limits.depth} deep, or more than ${limits.errors} errors in all`)
  if (list !== undefined) {
    linked.errors = []
    for (const item of list) {
      if (depthLeft === 0 || budget.errorsLeft-- <= 0) break
      linked.errors.push(recordOf(item, below))
    }
    const missing = list.length - linked.errors.length
    if (missing > 0)
      dropped.push(`${missing} of ${list.length} errors: more than ${limits.errors} in all, or more than ${limits.depth} deep`)
  }
  return linked
}

function encodeFields(source: object, except: ReadonlySet<string>): { fields: Record<string, Uint8Array>; dropped: string[] } {
  const fields: Record<string, Uint8Array> = {}
  const dropped: string[] = []
  const keys = Object.keys(source).filter((key) => !namedFields.has(key) && !except.has(key))
  if (keys.length > limits.fields) dropped.push(`${keys.length - limits.fields} of ${keys.length} fields`)
  for (const key of keys.slice(0, limits.fields)) {
    try {
      const encoded = encodeValue(Reflect.get(source, key), { hosts: noHostObjects, functions: noFunctionGraphs, what: key })
      if (encoded.sizeBytes > limits.fieldBytes) dropped.push(cut(`${key}: ${encoded.sizeBytes} bytes, more than ${limits.fieldBytes}`))
      else defineField(fields, key, { value: encoded.toBytes(), enumerable: true })
    } catch (error) {
      dropped.push(cut(error instanceof Error ? error.message : key)) // it starts with the field's name
    }
  }
  return { fields, dropped }
}

function decodeField(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: decodeValue(bytes, { hosts: noHostObjects, functions: noFunctionGraphs, shared: false }) }
  } catch {
    return undefined // one field that this version of Node cannot hold; the error itself matters more
  }
}

function emptyError(record: ErrorRecord): Error {
  const { cluster } = record
  if (cluster !== undefined && isErrorCode(cluster.code))
    return new ClusterError(cluster.code, record.message, { details: cluster.details })
  // A code of a newer version: an unknown one would break every `switch` on it.
  return makeError(record.className === 'ClusterError' ? 'Error' : record.className)
}

function nearestClass(error: Error): string {
  for (let prototype: object | null = Object.getPrototypeOf(error); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const name = errorNameByPrototype.get(prototype)
    if (name !== undefined) return name
  }
  return 'Error'
}

function readCode(error: Error): string | number | undefined {
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'number') return code
  return typeof code === 'string' ? cut(code) : undefined
}

/** Only an error of a class that not every process has needs its graph. */
function captureUserError(thrown: unknown, functions: FunctionGraphs): Uint8Array | undefined {
  if (!(thrown instanceof Error) || errorNameByPrototype.has(Object.getPrototypeOf(thrown))) return undefined
  try {
    const graph = functions.capture(thrown, noHostObjects)
    return graph.length > limits.graphBytes ? undefined : graph
  } catch {
    return undefined // a field or the class cannot travel; the record has what can
  }
}

function cut(text: string): string {
  return text.length <= limits.textLength
    ? text
    : `${text.slice(0, limits.textLength)}... (${text.length - limits.textLength} more characters)`
}
