import { types } from 'node:util'
import type { GraphEncoder } from './encode-graph.ts'
import { isOrdinaryClass, readMaking } from './encode-instance.ts'
import { findGlobalPath, isObject } from './globals.ts'
import type { DataKind, GraphNode, OddProperty, Payload, Properties, Slot } from './graph-format.ts'
import { hasHandle, openHandle, type Path } from './refusals.ts'

/** Anything that is neither a function nor a reference: plain data, built-in containers, errors, instances. */
export function encodeData(encoder: GraphEncoder, value: object, path: Path | undefined): GraphNode {
  if (isPrototype(value)) return encodePrototype(encoder, value, path)
  if (types.isModuleNamespaceObject(value)) return namespaceNode(encoder, { value, members: undefined, path })
  const kind = kindOf(value)
  const proto = prototypeSlot(encoder, { value, kind, path })
  const payload = payloadOf(encoder, { value, kind, path })
  const making = readMaking(encoder, value, path)
  const props =
    kind === 'view' || kind === 'buffer' ? ([[]] as const) : encodeProperties(encoder, { value, path, skip: skipped(kind, value) })
  return making ? ['data', kind, proto, payload, props, making] : ['data', kind, proto, payload, props]
}

export type OwnProperties = { value: object; path: Path | undefined; skip: (key: string | symbol) => boolean }

export function encodeProperties(encoder: GraphEncoder, { value, path, skip }: OwnProperties): Properties {
  const plain: Slot[] = []
  const odd: OddProperty[] = []
  for (const key of Reflect.ownKeys(value)) {
    if (skip(key)) continue
    const descriptor = Object.getOwnPropertyDescriptor(value, key)
    if (!descriptor) continue
    const here: Path = { step: 'property', name: String(key), parent: path }
    const name = encoder.slotOf(key, here)
    if (descriptor.get || descriptor.set) {
      const bits = (descriptor.enumerable ? 1 : 0) | (descriptor.configurable ? 4 : 0) | 8
      odd.push([name, bits, encoder.slotOf(descriptor.get, here), encoder.slotOf(descriptor.set, here)])
    } else if (descriptor.enumerable && descriptor.writable && descriptor.configurable) {
      plain.push(name, encoder.slotOf(descriptor.value, here))
    } else {
      const bits = (descriptor.enumerable ? 1 : 0) | (descriptor.writable ? 2 : 0) | (descriptor.configurable ? 4 : 0)
      odd.push([name, bits, encoder.slotOf(descriptor.value, here)])
    }
  }
  if (!Object.isExtensible(value)) return [plain, odd, 1]
  return odd.length > 0 ? [plain, odd] : [plain]
}

type Namespace = { value: object; members: ReadonlySet<string> | undefined; path: Path | undefined }

/** A module of the user's own, by value: only what the code uses of it, where that can be seen. */
export const encodeNamespace = (encoder: GraphEncoder, namespace: Namespace): Slot => encoder.addNode(namespaceNode(encoder, namespace))

function namespaceNode(encoder: GraphEncoder, { value, members, path }: Namespace): GraphNode {
  const plain: Slot[] = []
  for (const key of members ?? Object.keys(value)) {
    if (!(key in value)) continue
    const here: Path = { step: 'property', name: key, parent: path }
    let member: unknown
    try {
      member = Reflect.get(value, key)
    } catch (cause) {
      if (cause instanceof ReferenceError) continue // an export whose declaration has not run; using it fails here as well
      throw cause
    }
    plain.push(key, encoder.slotOf(member, here))
  }
  return ['data', 'object', null, 0, [plain]]
}

/** `F.prototype` itself: it stands for what its function has, with what user code added where that is no class. */
function encodePrototype(encoder: GraphEncoder, value: object, path: Path | undefined): GraphNode {
  const owner: unknown = Reflect.get(value, 'constructor')
  const ownerSlot = encoder.slotOf(owner, path)
  if (typeof owner === 'function' && !isOrdinaryClass(owner)) return ['data', 'prototype', 0, ownerSlot, [[]]]
  const parent: unknown = Object.getPrototypeOf(value)
  const proto = parent === Object.prototype ? 0 : encoder.slotOf(parent, path)
  return ['data', 'prototype', proto, ownerSlot, encodeProperties(encoder, { value, path, skip: (key) => key === 'constructor' })]
}

function isPrototype(value: object): boolean {
  const owner: unknown = Object.getOwnPropertyDescriptor(value, 'constructor')?.value
  return typeof owner === 'function' && Object.getOwnPropertyDescriptor(owner, 'prototype')?.value === value
}

function kindOf(value: object): DataKind {
  if (Array.isArray(value)) return 'array'
  if (types.isMap(value)) return 'map'
  if (types.isSet(value)) return 'set'
  if (types.isDate(value)) return 'date'
  if (types.isRegExp(value)) return 'regexp'
  if (types.isNativeError(value)) return 'error'
  if (types.isAnyArrayBuffer(value)) return 'buffer'
  if (ArrayBuffer.isView(value)) return 'view'
  if (types.isBoxedPrimitive(value)) return 'boxed'
  if (value instanceof URL) return 'url'
  if (value instanceof URLSearchParams) return 'query'
  return 'object'
}

