import { ClusterError } from '../../base/errors.ts'

/**
 * Figures of one node over a while: least, mean and greatest of each series, three numbers in a row. Not-a-number: unknown.
 * Parts are GPUs and processes.
 */
export type Bucket = { readonly node: Float64Array; readonly parts: Map<string, Float64Array> }

/** One sample's values as a bucket: all three are the same. */
export function bucketOf(node: readonly (number | null)[], parts: Iterable<readonly [string, readonly (number | null)[]]> = []): Bucket {
  return { node: tripled(node), parts: new Map([...parts].map(([key, values]) => [key, tripled(values)])) }
}

function tripled(values: readonly (number | null)[]): Float64Array {
  const triples = new Float64Array(values.length * 3)
  for (const [index, value] of values.entries()) triples.fill(value ?? Number.NaN, index * 3, index * 3 + 3)
  return triples
}

/** Several times of equal length as one: the mean is that of the means. */
export function mergeBuckets(buckets: readonly Bucket[]): Bucket {
  const parts = new Map<string, Float64Array[]>()
  for (const bucket of buckets) {
    for (const [key, triples] of bucket.parts) {
      const known = parts.get(key)
      if (known) known.push(triples)
      else parts.set(key, [triples])
    }
  }
  return {
    node: mergeTriples(buckets.map(({ node }) => node)),
    parts: new Map([...parts].map(([key, all]) => [key, mergeTriples(all)])),
  }
}

export function mergeTriples(all: readonly Float64Array[]): Float64Array {
  const length = Math.max(0, ...all.map((triples) => triples.length))
  const merged = new Float64Array(length).fill(Number.NaN)
  for (let at = 0; at < length; at += 3) {
    let least = Number.POSITIVE_INFINITY
    let sum = 0
    let greatest = Number.NEGATIVE_INFINITY
    let count = 0
    for (const triples of all) {
      const mean = triples[at + 1] ?? Number.NaN
      if (Number.isNaN(mean)) continue
      least = Math.min(least, triples[at] ?? mean)
      greatest = Math.max(greatest, triples[at + 2] ?? mean)
      sum += mean
      count += 1
    }
    if (count === 0) continue
    merged[at] = least
    merged[at + 1] = Math.min(greatest, Math.max(least, sum / count)) // sums round
    merged[at + 2] = greatest
  }
  return merged
}

const version = 1
const absent = 0
const constant = 1
const full = 2

/** The bucket as bytes: a byte for each series that says how much follows, then floats of 4 bytes, as near as figures need to be. */
export function packBucket({ node, parts }: Bucket): Uint8Array {
  const keys = [...parts.keys()].map((key) => Buffer.from(key.slice(0, 80)))
  const most =
    4 + sizeOf(node) + keys.reduce((sum, key) => sum + 2 + key.length, 0) + [...parts.values()].reduce((sum, part) => sum + sizeOf(part), 0)
  const bytes = Buffer.allocUnsafe(most)
  let at = bytes.writeUInt8(version, 0)
  at = writeTriples(bytes, at, node)
  at = bytes.writeUInt16LE(keys.length, at)
  for (const [index, triples] of [...parts.values()].entries()) {
    const key = keys[index] ?? Buffer.alloc(0)
    at = bytes.writeUInt8(key.length, at)
    at += key.copy(bytes, at)
    at = writeTriples(bytes, at, triples)
  }
  return bytes.subarray(0, at)
}

const sizeOf = (triples: Float64Array): number => 1 + (triples.length / 3) * 13

function writeTriples(bytes: Buffer, start: number, triples: Float64Array): number {
  let at = bytes.writeUInt8(triples.length / 3, start)
  for (let index = 0; index < triples.length; index += 3) {
    const [least, mean, greatest] = [single(triples[index]), single(triples[index + 1]), single(triples[index + 2])]
    if (Number.isNaN(mean)) {
      at = bytes.writeUInt8(absent, at)
    } else if (least === mean && mean === greatest) {
      at = bytes.writeUInt8(constant, at)
      at = bytes.writeFloatLE(mean, at)
    } else {
      at = bytes.writeUInt8(full, at)
      for (const value of [least, mean, greatest]) at = bytes.writeFloatLE(value, at)
    }
  }
  return at
}

const single = (value: number | undefined): number => Math.fround(value ?? Number.NaN)

/** With or without its parts, of which there may be many. @throws ClusterError `store.corrupt` for bytes that `packBucket` did not make. */
export function unpackBucket(packed: Uint8Array, withParts = true): Bucket {
  try {
    const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
    if (bytes.readUInt8(0) !== version) throw new RangeError(`format ${bytes[0]}`)
    const cursor = { at: 1 }
    const node = readTriples(bytes, cursor)
    const parts = new Map<string, Float64Array>()
    let count = withParts ? bytes.readUInt16LE(cursor.at) : 0
    cursor.at += 2
    for (; count > 0; count -= 1) {
      const length = bytes.readUInt8(cursor.at)
      const key = bytes.toString('utf8', cursor.at + 1, cursor.at + 1 + length)
      cursor.at += 1 + length
      parts.set(key, readTriples(bytes, cursor))
    }
    return { node, parts }
  } catch (cause) {
    throw new ClusterError('store.corrupt', 'a row of the metrics database is damaged; remove metrics.sqlite to start a new one', { cause })
  }
}

function readTriples(bytes: Buffer, cursor: { at: number }): Float64Array {
  const count = bytes.readUInt8(cursor.at)
  cursor.at += 1
  const triples = new Float64Array(count * 3).fill(Number.NaN)
  for (let index = 0; index < triples.length; index += 3) {
    const kind = bytes.readUInt8(cursor.at)
    cursor.at += 1
    if (kind === absent) continue
    for (let place = 0; place < 3; place += 1) {
      triples[index + place] = bytes.readFloatLE(cursor.at)
      if (kind === full || place === 2) cursor.at += 4
    }
  }
  return triples
}
