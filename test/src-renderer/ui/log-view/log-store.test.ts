import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linesPerChunk } from '#src-renderer/ui/log-view/line-chunk.ts'
import type { LogLine, StoredLine } from '#src-renderer/ui/log-view/log-line.ts'
import { LogStore, longestLine, type LogStoreOptions } from '#src-renderer/ui/log-view/log-store.ts'

const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({ text, atMs: null, level: null, offset: null, ...more })

function makeStore(options: LogStoreOptions = {}): LogStore {
  return new LogStore({ schedule: (run) => run(), ...options })
}

function linesOf(store: LogStore): StoredLine[] {
  return Array.from({ length: store.endId - store.firstId }, (_, at) => store.lineAt(store.firstId + at))
}

const textsOf = (store: LogStore): string[] => linesOf(store).map(({ text }) => text)

describe('text in pieces', () => {
  test('is split into lines, and the last one grows in its place', () => {
    const store = makeStore()
    store.appendText('job', 'one\ntw')
    expect(textsOf(store)).toEqual(['one', 'tw'])
    expect([...store.openLines.keys()]).toEqual([1])
    store.appendText('job', 'o\nthree\n')
    expect(textsOf(store)).toEqual(['one', 'two', 'three'])
    expect(store.openLines.size).toBe(0)
  })

  test('has no line behind a line feed at its end, and keeps empty lines', () => {
    const store = makeStore()
    store.appendText('job', '\n\nlast\n')
    expect(textsOf(store)).toEqual(['', '', 'last'])
  })

  test('may end its lines as Windows does', () => {
    const store = makeStore()
    store.appendText('job', 'one\r')
    store.appendText('job', '\ntwo\r\n')
    expect(linesOf(store).map(({ text, rewrites }) => ({ text, rewrites }))).toEqual([
      { text: 'one', rewrites: 0 },
      { text: 'two', rewrites: 0 },
    ])
  })

  test('gives the same lines, levels, times and offsets in any pieces', () => {
    const parts = fc.constantFrom(
      '\n',
      '\n',
      '\r',
      '\r\n',
      'ERROR it broke',
      ' at line 1',
      'WARN',
      '2026-01-02T03:04:05.678Z ',
      '日本',
      '🐟',
      '\u001b[31m',
      '\u001b[K',
      '\b',
      '5%',
    )
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 40 }), fc.array(fc.nat(200), { maxLength: 8 }), (words, cuts) => {
        const whole = words.join('')
        const [once, inPieces] = [makeStore(), makeStore()]
        once.appendText('job', whole)
        const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((one, other) => one - other), whole.length]
        for (const [at, end] of places.slice(1).entries()) inPieces.appendText('job', whole.slice(places[at], end))
        for (const store of [once, inPieces]) store.setPhase('ended')
        expect(linesOf(inPieces)).toEqual(linesOf(once))
      }),
      { numRuns: 1_000 },
    )
  })

  test('tells the offset of each line in bytes, where a piece says where it begins', () => {
    const store = makeStore()
    store.appendText('job', 'aé\n日本\n🐟', { offset: 100 })
    store.appendText('job', '!\nend', { offset: 115 })
    expect(linesOf(store).map(({ text, offset }) => [text, offset])).toEqual([
      ['aé', 100],
      ['日本', 104],
      ['🐟!', 111],
      ['end', 117],
    ])
  })

  test('tells levels and times of its lines; an indented one has those of the line before it', () => {
    const store = makeStore()
    store.appendText(
      'job',
      '2026-01-02T03:04:05Z INFO up\n[2026-01-02 03:04:06,500Z] ERROR down\n  at main.py:3\nTraceback (most recent call last):\n{"level":"warn","msg":"x"}\nno ERRORS\n',
    )
    const start = Date.UTC(2026, 0, 2, 3, 4, 5)
    expect(linesOf(store).map(({ level, atMs }) => [level, atMs])).toEqual([
      ['info', start],
      ['error', start + 1_500],
      ['error', start + 1_500],
      ['error', start + 1_500],
      ['warn', start + 1_500],
      [null, start + 1_500],
    ])
  })

  test('folds progress in place and counts it', () => {
    const store = makeStore()
    store.appendText('job', 'start\n')
    for (let percent = 0; percent <= 100; percent++) store.appendText('job', `\r${percent}%`)
    expect(textsOf(store)).toEqual(['start', '100%'])
    expect(store.lineAt(1).rewrites).toBe(100)
    store.appendText('job', '\ndone\n')
    expect(textsOf(store)).toEqual(['start', '100%', 'done'])
  })
})

