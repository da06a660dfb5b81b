import { expect, test } from 'vitest'
import type { LogStreamMessage } from '#runtime/api/logs.ts'
import { LogSources } from '#src-main/services/log-sources.ts'

const source = (number: number, key: string, offset = 0, file = key): LogStreamMessage => ({
  ...{ type: 'source', source: number, key, node_id: 'n', file, offset },
  ...{ worker_id: null, job_id: null, submission_id: null, pid: null, stream: null },
})
/** Lines of ten bytes each, from `start` to before `end`. */
function lines(number: number, start: number, end: number): LogStreamMessage {
  const offsets = Array.from({ length: (end - start) / 10 }, (_, at) => start + at * 10)
  return {
    ...{ type: 'lines', source: number, offsets, times: offsets.map(() => 1), levels: offsets.map(() => null) },
    ...{ texts: offsets.map((offset) => `at ${offset}`), pieces: [offsets.length - 1], next: end },
  }
}
const textsOf = (message: LogStreamMessage | undefined) => (message?.type === 'lines' ? message.texts : message)

test('a file keeps its number over connections, and is told again only under another name', () => {
  const sources = new LogSources({})
  expect(sources.begin()).toEqual({})
  expect(sources.take(source(1, 'a'))).toMatchObject({ source: 1 })
  expect(sources.take(source(2, 'b'))).toMatchObject({ source: 2 })
  expect(textsOf(sources.take(lines(2, 0, 20)))).toEqual(['at 0', 'at 10'])
  expect(sources.begin()).toEqual({ a: 0, b: 20 })
  expect(sources.take(source(1, 'b', 20))).toBeUndefined()
  expect(sources.take(lines(1, 20, 30))).toMatchObject({ source: 2, texts: ['at 20'] })
  expect(sources.take(source(2, 'c'))).toMatchObject({ source: 3 })
  expect(sources.take(source(1, 'b', 20, 'b-renamed'))).toMatchObject({ source: 2, file: 'b-renamed' })
  expect(sources.take({ type: 'end', source: 2, reason: 'x' })).toEqual({ type: 'end', source: 3, reason: 'x' })
})

test('what a head sends again from the beginning is left out up to where it is new', () => {
  const sources = new LogSources({ known: 30 })
  expect(sources.begin()).toEqual({ known: 30 })
  sources.begin()
  expect(sources.take(source(7, 'known', 0))).toMatchObject({ source: 1, offset: 30 })
  expect(sources.take(lines(7, 0, 20))).toBeUndefined()
  expect(sources.take({ type: 'gap', source: 7, from: 20, to: 25 })).toBeUndefined()
  const part = sources.take(lines(7, 20, 50))
  expect(part).toMatchObject({ texts: ['at 30', 'at 40'], offsets: [30, 40], pieces: [1], next: 50 })
  expect(textsOf(sources.take(lines(7, 50, 60)))).toEqual(['at 50'])
  expect(sources.begin()).toEqual({ known: 60 })
})

test('a gap moves the place on, and one that reaches into what is known is told as far as it is new', () => {
  const sources = new LogSources({ a: 30 })
  sources.begin()
  sources.take(source(1, 'a', 0))
  expect(sources.take({ type: 'gap', source: 1, from: 10, to: 50 })).toEqual({ type: 'gap', source: 1, from: 30, to: 50 })
  expect(sources.begin()).toEqual({ a: 50 })
})

test('a file that was begun anew is passed on from its beginning', () => {
  const sources = new LogSources({})
  sources.begin()
  sources.take(source(1, 'a', 0))
  sources.take(lines(1, 0, 100))
  expect(textsOf(sources.take(lines(1, 0, 10)))).toEqual(['at 0'])
  expect(sources.begin()).toEqual({ a: 10 })
})

test('of more files than a head can be told of, those that were heard of last are named', () => {
  const sources = new LogSources({})
  sources.begin()
  const key = (number: number) => `${'n'.repeat(100)}${number}`
  for (let number = 1; number <= 500; number += 1) sources.take(source(number, key(number)))
  sources.take(lines(3, 0, 10))
  const resume = sources.begin()
  expect(JSON.stringify(resume).length).toBeLessThan(60_000)
  expect(Object.keys(resume).length).toBeGreaterThan(250)
  expect(resume).toMatchObject({ [key(3)]: 10, [key(500)]: 0 })
  expect(resume).not.toHaveProperty(key(1))
})

test('that all is up to date is told once, and that files are left out when they are more', () => {
  const sources = new LogSources({})
  const live = { type: 'live' } as const
  expect([sources.isLive, sources.take(live), sources.take(live), sources.isLive]).toEqual([false, live, undefined, true])
  const skipped = (files: number) => sources.take({ type: 'skipped', files, limit: 500 })
  expect([skipped(2), skipped(2), skipped(3)].map((message) => message?.type)).toEqual(['skipped', undefined, 'skipped'])
  expect(sources.take(lines(9, 0, 10))).toBeUndefined()
})
