import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogFolder } from '#runtime/logs/log-folder.ts'
import { LogReader } from '#runtime/logs/log-reader.ts'
import type { LineFilter, SearchPage } from '#runtime/protocol/logs.ts'

let path: string
let reader: LogReader
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shoal-reader-test-'))
  reader = new LogReader(new LogFolder(path))
})
afterEach(() => {
  reader.close()
  rmSync(path, { recursive: true, force: true })
})
const write = (name: string, text: string) => writeFileSync(join(path, name), text)
const anything: LineFilter = { pattern: null, level: null, sinceMs: null, untilMs: null }
const withText = (pattern: string): LineFilter => ({ ...anything, pattern: { kind: 'text', pattern, ignoreCase: false } })

describe('reading at the end of a file', () => {
  it('waits for more and gives it as soon as it is there', async () => {
    write('a.log', 'one\n')
    const reading = reader.read({ file: 'a.log', offset: 4, maxBytes: 100, waitMs: 60_000 })
    appendFileSync(join(path, 'a.log'), 'two\n')
    expect(Buffer.from((await reading).bytes).toString()).toBe('two\n')
  })

  it('gives nothing when nothing comes in time', async () => {
    write('a.log', 'one\n')
    expect(await reader.read({ file: 'a.log', offset: 4, maxBytes: 100, waitMs: 30 })).toMatchObject({ offset: 4, sizeBytes: 4 })
  })

  it('ends when the file is removed', async () => {
    write('a.log', 'one\n')
    const reading = reader.read({ file: 'a.log', offset: 4, maxBytes: 100, waitMs: 60_000 })
    rmSync(join(path, 'a.log'))
    expect((await reading).bytes).toHaveLength(0)
  })
})

describe('the last lines', () => {
  it.each([
    ['a\nb\nc\n', 2, 2],
    ['a\nb\nc', 2, 2],
    ['a\nb\nc\n', 0, 6],
    ['a\nb\nc\n', 100, 0],
    ['', 10, 0],
    ['\n\n\n', 2, 1],
    ['one', 1, 0],
  ])('of %j, %d of them, begin at %d', async (text, lines, offset) => {
    write('a.log', text)
    expect(await reader.lastLines({ file: 'a.log', lines, before: null })).toMatchObject({ offset, end: text.length })
  })

  it('are found across blocks, and before a place', async () => {
    const line = `${'y'.repeat(999)}\n`
    write('a.log', line.repeat(2_000))
    expect(await reader.lastLines({ file: 'a.log', lines: 1_000, before: null })).toMatchObject({ offset: 1_000_000 })
    expect(await reader.lastLines({ file: 'a.log', lines: 2, before: 500_000 })).toMatchObject({ offset: 498_000, end: 500_000 })
  })
})

describe('a search', () => {
  const search = (filter: LineFilter, more: Partial<Parameters<LogReader['search']>[0]> = {}) =>
    reader.search({ glob: '**', filter, after: null, maxLines: 100, budgetMs: 10_000, ...more })

  it('finds lines with their place, time and level', async () => {
    write('a.log', 'nothing\n2026-01-31T09:05:00Z ERROR lost the needle\n  at x\n')
    const { lines, next } = await search(withText('needle'))
    expect(next).toBeNull()
    expect(lines).toEqual([
      { file: 'a.log', offset: 8, text: '2026-01-31T09:05:00Z ERROR lost the needle', timeMs: Date.UTC(2026, 0, 31, 9, 5), level: 'error' },
    ])
  })

  it('goes through all files page by page and gives each line once', async () => {
    for (const name of ['a.log', 'b.log', 'c.log'])
      write(name, Array.from({ length: 40 }, (_, index) => `${name} ${index} needle\nhay\n`).join(''))
    const seen: string[] = []
    let after: SearchPage['next'] = null
    do {
      const page: SearchPage = await search(withText('needle'), { after, maxLines: 7 })
      seen.push(...page.lines.map(({ text }) => text))
      after = page.next
    } while (after !== null)
    expect(seen).toHaveLength(120)
    expect(new Set(seen).size).toBe(120)
  })

  it('stops when its time is up and goes on from there', async () => {
    write('a.log', 'hay\n'.repeat(2_000_000))
    appendFileSync(join(path, 'a.log'), 'needle\n')
    let pages = 0
    let after: SearchPage['next'] = null
    let found = 0
    do {
      const page: SearchPage = await search(withText('needle'), { after, budgetMs: 10 })
      found += page.lines.length
      pages += 1
      after = page.next
    } while (after !== null)
    expect(found).toBe(1)
    expect(pages).toBeGreaterThan(1)
  })

  it('picks by level and time, and lines that belong to one go with it', async () => {
    write('a.log', '2026-01-31T09:00:00Z INFO a\n2026-01-31T10:00:00Z ERROR b\n  at b\n2026-01-31T11:00:00Z ERROR c\nplain\n')
    const errors = await search({ ...anything, level: 'error', untilMs: Date.UTC(2026, 0, 31, 10, 30) })
    expect(errors.lines.map(({ text }) => text)).toEqual(['2026-01-31T10:00:00Z ERROR b', '  at b'])
    const late = await search({ ...anything, sinceMs: Date.UTC(2026, 0, 31, 10, 30) })
    expect(late.lines.map(({ text }) => text)).toEqual(['2026-01-31T11:00:00Z ERROR c', 'plain'])
  })

  it('with a pattern that takes for ever is refused', async () => {
    write('a.log', `${'a'.repeat(100)}!\n`)
    await expect(search({ ...anything, pattern: { kind: 'regex', pattern: '^(a+)+$', ignoreCase: false } })).rejects.toMatchObject({
      code: 'bad-argument',
    })
  })

  it('finds a word in the middle of a line of 5 MB by its piece', async () => {
    write('a.log', `${'x'.repeat(3_000_000)}needle${'x'.repeat(2_000_000)}\nnext needle\n`)
    const { lines } = await search(withText('needle'))
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatchObject({ text: 'next needle', offset: 5_000_007 })
  })
})