const usualPrototypes: Partial<Record<DataKind, object>> = {
  object: Object.prototype,
  array: Array.prototype,
  map: Map.prototype,
  set: Set.prototype,
  date: Date.prototype,
  regexp: RegExp.prototype,
  url: URL.prototype,
  query: URLSearchParams.prototype,
}

type Kinded = { value: object; kind: DataKind; path: Path | undefined }

function prototypeSlot(encoder: GraphEncoder, { value, kind, path }: Kinded): Slot {
  const proto: unknown = Object.getPrototypeOf(value)
  if (proto === null) return null
  if (proto === usualPrototypes[kind] || kind === 'buffer' || kind === 'boxed') return 0
  if (kind === 'view') return isBuiltinView(proto) ? 0 : encoder.slotOf(proto, path)
  if (kind === 'error') return errorPrototype(encoder, { proto, path })
  refuseForeign(encoder, { value, kind, path })
  return encoder.slotOf(proto, path)
}

const isBuiltinView = (proto: unknown): boolean =>
  proto === Buffer.prototype || /^[A-Z][A-Za-z0-9]+\/prototype$/.test(findGlobalPath(proto) ?? '')

/** An error whose class cannot travel goes on as the built-in one below it: an error must always arrive. */
function errorPrototype(encoder: GraphEncoder, { proto, path }: { proto: unknown; path: Path | undefined }): Slot {
  for (let at = proto; isObject(at); at = Object.getPrototypeOf(at)) {
    if (findGlobalPath(at) !== undefined || encoder.isPortable(at)) return encoder.slotOf(at, path)
  }
  return encoder.slotOf(Error.prototype, path)
}

/** Objects of Node or of the platform keep state that no property shows. */
function refuseForeign(encoder: GraphEncoder, { value, kind, path }: Kinded): void {
  if (hasHandle(value)) throw encoder.refuse(path, openHandle(constructorName(value)))
  for (let proto: unknown = Object.getPrototypeOf(value); isObject(proto); proto = Object.getPrototypeOf(proto)) {
    const owner: unknown = Object.getOwnPropertyDescriptor(proto, 'constructor')?.value
    if (proto === Object.prototype || proto === usualPrototypes[kind]) return
    if (typeof owner !== 'function' || isPlainFor(owner)) continue
    if (encoder.isOfNode(owner)) throw encoder.refuse(path, openHandle(constructorName(value)))
  }
}

/** Classes of Node whose instances are no more than their properties. */
const isPlainFor = (owner: object): boolean => owner === process.getBuiltinModule('node:events')
const constructorName = (value: object): string => {
  const owner: unknown = Reflect.get(value, 'constructor')
  return typeof owner === 'function' && owner.name !== '' ? owner.name : 'object'
}

function payloadOf(encoder: GraphEncoder, { value, kind, path }: Kinded): Payload {
  const at = (name: string, item: unknown): Slot => encoder.slotOf(item, { step: 'property', name, parent: path })
  if (Array.isArray(value)) {
    const items: Slot[] = []
    for (let index = 0; index < value.length; index++) items.push(index in value ? at(String(index), value[index]) : (['hole'] as const))
    return items
  }
  // Map and Set subclasses may override their iterators; the built-in ones read what is really inside.
  if (types.isMap(value)) return [...Map.prototype.entries.call(value)].flatMap(([key, item]) => [at('key', key), at(String(key), item)])
  if (types.isSet(value)) return [...Set.prototype.values.call(value)].map((item) => at('item', item))
  if (types.isDate(value)) return Date.prototype.getTime.call(value)
  if (types.isRegExp(value)) return [value.source, value.flags]
  if (types.isNativeError(value)) return at('stack', typeof value.stack === 'string' ? value.stack : undefined)
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value.slice(0))
  if (ArrayBuffer.isView(value)) return viewPayload(at, value)
  if (types.isBoxedPrimitive(value)) return at('value', value.valueOf())
  if (kind === 'url') return (value as URL).href // kindOf saw it
  if (kind === 'query') return String(value)
  return 0
}

/** A view shares its buffer with others; a small Buffer is cut out of the pool that Node keeps for all of them. */
function viewPayload(at: (name: string, item: unknown) => Slot, view: ArrayBufferView): Slot[] {
  const { buffer, byteOffset, byteLength } = view
  const name = Buffer.isBuffer(view) ? 'Buffer' : types.isDataView(view) ? 'DataView' : String(Reflect.get(view, Symbol.toStringTag))
  const length = 'length' in view ? Number(view.length) : byteLength
  const isPooled = Buffer.isBuffer(view) && byteLength !== buffer.byteLength
  return isPooled
    ? [name, at('buffer', buffer.slice(byteOffset, byteOffset + byteLength)), 0, length]
    : [name, at('buffer', buffer), byteOffset, length]
}

/** What the payload already says, and what engines keep on errors. */
function skipped(kind: DataKind, value: object): (key: string | symbol) => boolean {
  if (Array.isArray(value)) return (key) => key === 'length' || (typeof key === 'string' && /^(0|[1-9]\d*)$/.test(key))
  if (kind === 'error') return (key) => key === 'stack'
  if (kind === 'boxed') return (key) => typeof key === 'string' && (key === 'length' || /^\d+$/.test(key))
  if (value instanceof process.getBuiltinModule('node:events')) {
    return (key) => typeof key === 'symbol' && /^(kCapture|shapeMode)$/.test(key.description ?? '') // made anew by whoever needs them
  }
  return () => false
}
