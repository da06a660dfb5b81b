import { types } from 'node:util'

/** Everything that exists in every Node process under the same path: `Object.defineProperty`, `Array.prototype.map`, `process`. */
type GlobalTable = { byValue: Map<unknown, string>; names: ReadonlySet<string> }

let table: GlobalTable | undefined
const wellKnownSymbols = new Map<symbol, string>()
for (const name of Object.getOwnPropertyNames(Symbol)) {
  const value: unknown = Reflect.get(Symbol, name)
  if (typeof value === 'symbol') wellKnownSymbols.set(value, name)
}

/** Names of the global object that Node itself put there. What user code added is an ordinary captured value. */
const nodeNames =
  'AbortController AbortSignal AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Blob Boolean ' +
  'BroadcastChannel Buffer ByteLengthQueuingStrategy CloseEvent CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException DataView ' +
  'Date DecompressionStream DisposableStack Error EvalError Event EventSource EventTarget File FinalizationRegistry Float16Array Float32Array Float64Array ' +
  'FormData Function Headers Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math MessageChannel MessageEvent MessagePort NaN Navigator ' +
  'Number Object Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList ' +
  'PerformanceResourceTiming Promise Proxy RangeError ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ' +
  'ReadableStreamDefaultController ReadableStreamDefaultReader ReferenceError Reflect RegExp Request Response Set SharedArrayBuffer Storage String ' +
  'SubtleCrypto SuppressedError Symbol SyntaxError TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream ' +
  'TransformStreamDefaultController TypeError URIError URL URLPattern URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap ' +
  'WeakRef WeakSet WebAssembly WebSocket WritableStream WritableStreamDefaultController WritableStreamDefaultWriter atob btoa clearImmediate ' +
  'clearInterval clearTimeout console crypto decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval fetch globalThis global ' +
  'isFinite isNaN localStorage navigator parseFloat parseInt performance process queueMicrotask sessionStorage setImmediate setInterval setTimeout ' +
  'structuredClone undefined unescape'

/** Objects without a name of their own in the language, by ours. */
const hidden: Record<string, () => unknown> = {
  '%TypedArray%': () => Object.getPrototypeOf(Uint8Array),
  '%GeneratorFunction%': () => Object.getPrototypeOf(function* () {}).constructor,
  '%AsyncFunction%': () => Object.getPrototypeOf(async () => {}).constructor,
  '%AsyncGeneratorFunction%': () => Object.getPrototypeOf(async function* () {}).constructor,
  '%IteratorPrototype%': () => Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())),
  '%ArrayIteratorPrototype%': () => Object.getPrototypeOf([][Symbol.iterator]()),
  '%AsyncIteratorPrototype%': () => Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype),
}

export const isGlobalName = (name: string): boolean => globals().names.has(name)

/** `name of the global` or `name.member`, by identity. */
export const findGlobalPath = (value: unknown): string | undefined => globals().byValue.get(value)

/** @throws TypeError where this process has nothing under `path`. */
export function resolveGlobal(path: string): unknown {
  const [first = '', ...rest] = path.split('/')
  const start = hidden[first]
  let value: unknown = start ? start() : Reflect.get(globalThis, first)
  for (const step of rest) {
    if (!isObject(value)) break
    const [how, name = ''] = step.startsWith('get:') || step.startsWith('set:') ? step.split(/:(.*)/s) : ['', step]
    const key = name.startsWith('@@') ? (Reflect.get(Symbol, name.slice(2)) as symbol) : name // built by collect() from well-known symbols only
    if (how === '') value = Reflect.get(value, key)
    else value = Object.getOwnPropertyDescriptor(value, key)?.[how === 'get' ? 'get' : 'set']
  }
  if (value === undefined && path !== 'undefined') throw new TypeError(`Node ${process.version} has no ${path.replaceAll('/', '.')}`)
  return value
}

export const wellKnownSymbolName = (symbol: symbol): string | undefined => wellKnownSymbols.get(symbol)

export const isObject = (value: unknown): value is object => (typeof value === 'object' && value !== null) || typeof value === 'function'

function globals(): GlobalTable {
  if (table) return table
  const names = new Set(nodeNames.split(' '))
  const byValue = new Map<unknown, string>()
  for (const name of names) {
    // Reading some (crypto, fetch, localStorage, navigator) loads code or warns; user code that captured one has read it already.
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name)
    if (descriptor && 'value' in descriptor) collect(byValue, descriptor.value, { path: name, depth: 0 })
    else if (descriptor && /^(process|Buffer)$/.test(name)) collect(byValue, Reflect.get(globalThis, name), { path: name, depth: 1 })
  }
  for (const [name, make] of Object.entries(hidden)) collect(byValue, make(), { path: name, depth: 0 })
  byValue.set(process.env, 'process/env')
  table = { byValue, names }
  return table
}

function collect(into: Map<unknown, string>, value: unknown, { path, depth }: { path: string; depth: number }): void {
  if (!isObject(value) || into.has(value) || types.isProxy(value)) return
  into.set(value, path)
  if (depth > 2 || value === globalThis) return
  for (const key of Reflect.ownKeys(value)) {
    const name = typeof key === 'symbol' ? wellKnownSymbols.get(key) : key
    const descriptor = Object.getOwnPropertyDescriptor(value, key)
    if (name === undefined || !descriptor || name === 'constructor') continue
    const step = typeof key === 'symbol' ? `@@${name}` : name
    if (typeof descriptor.value === 'function' || step === 'prototype' || depth === 0)
      collect(into, descriptor.value, { path: `${path}/${step}`, depth: depth + 1 })
    if (descriptor.get) into.set(descriptor.get, into.get(descriptor.get) ?? `${path}/get:${step}`)
    if (descriptor.set) into.set(descriptor.set, into.get(descriptor.set) ?? `${path}/set:${step}`)
  }
}
