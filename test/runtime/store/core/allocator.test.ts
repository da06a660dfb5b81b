import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Allocator, addressOf, allocatedSize, offsetOf, segmentOf } from '#runtime/store/core/allocator.ts'
import { FreeRanges, type Range } from '#runtime/store/core/free-ranges.ts'

const mebibyte = 2 ** 20

function aWarmArena(capacityBytes: number, segmentLimitBytes?: number): Allocator {
  const arena = new Allocator(capacityBytes, segmentLimitBytes)
  for (let range = arena.takeCold(1, capacityBytes); range; range = arena.takeCold(1, capacityBytes)) arena.land(range, 'warm')
  return arena
}

test('nothing is allocated before memory is backed, and only what is backed', () => {
  const arena = new Allocator(4 * mebibyte)
  expect(arena.allocate(100)).toBeUndefined()
  const range = arena.takeCold(100, mebibyte) as Range // all of it is cold
  expect(range.lengthBytes).toBe(mebibyte)
  expect(arena.allocate(100)).toBeUndefined()
  arena.land(range, 'warm')
  expect(arena.allocate(100)).toBe(0)
  expect(arena.allocate(2 * mebibyte)).toBeUndefined()
  arena.checkInvariants()
})

test('objects from 64 KiB on start at a page, smaller ones at 64 bytes', () => {
  const arena = aWarmArena(4 * mebibyte)
  arena.allocate(10)
  const page = arena.allocate(65_536)
  const small = arena.allocate(65_535)
  expect(Number(page) % 4_096).toBe(0)
  expect(Number(small) % 64).toBe(0)
  expect([allocatedSize(0), allocatedSize(65), allocatedSize(65_537)]).toEqual([64, 128, 69_632])
})

test('the smallest hole that fits is taken, and neighbours join when they are freed', () => {
  const arena = aWarmArena(mebibyte)
  const [a, b, c, d] = [100_000, 8_192 * 10, 200_000, 8_192 * 12].map((size) => Number(arena.allocate(size)))
  arena.allocate(64)
  arena.free(Number(b))
  arena.free(Number(d))
  expect(arena.allocate(81_920)).toBe(b)
  arena.free(Number(b))
  arena.free(Number(c))
  arena.checkInvariants()
  expect(arena.allocate(81_920 + 200_000 + 90_000)).toBe(b)
  expect(a).toBe(0)
})

test('an object never lies across two segments', () => {
  const arena = aWarmArena(3 * mebibyte, mebibyte)
  const addresses = [1, 2, 3].map(() => Number(arena.allocate(mebibyte)))
  expect(new Set(addresses.map(segmentOf))).toEqual(new Set([0, 1, 2]))
  expect(addresses.map(offsetOf)).toEqual([0, 0, 0])
  for (const address of addresses) arena.free(address)
  expect(arena.allocate(mebibyte + 1)).toBeUndefined()
  expect(addressOf(2, 4_096)).toBe(2 * 2 ** 33 + 4_096)
})

test('cold pieces too short for an object are backed too, as they may join warm neighbours', () => {
  const arena = new Allocator(mebibyte)
  const first = arena.takeCold(1, mebibyte / 2) as Range // half of it is cold
  arena.land(first, 'warm')
  const rest = arena.takeCold(mebibyte, 4_096) as Range // the other half
  expect(rest.lengthBytes).toBe(mebibyte / 2)
  arena.land(rest, 'warm')
  expect(arena.allocate(mebibyte)).toBe(0)
})

test('a crowd of holes just too short does not hide the one that fits', () => {
  const ranges = new FreeRanges()
  for (let index = 0; index < 200; index += 1) ranges.add(index * mebibyte + 64, 102_400) // unaligned: no page-aligned fit
  ranges.add(300 * mebibyte, 102_400)
  expect(Number(ranges.take(102_400, 4_096)) % 4_096).toBe(0)
  expect(ranges.take(102_400, 4_096)).toBeUndefined()
  expect(ranges.count).toBe(200)
})

test('whatever is allocated, freed, backed and given back, every byte stays in exactly one place', () => {
  const operation = fc.record({
    kind: fc.constantFrom('allocate', 'free', 'back', 'punch'),
    size: fc.integer({ min: 0, max: 300_000 }),
    pick: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const arena = new Allocator(3 * mebibyte, 1.5 * mebibyte)
      const held: number[] = []
      const transit: { range: Range; as: 'warm' | 'cold' }[] = []
      for (const { kind, size, pick } of operations) {
        if (kind === 'allocate') {
          const address = arena.allocate(size)
          if (address !== undefined) held.push(address)
        } else if (kind === 'free' && held.length > 0)
          arena.free(held.splice(pick % held.length, 1)[0] as number) // not empty
        else if (kind === 'back') {
          const range = arena.takeCold(size, 65_536)
          if (range) transit.push({ range, as: pick % 5 === 0 ? 'cold' : 'warm' })
        } else if (kind === 'punch') {
          const range = arena.takeWarm(mebibyte)
          if (range) transit.push({ range, as: pick % 5 === 0 ? 'warm' : 'cold' })
        }
        if (transit.length > 0 && pick % 3 !== 0) {
          const { range, as } = transit.splice(pick % transit.length, 1)[0] as (typeof transit)[0] // not empty
          arena.land(range, as)
        }
        arena.checkInvariants()
      }
      for (const address of held) arena.free(address)
      for (const { range, as } of transit) arena.land(range, as)
      arena.checkInvariants()
      expect(arena.warmFreeBytes + arena.coldBytes).toBe(arena.capacityBytes)
    }),
    { seed: 7, numRuns: 100 },
  )
})
