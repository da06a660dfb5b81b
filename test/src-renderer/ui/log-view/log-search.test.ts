import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { linesPerChunk } from '#src-renderer/ui/log-view/line-chunk.ts'
import { emptyPattern, type LinePattern } from '#src-renderer/ui/log-view/line-pattern.ts'
import type { LogLine } from '#src-renderer/ui/log-view/log-line.ts'
import { emptyQuery, type LogQuery, LogSearch, type LogSearchOptions } from '#src-renderer/ui/log-view/log-search.ts'
import { LogStore } from '#src-renderer/ui/log-view/log-store.ts'
import { startNodeWorker } from './node-search-worker.ts'

const leaves: (() => void)[] = []
afterEach(() => {
  for (const leave of leaves.splice(0)) leave()
})

const pattern = (text: string, more: Partial<LinePattern> = {}): LinePattern => ({ ...emptyPattern, text, ...more })
const query = (more: Partial<LogQuery>): LogQuery => ({ ...emptyQuery, ...more })
const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({ text, atMs: null, level: null, offset: null, ...more })

function makeSearch(options: Partial<LogSearchOptions> = {}) {
  const store = new LogStore({ schedule: (run) => run() })
  const search = new LogSearch(store, { startWorker: startNodeWorker, schedule: (run) => run(), ...options })
  leaves.push(search.subscribe(() => {}))
  return { store, search }
}

/** Waits for all that it was told of. */
async function settled(search: LogSearch): Promise<void> {
  if (!search.isWorking) return
  await new Promise<void>((resolve) => {
    const leave = search.subscribe(() => {
      if (search.isWorking) return
      leave()
      resolve()
    })
  })
}

const shownOf = ({ store, search }: { store: LogStore; search: LogSearch }): string[] =>
  Array.from({ length: search.rowCount }, (_, row) => store.lineAt(search.idOfRow(row)).text)

describe('a search', () => {
  test('counts the lines that hold it, and goes from one to the next and around', async () => {
    const { store, search } = makeSearch()
    store.appendText('a', 'x1\nno\nx2\nno\nx3\n')
    search.setQuery(query({ search: pattern('X') }))
    await settled(search)
    expect(search.hitCount).toBe(3)
    expect(search.findHit(0, 'next')).toBe(2)
    expect(search.findHit(4, 'next')).toBe(0)
    expect(search.findHit(2, 'previous')).toBe(0)
    expect(search.findHit(0, 'previous')).toBe(4)
    expect(search.findHit(1, 'previous')).toBe(0)
    expect([0, 1, 4].map((id) => search.hitNumberOf(id))).toEqual([1, 0, 3])
    expect(search.rowCount).toBe(5)
  })

  test('goes on with the lines that arrive', async () => {
    const { store, search } = makeSearch()
    search.setQuery(query({ search: pattern('x') }))
    store.appendText('a', 'x\n')
    await settled(search)
    store.appendText('a', 'y\nx\n')
    await settled(search)
    expect(search.hitCount).toBe(2)
  })

  test('follows a line that is not finished', async () => {
    const { store, search } = makeSearch()
    search.setQuery(query({ search: pattern('50%') }))
    store.appendText('a', ' 40%')
    await settled(search)
    expect(search.hitCount).toBe(0)
    store.appendText('a', '\r 50%')
    await settled(search)
    expect([search.hitCount, search.isHit(0)]).toEqual([1, true])
    store.appendText('a', '\r 60%\n')
    await settled(search)
    expect(search.hitCount).toBe(0)
  })

  test('over a million lines finds every one', { timeout: 120_000 }, async () => {
    const { store, search } = makeSearch()
    const piece = Array.from({ length: 10_000 }, (_, at) => `step ${at} ${at % 100 === 7 ? '\u001b[31mERROR\u001b[0m' : 'ok'}\n`).join('')
    for (let at = 0; at < 100; at++) store.appendText('a', piece)
    search.setQuery(query({ search: pattern('\\berror$', { isRegex: true }) }))
    await settled(search)
    expect(search.hitCount).toBe(10_000)
    expect(search.findHit(0, 'next')).toBe(7)
    expect(search.findHit(0, 'previous')).toBe(999_907)
  })

  test('tells where in a line in sight it was found', async () => {
    const { store, search } = makeSearch()
    store.appendText('a', 'an error\n')
    search.setQuery(query({ search: pattern('error') }))
    await settled(search)
    const found = new Promise<void>((resolve) =>
      leaves.push(search.subscribe(() => search.rangesOf(0, 'an error').length > 0 && resolve())),
    )
    search.rangesOf(0, 'an error')
    await found
    expect(search.rangesOf(0, 'an error')).toEqual([3, 8])
  })
})

