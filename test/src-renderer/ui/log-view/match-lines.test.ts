import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern, decodePattern, encodePattern, faultOfPattern, type LinePattern } from '#src-renderer/ui/log-view/line-pattern.ts'
import { matchLines, matchRanges } from '#src-renderer/ui/log-view/match-lines.ts'

const pattern = (text: string, more: Partial<LinePattern> = {}): LinePattern => ({ text, isRegex: false, isCaseSensitive: false, ...more })

describe('the lines that hold a pattern', () => {
  test('are those that hold its text, of any case unless it matters', () => {
    const text = 'Error one\nfine\nan error\n\nERROR'
    expect(matchLines(text, pattern('error'))).toEqual([0, 2, 4])
    expect(matchLines(text, pattern('error', { isCaseSensitive: true }))).toEqual([2])
    expect(matchLines('a.c\nabc', pattern('a.c'))).toEqual([0])
  })

  test('of a regular expression are found one by one, so that nothing matches over their ends', () => {
    expect(matchLines('a\nb\nab', pattern('a\\s*b', { isRegex: true }))).toEqual([2])
    expect(matchLines('one\n\ntwo', pattern('^$', { isRegex: true }))).toEqual([1])
    expect(matchLines('x\ny', pattern('z*', { isRegex: true }))).toEqual([0, 1])
  })

  test('are searched without their colours', () => {
    expect(matchLines('\u001b[31mer\u001b[1mror\u001b[0m: disk\nother', pattern('error: disk'))).toEqual([0])
    expect(matchLines('\u001b[31mred', pattern('31'))).toEqual([])
  })

  test('are the same as by a look at each line', () => {
    const words = fc.array(fc.constantFrom('a', 'A', 'b', '\n', '.', '\u001b[31m'), { maxLength: 40 })
    fc.assert(
      fc.property(words, fc.constantFrom('a', 'ab', 'A', '.', 'ba'), fc.boolean(), (parts, wanted, isCaseSensitive) => {
        const text = parts.join('')
        const expected = text.split('\n').flatMap((line, at) => {
          const plain = line.replaceAll('\u001b[31m', '')
          const isIn = isCaseSensitive ? plain.includes(wanted) : plain.toLowerCase().includes(wanted.toLowerCase())
          return isIn ? [at] : []
        })
        expect(matchLines(text, pattern(wanted, { isCaseSensitive }))).toEqual(expected)
      }),
    )
  })
})

describe('the places in a line', () => {
  test('are begin and end by turns', () => {
    expect(matchRanges('an error, one more Error', pattern('error'))).toEqual([3, 8, 19, 24])
    expect(matchRanges('aXbXX', pattern('x+', { isRegex: true }))).toEqual([1, 2, 3, 5])
  })

  test('leave out what matches nothing', () => {
    expect(matchRanges('abc', pattern('x*', { isRegex: true }))).toEqual([])
  })
})

describe('a pattern', () => {
  test('in an address reads back as it was', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.boolean(), fc.boolean(), (text, isRegex, isCaseSensitive) => {
        expect(decodePattern(encodePattern({ text, isRegex, isCaseSensitive }))).toEqual({ text, isRegex, isCaseSensitive })
      }),
    )
    expect(decodePattern('typed by hand')).toEqual(pattern('typed by hand'))
    expect(decodePattern('')).toEqual(pattern(''))
  })

  test('that is no regular expression has its reason', () => {
    expect(faultOfPattern(pattern('(', { isRegex: true }))).toMatch(/Unterminated group/)
    expect(faultOfPattern(pattern('('))).toBeNull()
  })

  test('may have backslashes that the Unicode form refuses', () => {
    expect(compilePattern(pattern('a\\-b', { isRegex: true })).test('a-b')).toBe(true)
  })
})
