import { expect, test } from 'vitest'
import { afterEnd, type HostEnd } from '#src-main/electron/core/restart-policy.ts'

const ends = (atMs: readonly number[], code?: string): HostEnd[] => atMs.map((each) => ({ atMs: each, code, what: 'x', log: '' }))

test('a host that dies is started again at once, then later, and then a person is asked', () => {
  const answers = [1, 2, 3, 4].map((count) => afterEnd(ends(Array.from({ length: count }, (_, index) => index * 5_000))))
  expect(answers).toEqual([{ do: 'restart', inMs: 250 }, { do: 'restart', inMs: 1_000 }, { do: 'restart', inMs: 3_000 }, { do: 'ask' }])
})

test('deaths that are far apart have nothing to do with each other', () => {
  expect(afterEnd(ends([0, 100_000, 200_000, 300_000, 400_000]))).toEqual({ do: 'restart', inMs: 250 })
})

test('an error that names itself would only come again, so a person is asked at once', () => {
  expect(afterEnd(ends([0], 'bad-argument'))).toEqual({ do: 'ask' })
})

test('a data folder that a command holds is waited for, and not for ever', () => {
  const inUse = (count: number) =>
    afterEnd(
      ends(
        Array.from({ length: count }, (_, index) => index * 700),
        'storage.in-use',
      ),
    )
  expect([1, 5, 19, 20].map(inUse)).toEqual([
    { do: 'restart', inMs: 500 },
    { do: 'restart', inMs: 500 },
    { do: 'restart', inMs: 500 },
    { do: 'ask' },
  ])
})