describe('an expression', () => {
  test('that is none tells why, finds nothing and hides nothing', async () => {
    const { store, search } = makeSearch()
    store.appendText('a', 'one\ntwo\n')
    search.setQuery(query({ search: pattern('(', { isRegex: true }), filter: pattern('[', { isRegex: true }) }))
    await settled(search)
    expect(search.failureOf('search')).toMatchObject({ kind: 'fault', message: expect.stringMatching(/Unterminated group/) })
    expect(search.failureOf('filter')).toMatchObject({ kind: 'fault' })
    expect([search.hitCount, search.rowCount]).toEqual([0, 2])
  })

  test('that takes for ever is given up, the page’s thread goes on meanwhile, and a better one works', async () => {
    const { store, search } = makeSearch({ limitMs: 300 })
    store.appendText('a', `fine\n${'a'.repeat(40)}b\n`)
    let beats = 0
    const heart = setInterval(() => beats++, 20)
    leaves.push(() => clearInterval(heart))
    search.setQuery(query({ search: pattern('^(a+)+$', { isRegex: true }) }))
    await settled(search)
    expect(search.failureOf('search')).toEqual({ kind: 'slow', atLine: 1 })
    expect(beats).toBeGreaterThan(3)
    search.setQuery(query({ search: pattern('^a+b$', { isRegex: true }) }))
    await settled(search)
    expect([search.failureOf('search'), search.hitCount]).toEqual([null, 1])
  })

  test('cannot be tried where no worker runs, and that is said', async () => {
    const { store, search } = makeSearch({
      startWorker: ({ onError }) => {
        queueMicrotask(() => onError('refused'))
        return { post: () => {}, end: () => {} }
      },
    })
    store.appendText('a', 'one\n')
    search.setQuery(query({ search: pattern('one') }))
    await settled(search)
    expect(search.failureOf('search')).toEqual({ kind: 'broken', message: 'refused' })
  })
})

