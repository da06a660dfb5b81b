import { expect, test } from 'vitest'
import { countText, durationText, namesText, sizeText } from '#src-main/cli/words/amounts.ts'
import { commandLineFrom } from '#src-main/cli/words/command-line.ts'
import { listFrom, listOrNone, wordFrom } from '#src-main/cli/words/lists.ts'
import { alignedTable } from '#src-main/cli/words/print.ts'

test('sizes and durations have the unit that a person would choose', () => {
  expect([0, 1_023, 1_536, 28 * 2 ** 20, 2 ** 34, null].map(sizeText)).toEqual(['0 B', '1023 B', '1.5 KiB', '28 MiB', '16 GiB', ''])
  expect([-5, 440, 12_400, 65_000, 3_600_000, 7_860_000, 100 * 3_600_000].map(durationText)).toEqual([
    '0.0 s',
    '0.4 s',
    '12 s',
    '1 min 5 s',
    '1 h',
    '2 h 11 min',
    '4 d 4 h',
  ])
})

test('many names are cut, and say how many more there are', () => {
  expect(namesText(['a', 'b', 'c'], 2)).toBe('a, b and 1 more')
  expect([countText(1, 'way is', 'ways are'), countText(2, 'way is', 'ways are')]).toEqual(['1 way is', '2 ways are'])
})

test('one word is a line for the shell, several are quoted words', () => {
  expect(commandLineFrom(['df -h | tail'])).toBe('df -h | tail')
  expect(commandLineFrom(['echo', "it's", '$HOME'])).toBe(`echo 'it'"'"'s' '$HOME'`)
})

test('lists are split at commas, and an empty name is refused', () => {
  expect(listFrom('--tag', 'a, b')).toEqual(['a', 'b'])
  expect(() => listFrom('--tag', 'a,,b')).toThrow('--tag must be one or more names')
  expect(listOrNone('--jump', '')).toEqual([])
  expect(() => wordFrom('--role', 'boss', ['head', 'worker'])).toThrow('--role must be head or worker, got "boss"')
})

test('columns are aligned, empty ones left out, and orders to the terminal are shown', () => {
  expect(
    alignedTable(
      ['NAME', 'NOTE', 'USER'],
      [
        ['a', '', 'x'],
        ['long\u001b[2J\nname', '', 'y'],
      ],
    ),
  ).toBe(['NAME                USER', 'a                   x', 'long\\u001b[2J name  y'].join('\n'))
})
