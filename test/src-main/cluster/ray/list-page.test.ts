import { expect, test } from 'vitest'
import { type PageQuestion, pageRows, parseRowFilter, type Row } from '#src-main/cluster/ray/list-page.ts'

const rows: readonly Row[] = [
  { id: 'a', name: 'Train', state: 'RUNNING', size: 10, is_head: true },
  { id: 'b', name: 'evaluate', state: 'FINISHED', size: 9, is_head: false },
  { id: 'c', name: 'train again', state: 'FAILED', size: null, is_head: false },
  { id: 'd', name: 'other', state: 'RUNNING', size: 100, is_head: false },
]
const idOf = (row: Row) => String(row['id'])
const nothing: Omit<PageQuestion, 'filters'> = { sort: undefined, limit: 100, cursor: undefined, columns: undefined }
const idsOf = (filters: readonly string[], more: Partial<PageQuestion> = {}) =>
  pageRows(rows, { ...nothing, ...more, filters: filters.map(parseRowFilter) }, idOf)
    .rows.map(idOf)
    .join('')

test.each([
  ['state:eq:running', 'ad'],
  ['state=RUNNING', 'ad'],
  ['state:ne:RUNNING', 'bc'],
  ['state:in:FAILED,FINISHED', 'bc'],
  ['state:nin:FAILED,FINISHED', 'ad'],
  ['name:contains:TRAIN', 'ac'],
  ['name:prefix:train', 'ac'],
  ['name:regex:^t.*n$', 'ac'],
  ['size:gt:9', 'ad'],
  ['size>=9', 'abd'],
  ['size<10', 'b'],
  ['size:le:10', 'ab'],
  ['size:eq:100', 'd'],
  ['size:ne:100', 'abc'],
  ['size:lt:many', ''],
  ['is_head:eq:true', 'a'],
])('%s finds %s', (filter, found) => {
  expect(idsOf([filter])).toBe(found)
})

test('all filters hold, and rows without a value pass ne and nin alone', () => {
  expect(idsOf(['state:eq:RUNNING', 'size:lt:50'])).toBe('a')
  expect(idsOf(['size:nin:9,10'])).toBe('cd')
  expect(idsOf(['size:lt:1000'])).toBe('abd')
})

test('numbers are put in order as numbers, rows without a value come last either way round', () => {
  expect(idsOf([], { sort: 'size' })).toBe('badc')
  expect(idsOf([], { sort: '-size' })).toBe('dabc')
})

test('pages go on behind their last row, whatever came and went in between', () => {
  const ask = (all: readonly Row[], cursor?: string) => pageRows(all, { ...nothing, filters: [], sort: 'size', limit: 2, cursor }, idOf)
  const first = ask(rows)
  expect(first.rows.map(idOf)).toEqual(['b', 'a'])
  const second = ask([...rows.filter((row) => row['id'] !== 'a'), { id: 'e', size: 1 }, { id: 'f', size: 50 }], first.next ?? '')
  expect(second.rows.map(idOf)).toEqual(['f', 'd'])
  const last = ask(rows, second.next ?? '')
  expect([last.rows.map(idOf), last.next]).toEqual([['c'], null])
})

test('only the columns that were asked for come, and one that no row has is said', () => {
  const page = pageRows(rows, { ...nothing, filters: [parseRowFilter('priority:ge:1')] }, idOf)
  expect(page).toMatchObject({ matched: 0, warnings: [expect.stringContaining('tells no priority')] })
  const narrow = pageRows(rows, { ...nothing, filters: [], columns: ['id', 'state'], limit: 1 }, idOf)
  expect(narrow.rows).toEqual([{ id: 'a', state: 'RUNNING' }])
})

test.each(['state', 'state:like:x', 'name:regex:(', ':eq:1'])('%j is refused with words', (filter) => {
  expect(() => idsOf([filter])).toThrow(expect.objectContaining({ code: 'bad-argument' }))
})

test('a cursor of something else is refused', () => {
  expect(() => pageRows(rows, { ...nothing, filters: [], cursor: 'bm90IG9uZQ' }, idOf)).toThrow('no cursor of this list')
})
