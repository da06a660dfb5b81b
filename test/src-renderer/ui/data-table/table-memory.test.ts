import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { activeView, isShowing, memoryOf, mostViews, type SavedView, viewsOf, withView } from '#src-renderer/ui/data-table/table-memory.ts'
import { plainState } from '#src-renderer/ui/data-table/table-query.ts'
import type { TableState } from '#src-renderer/ui/data-table/table-types.ts'

const failed: TableState = { ...plainState, filters: [{ column: 'state', operator: 'eq', value: 'FAILED' }] }
const slow: TableState = {
  ...plainState,
  filters: [{ column: 'ms', operator: 'gt', value: '9' }],
  sort: { column: 'ms', isDescending: true },
}
const views: readonly SavedView[] = [
  { name: 'Failed', state: failed },
  { name: 'Slow', state: slow },
]

describe('what was kept', () => {
  test('anything at all becomes a memory and a list of views', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (kept) => {
        expect(memoryOf(kept)).toEqual({
          columns: expect.toSatisfy(isTextsOrNull),
          widths: expect.any(Object),
          density: expect.any(String),
        })
        expect(viewsOf(kept)).toEqual(expect.any(Array))
      }),
    )
  })
  const isTextsOrNull = (value: unknown) => value === null || (Array.isArray(value) && value.every((each) => typeof each === 'string'))

  test('comes back as it was', () => {
    const memory = { columns: ['a', 'b'], widths: { a: 120 }, density: 'compact' }
    expect(memoryOf(JSON.parse(JSON.stringify(memory)))).toEqual(memory)
    expect(viewsOf(JSON.parse(JSON.stringify(views)))).toEqual(views)
  })

  test('what does not fit is forgotten, the rest is kept', () => {
    expect(memoryOf({ columns: ['a', 5], widths: { a: '3', b: 7 }, density: 'tiny' })).toEqual({
      columns: ['a'],
      widths: { b: 7 },
      density: 'comfortable',
    })
    const [view] = viewsOf([
      { name: '' },
      7,
      { name: 'x', state: { filters: [{ column: 'a', operator: 'like', value: '' }], sort: { column: 3 } } },
    ])
    expect(view).toEqual({ name: 'x', state: plainState })
  })
})

describe('views', () => {
  test('one of the same name is replaced in its place, a new one comes last, and the oldest goes when there are too many', () => {
    expect(withView(views, { name: 'Failed', state: slow }).map(({ name }) => name)).toEqual(['Failed', 'Slow'])
    const many = Array.from({ length: mostViews }, (_, index) => ({ name: `v${index}`, state: plainState }))
    const more = withView(many, { name: 'new', state: plainState })
    expect([more.length, more[0]?.name, more.at(-1)?.name]).toEqual([mostViews, 'v1', 'new'])
  })

  test('the view that fits is the active one', () => {
    expect(activeView(views, { ...slow, columns: ['a'] }, undefined)).toEqual({ name: 'Slow', isModified: false })
    expect(activeView(views, failed, 'Slow')).toEqual({ name: 'Failed', isModified: false })
  })

  test('of several that fit it is the one chosen last', () => {
    const twins = [...views, { name: 'Broken', state: failed }]
    expect(activeView(twins, failed, 'Broken')).toEqual({ name: 'Broken', isModified: false })
    expect(activeView(twins, failed, undefined)).toEqual({ name: 'Failed', isModified: false })
  })

  test('a chosen view that was changed is modified, and is left when nothing is filtered any more', () => {
    expect(activeView(views, { ...failed, search: 'x' }, 'Failed')).toEqual({ name: 'Failed', isModified: true })
    expect(activeView(views, plainState, 'Failed')).toBeUndefined()
    expect(activeView(views, { ...failed, search: 'x' }, undefined)).toBeUndefined()
  })

  test('a view with columns minds which are shown', () => {
    const view = { ...failed, columns: ['id', 'name'] }
    expect(isShowing(view, { ...failed, columns: ['id', 'name'] })).toBe(true)
    expect(isShowing(view, { ...failed, columns: ['name', 'id'] })).toBe(false)
    expect(isShowing(view, failed)).toBe(false)
  })
})
