import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeText } from '#src-renderer/util/safe-text.ts'

test('marks that turn text around, hide it or break the line become visible', () => {
  expect(safeText('abc\u202egnp.exe')).toBe('abc⟨U+202E⟩gnp.exe')
  expect(safeText('a\u2066b\u200bc\ufeffd')).toBe('a⟨U+2066⟩b⟨U+200B⟩c⟨U+FEFF⟩d')
  expect(safeText('one\ntwo\tthree')).toBe('one↵two⇥three')
  expect(safeText('\u0000\u001b[31m\u007f\u0085\u2028')).toBe('⟨U+0000⟩⟨U+001B⟩[31m⟨U+007F⟩⟨U+0085⟩⟨U+2028⟩')
})

test('what people write stays as it is', () => {
  for (const text of ['日本語', 'שלום', 'مرحبا', '👩‍👩‍👧', 'می‌خواهم', 'naïve', '<b>&amp;</b>', ' ']) expect(safeText(text)).toBe(text)
})

test('a long text is cut, never within a letter, and broken letters are mended', () => {
  const huge = 'x'.repeat(10_000_000)
  expect(safeText(huge)).toBe(`${'x'.repeat(1_000)}…`)
  expect(safeText('ab😀cd', 3)).toBe('ab…')
  expect(safeText('a\ud800b')).toBe('a\ufffdb')
})

test('no text keeps an unseen mark, and safe text is safe already', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
      const text = String.fromCharCode(...units)
      const safe = safeText(text)
      expect(safe).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
      expect(safe.isWellFormed()).toBe(true)
      expect(safeText(safe, safe.length)).toBe(safe)
    }),
  )
})
