import { describe, expect, it } from 'vitest'
import { pointTime, timeLabels } from '#src-renderer/ui/charts/chart-time.ts'

const at = (hour: number, minute = 0, second = 0, day = 28) => new Date(2026, 10, day, hour, minute, second).getTime()

describe('timeLabels', () => {
  it('are no finer than the distance of the marks', () => {
    expect(timeLabels([at(14, 5), at(14, 6)], 'en')).toEqual(['14:05', '14:06'])
    expect(timeLabels([at(14, 5, 0), at(14, 5, 15)], 'en')).toEqual(['14:05:00', '14:05:15'])
    expect(timeLabels([at(0, 0, 0, 27), at(0, 0, 0, 28)], 'en')).toEqual(['Nov 27', 'Nov 28'])
  })

  it('name the day where one begins', () => {
    expect(timeLabels([at(18, 0, 0, 27), at(0), at(6)], 'en')).toEqual(['18:00', 'Nov 28', '06:00'])
  })

  it('follow the language', () => {
    expect(timeLabels([at(0)], 'ja')).toEqual(['11月28日'])
  })
})

describe('pointTime', () => {
  it('has its day where the chart shows more than one', () => {
    expect(pointTime(at(14, 5, 9), 3_600_000, 'en')).toBe('14:05:09')
    expect(pointTime(at(14, 5, 9), 3 * 86_400_000, 'en')).toBe('Nov 28, 14:05:09')
  })
})