describe('batches of lines', () => {
  test('of several sources stand in order of arrival', () => {
    const store = makeStore()
    store.append({ source: 'a', lines: [line('a1'), line('a2')] })
    store.append({ source: 'b', lines: [line('b1')] })
    store.append({ source: 'a', lines: [line('a3')] })
    expect(linesOf(store).map(({ text, source }) => `${source.key} ${text}`)).toEqual(['a a1', 'a a2', 'b b1', 'a a3'])
  })

  test('are merged by time where that is asked, and no source is shuffled in itself', () => {
    const store = makeStore()
    store.appendByTime([
      { source: 'a', lines: [line('a1', { atMs: 10 }), line('a2'), line('a3', { atMs: 5 }), line('a4', { atMs: 30 })] },
      { source: 'b', lines: [line('b1', { atMs: 8 }), line('b2', { atMs: 20 })] },
    ])
    expect(textsOf(store)).toEqual(['b1', 'a1', 'a2', 'a3', 'b2', 'a4'])
  })

  test('join a line that is continued with the next one of its source', () => {
    const store = makeStore()
    store.append({ source: 'a', lines: [line('half', { isContinued: true, level: 'warn', atMs: 1, offset: 50 })] })
    store.append({ source: 'b', lines: [line('between')] })
    store.append({ source: 'a', lines: [line(' and half', { atMs: 2, offset: 54 }), line('next')] })
    expect(linesOf(store).map(({ text, level, atMs, offset }) => [text, level, atMs, offset])).toEqual([
      ['half and half', 'warn', 1, 50],
      ['between', null, null, null],
      ['next', null, null, null],
    ])
  })

  test('keep what they were told of each line', () => {
    const store = makeStore()
    store.append({ source: 'a', lines: [line('INFO said the text', { level: 'error', atMs: 1.5, offset: 7 })] })
    expect(store.lineAt(0)).toMatchObject({ id: 0, number: 1, level: 'error', atMs: 1.5, offset: 7, notice: null })
  })

  test('with a line feed inside a line make several lines of it', () => {
    const store = makeStore()
    store.append({ source: 'a', lines: [line('one\ntwo')] })
    expect(textsOf(store)).toEqual(['one', 'two'])
  })
})

describe('many lines', () => {
  test('read the same from full chunks as they were added', () => {
    const texts = Array.from({ length: 3 * linesPerChunk + 5 }, (_, at) => `line ${at} ${at % 7 === 0 ? '日本' : ''}`)
    const store = makeStore()
    store.append({ source: 'a', lines: texts.map((text) => line(text)) })
    expect(textsOf(store)).toEqual(texts)
    expect(store.chunks).toHaveLength(4)
  })

  test('may surround one that still grows for long', () => {
    const store = makeStore()
    store.appendText('slow', 'begin')
    store.append({ source: 'fast', lines: Array.from({ length: 2 * linesPerChunk }, (_, at) => line(`${at}`)) })
    store.appendText('slow', ' and end\n')
    expect(store.lineAt(0).text).toBe('begin and end')
    expect(store.lineAt(1).text).toBe('0')
    expect(store.lineAt(2 * linesPerChunk).text).toBe(`${2 * linesPerChunk - 1}`)
  })

  test('lose their oldest chunk past the limit, and numbers go on', () => {
    const store = makeStore({ maxLines: 2 * linesPerChunk })
    store.appendText('old', 'never finished')
    for (let at = 0; at < 3 * linesPerChunk; at++) store.append({ source: 'a', lines: [line(`${at}`)] })
    expect(store.droppedLines).toBe(2 * linesPerChunk)
    expect(store.firstId).toBe(2 * linesPerChunk)
    expect(store.lineAt(store.firstId)).toMatchObject({ number: 2 * linesPerChunk + 1, text: `${2 * linesPerChunk - 1}` })
    expect(store.lineCount).toBe(linesPerChunk + 1)
    expect(store.openLines.size).toBe(0)
    store.appendText('old', 'goes on\n')
    expect(linesOf(store).at(-1)?.text).toBe('goes on')
  })

  test('are bounded by their bytes, too', () => {
    const store = makeStore({ maxBytes: 10_000_000 })
    for (let at = 0; at < 30; at++) store.appendText('a', `${'x'.repeat(999_999)}\n`)
    const kept = store.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
    expect(kept).toBeLessThanOrEqual(10_000_000)
    expect(kept).toBeGreaterThan(7_000_000)
    expect(store.droppedLines + store.lineCount).toBe(30)
  })

  test('of sixteen million letters without an end go on in another line', () => {
    const store = makeStore()
    for (let at = 0; at < 17; at++) store.appendText('a', 'x'.repeat(1_048_576))
    store.appendText('a', '\n')
    expect(linesOf(store).map(({ text }) => text.length)).toEqual([longestLine, 1_048_576])
  })
})

