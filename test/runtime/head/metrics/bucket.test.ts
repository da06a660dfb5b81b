import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bucket, bucketOf, mergeBuckets, packBucket, unpackBucket } from '#runtime/head/metrics/bucket.ts'

const value = fc.option(fc.double({ min: 0, max: 1e13, noNaN: true }), { nil: null })
const samples = fc.array(fc.array(value, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 20 })
const parts = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.array(value, { minLength: 2, maxLength: 2 })), {
  selector: ([key]) => key,
  maxLength: 5,
})
const near = (one: number, other: number) => Math.abs(one - other) <= Math.abs(other) * 1e-6 + 1e-30

describe('buckets of figures', () => {
  it('hold the least, the mean and the greatest of what went into them, however often they are merged', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 5 }), (all, width) => {
        const buckets = all.map((sample) => bucketOf(sample))
        const grouped: Bucket[] = []
        for (let at = 0; at < buckets.length; at += width) grouped.push(mergeBuckets(buckets.slice(at, at + width)))
        const { node } = mergeBuckets(grouped)
        for (let index = 0; index < 5; index += 1) {
          const values = all.flatMap((sample) => sample[index] ?? [])
          const [least = 0, mean = 0, greatest = 0] = node.slice(index * 3, index * 3 + 3)
          if (values.length === 0) {
            expect(mean).toBeNaN()
            continue
          }
          expect(least).toBe(Math.min(...values))
          expect(greatest).toBe(Math.max(...values))
          expect(mean).toBeGreaterThanOrEqual(least)
          expect(mean).toBeLessThanOrEqual(greatest)
          if (width === 1) expect(near(mean, values.reduce((sum, each) => sum + each, 0) / values.length)).toBe(true)
        }
      }),
    )
  })

  it('come back from their bytes as near as floats of four bytes are', () => {
    fc.assert(
      fc.property(samples, parts, (all, ofParts) => {
        const bucket = mergeBuckets(all.map((sample) => bucketOf(sample, ofParts)))
        const packed = packBucket(bucket)
        const read = unpackBucket(packed)
        expect([...read.parts.keys()]).toEqual([...bucket.parts.keys()].map((key) => Buffer.from(key).toString()))
        const pairs: [Float64Array, Float64Array | undefined][] = [
          [bucket.node, read.node],
          ...[...bucket.parts].map(([key, triples]): [Float64Array, Float64Array | undefined] => [
            triples,
            read.parts.get(Buffer.from(key).toString()),
          ]),
        ]
        for (const [before, after] of pairs) {
          expect(after?.length).toBe(before.length)
          for (const [index, number] of before.entries()) {
            const other = after?.[index] ?? 0
            expect(Number.isNaN(number) ? Number.isNaN(other) : near(other, number)).toBe(true)
          }
        }
        expect(unpackBucket(packed, false).parts.size).toBe(0)
      }),
    )
  })

  it('are small when nothing changes or nothing is known', () => {
    expect(packBucket(bucketOf(Array.from({ length: 28 }, () => null))).byteLength).toBe(1 + 1 + 28 + 2)
    expect(packBucket(bucketOf(Array.from({ length: 28 }, () => 7))).byteLength).toBe(1 + 1 + 28 * 5 + 2)
  })

  it('refuse bytes that are none of theirs by name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        try {
          unpackBucket(bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'store.corrupt' })
        }
      }),
    )
    expect(() => unpackBucket(new Uint8Array([9, 9, 9]))).toThrow('damaged')
  })
})
