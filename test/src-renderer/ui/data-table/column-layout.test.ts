import { expect, test } from 'vitest'
import {
  chooserOrder,
  clampWidth,
  leastWidth,
  movedColumn,
  type PlacedColumn,
  shownColumns,
  templateOf,
  toggledColumn,
} from '#src-renderer/ui/data-table/column-layout.ts'

const columns: readonly PlacedColumn[] = [
  { id: 'id', width: 100 },
  { id: 'name', width: 200 },
  { id: 'size', width: 80, align: 'right' },
  { id: 'pid', width: 60, isHidden: true },
  { id: 'node', width: 120 },
]
const ids = (list: readonly PlacedColumn[]) => list.map(({ id }) => id)
const shown = (...chosen: string[]) => shownColumns(columns, chosen)

test('without a choice the columns say what is shown', () => {
  expect(ids(shownColumns(columns, null))).toEqual(['id', 'name', 'size', 'node'])
  expect(shownColumns([], ['a'])).toEqual([])
})

test('a choice shows its columns in its order, the first always leading, and strangers and repeats passed over', () => {
  expect(ids(shown('node', 'id', 'ghost', 'pid', 'node'))).toEqual(['id', 'node', 'pid'])
  expect(ids(shown())).toEqual(['id'])
})

test('the chooser lists the hidden behind the columns they follow, and hiding one does not move it', () => {
  expect(ids(chooserOrder(columns, shown('node', 'name')))).toEqual(['id', 'node', 'name', 'size', 'pid'])
  const all = shownColumns(columns, null)
  expect(ids(chooserOrder(columns, all))).toEqual(ids(columns))
  const without = shownColumns(columns, toggledColumn(columns, all, 'name'))
  expect(ids(without)).toEqual(['id', 'size', 'node'])
  expect(ids(chooserOrder(columns, without))).toEqual(ids(columns))
})

test('a column comes back at the place where the chooser lists it', () => {
  expect(toggledColumn(columns, shown('name', 'size', 'node'), 'pid')).toEqual(['id', 'name', 'size', 'pid', 'node'])
})

test('a column moves one place, but neither before the first nor out of the list', () => {
  const list = shown('name', 'size', 'node')
  expect(movedColumn(list, 'size', -1)).toEqual(['id', 'size', 'name', 'node'])
  expect(movedColumn(list, 'size', 1)).toEqual(['id', 'name', 'node', 'size'])
  expect(movedColumn(list, 'name', -1)).toEqual(['id', 'name', 'size', 'node'])
  expect(movedColumn(list, 'node', 1)).toEqual(['id', 'name', 'size', 'node'])
  expect(movedColumn(list, 'id', 1)).toEqual(['id', 'name', 'size', 'node'])
  expect(movedColumn(list, 'ghost', 1)).toEqual(['id', 'name', 'size', 'node'])
})

test('columns of text share what is left over; numbers and widths of the user stay', () => {
  const list = shown('name', 'size')
  expect(templateOf(list, {}, false)).toBe('minmax(100px,100fr) minmax(200px,200fr) 80px 32px')
  expect(templateOf(list, { name: 50 }, true)).toBe('32px minmax(100px,100fr) 50px 80px 32px')
  expect(templateOf(list, { name: 50, id: 70 }, false)).toBe('70px 50px minmax(80px,80fr) 32px')
  expect(templateOf(list, Object.create({ id: 5 }), false)).toContain('minmax(100px')
})

test('the least width is what the columns and edges need', () => {
  expect(leastWidth(shown('name', 'size'), { name: 50 }, true)).toBe(100 + 50 + 80 + 64)
  expect([clampWidth(3), clampWidth(99.6), clampWidth(1e9)]).toEqual([48, 100, 1_200])
})
