import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { behind, type Order, orderOf, parseFilter, type Place, whereOf } from '#src-main/cluster/history/core/list-sql.ts'

const rows = [
  { id: 'a', name: 'Train', size: 10 },
  { id: 'b', name: 'train-2', size: 2 },
  { id: 'c', name: null, size: null },
  { id: 'd', name: 'eval', size: 2 },
  { id: 'e', name: '10', size: 3.5 },
]

function aTable(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec('CREATE TABLE t (id TEXT, name TEXT, size)')
  for (const { id, name, size } of rows) database.prepare('INSERT INTO t VALUES (?, ?, ?)').run(id, name, size)
  return database
}

function ids(...filters: string[]): string {
  const { text, values } = whereOf(filters.map(parseFilter), (column) => column)
  return aTable()
    .prepare(`SELECT id FROM t WHERE ${text} ORDER BY id`)
    .all(...values)
    .map((row) => String(row['id']))
    .join('')
}

test('filters mean what they mean at the head', () => {
  expect(ids()).toBe('abcde')
  expect(ids('name:eq:train')).toBe('a')
  expect(ids('name=TRAIN')).toBe('a')
  expect(ids('name:ne:train')).toBe('bcde')
  expect(ids('name:in:eval,train-2')).toBe('bd')
  expect(ids('name:nin:eval,train-2')).toBe('ace')
  expect(ids('name:contains:RAI')).toBe('ab')
  expect(ids('name:prefix:train-')).toBe('b')
  expect(ids('size:eq:2')).toBe('bd')
  expect(ids('size:gt:2')).toBe('ae')
  expect(ids('size<=3.5')).toBe('bde')
  expect(ids('size:ge:10', 'name:contains:n')).toBe('a')
  expect(ids('name:lt:f')).toBe('de')
  expect(ids('size:eq:many')).toBe('')
  expect(ids('name:eq:10')).toBe('e')
})

test('what is no filter is refused with how one is written, and patterns with what to use instead', () => {
  expect(() => parseFilter('name')).toThrow(/column:operator:value such as state:eq:FAILED/)
  expect(() => parseFilter('NAME:eq:1')).toThrow(/got "NAME:eq:1"/)
  expect(() => parseFilter('name:regex:a+')).toThrow(/use contains or prefix/)
  expect(ids(`name:eq:' OR 1=1 --`)).toBe('')
})

test('pages in any order have every row once, those without a value last', () => {
  const database = aTable()
  for (const isDescending of [false, true]) {
    const order: Order = { value: 'size', key: 'id', isDescending }
    const seen: string[] = []
    for (let place: Place | null = null; ; ) {
      const { text, values } = behind(order, place)
      const [row] = database.prepare(`SELECT id, size FROM t WHERE ${text} ORDER BY ${orderOf(order)} LIMIT 1`).all(...values)
      if (row === undefined) break
      seen.push(String(row['id']))
      place = { value: row['size'] as Place['value'], key: String(row['id']) } // the column's type
    }
    expect(seen.join('')).toBe(isDescending ? 'aebdc' : 'bdeac')
  }
})
