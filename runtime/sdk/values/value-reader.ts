import { type ByteReader, Malformed } from './byte-reader.ts'
import { alignBuffer, maxDepth, maxShapeKeys, maxShapes, outOfBandBytes, tags } from './format.ts'
import type { HostObjects, HostRecord } from './host-objects.ts'
import { bufferKinds, defineField, findViewClass } from './known-types.ts'
import { readBuiltin, readSymbol } from './read-builtin.ts'

/** What `hosts` or a view's class threw: the bytes are as written, so it is not reported as their fault. */
export class ReaderFailed extends Error {}

type Shape = { readonly keys: readonly string[]; readonly plain: boolean }
export type ReadSettings = { readonly hosts: HostObjects; readonly shared: boolean; readonly repeats: boolean }

/** Reads one body. Nothing is kept between values. */
export class ValueReader {
  readonly in: ByteReader
  readonly #settings: ReadSettings
  /** Objects by number; filled only when the value repeats some. */
  readonly #objects: unknown[] = []
  #shapes: Shape[] | undefined
  #depth = 0
  /** End of the last buffer behind the body. */
  #buffersEnd: number

  constructor(input: ByteReader, settings: ReadSettings) {
    this.in = input
    this.#settings = settings
    this.#buffersEnd = input.end
  }

  value(): unknown {
    const tag = this.in.byte()
    if (tag < tags.smallIntegerLimit) return tag
    switch (tag) {
      case tags.undefined:
        return undefined
      case tags.null:
        return null
      case tags.false:
        return false
      case tags.true:
        return true
      case tags.int32:
        return this.in.int32()
      case tags.float64:
        return this.in.float64()
      case tags.notANumber:
        return Number.NaN
      case tags.bigInt:
        return parseBigInt(this.in.string())
      case tags.registeredSymbol:
      case tags.wellKnownSymbol:
        return readSymbol(this, tag)
      case tags.repeat:
        return this.#repeated()
      default:
        return this.in.stringOf(tag) ?? this.#object(tag)
    }
  }

  /** Gives the next number to an object, before what is inside it is read. */
  made<T>(object: T): T {
    if (this.#settings.repeats) this.#objects.push(object)
    return object
  }

  #repeated(): unknown {
    const number = this.in.count()
    if (number >= this.#objects.length) throw new Malformed(`a repeat of object ${number}, of ${this.#objects.length} so far`)
    return this.#objects[number]
  }

  #object(tag: number): unknown {
    if (++this.#depth > maxDepth) throw new Malformed(`nested more than ${maxDepth} levels deep`)
    const object = this.#ofTag(tag)
    this.#depth--
    return object
  }

  #ofTag(tag: number): unknown {
    if (tag >= tags.knownShape) return this.#properties(this.made({}), this.#knownShape(tag - tags.knownShape))
    if (tag >= tags.shortArray && tag < tags.shortArray + tags.shortArrayLimit) return this.#array(tag - tags.shortArray)
    switch (tag) {
      case tags.array:
        return this.#array(this.in.countOf(1))
      case tags.sparseArray:
        return this.#sparse()
      case tags.int32Array:
        return this.#numbers(4)
      case tags.float64Array:
        return this.#numbers(8)
      case tags.object:
        return this.#properties(this.made({}), this.#newShape(true))
      case tags.nullPrototypeObject:
        return this.#properties(this.made(Object.create(null)), this.#newShape(false))
      case tags.objectWithSymbols:
        return this.#withSymbols()
      case tags.host:
        return this.#host()
      case tags.bytes:
        return this.#bytes()
      default:
        return readBuiltin(this, tag)
    }
  }

