import { describe, expect, it } from 'vitest'
import { axisOf, valueText } from '#src-renderer/ui/charts/chart-units.ts'

const words = {
  number: (value: number) => String(Math.round(value * 100) / 100),
  bytes: (value: number) => `${value} B`,
  rate: (value: number) => `${value} B/s`,
  percent: (part: number) => `${Math.round(part * 100)} %`,
}

describe('valueText', () => {
  it('says a value with its unit', () => {
    expect(valueText('percent', 42, words)).toBe('42 %')
    expect(valueText('bytes', 5, words)).toBe('5 B')
    expect(valueText('bytes/s', 5, words)).toBe('5 B/s')
    expect(valueText('1/s', 2.5, words)).toBe('2.5/s')
    expect(valueText('celsius', 61.26, words)).toBe('61.3 °C')
    expect(valueText('load', 1.234, words)).toBe('1.23')
  })

  it('says power in watts and kilowatts', () => {
    expect(valueText('milliwatts', 84_260, words)).toBe('84.3 W')
    expect(valueText('milliwatts', 1_250_000, words)).toBe('1.3 kW')
  })

  it('does not call a small figure nothing', () => {
    expect(valueText('count', 0.000321, words)).toBe('0.00032')
    expect(valueText('count', -0.004, words)).toBe('-0.004')
    expect(valueText('count', 0, words)).toBe('0')
  })
})

describe('axisOf', () => {
  it('ends at what is full', () => {
    expect(axisOf({ unit: 'percent', range: [3, 40], spaces: 2 })).toEqual({ min: 0, max: 100, marks: [0, 50, 100] })
    expect(axisOf({ unit: 'bytes', range: [3, 40], yMax: 64, spaces: 2 })).toEqual({ min: 0, max: 64, marks: [0, 32, 64] })
    expect(axisOf({ unit: 'bytes', range: [3, 40], yMax: 100, spaces: 2 })).toEqual({ min: 0, max: 100, marks: [0, 64] })
  })

  it('shows what is beyond full all the same', () => {
    expect(axisOf({ unit: 'percent', range: [0, 340], spaces: 4 })).toEqual({ min: 0, max: 400, marks: [0, 100, 200, 300, 400] })
  })

  it('has steps of powers of two for bytes, and of one, two and five for others', () => {
    expect(axisOf({ unit: 'bytes', range: [0, 11 * 2 ** 30], spaces: 3 }).marks).toEqual([0, 1, 2, 3].map((mark) => mark * 2 ** 32))
    expect(axisOf({ unit: 'count', range: [0, 37], spaces: 4 }).marks).toEqual([0, 10, 20, 30, 40])
    expect(axisOf({ unit: 'count', range: [0, 0.0035], spaces: 2 }).max).toBeCloseTo(0.004)
  })

  it('has room for what is below nothing', () => {
    expect(axisOf({ unit: 'count', range: [-3, 8], spaces: 3 })).toEqual({ min: -5, max: 10, marks: [-5, 0, 5, 10] })
    expect(axisOf({ unit: 'count', range: [-8, -2], spaces: 2 })).toEqual({ min: -10, max: 0, marks: [-10, -5, 0] })
  })

  it('stays an axis when there is nothing, or only zeros', () => {
    expect(axisOf({ unit: 'count', range: null, spaces: 3 })).toEqual({ min: 0, max: 1, marks: [0, 1] })
    expect(axisOf({ unit: 'count', range: [0, 0], spaces: 3 })).toEqual({ min: 0, max: 1, marks: [0, 1] })
  })

  it('never has more spaces than were asked for', () => {
    for (const unit of ['bytes', 'count', 'percent'] as const) {
      for (let most = 0.001; most < 1e12; most *= 3.7) {
        const { marks, max } = axisOf({ unit, range: [0, most], spaces: 3 })
        expect(marks.length, `${unit} up to ${most}`).toBeLessThanOrEqual(4)
        expect(max).toBeGreaterThanOrEqual(most)
      }
    }
  })
})