describe('notices', () => {
  test('stand among the lines and have no number of their own', () => {
    const store = makeStore()
    store.appendText('a', 'one\ntwo, cut')
    store.addNotice('a', { kind: 'gap', bytes: 500 })
    store.appendText('a', 'three\n')
    expect(linesOf(store).map(({ text, number, notice }) => [text, notice?.kind ?? number])).toEqual([
      ['one', 1],
      ['two, cut', 2],
      ['', 'gap'],
      ['three', 3],
    ])
    expect([1, 2, 3].map((number) => store.findLine({ number }))).toEqual([0, 1, 3])
    expect(store.lineCount).toBe(3)
  })

  test('that were dropped do not shift the numbers of what stays', () => {
    const store = makeStore({ maxLines: linesPerChunk })
    store.addNotice('a', { kind: 'copy' })
    store.append({ source: 'a', lines: Array.from({ length: 2 * linesPerChunk }, (_, at) => line(`${at + 1}`)) })
    expect(linesOf(store).every(({ number, text }) => String(number) === text)).toBe(true)
    expect(store.droppedLines).toBe(store.lineAt(store.firstId).number - 1)
  })
})

describe('a line that a link names', () => {
  test('is found by its source and offset, once it is there', () => {
    const store = makeStore()
    store.appendText('a', 'one\ntwo\n', { offset: 0 })
    store.appendText('b', 'one\n', { offset: 4 })
    expect(store.findLine({ source: 'b', offset: 4 })).toBe(2)
    expect(store.findLine({ source: 'a', offset: 4 })).toBe(1)
    expect(store.findLine({ source: 'a', offset: 8 })).toBeUndefined()
    expect(store.findLine({ source: 'c', offset: 4 })).toBeUndefined()
    expect(store.findLine({ number: 4 })).toBeUndefined()
  })
})

describe('listeners', () => {
  test('are told once for all that happened until the next frame', () => {
    const frames: (() => void)[] = []
    const store = makeStore({ schedule: (run) => frames.push(run) })
    let told = 0
    const leave = store.subscribe(() => told++)
    store.appendText('a', 'one\n')
    store.append({ source: 'b', lines: [line('two')] })
    expect([told, frames.length, store.getVersion()]).toEqual([0, 1, 0])
    frames[0]?.()
    expect([told, store.getVersion()]).toEqual([1, 1])
    leave()
    store.appendText('a', 'three\n')
    frames[1]?.()
    expect(told).toBe(1)
  })

  test('see a source that is gone without an unfinished line', () => {
    const store = makeStore()
    store.appendText('a', 'cut of')
    store.setSource('a', { label: 'node a', state: 'gone' })
    expect(store.sources).toEqual([{ number: 0, key: 'a', label: 'node a', state: 'gone' }])
    expect(store.openLines.size).toBe(0)
    store.appendText('a', 'late\n')
    expect(textsOf(store)).toEqual(['cut of', 'late'])
  })
})