  #array(length: number): unknown[] {
    const array: unknown[] = this.made([])
    for (let index = 0; index < length; index++) array.push(this.value())
    return array
  }

  #numbers(bytesEach: 4 | 8): number[] {
    const payload = this.#payload(this.in.count() * bytesEach)
    const { buffer, byteOffset } = payload.byteOffset % bytesEach === 0 ? payload : copyOf(payload)
    const count = payload.length / bytesEach
    const source = bytesEach === 4 ? new Int32Array(buffer, byteOffset, count) : new Float64Array(buffer, byteOffset, count)
    const numbers = this.made(new Array<number>(count))
    for (let index = 0; index < count; index++) numbers[index] = source[index] as number // below its length
    return numbers
  }

  #sparse(): unknown[] {
    const length = this.in.count()
    if (length > 4_294_967_295) throw new Malformed(`an array of length ${length}`)
    const array: unknown[] = this.made([])
    if (length > 0) {
      // Setting `length` alone would take memory for every hole; an item far behind makes V8 store the items apart.
      array[length - 1] = null
      delete array[length - 1] // oxlint-disable-line typescript/no-array-delete -- a hole is what is wanted
    }
    for (let left = this.in.countOf(2); left > 0; left--) {
      const index = this.in.count()
      if (index >= length) throw new Malformed(`item ${index} of an array of length ${length}`)
      array[index] = this.value()
    }
    for (let left = this.in.countOf(2); left > 0; left--) this.#field(array, this.in.string())
    return array
  }

  #field(target: object, key: string | symbol): void {
    if (key === 'length' && Array.isArray(target)) throw new Malformed('a length among the properties of an array')
    defineField(target, key, { value: this.value(), enumerable: true })
  }

  #newShape(remembered: boolean): Shape {
    const count = this.in.countOf(2)
    const keys: string[] = []
    let plain = true
    for (let index = 0; index < count; index++) {
      const key = this.in.string()
      if (key === '__proto__') plain = false
      keys.push(key)
    }
    const shape = { keys, plain }
    if (!remembered || count > maxShapeKeys) return shape
    this.#shapes ??= []
    if (this.#shapes.length < maxShapes) this.#shapes.push(shape)
    return shape
  }

  #knownShape(number: number): Shape {
    const shape = this.#shapes?.[number]
    if (shape === undefined) throw new Malformed(`shape ${number}, which was not written before`)
    return shape
  }

  #properties(target: Record<string, unknown>, { keys, plain }: Shape): object {
    // Setting `__proto__` would change the object's class instead.
    if (plain) for (const key of keys) target[key] = this.value()
    else for (const key of keys) this.#field(target, key)
    return target
  }

  #withSymbols(): unknown {
    const count = this.in.countOf(2)
    const tag = this.in.byte()
    if (tag !== tags.object && tag !== tags.nullPrototypeObject && tag < tags.knownShape)
      throw new Malformed(`tag ${tag}, where an object belongs`)
    const object = this.#ofTag(tag)
    for (let left = count; left > 0; left--) this.#field(object as object, readSymbol(this, this.in.byte())) // the three tags make objects
    return object
  }

  #host(): object {
    const slot = this.#objects.length
    this.made(undefined)
    const fields: Record<string, HostRecord[string]> = {}
    for (let left = this.in.countOf(2); left > 0; left--) {
      const key = this.in.string()
      const value = this.value()
      if (!isHostField(value)) throw new Malformed(`a host record whose ${key} is neither text, number nor bytes`)
      defineField(fields, key, { value, enumerable: true })
    }
    const { kind } = fields
    if (typeof kind !== 'string') throw new Malformed('a host record without kind')
    const object = decodeHost(this.#settings.hosts, { ...fields, kind })
    if (this.#settings.repeats) this.#objects[slot] = object
    return object
  }

  #bytes(): unknown {
    const kind = bufferKinds[this.in.byte()]
    if (kind === undefined) throw new Malformed('bytes of an unknown kind')
    const source = this.#payload(this.in.count())
    const viewClass = findViewClass(kind)
    const { length } = source
    if (viewClass === undefined && kind === 'Float16Array') {
      throw new ReaderFailed(
        'the value holds a Float16Array, which this version of Node does not have; use Node 24 or later, or send a Float32Array',
      )
    }
    const bytesEach = viewClass?.BYTES_PER_ELEMENT ?? 1
    if (length % bytesEach !== 0) throw new Malformed(`${length} bytes for a ${kind}`)
    // A whole ArrayBuffer is always a copy: its owner may transfer or resize it.
    const isView = this.#settings.shared && length >= outOfBandBytes && kind !== 'ArrayBuffer' && source.byteOffset % bytesEach === 0
    const bytes = isView ? source : copyOf(source)
    if (kind === 'ArrayBuffer') return this.made(bytes.buffer)
    if (kind === 'Buffer') return this.made(Buffer.from(bytes.buffer, bytes.byteOffset, length))
    if (kind === 'DataView') return this.made(new DataView(bytes.buffer, bytes.byteOffset, length))
    if (viewClass === undefined) throw new Malformed(`bytes of kind ${kind}`)
    return this.made(new viewClass(bytes.buffer, bytes.byteOffset, length / bytesEach))
  }

  /** A view on the next bytes of the body, or on the next buffer behind it. */
  #payload(length: number): Uint8Array {
    if (length < outOfBandBytes) return this.in.raw(length)
    const { bytes } = this.in
    const offset = alignBuffer(this.#buffersEnd)
    if (length > bytes.length - offset)
      throw new Malformed(`a buffer of ${length} bytes at ${offset}, but there are ${bytes.length} bytes in all`)
    this.#buffersEnd = offset + length
    return bytes.subarray(offset, offset + length)
  }
}

/** In memory of its own, which has exactly its length and any alignment. */
function copyOf(source: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(source.length)
  copy.set(source)
  return copy
}

function parseBigInt(hex: string): bigint {
  const negative = hex.startsWith('-')
  const digits = negative ? hex.slice(1) : hex
  if (!/^[0-9a-f]+$/.test(digits)) throw new Malformed('a bigint that is no number')
  const value = BigInt(`0x${digits}`)
  return negative ? -value : value
}

function isHostField(value: unknown): value is HostRecord[string] {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value) || value instanceof Uint8Array
}

function decodeHost(hosts: HostObjects, record: HostRecord): object {
  try {
    return hosts.decode(record)
  } catch (error) {
    throw new ReaderFailed(error instanceof Error ? error.message : String(error), { cause: error })
  }
}
