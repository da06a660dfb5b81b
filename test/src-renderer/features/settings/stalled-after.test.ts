import { expect, test } from 'vitest'
import { DesktopPreferences } from '#src-main/contract/desktop-bridge.ts'
import { fewestMinutes, minutesText, mostMinutes, stalledMsOf } from '#src-renderer/features/settings/stalled-after.ts'

test('minutes are milliseconds of the desktop, with a point or a comma, and stand in the field again as they were', () => {
  expect(stalledMsOf(' 10 ')).toBe(600_000)
  expect(stalledMsOf('1.5')).toBe(90_000)
  expect(stalledMsOf('2,25')).toBe(135_000)
  expect([600_000, 90_000, 135_000].map(minutesText)).toEqual(['10', '1.5', '2.25'])
})

test.each(['', '0', '0.9', '1441', '-5', '1e2', '10 min', 'ten'])('%j is no time to wait', (text) => {
  expect(stalledMsOf(text)).toBeUndefined()
})

test('the first and the last that are taken are those of the desktop', () => {
  const isTaken = (minutes: number) => DesktopPreferences.safeParse({ stalledAfterMs: Math.round(minutes * 60_000) }).success
  for (const minutes of [fewestMinutes, mostMinutes]) {
    expect([stalledMsOf(String(minutes)), isTaken(minutes)]).toEqual([minutes * 60_000, true])
  }
  expect([isTaken(fewestMinutes - 0.1), isTaken(mostMinutes + 0.1)]).toEqual([false, false])
})
