import { describe, expect, test } from 'vitest'
import { randomBelow, seededRandom } from '#runtime/base/random.ts'
import { Concurrency } from '#src-renderer/ui/timeline/concurrency.ts'

describe('how many bars lie over each other', () => {
  test.each([1, 2, 3, 4, 5])('is what a count of each of them gives, while they come in any order (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const baseMs = 1_700_000_000_000
    const crowd = new Concurrency()
    const bars: { startMs: number; endMs: number }[] = []
    for (let round = 0; round < 60; round += 1) {
      for (let each = 0; each < 25; each += 1) {
        const startMs = baseMs + randomBelow(random, 5_000) + (random() < 0.8 ? round * 100 : 0)
        const endMs = random() < 0.2 ? Infinity : startMs + randomBelow(random, 300)
        bars.push({ startMs, endMs })
        crowd.add(startMs, endMs)
      }
      const running = bars.find(({ endMs }) => endMs === Infinity)
      if (running) crowd.end((running.endMs = running.startMs + randomBelow(random, 900)), Infinity)
      const wrong = bars[randomBelow(random, bars.length)]
      if (wrong && wrong !== running) {
        const endMs = wrong.startMs + randomBelow(random, 500)
        crowd.end(endMs, wrong.endMs)
        wrong.endMs = endMs
      }
      const fromMs = baseMs + randomBelow(random, 12_000) - 500
      const toMs = fromMs + randomBelow(random, 3_000)
      const busyMs = bars.reduce((sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, toMs) - Math.max(startMs, fromMs)), 0)
      expect(crowd.busyMs(fromMs, toMs)).toBe(busyMs)
      expect(crowd.touching(fromMs, toMs)).toBe(bars.filter(({ startMs, endMs }) => startMs <= toMs && endMs > fromMs).length)
    }
    expect(crowd.count).toBe(1_500)
    const steps = new Float64Array(400)
    crowd.busyEach({ fromMs: baseMs - 200, stepMs: 37, nowMs: baseMs + 9_000 }, steps)
    const each = Array.from(steps, (_, step) => {
      const [fromMs, toMs] = [baseMs - 200 + step * 37, baseMs - 200 + (step + 1) * 37]
      return fromMs < baseMs + 9_000 ? crowd.busyMs(fromMs, Math.min(toMs, baseMs + 9_000)) : 0
    })
    expect(Array.from(steps)).toEqual(each)
  })

  test('nothing is busy where there is nothing', () => {
    const crowd = new Concurrency()
    expect([crowd.busyMs(0, 10), crowd.touching(0, 10), crowd.count]).toEqual([0, 0, 0])
  })
})
