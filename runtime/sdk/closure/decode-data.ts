import { makeInstance } from './build-function.ts'
import type { DataKind, ObjectNode, Payload, Properties } from './graph-format.ts'
import { isObject } from './globals.ts'

export type ReadSlot = (slot: unknown) => unknown

/** The object behind a node, empty still: what it holds may point back to it. */
export function createShell(node: ObjectNode, read: ReadSlot): object {
  const [, kind, , payload, , made] = node
  if (made) {
    const owner = read(made[0])
    if (isObject(owner)) return makeInstance(owner)
  }
  return emptyOf(kind, payload, read)
}

function emptyOf(kind: DataKind, payload: Payload, read: ReadSlot): object {
  const parts: readonly unknown[] = Array.isArray(payload) ? payload : []
  switch (kind) {
    case 'object':
      return {}
    case 'array':
      return new Array(parts.length)
    case 'map':
      return new Map()
    case 'set':
      return new Set()
    case 'date':
      return new Date(Number(payload))
    case 'regexp':
      return new RegExp(String(parts[0]), String(parts[1]))
    case 'error':
      return emptyError()
    case 'buffer':
      return payload instanceof Uint8Array ? new Uint8Array(payload).buffer : new ArrayBuffer(0)
    case 'view':
      return viewOf(String(parts[0]), read(parts[1]), [Number(parts[2]), Number(parts[3])])
    case 'boxed':
      return Object(read(payload))
    case 'url':
      return new URL(String(payload))
    case 'query':
      return new URLSearchParams(String(payload))
    case 'prototype': {
      const owner = read(payload)
      const prototype: unknown = isObject(owner) ? Reflect.get(owner, 'prototype') : undefined
      if (!isObject(prototype)) throw new TypeError('a captured prototype has no constructor here')
      return prototype
    }
  }
}

/** Without the stack of this process, which costs time and says nothing. */
function emptyError(): Error {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return new Error()
  } finally {
    Error.stackTraceLimit = limit
  }
}

function viewOf(name: string, buffer: unknown, [offset, length]: [number, number]): object {
  if (!(buffer instanceof ArrayBuffer)) throw new TypeError(`a captured ${name} has no buffer`)
  if (name === 'Buffer') return Buffer.from(buffer, offset, length)
  const View: unknown = Reflect.get(globalThis, name)
  if (typeof View !== 'function') throw new TypeError(`Node ${process.version} has no ${name}`)
  return Reflect.construct(View, [buffer, offset, length])
}

export function fillShell(shell: object, node: ObjectNode, read: ReadSlot): void {
  const [, kind, proto, payload, props, made] = node
  const parts: readonly unknown[] = Array.isArray(payload) ? payload : []
  if (proto !== 0 && !made) Object.setPrototypeOf(shell, readPrototype(read(proto)))
  if (Array.isArray(shell)) for (const [index, item] of parts.entries()) if (!isHole(item)) shell[index] = read(item)
  // The built-in methods, because a subclass may have others.
  if (kind === 'map') for (let at = 0; at < parts.length; at += 2) Map.prototype.set.call(shell, read(parts[at]), read(parts[at + 1]))
  if (kind === 'set') for (const item of parts) Set.prototype.add.call(shell, read(item))
  if (kind === 'date' && made) Date.prototype.setTime.call(shell, Number(payload))
  if (kind === 'error') Object.defineProperty(shell, 'stack', { value: read(payload), writable: true, configurable: true })
  setProperties(shell, props, read)
}

const isHole = (slot: unknown): boolean => Array.isArray(slot) && slot[0] === 'hole'

function readPrototype(value: unknown): object | null {
  if (value === null || isObject(value)) return value
  throw new TypeError('a captured object has no usable prototype')
}

export function setProperties(target: object, [plain, odd, closed]: Properties, read: ReadSlot): void {
  for (let at = 0; at < plain.length; at += 2) {
    const key = read(plain[at]) as PropertyKey // written as a key
    const value = read(plain[at + 1])
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  }
  for (const [name, bits, first, second] of odd ?? []) {
    const base = { enumerable: (bits & 1) !== 0, configurable: (bits & 4) !== 0 }
    const key = read(name) as PropertyKey // written as a key
    const descriptor =
      bits & 8 ? { ...base, get: read(first), set: read(second) } : { ...base, value: read(first), writable: (bits & 2) !== 0 }
    Object.defineProperty(target, key, descriptor as PropertyDescriptor) // getters and setters were functions or undefined
  }
  if (closed) Object.preventExtensions(target)
}
