import { expect, test } from 'vitest'
import type { Machine } from '#src-main/contract/machines.ts'
import { groupLevel, isAsked, tagCounts } from '#src-renderer/features/machines/groups.ts'

const machine = (groups: string[], tags: string[] = []) => ({ groups, tags }) as unknown as Machine // nothing else of it is looked at
const list = [
  machine(['lab/gpu', 'lab/night'], ['a100', 'spare']),
  machine(['lab'], ['spare']),
  machine(['lab/gpu/old/'], []),
  machine(['laboratory']),
  machine(['/']),
  machine([]),
]

test('a group counts every machine within it once, and its inner groups stand below it', () => {
  expect(groupLevel(list, undefined)).toEqual({
    open: [],
    inner: [
      { name: 'lab', count: 3 },
      { name: 'laboratory', count: 1 },
    ],
    ofNone: 2,
  })
  expect(groupLevel(list, 'lab/gpu')).toEqual({
    open: [
      { name: 'lab', count: 3 },
      { name: 'lab/gpu', count: 2 },
    ],
    inner: [{ name: 'lab/gpu/old', count: 1 }],
    ofNone: 2,
  })
})

test('a group asks for all within it and for none whose name only begins alike', () => {
  const asked = (group: string | undefined) => list.filter((each) => isAsked(each, { group, tags: [] })).map(({ groups }) => groups.join())
  expect(asked('lab')).toEqual(['lab/gpu,lab/night', 'lab', 'lab/gpu/old/'])
  expect(asked('')).toEqual(['/', ''])
  expect(asked(undefined)).toHaveLength(6)
})

test('several tags are asked for together, and the most used come first', () => {
  expect(list.filter((each) => isAsked(each, { group: undefined, tags: ['spare', 'a100'] }))).toEqual([list[0]])
  expect(tagCounts(list)).toEqual([
    { name: 'spare', count: 2 },
    { name: 'a100', count: 1 },
  ])
})