describe('a filter', () => {
  const lines: LogLine[] = [
    line('debug words', { level: 'debug', atMs: 10 }),
    line('plain words', { atMs: 20 }),
    line('warn words', { level: 'warn', atMs: 30 }),
    line('error words', { level: 'error', atMs: 40 }),
  ]

  test.each<[string, Partial<LogQuery>, string[]]>([
    ['by text', { filter: pattern('n words') }, ['plain words', 'warn words']],
    ['by an expression', { filter: pattern('^(debug|error)', { isRegex: true }) }, ['debug words', 'error words']],
    ['by level, where none counts as info', { level: 'info' }, ['plain words', 'warn words', 'error words', 'of b']],
    ['by time', { sinceMs: 20, untilMs: 30 }, ['plain words', 'warn words']],
    ['by source', { hidden: ['a'] }, ['of b']],
    ['by all of them', { filter: pattern('words'), level: 'warn', untilMs: 30, hidden: ['b'] }, ['warn words']],
  ])('%s hides the other lines', async (_, part, expected) => {
    const made = makeSearch()
    made.store.append({ source: 'a', lines })
    made.store.append({ source: 'b', lines: [line('of b')] })
    made.search.setQuery(query(part))
    await settled(made.search)
    expect(shownOf(made)).toEqual(expected)
  })

  test('and a search: only what is shown is a hit', async () => {
    const { store, search } = makeSearch()
    store.append({ source: 'a', lines })
    search.setQuery(query({ level: 'warn', search: pattern('words') }))
    await settled(search)
    expect([search.rowCount, search.hitCount]).toEqual([2, 2])
    search.setQuery(query({ level: null, search: pattern('words') }))
    await settled(search)
    expect([search.rowCount, search.hitCount]).toEqual([4, 4])
  })

  test('lets notices stand where only sources are chosen, and hides them where lines are picked', async () => {
    const made = makeSearch()
    made.store.append({ source: 'a', lines: [line('one')] })
    made.store.addNotice('a', { kind: 'gap', bytes: 1 })
    made.search.setQuery(query({ hidden: ['b'] }))
    await settled(made.search)
    expect(made.search.rowCount).toBe(2)
    made.search.setQuery(query({ filter: pattern('one') }))
    await settled(made.search)
    expect(made.search.rowCount).toBe(1)
  })

  test('takes an unfinished line in and out as it changes', async () => {
    const made = makeSearch()
    made.search.setQuery(query({ filter: pattern('keep') }))
    made.store.appendText('a', 'keep 1\nke')
    made.store.appendText('b', 'keep 2\n')
    await settled(made.search)
    expect(shownOf(made)).toEqual(['keep 1', 'keep 2'])
    made.store.appendText('a', 'ep me')
    await settled(made.search)
    expect(shownOf(made)).toEqual(['keep 1', 'keep me', 'keep 2'])
    made.store.appendText('a', '\rdrop me\n')
    await settled(made.search)
    expect(shownOf(made)).toEqual(['keep 1', 'keep 2'])
  })

  test('finds the row of a line, or where it would stand', async () => {
    const { store, search } = makeSearch()
    store.appendText('a', 'x\n-\n-\nx\n-\n')
    search.setQuery(query({ filter: pattern('x') }))
    await settled(search)
    expect([0, 1, 3, 4].map((id) => search.rowOfId(id))).toEqual([0, 1, 1, 2])
  })

  test('shows the same whatever comes when, also while the oldest lines go', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({
          do: fc.constant('text' as const),
          source: fc.constantFrom('a', 'b'),
          text: fc.constantFrom('x', 'y', 'xy\n', '\rx', '\n', 'y\nx\n'),
        }),
        fc.record({ do: fc.constant('many' as const), count: fc.integer({ min: 1, max: 2 * linesPerChunk }) }),
        fc.record({ do: fc.constant('query' as const), filter: fc.constantFrom('', 'x', 'y'), search: fc.constantFrom('', 'x', 'y') }),
        fc.record({ do: fc.constant('wait' as const) }),
      ),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const store = new LogStore({ schedule: (run) => run(), maxLines: 3 * linesPerChunk })
        const search = new LogSearch(store, { startWorker: startNodeWorker, schedule: (run) => run() })
        const leave = search.subscribe(() => {})
        let [filter, wanted] = ['', '']
        for (const step of list) {
          if (step.do === 'text') store.appendText(step.source, step.text)
          else if (step.do === 'many')
            store.append({ source: 'c', lines: Array.from({ length: step.count }, (_, at) => line(at % 3 === 0 ? 'x' : 'y')) })
          else if (step.do === 'query') {
            ;[filter, wanted] = [step.filter, step.search]
            search.setQuery(query({ filter: pattern(filter), search: pattern(wanted) }))
          } else await settled(search)
        }
        await settled(search)
        const all = Array.from({ length: store.endId - store.firstId }, (_, at) => store.lineAt(store.firstId + at))
        const shown = all.filter(({ text }) => text.includes(filter))
        const hits = wanted === '' ? [] : shown.filter(({ text }) => text.includes(wanted))
        expect(Array.from({ length: search.rowCount }, (_, row) => search.idOfRow(row))).toEqual(shown.map(({ id }) => id))
        expect(search.hitCount).toBe(hits.length)
        expect(hits.every(({ id }) => search.isHit(id))).toBe(true)
        leave()
      }),
      { numRuns: 40 },
    )
  })
})
