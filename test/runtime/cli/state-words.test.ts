import { expect, test } from 'vitest'
import { cutLines, plainText, printRows } from '#runtime/cli/state/print-rows.ts'
import { readStateWords, resourceWords, stateFlags } from '#runtime/cli/state/state-words.ts'

const list = { name: 'list', flags: stateFlags }
const words = Object.keys(resourceWords)
const read = (...args: string[]) => readStateWords(list, args, words)

test('flags stand anywhere, and filters may come more than once', () => {
  const typed = read('-f', 'state=FAILED', 'placement-groups', '--filter', 'name!=a=b', '--limit', '7', '--detail', 'extra')
  expect(typed).toMatchObject({ resource: 'placement_groups', words: ['extra'], isDetailed: true, format: 'yaml' })
  expect(typed.query).toMatchObject({
    ...{ limit: 7, timeout: 30, detail: 'True' },
    ...{ filter_keys: ['state', 'name'], filter_predicates: ['=', '!='], filter_values: ['FAILED', 'a=b'] },
  })
  expect(read('tasks', '--json').format).toBe('json')
  expect(read('tasks', '--format', 'table', '--detail').format).toBe('table')
})

test('what is typed wrong is named, with what may have been meant', () => {
  expect(() => read()).toThrow(/list needs one of tasks/)
  expect(() => read('taks')).toThrow(/did you mean tasks/)
  expect(() => read('tasks', '--limt', '3')).toThrow(/--limt.*--limit/)
  expect(() => read('tasks', '--limit', 'many')).toThrow(/--limit must be a whole number/)
  expect(() => read('tasks', '-f', 'state')).toThrow(/KEY=VALUE/)
  expect(() => read('tasks', '-f')).toThrow(/--filter needs a value/)
  expect(() => read('tasks', '--format', 'xml')).toThrow(/--format must be/)
})

function printed(rows: Parameters<typeof printRows>[0], format: 'table' | 'yaml' | 'json'): string {
  const lines: string[] = []
  printRows(rows, format, { print: (text) => lines.push(text), warn: () => {}, isJson: false, isInteractive: false, onInterrupt: () => {} })
  return lines.join('\n')
}

test('rows are printed for people and for programs', () => {
  const rows = [
    { name: 'one', size: 10, more: { a: 1 } },
    { name: 'a longer name', size: null, more: {} },
  ]
  expect(printed(rows, 'table')).toBe(['NAME           SIZE  MORE', 'one            10    {"a":1}', 'a longer name        {}'].join('\n'))
  expect(printed(rows, 'yaml')).toBe('name: one\nsize: 10\nmore: {"a":1}\n---\nname: a longer name\nsize: null\nmore: {}')
  expect(JSON.parse(printed(rows, 'json'))).toEqual(rows)
  expect(printed([], 'table')).toBe('Nothing.')
})

test('lines of a table are cut at the edge of a terminal', () => {
  expect(cutLines('NAME  STATE\na     RUNNING\nb     DONE', 11)).toBe('NAME  STATE\na     RUNN…\nb     DONE')
})

test('nothing that a program named reaches the terminal as an order', () => {
  const evil = 'a\u001b[2Jb\nc\u009b1m'
  expect(plainText(evil)).toBe('a\\u001b[2Jb c\\u009b1m')
  for (const format of ['table', 'yaml', 'json'] as const)
    for (const order of ['\u001b', '\u009b']) expect(printed([{ name: evil }], format)).not.toContain(order)
})
