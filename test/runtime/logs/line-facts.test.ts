import { describe, expect, it } from 'vitest'
import { LineStamper, lineFacts } from '#runtime/logs/line-facts.ts'

describe('what a line tells of itself', () => {
  it.each([
    ['{"time":"2026-01-31T09:05:00.123Z","level":"warn","event":"x"}', Date.UTC(2026, 0, 31, 9, 5, 0, 123), 'warn'],
    ['{"level":50,"time":1769850300123,"msg":"pino"}', 1_769_850_300_123, 'error'],
    ['{"ts": 1769850300.5, "severity": "DEBUG"}', 1_769_850_300_500, 'debug'],
    ['2026-01-31T09:05:00+00:00 INFO started', Date.UTC(2026, 0, 31, 9, 5), 'info'],
    ['[2026-01-31T09:05:00Z] CRITICAL out of room', Date.UTC(2026, 0, 31, 9, 5), 'error'],
    ['2026-01-31T09:05:00.5Z\tWARNING job supervisor -- x', Date.UTC(2026, 0, 31, 9, 5, 0, 500), 'warn'],
    ['TypeError: x is not a function', null, 'error'],
    ['Traceback (most recent call last):', null, 'error'],
    ['hello', null, null],
    ['2026-99-99T99:99:99Z no date', null, null],
    ['', null, null],
  ])('%s', (line, timeMs, level) => {
    expect(lineFacts(line)).toEqual({ timeMs, level })
  })

  it('goes for the lines that belong to it', () => {
    const stamper = new LineStamper()
    const first = stamper.stamp('2026-01-31T09:05:00Z ERROR it broke')
    expect(stamper.stamp('    at f (x.ts:1:2)')).toEqual(first)
    expect(stamper.stamp('and on')).toEqual({ timeMs: first.timeMs, level: null })
  })
})
