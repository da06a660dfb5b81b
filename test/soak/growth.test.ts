import { expect, test } from 'vitest'
import { growsTooMuch, measureGrowth, type Reading } from './growth.ts'

const minute = 60_000
/** A reading a minute. */
const readings = (values: readonly number[], life = 'one', fromMinute = 0): Reading[] =>
  values.map((value, index) => ({ atMs: (fromMinute + index) * minute, value, life }))

test('a steady climb is found as so much an hour, whatever stands before the part that is judged', () => {
  const warm = [10, 50, 90, 100]
  const climbs = Array.from({ length: 20 }, (_, index) => 100 + index)
  const growth = measureGrowth(readings([...warm, ...climbs]), 4 * minute)
  expect(growth.perHour).toBeCloseTo(60)
  expect(growth.inAll).toBeCloseTo(19)
  expect(growth).toMatchObject({ first: 10, last: 119, most: 119, readings: 20 })
})

test('what swings about a level does not grow', () => {
  const growth = measureGrowth(readings(Array.from({ length: 40 }, (_, index) => 100 + (index % 4) * 10)), 5 * minute)
  expect(Math.abs(growth.inAll)).toBeLessThan(6)
  expect(growsTooMuch(growth, { once: 6, perHour: 0 })).toBe(false)
  const peaks = Array.from({ length: 60 }, (_, index) => ({
    atMs: index * 10_000,
    value: index % 3 === 0 ? 100 : 100 + index * 9,
    life: 'one',
  }))
  expect(measureGrowth(peaks, 0)).toMatchObject({ perHour: 0, most: 631 })
})

test('a leak is seen though the process is started anew again and again, and a restart alone is none', () => {
  const lives = (climb: number) =>
    Array.from({ length: 5 }, (_, life) =>
      readings(
        Array.from({ length: 8 }, (_each, at) => 50 + life * 3 + at * climb),
        `life ${life}`,
        life * 8,
      ),
    ).flat()
  expect(measureGrowth(lives(2), 0).perHour).toBeCloseTo(120)
  const still = measureGrowth(lives(0), 0)
  expect(still.perHour).toBeCloseTo(0)
  expect(still.last).toBeGreaterThan(still.first)
})

test('more than what is allowed once and by the hour is too much, and too few readings are no proof', () => {
  const growth = measureGrowth(readings(Array.from({ length: 63 }, (_, index) => index)), 0)
  expect(growsTooMuch(growth, { once: 40, perHour: 15 })).toBe(true)
  expect(growsTooMuch(growth, { once: 40, perHour: 25 })).toBe(false)
  expect(growsTooMuch(measureGrowth(readings([1, 2, 3, 400]), 0), { once: 1, perHour: 1 })).toBe(false)
})
