import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineText } from '#src-renderer/ui/log-view/line-text.ts'
import { stripEscapes } from '#src-renderer/ui/log-view/escape-sequences.ts'

function fold(...pieces: readonly string[]): LineText {
  const line = new LineText()
  for (const piece of pieces) line.append(piece)
  line.finish()
  return line
}

const shown = (...pieces: readonly string[]): string => stripEscapes(fold(...pieces).text)

/** What programs write to one line, with all that moves or colours. */
const lineParts = fc.array(
  fc.constantFrom(
    'a',
    'bc',
    '10%',
    ' ',
    '\t',
    '\r',
    '\b',
    '日',
    '本語',
    '🐟',
    'é',
    '\u001b[31m',
    '\u001b[0m',
    '\u001b[K',
    '\u001b[2K',
    '\u001b[1K',
    '\u001b[3D',
    '\u001b[2C',
    '\u001b[1G',
    '\u001b]0;title\u0007',
    '\u001b[A',
    '\u001b',
    '\u0007',
    '[',
    ']',
    'm',
  ),
  { maxLength: 30 },
)

describe('a line that is written over', () => {
  test.each([
    ['what is shorter leaves the rest of what stood there', 'abcdef\rxy', 'xycdef'],
    ['a bar is shown as it is at the end', ' 10%|#   |\r 50%|##  |\r100%|####|', '100%|####|'],
    ['erasing to the end takes the rest away', 'abcdef\rxy\u001b[K', 'xy'],
    ['erasing the whole line before the return leaves only what follows', 'abcdef\u001b[2K\rxy', 'xy'],
    ['a return at the end changes nothing', 'done\r', 'done'],
    ['several returns at the end change nothing', 'done\r\r', 'done'],
    ['a spinner of backspaces shows its last letter', 'wait |\b/\b-\b\\', 'wait \\'],
    ['letters that are two columns wide are written over whole', '日本\rab', 'ab本'],
    ['half of a wide letter becomes a blank', '日本\ra', 'a 本'],
    ['a move right leaves blanks', 'a\r\u001b[3Cb', 'a  b'],
    ['a tab moves to the next stop and wipes nothing', 'abcdefghij\r\tX', 'abcdefghXj'],
    ['a mark stays with its letter', 'ae\u0301b\rx', 'xe\u0301b'],
    ['orders for other lines do nothing', 'one\r\u001b[Atwo', 'two'],
  ])('%s', (_, written, expected) => {
    expect(shown(written)).toBe(expected)
  })

  test('keeps the colours of the letters that stay', () => {
    expect(fold('\u001b[31mred\u001b[0m plain\r\u001b[32mgr').text).toBe('\u001b[32mgr\u001b[0m\u001b[31md\u001b[0m plain')
  })

  test('counts how often it was written over', () => {
    expect(fold('1\r2\r3').rewrites).toBe(2)
    expect(fold('\r1\r2').rewrites).toBe(1)
    expect(fold('1\r\u001b[K2\r\u001b[K3').rewrites).toBe(2)
    expect(fold('1\u001b[2K\r2').rewrites).toBe(1)
    expect(fold('1\r\r\r2').rewrites).toBe(1)
    expect(fold('plain\r').rewrites).toBe(0)
  })

  test('is kept as it came while nothing moves back', () => {
    expect(fold('\u001b[1mbold\u001b[0m\ttab\u0007').text).toBe('\u001b[1mbold\u001b[0m\ttab\u0007')
  })

  test('is the same in any pieces', () => {
    fc.assert(
      fc.property(lineParts, fc.array(fc.nat(60), { maxLength: 6 }), (parts, cuts) => {
        const whole = parts.join('')
        const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((one, other) => one - other), whole.length]
        const pieces = places.slice(1).map((end, at) => whole.slice(places[at], end))
        const [once, cut] = [fold(whole), fold(...pieces)]
        expect([cut.text, cut.rewrites]).toEqual([once.text, once.rewrites])
      }),
      { numRuns: 2_000 },
    )
  })

  test('of ten million letters is left behind by a return without being read letter by letter', () => {
    const line = fold('x'.repeat(10_000_000), '\rshort')
    expect(line.text.length).toBeLessThanOrEqual(20_000)
    expect(line.text.startsWith('shortxxx')).toBe(true)
  })

  test('keeps what comes behind the columns that it can write over', () => {
    expect(fold('a\r', 'b'.repeat(50_000)).text).toBe('b'.repeat(50_000))
  })
})
