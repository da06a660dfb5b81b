import { describe, expect, test } from 'vitest'
import { clockTicks, offsetLabel, offsetTicks, stepFor } from '#src-renderer/ui/timeline/ticks.ts'
import { fitSpan, followNow, keepInRange, msOf, pxOf, snapToPixel, spanOf, zoomAt } from '#src-renderer/ui/timeline/view-window.ts'

const hour = 3_600_000

describe('the window on time', () => {
  const view = { fromMs: 10_000, msPerPx: 20 }

  test('keeps under the pointer what was there while it zooms', () => {
    for (const factor of [0.5, 2, 0.9]) {
      const zoomed = zoomAt(view, factor, 300)
      expect(msOf(zoomed, 300)).toBeCloseTo(msOf(view, 300), 6)
      expect(zoomed.msPerPx).toBeCloseTo(20 * factor, 9)
    }
    expect(zoomAt(view, 1e-12, 0).msPerPx).toBe(0.001)
  })

  test('shows the whole of a span, with room at both sides', () => {
    const fitted = fitSpan({ fromMs: 1_000, toMs: 2_000 }, 500)
    expect(pxOf(fitted, 1_000)).toBeGreaterThan(0)
    expect(pxOf(fitted, 2_000)).toBeLessThan(500)
    expect(spanOf(fitSpan({ fromMs: 5, toMs: 5 }, 500), 500).toMs).toBeGreaterThan(5)
  })

  test('never leaves what there is out of sight, and never shows more than four times of it', () => {
    const range = { fromMs: 0, toMs: 100_000 }
    const far = keepInRange({ fromMs: 1e9, msPerPx: 20 }, range, 1_000)
    expect(far.fromMs).toBe(100_000 - 2_000)
    expect(keepInRange({ fromMs: -1e9, msPerPx: 20 }, range, 1_000).fromMs).toBe(-18_000)
    expect(keepInRange({ fromMs: 0, msPerPx: 1e9 }, range, 1_000).msPerPx).toBe(400)
    expect(keepInRange(view, range, 1_000)).toEqual(view)
  })

  test('follows now near its right edge, with its length', () => {
    const followed = followNow(view, 500_000, 1_000)
    expect(pxOf(followed, 500_000)).toBeCloseTo(940, 6)
    expect(followed.msPerPx).toBe(20)
  })

  test('begins at a whole device pixel, so a pan of some pixels changes no pixel but their place', () => {
    const snapped = snapToPixel({ fromMs: 1_700_000_000_123.4, msPerPx: 7 }, 2)
    expect(snapped.fromMs / 3.5).toBe(Math.round(snapped.fromMs / 3.5))
    expect(1_700_000_000_123.4 - snapped.fromMs).toBeLessThan(3.5)
  })
})

describe('ticks', () => {
  test('have a usual step that leaves each label its room', () => {
    expect([0.001, 0.01, 1, 10, 100, 1_000, 60_000, 600_000].map((msPerPx) => stepFor(msPerPx, 90))).toEqual([
      0.1,
      1,
      100,
      1_000,
      10_000,
      120_000,
      2 * hour,
      24 * hour,
    ])
  })

  test('of the clock stand at round local times, and midnight says which day begins', () => {
    const midnight = new Date(2026, 2, 14).getTime()
    const ticks = clockTicks({ fromMs: midnight - 2 * hour, toMs: midnight + 2 * hour }, hour, () => 'the day')
    expect(ticks.map(({ label }) => label)).toEqual(['22:00', '23:00', 'the day', '01:00', '02:00'])
    expect(ticks.map(({ isMajor }) => isMajor)).toEqual([false, false, true, false, false])
    expect(ticks[2]?.atMs).toBe(midnight)
    const noon = midnight + 12 * hour
    const labels = (stepMs: number) => clockTicks({ fromMs: noon + 1, toMs: noon + 2.5 * stepMs }, stepMs, String).map(({ label }) => label)
    expect(labels(100)).toEqual(['12:00:00.1', '12:00:00.2'])
    expect(labels(5_000)).toEqual(['12:00:05', '12:00:10'])
  })

  test('since the first bar stand at round distances from it', () => {
    const ticks = offsetTicks({ fromMs: 1_700_000_000_300, toMs: 1_700_000_003_000 }, 1_000, 1_700_000_000_500)
    expect(ticks).toEqual([
      { atMs: 1_700_000_000_500, label: '0', isMajor: true },
      { atMs: 1_700_000_001_500, label: '+1 s', isMajor: false },
      { atMs: 1_700_000_002_500, label: '+2 s', isMajor: false },
    ])
  })

  test.each([
    [0.35, 0.05, '+350 µs'],
    [12.5, 0.5, '+12.5 ms'],
    [250, 50, '+250 ms'],
    [1_200, 100, '+1.2 s'],
    [-1_500, 500, '−1.5 s'],
    [65_000, 5_000, '+1:05'],
    [60_000, 60_000, '+1:00'],
    [65_250, 50, '+1:05.25'],
    [2 * hour + 180_000, 60_000, '+2:03:00'],
    [76 * hour, hour, '+3 d 04:00'],
  ])('%f ms at a step of %f ms is %s', (ms, stepMs, label) => {
    expect(offsetLabel(ms, stepMs)).toBe(label)
  })
})
