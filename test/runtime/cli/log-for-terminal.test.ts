import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shownText } from '#runtime/base/shown-text.ts'
import { LogForTerminal, shownLine } from '#runtime/cli/log-for-terminal.ts'

const whole = (text: string): string => {
  const log = new LogForTerminal()
  return log.push(text) + log.end()
}

test('a name or a message holds nothing that a terminal takes for an order, and stays the same JSON', () => {
  expect(shownText('a\u001b[2J\u009b\u007f\u202eb\r\n\tc')).toBe('a\\u001b[2J\\u009b\\u007f\\u202eb\\u000d\n\tc')
  const value = { name: 'x\u001b\u009b"\u202e' }
  expect(JSON.parse(shownText(JSON.stringify(value)))).toEqual(value)
})

test('a log keeps its colours and its progress bars on a terminal, and every other order is shown', () => {
  expect(whole('\u001b[1;31mred\u001b[0m 50 %\r100 %\n')).toBe('\u001b[1;31mred\u001b[0m 50 %\r100 %\n')
  expect(whole('\u001b[2J\u001b]0;title\u0007\u009b1m\u001b(B\u001b')).toBe('\\u001b[2J\\u001b]0;title\\u0007\\u009b1m\\u001b(B\\u001b')
})

test('a colour that a log leaves on ends with it', () => {
  expect(whole('\u001b[31mred')).toBe('\u001b[31mred\u001b[0m')
})

test('a line among lines of others cannot move back over what stands before it', () => {
  expect(shownLine('a\rb\u001b[32mc\r')).toBe('a\\u000db\u001b[32mc\u001b[0m')
})

test('it does not matter where a log is cut into pieces, in the middle of a letter or of a colour', () => {
  const part = fc.constantFrom('\u001b[31m', '\u001b[0m', '\u001b', '[', '1', 'm', '\u009b', 'ä', '😀', '\r', '\n', 'text')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 5 }), (parts, cuts) => {
      const text = parts.join('')
      const bytes = Buffer.from(text)
      const log = new LogForTerminal()
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((one, other) => one - other), bytes.length]
      const shown = places.slice(1).map((end, at) => log.push(bytes.subarray(places[at], end)))
      expect(shown.join('') + log.end()).toBe(whole(text))
    }),
  )
})
