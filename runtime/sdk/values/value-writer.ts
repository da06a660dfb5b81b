import { inspect, types } from 'node:util'
import { ByteWriter } from './byte-writer.ts'
import { flagRepeats, formatVersion, magic, maxDepth, maxShapeKeys, maxShapes, outOfBandBytes, tags } from './format.ts'
import type { HostObjects, HostRecord } from './host-objects.ts'
import { noHostObjects } from './host-objects.ts'
import { bufferKindByPrototype } from './known-types.ts'
import { Refusal, refuseFunction, refuseObject, refuseSharedMemory, refuseSymbol } from './refusal.ts'
import { writeBuiltin, writeSymbol } from './write-builtin.ts'

/** Up to here looking through a list is faster than a Map. */
const listedObjects = 8
/** Up to here asking an array for its keys costs less than `inspect`. */
const keyCheckedLength = 128

export type Written = {
  readonly body: Uint8Array
  readonly buffers: readonly Uint8Array[]
  /** Some of the buffers are the user's own memory. */
  readonly sharesMemory: boolean
  readonly hostRecords: readonly HostRecord[]
}
const none: readonly never[] = []

/** One walk over a value. Reused from value to value; not while a walk runs (a getter of the user's may encode, too). */
export class ValueWriter {
  readonly out = new ByteWriter()
  #hosts = noHostObjects
  #depth = 0
  #flags = 0
  #count = 0
  #listed: object[] = []
  #numbers: Map<object, number> | undefined
  #shapes: string[][] = []
  #buffers: Uint8Array[] | undefined
  #sharesMemory = false
  #hostRecords: HostRecord[] | undefined

