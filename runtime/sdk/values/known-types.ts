import { ClusterError } from '../../base/errors.ts'

/** The numbers of the kinds are part of the format: add at the end only. */
export const bufferKinds = [
  'Uint8Array',
  'Buffer',
  'ArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
] as const
export type BufferKind = (typeof bufferKinds)[number]

type ViewClass = { new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView; readonly BYTES_PER_ELEMENT: number }

/** Undefined for `Float16Array` on Node 20, and for the three kinds that are no element arrays. */
export function findViewClass(kind: BufferKind): ViewClass | undefined {
  return viewClasses.get(kind)
}

const viewClasses = new Map<string, ViewClass>(
  [
    Uint8Array,
    Int8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((viewClass) => [viewClass.name, viewClass]),
)
// Looked up by name: Node 20 has no such global, and the library types we compile against do not name it either.
const float16Array: unknown = Reflect.get(globalThis, 'Float16Array')
if (typeof float16Array === 'function') viewClasses.set('Float16Array', float16Array as unknown as ViewClass) // the global of that name

/** Prototype of each kind, with its number. */
export const bufferKindByPrototype: ReadonlyMap<object, number> = new Map<object, number>(
  bufferKinds.flatMap((kind, number): [object, number][] => {
    if (kind === 'Buffer') return [[Buffer.prototype, number]]
    if (kind === 'ArrayBuffer') return [[ArrayBuffer.prototype, number]]
    if (kind === 'DataView') return [[DataView.prototype, number]]
    const viewClass = findViewClass(kind)
    return viewClass === undefined ? [] : [[viewClass.prototype as object, number]] // a class's prototype is an object
  }),
)

/** Error classes that every process has. The names are part of the format. */
export const errorClasses: ReadonlyMap<string, { readonly prototype: object; make(): Error }> = new Map([
  ['Error', { prototype: Error.prototype, make: () => new Error() }],
  ['EvalError', { prototype: EvalError.prototype, make: () => new EvalError() }],
  ['RangeError', { prototype: RangeError.prototype, make: () => new RangeError() }],
  ['ReferenceError', { prototype: ReferenceError.prototype, make: () => new ReferenceError() }],
  ['SyntaxError', { prototype: SyntaxError.prototype, make: () => new SyntaxError() }],
  ['TypeError', { prototype: TypeError.prototype, make: () => new TypeError() }],
  ['URIError', { prototype: URIError.prototype, make: () => new URIError() }],
  ['AggregateError', { prototype: AggregateError.prototype, make: () => new AggregateError([]) }],
  ['ClusterError', { prototype: ClusterError.prototype, make: () => new ClusterError('internal', '') }],
])

export const errorNameByPrototype: ReadonlyMap<object, string> = new Map(
  [...errorClasses].map(([name, { prototype }]) => [prototype, name]),
)

/** A new error of a known class (else `Error`), without the cost of a stack trace of this place. */
export function makeError(className: string): Error {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return errorClasses.get(className)?.make() ?? new Error()
  } finally {
    Error.stackTraceLimit = limit
  }
}

/** Sets an own field as `Error` itself would: `message`, `stack` and `cause` are not enumerable. */
export function defineField(target: object, key: string | symbol, field: { value: unknown; enumerable: boolean }): void {
  Object.defineProperty(target, key, { ...field, writable: true, configurable: true })
}

/** `Symbol.iterator` and the like, which are the same in every process, by name. */
export const wellKnownSymbols: ReadonlyMap<string, symbol> = new Map(
  Object.getOwnPropertyNames(Symbol).flatMap((name): [string, symbol][] => {
    const value: unknown = Reflect.get(Symbol, name)
    return typeof value === 'symbol' ? [[name, value]] : []
  }),
)
export const wellKnownSymbolNames: ReadonlyMap<symbol, string> = new Map([...wellKnownSymbols].map(([name, value]) => [value, name]))
