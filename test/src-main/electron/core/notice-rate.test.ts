import { expect, test } from 'vitest'
import type { Notice } from '#src-main/electron/core/news.ts'
import { admitNotices, createNoticeRate } from '#src-main/electron/core/notice-rate.ts'

const notices = (count: number, from = 0): Notice[] =>
  Array.from({ length: count }, (_, index) => ({ kind: 'job-failed', clusterId: null, id: `${from + index}`, title: '', message: '' }))
const shownAs = (shown: ReturnType<typeof admitNotices>) =>
  shown.map((each) => (each.kind === 'one' ? each.notice.id : `${each.count} more`))

test('a few things are shown one by one', () => {
  const rate = createNoticeRate()
  expect(shownAs(admitNotices(rate, notices(2), 0))).toEqual(['0', '1'])
  expect(shownAs(admitNotices(rate, notices(1, 2), 1_000))).toEqual(['2'])
})

test('a thousand things at once are three and the number of the others', () => {
  expect(shownAs(admitNotices(createNoticeRate(), notices(1_000), 0))).toEqual(['0', '1', '2', '997 more'])
})

test('what comes while there is no place is shown, or counted, when there is one again', () => {
  const rate = createNoticeRate()
  admitNotices(rate, notices(4), 0)
  expect(shownAs(admitNotices(rate, notices(6, 4), 10_000))).toEqual([])
  expect(shownAs(admitNotices(rate, [], 29_999))).toEqual([])
  expect(shownAs(admitNotices(rate, [], 30_000))).toEqual(['4', '5', '6', '3 more'])
  expect(shownAs(admitNotices(rate, [], 90_000))).toEqual([])
})

test('what waits does not grow without end, and is counted all the same', () => {
  const rate = createNoticeRate()
  admitNotices(rate, notices(4), 0)
  for (let round = 0; round < 50; round += 1) admitNotices(rate, notices(1_000), 1_000)
  expect(rate.waiting.length).toBeLessThanOrEqual(100)
  expect(shownAs(admitNotices(rate, [], 60_000)).at(-1)).toBe('49997 more')
})
