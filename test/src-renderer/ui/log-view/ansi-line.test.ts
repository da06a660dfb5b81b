import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseLine, shownLetters, shownText } from '#src-renderer/ui/log-view/ansi-line.ts'
import { inertParts } from '#src-renderer/ui/log-view/inert-text.ts'

const looks = (text: string): string[][] => parseLine(text).map((token) => [token.text, token.className])

describe('colours of a line', () => {
  test('become classes of the page, whatever way they were given', () => {
    const red = ['x', 'text-bad']
    for (const code of ['31', '91', '38;5;196', '38;2;255;20;20', '38:2::255:20:20', '38:5:196'])
      expect(looks(`\u001b[${code}mx`)).toEqual([red])
    expect(looks('\u001b[32mok\u001b[0m then \u001b[33mwarn')).toEqual([
      ['ok', 'text-[color-mix(in_srgb,var(--good)_80%,var(--ink))]'],
      [' then ', ''],
      ['warn', 'text-warn'],
    ])
  })

  test('on a coloured ground leave the letters in the page’s own ink', () => {
    expect(looks('\u001b[37;41mx')).toEqual([['x', 'text-ink bg-bad-line']])
    expect(looks('\u001b[7;32mx')).toEqual([['x', 'text-ink bg-good-line']])
  })

  test('hide nothing and blink not', () => {
    expect(looks('\u001b[8mhidden')).toEqual([['hidden', 'text-[color-mix(in_srgb,var(--faint)_80%,var(--ink))]']])
    expect(looks('\u001b[5mblink')).toEqual([['blink', '']])
    expect(looks('\u001b[1;4mbold')).toEqual([['bold', 'font-semibold underline']])
  })
})

describe('other sequences', () => {
  test.each([
    ['\u001b]8;;https://example.com\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b[2Jcleared', 'cleared'],
    ['\u001b[?25lhidden cursor\u001b[?25h', 'hidden cursor'],
    ['\u001bPdevice\u001b\\text', 'text'],
    ['\u001b(Bcharset', 'charset'],
    ['cut at the end \u001b[3', 'cut at the end '],
  ])('of %j only show the text', (text, expected) => {
    expect(shownText(text)).toBe(expected)
    expect(
      parseLine(text)
        .map((token) => token.text)
        .join(''),
    ).toBe(expected)
  })

  test('that only begin hide nothing of what follows', () => {
    expect(shownText('\u001b]0;no end of this title')).toBe('\u001b]0;no end of this title')
  })

  test('never change what a row shows: its tokens are the text that is searched', () => {
    const parts = fc.constantFrom(
      'a',
      'm',
      '[',
      ']',
      '0',
      ';',
      '\u001b',
      '\u001b[',
      '\u001b[31m',
      '\u001b[0m',
      '\u001b]',
      '\u0007',
      '\\',
      'P',
      ' ',
      '日',
      '\u009b',
    )
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 20 }), (words) => {
        const text = words.join('')
        expect(
          parseLine(text)
            .map((token) => token.text)
            .join(''),
        ).toBe(shownText(text))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('what would act on the page', () => {
  test('is shown as a sign', () => {
    expect(inertParts('a\u202eb\u0007\u007f\u0085\u200f')).toEqual([
      { text: 'a', isSign: false },
      { text: '⟨RLO⟩', isSign: true },
      { text: 'b', isSign: false },
      { text: '␇', isSign: true },
      { text: '␡', isSign: true },
      { text: '⟨U+0085⟩', isSign: true },
      { text: '⟨RLM⟩', isSign: true },
    ])
  })

  test('is not in any line that is shown, and all else is', () => {
    const letters = fc.array(fc.oneof(fc.integer({ min: 0, max: 0x20ff }), fc.integer({ min: 0xe000, max: 0x10ffff })), { maxLength: 30 })
    fc.assert(
      fc.property(letters, (codes) => {
        const text = codes.map((code) => String.fromCodePoint(code))
        const parts = inertParts(text.join(''))
        expect(parts.some((part) => /[\p{Bidi_Control}]|(?!\t)\p{Cc}/u.test(part.text))).toBe(false)
        const kept = text.filter((letter) => inertParts(letter)[0]?.isSign === false)
        expect(parts.flatMap((part) => (part.isSign ? [] : [part.text])).join('')).toBe(kept.join(''))
      }),
      { numRuns: 500 },
    )
  })

  test('does not break emoji that are joined of several', () => {
    expect(inertParts('👩‍🔬')).toEqual([{ text: '👩‍🔬', isSign: false }])
  })
})

describe('a very long line', () => {
  test('is parsed and shown in part only', () => {
    const text = `\u001b[31m${'x'.repeat(10_000_000)}`
    const tokens = parseLine(text)
    expect(tokens).toEqual([{ text: 'x'.repeat(shownLetters), className: 'text-bad' }])
    expect(shownText(text)).toHaveLength(shownLetters)
  })
})