  /** @throws Refusal, or what a getter of the user's or `hosts` threw. */
  write(value: unknown, hosts: HostObjects, codec: number): Written {
    this.#hosts = hosts
    this.out.begin()
    try {
      this.value(value)
      const body = this.out.finish(codec, this.#flags, [magic, formatVersion])
      return { body, buffers: this.#buffers ?? none, sharesMemory: this.#sharesMemory, hostRecords: this.#hostRecords ?? none }
    } finally {
      this.#reset()
    }
  }

  #reset(): void {
    this.out.abandon()
    this.#hosts = noHostObjects
    this.#depth = 0
    this.#flags = 0
    if (this.#count > 0) {
      this.#count = 0
      this.#listed = []
      this.#numbers = undefined
      this.#shapes = []
    }
    this.#buffers = undefined
    this.#sharesMemory = false
    this.#hostRecords = undefined
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.out.string(value)
      case 'number':
        return this.#number(value)
      case 'undefined':
        return this.out.byte(tags.undefined)
      case 'boolean':
        return this.out.byte(value ? tags.true : tags.false)
      case 'object':
        return value === null ? this.out.byte(tags.null) : this.#object(value)
      case 'bigint':
        this.out.byte(tags.bigInt)
        return this.out.string(value.toString(16))
      case 'symbol':
        if (!writeSymbol(this, value)) throw refuseSymbol(value)
        return undefined
      case 'function':
        if (!this.#host(value)) throw refuseFunction(value)
        return undefined
    }
  }

  #number(value: number): void {
    const { out } = this
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= 0 && value < tags.smallIntegerLimit) return out.byte(value)
      out.byte(tags.int32)
      return out.int32(value)
    }
    // NaN has many bit patterns: one tag keeps equal values equal in bytes.
    if (Number.isNaN(value)) return out.byte(tags.notANumber)
    out.byte(tags.float64)
    out.float64(value)
  }

  #object(value: object): void {
    if (this.#repeat(value)) return
    if (++this.#depth > maxDepth)
      throw new Refusal(value, `nested more than ${maxDepth} levels deep; send a flatter value, such as a list with indexes`)
    const isArray = Array.isArray(value)
    if (!isArray && this.#hosts !== noHostObjects && this.#asHost(value)) {
      // written
    } else {
      const prototype: object | null = Object.getPrototypeOf(value)
      if (prototype === Object.prototype) this.#plain(value, tags.object)
      else if (prototype === Array.prototype && isArray) this.#array(value)
      else this.#other(value, prototype)
    }
    this.#depth--
  }

  /** True when the object was met before; else it gets the next number. */
  #repeat(value: object): boolean {
    const number = this.#count < listedObjects ? this.#listed.indexOf(value) : this.#numberOf(value)
    if (number >= 0) {
      this.#flags |= flagRepeats
      this.out.byte(tags.repeat)
      this.out.count(number)
      return true
    }
    if (this.#numbers === undefined) this.#listed.push(value)
    else this.#numbers.set(value, this.#count)
    this.#count++
    return false
  }

  #numberOf(value: object): number {
    this.#numbers ??= new Map(this.#listed.map((object, number) => [object, number]))
    return this.#numbers.get(value) ?? -1
  }

  #host(value: object): boolean {
    return this.#repeat(value) || this.#asHost(value)
  }

  #asHost(value: object): boolean {
    const record = this.#hosts.encode(value)
    if (record === undefined) return false
    this.#hostRecords ??= []
    this.#hostRecords.push(record)
    const keys = Object.keys(record)
    this.out.byte(tags.host)
    this.out.count(keys.length)
    for (const key of keys) {
      this.out.string(key)
      this.value(record[key])
    }
    return true
  }

  /** Getters are read once and travel as the value they gave, as with `structuredClone`. */
  #plain(value: object, tag: number): void {
    const symbols = Object.getOwnPropertySymbols(value)
    const enumerable =
      symbols.length === 0 ? symbols : symbols.filter((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol))
    if (enumerable.length > 0) {
      this.out.byte(tags.objectWithSymbols)
      this.out.count(enumerable.length)
    }
    this.#properties(value, tag)
    for (const symbol of enumerable) {
      if (!writeSymbol(this, symbol)) throw refuseSymbol(symbol)
      this.value(Reflect.get(value, symbol))
    }
  }

  #properties(value: object, tag: number): void {
    const keys = Object.keys(value)
    const shape = tag === tags.object ? this.#findShape(keys) : -1
    if (shape >= 0) {
      this.out.byte(tags.knownShape + shape)
    } else {
      this.out.byte(tag)
      this.out.count(keys.length)
      for (const key of keys) this.out.string(key)
    }
    const record = value as Record<string, unknown> // the keys were read from it
    for (const key of keys) this.value(record[key])
  }

  /** The number of a remembered list of keys, or -1, after remembering it if there is room. */
  #findShape(keys: string[]): number {
    const shapes = this.#shapes
    const { length } = keys
    search: for (let number = 0; number < shapes.length; number++) {
      const shape = shapes[number]
      if (shape === undefined || shape.length !== length) continue
      for (let index = 0; index < length; index++) if (shape[index] !== keys[index]) continue search
      return number
    }
    if (shapes.length < maxShapes && length <= maxShapeKeys) shapes.push(keys)
    return -1
  }

  #array(value: readonly unknown[]): void {
    const { out } = this
    const kind = hasNamedProperties(value) ? 'sparse' : scan(value)
    const { length } = value
    switch (kind) {
      case 'int32':
        out.byte(tags.int32Array)
        out.count(length)
        return this.#payload(new Uint8Array(new Int32Array(value as readonly number[]).buffer)) // scanned
      case 'float64':
        out.byte(tags.float64Array)
        out.count(length)
        return this.#payload(new Uint8Array(floats(value as readonly number[]).buffer)) // scanned
      case 'sparse':
        return this.#sparse(value)
      case 'mixed':
        if (length < tags.shortArrayLimit) {
          out.byte(tags.shortArray + length)
        } else {
          out.byte(tags.array)
          out.count(length)
        }
        for (let index = 0; index < length; index++) this.value(value[index])
    }
  }

  #sparse(value: readonly unknown[]): void {
    const symbol = Object.getOwnPropertySymbols(value).find((key) => Object.prototype.propertyIsEnumerable.call(value, key))
    if (symbol !== undefined) throw new Refusal(symbol, 'arrays with properties under symbols cannot be sent; send an object')
    const keys = Object.keys(value)
    const indexes = keys.filter((key) => isIndex(key))
    this.out.byte(tags.sparseArray)
    this.out.count(value.length)
    this.out.count(indexes.length)
    for (const key of indexes) {
      this.out.count(Number(key))
      this.value(value[Number(key)])
    }
    this.out.count(keys.length - indexes.length)
    for (const key of keys.slice(indexes.length)) {
      this.out.string(key)
      this.value(Reflect.get(value, key))
    }
  }

  #other(value: object, prototype: object | null): void {
    if (prototype === null) return this.#plain(value, tags.nullPrototypeObject)
    const bufferKind = bufferKindByPrototype.get(prototype)
    if (bufferKind !== undefined && (ArrayBuffer.isView(value) || types.isArrayBuffer(value))) return this.#bytes(value, bufferKind)
    if (writeBuiltin(this, value, prototype)) return
    // Objects of another realm (vm contexts): their `Object` and `Array` are not ours, but nothing else about them differs.
    if (Array.isArray(value) && isForeign(prototype, 'Array')) return this.#array(value)
    if (Object.getPrototypeOf(prototype) === null && isForeign(prototype, 'Object')) return this.#plain(value, tags.object)
    throw refuseObject(value)
  }

  /** A view brings its own bytes only, not the whole buffer behind it (which may be Node's shared pool). */
  #bytes(value: ArrayBufferView | ArrayBuffer, kind: number): void {
    const view = ArrayBuffer.isView(value)
    const buffer: ArrayBufferLike = view ? value.buffer : value
    if (types.isSharedArrayBuffer(buffer)) throw refuseSharedMemory(value)
    const bytes = view ? new Uint8Array(buffer, value.byteOffset, value.byteLength) : new Uint8Array(buffer)
    this.out.byte(tags.bytes)
    this.out.byte(kind)
    this.out.count(bytes.length)
    this.#sharesMemory ||= bytes.length >= outOfBandBytes
    this.#payload(bytes)
  }

  /** In the body when small, else behind it. The reader knows the length, and so which of the two. */
  #payload(bytes: Uint8Array): void {
    if (bytes.length < outOfBandBytes) return this.out.raw(bytes)
    this.#buffers ??= []
    this.#buffers.push(bytes)
    return undefined
  }
}

