import { describe, expect, test } from 'vitest'
import { placeOf, rowActionOf, stepTo } from '#src-renderer/ui/data-table/row-keys.ts'

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey', true>> = {}) =>
  rowActionOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held })

describe('keys', () => {
  test.each([
    ['ArrowDown', 'next'],
    ['j', 'next'],
    ['ArrowUp', 'previous'],
    ['k', 'previous'],
    ['Home', 'first'],
    ['End', 'last'],
    ['PageDown', 'page-down'],
    ['PageUp', 'page-up'],
  ])('%s goes to the %s row, and with Shift selects on the way', (key, to) => {
    expect(press(key)).toEqual({ do: 'move', to, isSelecting: false })
    expect(press(key, { shiftKey: true })).toEqual({ do: 'move', to, isSelecting: true })
  })

  test.each([
    ['Enter', 'open'],
    [' ', 'select'],
    ['ArrowRight', 'expand'],
    ['ArrowLeft', 'collapse'],
    ['.', 'menu'],
    ['ContextMenu', 'menu'],
    ['Escape', 'leave'],
  ])('%j means %s', (key, action) => {
    expect(press(key)).toEqual({ do: action })
  })

  test('Ctrl or Cmd with A selects all; other shortcuts are left to the browser', () => {
    expect(press('a', { ctrlKey: true })).toEqual({ do: 'select-all' })
    expect(press('A', { metaKey: true })).toEqual({ do: 'select-all' })
    expect(press('F10', { shiftKey: true })).toEqual({ do: 'menu' })
    for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }] as const) expect(press('j', held)).toBeUndefined()
    expect(press('a')).toBeUndefined()
    expect(press('toString')).toBeUndefined()
    expect(press('Enter', { shiftKey: true })).toBeUndefined()
  })
})

describe('steps', () => {
  const list = { count: 100, pageRows: 20 }
  test('stay in the list, but for the one up to the head', () => {
    expect([stepTo('next', 98, list), stepTo('next', 99, list)]).toEqual([99, 99])
    expect([stepTo('previous', 1, list), stepTo('previous', 0, list)]).toEqual([0, -1])
    expect([stepTo('page-down', 50, list), stepTo('page-down', 90, list)]).toEqual([70, 99])
    expect([stepTo('page-up', 50, list), stepTo('page-up', 5, list)]).toEqual([30, 0])
    expect([stepTo('first', 50, list), stepTo('last', 50, list)]).toEqual([0, 99])
  })
})

describe('the place of a row', () => {
  const id = (row: string) => row
  test('follows the row when others come, go or move', () => {
    expect(placeOf(['a', 'b', 'c'], id, { id: 'b', index: 1 })).toBe(1)
    expect(placeOf(['x', 'y', 'a', 'b'], id, { id: 'b', index: 1 })).toBe(3)
    expect(placeOf(['b', 'a'], id, { id: 'b', index: 1 })).toBe(0)
  })

  test('stays when the row is gone, within what is left', () => {
    expect(placeOf(['a', 'c', 'd'], id, { id: 'b', index: 1 })).toBe(1)
    expect(placeOf(['a'], id, { id: 'b', index: 7 })).toBe(0)
    expect(placeOf([], id, { id: 'b', index: 7 })).toBe(-1)
  })

  test('is the first row until somebody chose one', () => {
    expect(placeOf(['a', 'b'], id, { id: undefined, index: 0 })).toBe(0)
  })
})
