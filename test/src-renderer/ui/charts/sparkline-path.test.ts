import { describe, expect, it } from 'vitest'
import type { Point } from '#src-renderer/ui/charts/chart-data.ts'
import { sparklinePath } from '#src-renderer/ui/charts/sparkline-path.ts'

const line = (...values: (number | null)[]): Point[] => values.map((value, index) => [index * 1_000, value])
const shape = { width: 12, height: 13 }

describe('sparklinePath', () => {
  it('goes from the bottom to the top over the whole width', () => {
    expect(sparklinePath(line(0, 5, 10), shape)).toBe('M1 11.5L6 6.5L11 1.5')
  })

  it('is measured by what is full where that is known', () => {
    expect(sparklinePath(line(0, 5), { ...shape, yMax: 10 })).toBe('M1 11.5L11 6.5')
    expect(sparklinePath(line(0, 50), { ...shape, yMax: 10 })).toBe('M1 11.5L11 1.5')
  })

  it('is broken where there is a gap, and a point alone is a dot', () => {
    expect(sparklinePath(line(10, 10, null, 10, null, 10), shape)).toBe('M1 1.5L3 1.5M7 1.5h0.01M11 1.5h0.01')
  })

  it('has no more than one place for each pixel', () => {
    const path = sparklinePath(
      Array.from({ length: 5_000 }, (_, index): Point => [index, index % 2]),
      shape,
    )
    expect(path.match(/[ML]/g)).toHaveLength(11)
  })

  it('is nothing for nothing', () => {
    expect(sparklinePath([], shape)).toBe('')
    expect(sparklinePath(line(null, null), shape)).toBe('')
  })
})
