import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { highestSpacer, isExact, placeOfScroll, rowHeight, scrollOfPlace, spacerHeight } from '#src-renderer/ui/log-view/scroll-map.ts'

const extents = fc.record({
  rows: fc.integer({ min: 1, max: 3_000_000 }),
  averageHeight: fc.constantFrom(rowHeight, 25, 90),
  viewport: fc.integer({ min: 50, max: 2_000 }),
})

const pxOf = ({ row, part }: { row: number; part: number }, averageHeight: number): number => (row + part) * averageHeight

describe('the scroll bar of a list', () => {
  test('is never higher than a browser can have', () => {
    expect(spacerHeight({ rows: 100, averageHeight: rowHeight, viewport: 500 })).toBe(1_800)
    expect(spacerHeight({ rows: 2_000_000, averageHeight: rowHeight, viewport: 500 })).toBe(highestSpacer)
  })

  test('reaches the first row and the last', () => {
    fc.assert(
      fc.property(extents, (extent) => {
        const all = extent.rows * extent.averageHeight
        expect(placeOfScroll(0, extent)).toEqual({ row: 0, part: 0 })
        const end = placeOfScroll(spacerHeight(extent) - extent.viewport, extent)
        expect(pxOf(end, extent.averageHeight)).toBeCloseTo(Math.max(0, all - extent.viewport), 3)
      }),
    )
  })

  test('stands where the list is, and the list where it stands', () => {
    fc.assert(
      fc.property(extents, fc.double({ min: 0, max: 1, noNaN: true }), (extent, part) => {
        const scroll = part * Math.max(0, spacerHeight(extent) - extent.viewport)
        expect(scrollOfPlace(placeOfScroll(scroll, extent), extent)).toBeCloseTo(scroll, 3)
      }),
    )
  })

  test('never goes back while it goes down', () => {
    fc.assert(
      fc.property(extents, fc.nat(highestSpacer), fc.nat(highestSpacer), (extent, one, other) => {
        const [above, below] = [placeOfScroll(Math.min(one, other), extent), placeOfScroll(Math.max(one, other), extent)]
        expect(pxOf(above, extent.averageHeight)).toBeLessThanOrEqual(pxOf(below, extent.averageHeight) + 1e-6)
      }),
    )
  })

  test('moves px by px near both ends of a list that is too high', () => {
    const extent = { rows: 2_000_000, averageHeight: rowHeight, viewport: 700 }
    expect(isExact(extent)).toBe(false)
    expect(placeOfScroll(1_800, extent).row).toBe(100)
    const end = spacerHeight(extent) - extent.viewport
    expect(placeOfScroll(end, extent).row - placeOfScroll(end - 1_800, extent).row).toBe(100)
  })
})
