import { describe, expect, test } from 'vitest'
import { parseFilter } from '#src-renderer/ui/data-table/filter-text.ts'
import { rowsInHand } from '#src-renderer/ui/data-table/rows-in-hand.ts'
import { plainState } from '#src-renderer/ui/data-table/table-query.ts'
import type { Column, Sort } from '#src-renderer/ui/data-table/table-types.ts'

type Machine = { name: string; cpus: number | null; state: string }
const machines: readonly Machine[] = [
  { name: 'node-10', cpus: 8, state: 'UP' },
  { name: 'Node-2', cpus: 64, state: 'DOWN' },
  { name: 'head', cpus: null, state: '' },
  { name: 'node-1', cpus: 8, state: 'UP' },
]
const columns: readonly Column<Machine>[] = [
  { id: 'name', title: 'Name', width: 100, filter: { kind: 'text' }, render: ({ name }) => name, text: ({ name }) => name },
  {
    id: 'cpus',
    title: 'CPUs',
    width: 100,
    filter: { kind: 'number' },
    render: ({ cpus }) => String(cpus),
    text: ({ cpus }) => (cpus === null ? '' : `${cpus} CPUs`),
    value: ({ cpus }) => cpus,
  },
  {
    id: 'state',
    title: 'State',
    width: 100,
    filter: { kind: 'one-of', values: [{ value: 'UP', label: 'up' }] },
    render: ({ state }) => state,
    text: ({ state }) => state,
  },
]

const shown = (filters: readonly string[], sort: Sort | null = null, search = '') =>
  rowsInHand(machines, columns, {
    state: { ...plainState, filters: filters.flatMap((text) => parseFilter(text) ?? []), sort, search },
    searchColumn: 'name',
  })
const names = (...asked: Parameters<typeof shown>) => shown(...asked).rows.map(({ name }) => name)

describe('filters', () => {
  test.each([
    ['name:contains:NODE', ['node-10', 'Node-2', 'node-1']],
    ['name:prefix:node-1', ['node-10', 'node-1']],
    ['name:eq:node-2', ['Node-2']],
    ['name:regex:^node-\\d$', ['Node-2', 'node-1']],
    ['name:regex:(', []],
    ['name:nin:head,node-1', ['node-10', 'Node-2']],
    ['cpus:gt:8', ['Node-2']],
    ['cpus:ge:8', ['node-10', 'Node-2', 'node-1']],
    ['cpus:lt:64', ['node-10', 'node-1']],
    ['cpus:in:64,1', ['Node-2']],
    ['cpus:ne:8', ['Node-2', 'head']],
    ['state:eq:up', ['node-10', 'node-1']],
    ['state:ne:UP', ['Node-2', 'head']],
  ])('%s leaves %j', (filter, left) => {
    expect(names([filter])).toEqual(left)
  })

  test('all of them hold, with the words of the search, and the counts are of all rows', () => {
    const { rows, counts } = shown(['state:eq:UP'], null, '10')
    expect(rows.map(({ name }) => name)).toEqual(['node-10'])
    expect(counts).toEqual({ matched: 1, total: 4 })
  })

  test('a column that there is not hides nothing', () => {
    expect(names(['ghost:eq:1'])).toHaveLength(4)
  })
})

describe('order', () => {
  test('numbers in names count as numbers, and capitals do not matter', () => {
    expect(names([], { column: 'name', isDescending: false })).toEqual(['head', 'node-1', 'Node-2', 'node-10'])
  })

  test('rows without a value come last either way, and equal ones stay as they were', () => {
    expect(names([], { column: 'cpus', isDescending: false })).toEqual(['node-10', 'node-1', 'Node-2', 'head'])
    expect(names([], { column: 'cpus', isDescending: true })).toEqual(['Node-2', 'node-10', 'node-1', 'head'])
  })

  test('the list that was handed in stays in its order', () => {
    const before = [...machines]
    names([], { column: 'name', isDescending: true })
    expect(machines).toEqual(before)
  })
})
