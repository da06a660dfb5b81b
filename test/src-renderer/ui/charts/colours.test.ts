import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contrast, parseHex, rampOf, stepOf, toHex, withAlpha } from '#src-renderer/ui/charts/colours.ts'

/** The two ends of the heat-map's ramp in each theme, as the style sheet has them. */
const styles = readFileSync(new URL('../../../../src-renderer/styles.css', import.meta.url), 'utf8')
const themes = [...styles.matchAll(/^:root[^{]*\{[^}]*\}/gm)].flatMap(([block]) => {
  const [from, to] = ['sunken', 'accent'].map((name) => new RegExp(`--${name}: (#\\w+)`).exec(block)?.[1])
  return from !== undefined && to !== undefined ? [{ name: block.slice(0, block.indexOf(' {')), from, to }] : []
})

describe('rampOf', () => {
  it('is tried with every theme', () => {
    expect(themes).toHaveLength(4)
  })

  it.each(themes)('has a text that can be read on each step of $name', ({ from, to }) => {
    for (const { fill, text } of rampOf(from, to, 21)) expect(contrast(fill, text), fill).toBeGreaterThanOrEqual(4.5)
  })

  it.each(themes)('goes one way, from one end to the other, in steps that can be told apart, in $name', ({ from, to }) => {
    const ramp = rampOf(from, to, 21)
    expect([ramp[0]?.fill, ramp.at(-1)?.fill]).toEqual([from, to])
    const distances = ramp.map(({ fill }) => contrast(fill, from))
    expect(distances).toEqual([...distances].sort((a, b) => a - b))
    expect(new Set(ramp.map(({ fill }) => fill)).size).toBe(21)
  })
})

describe('stepOf', () => {
  it('has the first and the last step for what is beyond the ends', () => {
    expect([-1, 0, 0.5, 1, 7].map((value) => stepOf(['low', 'middle', 'high'], value))).toEqual(['low', 'low', 'middle', 'high', 'high'])
  })
})

describe('colours', () => {
  it('are read as style sheets write them', () => {
    expect(parseHex(' #0b6b7c')).toEqual([11, 107, 124])
    expect(parseHex('#fff')).toEqual([255, 255, 255])
    expect(toHex([11, 107, 300])).toBe('#0b6bff')
    expect(withAlpha('#0b6b7c', 0.5)).toBe('rgb(11 107 124 / 0.5)')
  })

  it('are told apart by 21 at most', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
    expect(contrast('#777777', '#777777')).toBe(1)
  })
})