type ArrayKind = 'mixed' | 'int32' | 'float64' | 'sparse'

/** Finds holes before the loop that writes; and lists of numbers, which are copied as one block. */
function scan(value: readonly unknown[]): ArrayKind {
  let numbers = value.length >= tags.shortArrayLimit
  let int32 = numbers
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    if (typeof item === 'number') {
      if (int32 && ((item | 0) !== item || Object.is(item, -0))) int32 = false
    } else {
      numbers = false
      if (item === undefined && !Object.hasOwn(value, index)) return 'sparse'
    }
  }
  if (!numbers) return 'mixed'
  return int32 ? 'int32' : 'float64'
}

/** NaN has many bit patterns: one of them keeps equal values equal in bytes. */
function floats(numbers: readonly number[]): Float64Array {
  const copy = new Float64Array(numbers)
  for (let index = 0; index < copy.length; index++) if (Number.isNaN(copy[index])) copy[index] = Number.NaN
  return copy
}

/**
 * True also now and then for an array without any, which is then written the long way. Listing the keys of a long array
 * would make a string of each index; `inspect` asks V8 for the other keys only.
 */
function hasNamedProperties(value: readonly unknown[]): boolean {
  const { length } = value
  if (length <= keyCheckedLength) {
    return Object.keys(value).length !== length || Object.getOwnPropertySymbols(value).length > 0
  }
  return inspect(value, { maxArrayLength: 0, depth: 0, colors: false, breakLength: Infinity }) !== `[ ... ${length} more items ]`
}

function isIndex(key: string): boolean {
  const number = Number(key)
  return number >= 0 && number < 4_294_967_295 && String(number) === key
}

function isForeign(prototype: object, name: 'Object' | 'Array'): boolean {
  const constructor: unknown = Object.hasOwn(prototype, 'constructor') ? Reflect.get(prototype, 'constructor') : undefined
  return (
    typeof constructor === 'function' &&
    constructor.name === name &&
    Function.prototype.toString.call(constructor).includes('[native code]')
  )
}
