import { types } from 'node:util'

/** Stops the walk over a value at something the tagged codec cannot write. Never leaves this folder. */
export class Refusal extends Error {
  readonly culprit: unknown
  /** Functions and instances of user classes may still travel as a graph. */
  readonly graphMayHelp: boolean
  constructor(culprit: unknown, reason: string, graphMayHelp = false) {
    super(reason)
    this.culprit = culprit
    this.graphMayHelp = graphMayHelp
  }
}

/** Why `value`, of no class the codec knows, cannot be written, and what to do instead. */
export function refuseObject(value: object): Refusal {
  if (types.isPromise(value)) return new Refusal(value, 'a Promise cannot be sent to another process; await it first')
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef) {
    return new Refusal(
      value,
      `a ${className(value)} holds its objects weakly, which has no meaning in another process; send a Map, a Set or the object`,
    )
  }
  if (types.isGeneratorObject(value) || types.isMapIterator(value) || types.isSetIterator(value)) {
    return new Refusal(value, 'a running iterator cannot be sent to another process; send its items, [...iterator]')
  }
  if (types.isSharedArrayBuffer(value)) return refuseSharedMemory(value)
  const name = className(value)
  if (handleNames.has(name) || isOpenHandle(value)) {
    return new Refusal(value, `an open ${name} belongs to this process; send what is needed to open it, and open it there`)
  }
  const advice = adviceByName[name]
  if (advice !== undefined) return new Refusal(value, `a ${name} cannot be sent to another process; ${advice}`)
  return new Refusal(
    value,
    `an instance of class ${name || '(anonymous)'} cannot be sent as plain data; send a plain object with its fields`,
    true,
  )
}

export function refuseSharedMemory(culprit: unknown): Refusal {
  return new Refusal(culprit, 'a SharedArrayBuffer cannot be shared with another process; send a copy, new Uint8Array(bytes)')
}

export function refuseFunction(value: object & { name?: unknown }): Refusal {
  const name = typeof value.name === 'string' && value.name !== '' ? ` ${value.name}` : ''
  return new Refusal(value, `the function${name} cannot be sent as plain data; send the data it needs, and define it there`, true)
}

export function refuseSymbol(value: symbol): Refusal {
  return new Refusal(value, `the symbol ${String(value)} has no identity in another process; use Symbol.for(...) or a string`)
}

const handleNames = new Set(
  'Socket TLSSocket Server Agent ClientRequest IncomingMessage ServerResponse ReadStream WriteStream FileHandle ChildProcess Worker MessagePort WebSocket'.split(
    ' ',
  ),
)
const adviceByName: Readonly<Record<string, string>> = {
  Blob: 'send await blob.bytes()',
  File: 'send its name and await file.bytes()',
  Response: 'read its body first',
  Request: 'send its url and fields',
  ReadableStream: 'read it first, or send its items as you get them',
  WritableStream: 'send what to write instead',
  AbortSignal: 'cancel the task instead',
  AbortController: 'cancel the task instead',
  KeyObject: 'send key.export()',
}

function className(value: object): string {
  const constructor: unknown = Reflect.get(value, 'constructor')
  return typeof constructor === 'function' ? constructor.name : ''
}

/** Node keeps the system's handle of sockets, servers and pipes under this name. */
function isOpenHandle(value: object): boolean {
  const handle: unknown = Reflect.get(value, '_handle')
  return typeof handle === 'object' && handle !== null
}

type Place = { value: unknown; path: string }

/** Objects looked at to name the place of a culprit. Past this the place is left out of the message. */
const maxSearched = 200_000

/**
 * Where `culprit` is inside `root`, such as `result.rows[3].socket`; `what` names the root. Runs only after a refusal, so
 * that the walk itself need not keep track of the path.
 */
export function describePath(root: unknown, culprit: unknown, what: string): string {
  const seen = new Set<unknown>()
  const queue: Place[] = [{ value: root, path: what }]
  for (const { value, path } of queue) {
    if (Object.is(value, culprit)) return path
    if (typeof value !== 'object' || value === null || seen.has(value)) continue
    seen.add(value)
    if (seen.size > maxSearched) break
    try {
      queue.push(...listChildren(value, path))
    } catch {
      // a getter threw, or a proxy refused: nothing to name below this
    }
  }
  return `${what} (inside)`
}

function listChildren(value: object, path: string): Place[] {
  if (ArrayBuffer.isView(value)) return [{ value: value.buffer, path }]
  if (value instanceof Map) {
    return [...value].flatMap(([key, item]) => [
      { value: key, path: `${path} (a key)` },
      { value: item, path: `${path}.get(${describeKey(key)})` },
    ])
  }
  if (value instanceof Set) return [...value].map((item, index) => ({ value: item, path: `${path} (item ${index})` }))
  const keys = value instanceof Error ? Object.getOwnPropertyNames(value) : Object.keys(value)
  const named = keys.slice(0, maxSearched).map((key): Place => ({ value: Reflect.get(value, key), path: joinPath(value, key, path) }))
  const symbols = Object.getOwnPropertySymbols(value).flatMap((key): Place[] => [
    { value: key, path: `${path} (a key)` },
    { value: Reflect.get(value, key), path: `${path}[${String(key)}]` },
  ])
  return [...named, ...symbols]
}

function joinPath(parent: object, key: string, path: string): string {
  if (Array.isArray(parent) && /^\d+$/.test(key)) return `${path}[${key}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key.slice(0, 100))}]`
}

function describeKey(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.slice(0, 100))
  return typeof key === 'object' || typeof key === 'function' ? '...' : String(key)
}
