import { describe, expect, it } from 'vitest'
import {
  alignPoints,
  bandOf,
  chooseDrawn,
  lonePoints,
  type Point,
  stackColumns,
  summarise,
  summariseAll,
  valueNear,
} from '#src-renderer/ui/charts/chart-data.ts'

const u = undefined
const line = (...values: (number | null)[]): Point[] => values.map((value, index) => [index * 1_000, value])

describe('alignPoints', () => {
  it('keeps the points of lines that were measured at the same times', () => {
    expect(alignPoints([line(1, null, 3), line(4, 5, 6)])).toEqual({
      atMs: [0, 1_000, 2_000],
      columns: [
        [1, null, 3],
        [4, 5, 6],
      ],
    })
  })

  it('lets a line go on where only another has a point', () => {
    const grid = alignPoints([
      line(1, 2, 3, 4),
      [
        [500, 8],
        [2_000, 9],
      ],
    ])
    expect(grid).toEqual({
      atMs: [0, 500, 1_000, 2_000, 3_000],
      columns: [
        [1, u, 2, 3, 4],
        [u, 8, u, 9, u],
      ],
    })
  })

  it('breaks a line at both ends of a time without points', () => {
    const points: Point[] = [
      [0, 1],
      [1_000, 2],
      [9_000, 3],
    ]
    expect(alignPoints([points], 1_000)).toEqual({ atMs: [0, 1_000, 2_000, 8_000, 9_000], columns: [[1, 2, null, null, 3]] })
    expect(alignPoints([points]).columns).toEqual([[1, 2, 3]])
  })

  it('does not take points that come a little late for a gap', () => {
    const points: Point[] = [
      [0, 1],
      [1_400, 2],
      [2_100, 3],
    ]
    expect(alignPoints([points], 1_000).columns).toEqual([[1, 2, 3]])
  })

  it('has about as many times as one line even when each of many was measured at times of its own', () => {
    const lines = Array.from({ length: 200 }, (_, node) =>
      Array.from({ length: 50 }, (_, step): Point => [step * 1_000 + node * 4.5, node]),
    )
    const grid = alignPoints(lines)
    expect(grid.atMs.length).toBeLessThanOrEqual(52)
    for (const [node, column] of grid.columns.entries()) {
      expect(column.filter((value) => value === node).length).toBeGreaterThanOrEqual(49)
    }
  })

  it('is empty for no lines', () => {
    expect(alignPoints([])).toEqual({ atMs: [], columns: [] })
  })
})

describe('summaries', () => {
  it('are of what was measured in the time shown', () => {
    expect(summarise(line(100, 1, null, 3, 2, 100), 1_000, 4_000)).toEqual({ min: 1, mean: 2, max: 3, latest: 2 })
    expect(summarise(line(null, null), 0, 9_000)).toBeUndefined()
  })

  it('of many lines have their extremes and means', () => {
    expect(
      summariseAll([
        { min: 1, mean: 2, max: 3, latest: 2 },
        { min: 0, mean: 4, max: 9, latest: 6 },
      ]),
    ).toEqual({ min: 0, mean: 3, max: 9, latest: 4 })
    expect(summariseAll([])).toBeUndefined()
  })
})

describe('chooseDrawn', () => {
  const named = (means: Record<string, number>) => Object.entries(means).map(([label, mean]) => ({ label, mean }))

  it('draws all in their order while there is room', () => {
    expect(chooseDrawn(named({ a: 1, b: 9 }), [], 3)).toEqual(['a', 'b', undefined])
  })

  it('draws those with the greatest means when there are more', () => {
    expect(chooseDrawn(named({ a: 1, b: 9, c: 5, d: 7 }), [], 2)).toEqual(['b', 'd'])
  })

  it('keeps a line in its slot while it is not far behind, and gives its slot away then', () => {
    expect(chooseDrawn(named({ a: 5, b: 6, c: 7, d: 8, e: 1 }), ['a', 'b'], 2)).toEqual(['a', 'b'])
    expect(chooseDrawn(named({ a: 5, b: 6, c: 7, d: 8, e: 9 }), ['a', 'b'], 2)).toEqual(['e', 'b'])
  })

  it('fills the slot of a line that went, and leaves the others where they are', () => {
    expect(chooseDrawn(named({ b: 1, c: 1 }), ['a', 'b', undefined], 3)).toEqual(['c', 'b', undefined])
  })

  it('chooses the same again when it is asked with its own choice', () => {
    const candidates = Array.from({ length: 40 }, (_, index) => ({ label: `n${index}`, mean: (index * 17) % 23 }))
    const once = chooseDrawn(candidates, ['n3', 'gone', 'n20'], 12)
    expect(chooseDrawn(candidates, once, 12)).toEqual(once)
  })
})

describe('bandOf', () => {
  it('is the least and the greatest at each time, and a gap only where no line has a value', () => {
    expect(
      bandOf(
        [
          [1, null, null, u, u],
          [3, 2, null, u, null],
          [2, u, u, u, 7],
        ],
        5,
      ),
    ).toEqual({ low: [1, 2, null, u, 7], high: [3, 2, null, u, 7] })
  })
})

describe('stackColumns', () => {
  it('puts each line on those before it', () => {
    expect(
      stackColumns(
        [
          [1, 2],
          [10, 20],
        ],
        2,
      ),
    ).toEqual([
      [1, 2],
      [11, 22],
    ])
  })

  it('goes on with the last value between points, adds nothing in a gap, and is a gap where all are', () => {
    expect(
      stackColumns(
        [
          [1, u, null, null],
          [5, 6, 7, null],
        ],
        4,
      ),
    ).toEqual([
      [1, 1, 0, null],
      [6, 7, 7, null],
    ])
  })
})

describe('valueNear', () => {
  it('is the nearest point of a line that goes on, and nothing in a gap or outside', () => {
    const column = [u, 1, u, u, 4, null, u, 9]
    expect(column.map((_, index) => valueNear(column, index))).toEqual([null, 1, 1, 4, 4, null, null, 9])
  })
})

describe('lonePoints', () => {
  it('are those that no line reaches', () => {
    expect(lonePoints([1, null, 2, u, 3, null, u, 4, u, null, 5, 6], false)).toEqual([0, 7])
  })

  it('have the last point with them where it is asked for, once', () => {
    expect(lonePoints([1, 2, 3], true)).toEqual([2])
    expect(lonePoints([1, 2, null], true)).toEqual([1])
    expect(lonePoints([1, null, 3], true)).toEqual([0, 2])
    expect(lonePoints([null, u], true)).toEqual([])
  })
})
