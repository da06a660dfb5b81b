import { describe, expect, it } from 'vitest'
import { drawnLimit, type Line, modelOf, readingsAt } from '#src-renderer/ui/charts/chart-model.ts'

const lines = (count: number): Line[] =>
  Array.from({ length: count }, (_, index) => ({
    label: `node-${index}`,
    points: [
      [0, index],
      [1_000, index * 2],
    ],
  }))
const model = (series: readonly Line[], isStacked = false) => modelOf({ series, fromMs: 0, toMs: 1_000, isStacked, before: [] })

describe('modelOf', () => {
  it('has as many columns whatever the number of lines', () => {
    for (const count of [0, 1, 12, 300]) {
      expect(model(lines(count)).plotted).toHaveLength(drawnLimit + 2)
      expect(model(lines(count), true).plotted).toHaveLength(drawnLimit + 2)
    }
  })

  it('draws a dozen of many lines and the others as a band', () => {
    const { lines: drawn, rest, plotted } = model(lines(50))
    expect(drawn.map(({ label }) => label)).toEqual(Array.from({ length: 12 }, (_, index) => `node-${49 - index}`))
    expect(rest).toMatchObject({ count: 38, low: [0, 0], high: [37, 74], summary: { min: 0, max: 74 } })
    expect(plotted.slice(-2)).toEqual([
      [0, 0],
      [37, 74],
    ])
  })

  it('stacks the others on top as their sum', () => {
    const { plotted } = model(lines(50), true)
    const all = Array.from({ length: 50 }, (_, index) => index).reduce((sum, value) => sum + value, 0)
    expect(plotted[drawnLimit]).toEqual([all, all * 2])
  })

  it('is empty when nothing was measured in the time shown', () => {
    expect(model([]).isEmpty).toBe(true)
    expect(modelOf({ series: lines(2), fromMs: 5_000, toMs: 9_000, isStacked: false, before: [] }).isEmpty).toBe(true)
    expect(model(lines(2)).isEmpty).toBe(false)
  })

  it('keeps the slot of a line when others come before it', () => {
    const before = model([{ label: 'b', points: [[0, 1]] }]).slots
    const next = modelOf({
      series: [
        { label: 'a', points: [[0, 1]] },
        { label: 'b', points: [[0, 1]] },
      ],
      fromMs: 0,
      toMs: 1_000,
      isStacked: false,
      before,
    })
    expect(next.lines.map(({ label, slot, source }) => [label, slot, source])).toEqual([
      ['b', 0, 1],
      ['a', 1, 0],
    ])
  })
})

describe('readingsAt', () => {
  it('has the greatest first and leaves out what has no value there', () => {
    const series: Line[] = [...lines(3), { label: 'silent', points: [[0, null]] }]
    expect(readingsAt(model(series), 1).map(({ label, value }) => [label, value])).toEqual([
      ['node-2', 4],
      ['node-1', 2],
      ['node-0', 0],
    ])
  })
})
